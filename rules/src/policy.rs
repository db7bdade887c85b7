//! Who may do what: one table, deny by default.
//!
//! The service finds how the caller stands to the thing (`Relation`) and asks [`decide`]; nothing else grants anything.
//! The whole table is in docs/permissions.md, printed from here and compared by a test.

use std::fmt::Write as _;

use crate::id::{AccountId, ChampionId, ClientId, GroupId, ModuleId, SignInId};
use crate::vocabulary::vocabulary;

vocabulary! {
    /// Roles of people. A person may hold several.
    Role {
        /// A volunteer Digital Champion.
        Champion = "CHAMPION",
        /// Speaks for a group.
        GroupLeader = "GROUP_LEADER",
        /// Marks modules complete.
        Trainer = "TRAINER",
        /// Runs the programme.
        Coordinator = "COORDINATOR",
        /// The only role that sees DBS detail.
        SafeguardingLead = "SAFEGUARDING_LEAD",
        /// Manages accounts, roles and partner clients; sees no champion's record.
        Administrator = "ADMINISTRATOR",
    }
}

vocabulary! {
    /// Kinds of key a partner client uses.
    ClientKind {
        /// May sit in a web page: sign-up and directory only.
        Publishable = "PUBLISHABLE",
        /// Kept on a server.
        Secret = "SECRET",
    }
}

vocabulary! {
    /// What a partner's own programs may be allowed: a token has some of its client's scopes, and exactly what they name.
    Scope {
        /// Sign champions up.
        SignUp = "SIGN_UP",
        /// Read organisations, groups, venues, modules and requirements.
        DirectoryRead = "DIRECTORY_READ",
        /// Add organisations, groups and venues.
        DirectoryWrite = "DIRECTORY_WRITE",
        /// Read sessions.
        SessionsRead = "SESSIONS_READ",
        /// Create sessions and call them off, for any group.
        SessionsWrite = "SESSIONS_WRITE",
        /// Ask for champions and take requests back, for any group, and read requests.
        RequestsWrite = "REQUESTS_WRITE",
    }
}

/// Who is asking: found once per request, from the access token and the client key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Caller {
    /// The signed-in account.
    pub account: Option<AccountId>,
    /// Its champion record.
    pub champion: Option<ChampionId>,
    /// Its roles.
    pub roles: Vec<Role>,
    /// Groups it speaks for.
    pub leads: Vec<GroupId>,
    /// Modules it may mark.
    pub trains: Vec<ModuleId>,
    /// The partner client the request came through.
    pub client: Option<(ClientId, ClientKind)>,
    /// What a client's access token allows; none for a key, which allows what every key does.
    pub scopes: Option<Vec<Scope>>,
    /// The sign-in whose access token this is.
    pub sign_in: Option<SignInId>,
}

impl Caller {
    /// Whether the caller holds a role.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// How the caller stands to a champion.
    pub fn to_champion(&self, champion: ChampionId) -> Relation {
        if self.champion == Some(champion) { Relation::Own } else { Relation::Other }
    }

    /// How the caller stands to a group and what belongs to it.
    pub fn to_group(&self, group: GroupId) -> Relation {
        if self.leads.contains(&group) { Relation::Own } else { Relation::Other }
    }
}

/// How a caller stands to a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// It is theirs: their own record, their group's session, their module.
    Own,
    /// It is somebody else's, or nobody's in particular.
    Other,
}

/// Who a row of the table is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Anybody, with no key and no sign-in.
    Anyone,
    /// A partner client's key.
    Client,
    /// A partner client's access token with this scope.
    Scope(Scope),
    /// Anybody signed in.
    SignedIn,
    /// A role, for what is theirs.
    Own(Role),
    /// A role, for everything.
    Any(Role),
}

macro_rules! actions {
    ($($(#[doc = $doc:literal])+ $action:ident: [$($who:expr),* $(,)?]),+ $(,)?) => {
        /// Everything that is guarded: one per mutation, and one per guarded part of a query.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action { $($(#[doc = $doc])+ $action),+ }

        impl Action {
            /// Every action, in the order of the table.
            pub const ALL: &'static [Action] = &[$(Action::$action),+];

            /// Who may do it.
            pub fn granted_to(self) -> &'static [Who] {
                use self::{Role::*, Scope::*, Who::{Any, Anyone, Client, Own, SignedIn}};
                match self { $(Action::$action => &[$($who),*]),+ }
            }

            fn description(self) -> &'static str {
                match self { $(Action::$action => concat!($($doc),+)),+ }
            }
        }
    };
}

actions! {
    /// Sign a prospective champion up.
    ChampionSignUp: [Client, Who::Scope(SignUp)],
    /// Confirm an e-mail address with the token from the message.
    ChampionEmailConfirm: [Anyone],
    /// Change a champion's profile.
    ChampionUpdate: [Own(Champion), Any(Coordinator)],
    /// Move a champion's membership.
    ChampionMembershipChange: [Own(Champion), Any(Coordinator), Any(SafeguardingLead)],
    /// Record evidence for a requirement.
    EvidenceRecord: [Own(Champion), Any(Coordinator)],
    /// Name a referee: they are asked by e-mail.
    ReferenceRequest: [Own(Champion), Any(Coordinator)],
    /// Take a reference back that was not answered.
    ReferenceWithdraw: [Own(Champion), Any(Coordinator)],
    /// Decide whether an answer counts; where a concern was raised, the safeguarding lead alone.
    ReferenceDecide: [Any(Coordinator), Any(SafeguardingLead)],
    /// Write down what a referee answered: the link in their message is their only right.
    ReferenceAnswer: [],
    /// Remind a referee, and end what was not answered in time: the clock's alone.
    ReferenceFollow: [],
    /// Forget who the referees of those who went were: the clock's alone.
    ReferenceForget: [],
    /// Say how long a stage of the way in may take.
    OnboardingStageLimit: [Any(Coordinator)],
    /// Say whom to call in an emergency.
    EmergencyContactSet: [Own(Champion), Any(Coordinator)],
    /// Judge champions again since a fact about many has changed: whoever changed it, and the clock.
    ClearanceJudge: [],
    /// List records that may be one person: the clock's alone.
    ChampionDuplicateFind: [],
    /// Merge two records of one person.
    ChampionDuplicateMerge: [Any(Coordinator)],
    /// Say that two records are two people.
    ChampionDuplicateDismiss: [Any(Coordinator)],
    /// Record an organisation's own word on a champion.
    AcceptanceRecord: [Own(GroupLeader), Any(Coordinator)],
    /// Say whether an organisation counts others' DBS checks only with its own word.
    OrganisationAcceptanceSet: [Any(Coordinator)],
    /// Exempt a champion from a requirement, for a while.
    ExemptionGrant: [Any(Coordinator), Any(SafeguardingLead)],
    /// End an exemption.
    ExemptionEnd: [Any(Coordinator), Any(SafeguardingLead)],
    /// Replace a requirement by a new version.
    RequirementSupersede: [Any(Coordinator)],
    /// Mark a module complete; the module must be the trainer's.
    TrainingCompletionRecord: [Any(Trainer)],
    /// Take a completion back; the module must be the trainer's.
    TrainingCompletionRevoke: [Any(Trainer)],
    /// Record the certificate of somebody else that stands for a module; the module must be the trainer's.
    TrainingEquivalenceRecord: [Any(Trainer)],
    /// Plan a dated training session; the module must be the trainer's.
    TrainingCohortCreate: [Any(Trainer)],
    /// Take a seat at a dated training session.
    TrainingCohortJoin: [Own(Champion), Any(Coordinator)],
    /// Give a seat up.
    TrainingCohortLeave: [Own(Champion), Any(Coordinator)],
    /// Call a dated training session off; the module must be the trainer's.
    TrainingCohortCancel: [Any(Trainer)],
    /// Take attendance; the module must be the trainer's.
    TrainingCohortAttend: [Any(Trainer)],
    /// Warn before training lapses: the clock's alone.
    TrainingRenewalWarn: [],
    /// Add a training module.
    TrainingModuleCreate: [Any(Coordinator)],
    /// Say who may mark a module.
    TrainingTrainerAssign: [Any(Coordinator)],
    /// Ask for a DBS check.
    DbsCheckRequest: [Any(SafeguardingLead)],
    /// Record a step of a DBS check.
    DbsCheckAdvance: [Any(SafeguardingLead)],
    /// Record that an applicant joined the Update Service and agreed to be asked about.
    DbsUpdateServiceJoin: [Any(SafeguardingLead)],
    /// Record that an applicant left the Update Service.
    DbsUpdateServiceLeave: [Any(SafeguardingLead)],
    /// Ask the Update Service about a check; the clock does so when its time comes.
    DbsStatusCheck: [Any(SafeguardingLead)],
    /// Remind an applicant to join the Update Service while they still can: the clock's alone.
    DbsJoinRemind: [],
    /// Remove what is kept of a decided check for six months: done by the clock alone.
    DbsContentRemove: [],
    /// Replace the weekly availability.
    AvailabilityWindowsReplace: [Own(Champion), Any(Coordinator)],
    /// Add leave or extra time.
    AvailabilityExceptionAdd: [Own(Champion), Any(Coordinator)],
    /// Remove leave or extra time.
    AvailabilityExceptionRemove: [Own(Champion), Any(Coordinator)],
    /// Create a session of a group.
    SessionCreate: [Own(GroupLeader), Any(Coordinator), Who::Scope(SessionsWrite)],
    /// Call a session off.
    SessionCancel: [Own(GroupLeader), Any(Coordinator), Who::Scope(SessionsWrite)],
    /// Move a session to another time or place.
    SessionMove: [Own(GroupLeader), Any(Coordinator), Who::Scope(SessionsWrite)],
    /// Say that a session on a bank holiday is held.
    SessionConfirm: [Own(GroupLeader), Any(Coordinator), Who::Scope(SessionsWrite)],
    /// Call a session off that nobody has said is held, when its time comes: the clock's alone.
    SessionLapse: [],
    /// Create a series of sessions of a group.
    SessionSeriesCreate: [Own(GroupLeader), Any(Coordinator), Who::Scope(SessionsWrite)],
    /// Change a series, from one session on or as a whole.
    SessionSeriesChange: [Own(GroupLeader), Any(Coordinator), Who::Scope(SessionsWrite)],
    /// End a series.
    SessionSeriesEnd: [Own(GroupLeader), Any(Coordinator), Who::Scope(SessionsWrite)],
    /// Say on which dates a group does not meet.
    GroupClosureAdd: [Own(GroupLeader), Any(Coordinator)],
    /// Remove such dates.
    GroupClosureRemove: [Own(GroupLeader), Any(Coordinator)],
    /// Say what bank holidays mean to a group.
    GroupBankHolidaysSet: [Own(GroupLeader), Any(Coordinator)],
    /// Ask for champions.
    ChampionRequestCreate: [Own(GroupLeader), Any(Coordinator), Who::Scope(RequestsWrite)],
    /// Take a request back.
    ChampionRequestWithdraw: [Own(GroupLeader), Any(Coordinator), Who::Scope(RequestsWrite)],
    /// Send offers to champions.
    OfferSend: [Own(GroupLeader), Any(Coordinator)],
    /// Offer a champion several dates at once.
    OfferBundleSend: [Own(GroupLeader), Any(Coordinator)],
    /// Ask champions in waves until the places are filled.
    OfferWavesStart: [Own(GroupLeader), Any(Coordinator)],
    /// Stop asking in waves.
    OfferWavesStop: [Own(GroupLeader), Any(Coordinator)],
    /// Take an offer back.
    OfferWithdraw: [Own(GroupLeader), Any(Coordinator)],
    /// Say whether champions take places of a group's sessions themselves.
    GroupSignUpSet: [Own(GroupLeader), Any(Coordinator)],
    /// Say whether champions take one session's places themselves.
    SessionSignUpSet: [Own(GroupLeader), Any(Coordinator)],
    /// Take a place where a group lets champions do so.
    PlaceTake: [Own(Champion)],
    /// Wait for a place at a session that is full.
    WaitingListJoin: [Own(Champion)],
    /// Leave a waiting list.
    WaitingListLeave: [Own(Champion)],
    /// Offer a free place to the next on the list: the clock's alone.
    WaitingListMove: [],
    /// Tell a group's leaders and the coordinators that a session is at risk, or no longer is: the clock's alone.
    SessionRiskTell: [],
    /// Say how many champions a session needs, and how many would be best.
    SessionStaffingSet: [Own(GroupLeader), Any(Coordinator)],
    /// Record whether a champion came, and for how long: of one's own group, or one's own.
    AttendanceRecord: [Own(GroupLeader), Own(Champion), Any(Coordinator)],
    /// Approve a champion's hours.
    HoursApprove: [Own(GroupLeader), Any(Coordinator)],
    /// Record what a session did.
    OutcomeRecord: [Own(GroupLeader), Any(Coordinator)],
    /// Accept an offer.
    OfferAccept: [Own(Champion)],
    /// Decline an offer.
    OfferDecline: [Own(Champion)],
    /// Answer an offer of several dates at once.
    OfferBundleAnswer: [Own(Champion)],
    /// Write down that an offer has lapsed: the clock's alone.
    OfferLapse: [],
    /// Give an assignment up.
    AssignmentWithdraw: [Own(Champion)],
    /// Look for a stand-in; the duty stands until one has accepted.
    StandInSeek: [Own(Champion), Any(Coordinator)],
    /// Come after all, instead of a stand-in.
    StandInCancel: [Own(Champion), Any(Coordinator)],
    /// Propose to swap places with another champion.
    SwapPropose: [Own(Champion)],
    /// Accept a swap.
    SwapAccept: [Own(Champion)],
    /// Decline a swap.
    SwapDecline: [Own(Champion)],
    /// Take a swap back.
    SwapWithdraw: [Own(Champion)],
    /// Release a champion from an assignment.
    AssignmentRelease: [Any(Coordinator)],
    /// Plan a rota.
    RotaPropose: [Any(Coordinator)],
    /// Answer with a planned rota, or with its failure: the planner's alone.
    RotaPlan: [],
    /// Stop the planning of a rota.
    RotaProposalCancel: [Any(Coordinator)],
    /// Add a line to a planned rota by hand.
    RotaLineAdd: [Any(Coordinator)],
    /// Take a line out of a planned rota.
    RotaLineRemove: [Any(Coordinator)],
    /// Lock a line of a planned rota, or unlock it.
    RotaLineLock: [Any(Coordinator)],
    /// Publish a planned rota: its offers go out.
    RotaPublish: [Any(Coordinator)],
    /// Put a planned rota away.
    RotaArchive: [Any(Coordinator)],
    /// Make an address for one's own calendar or a group's; it is good as long as one still may.
    CalendarFeedCreate: [Own(Champion), Own(GroupLeader), Any(Coordinator)],
    /// Change the address of a calendar one made.
    CalendarFeedReset: [SignedIn],
    /// End the address of a calendar one made.
    CalendarFeedRevoke: [SignedIn],
    /// Add an organisation.
    OrganisationCreate: [Any(Coordinator), Any(Administrator), Who::Scope(DirectoryWrite)],
    /// Add a group.
    GroupCreate: [Any(Coordinator), Any(Administrator), Who::Scope(DirectoryWrite)],
    /// Add a venue.
    VenueCreate: [Any(Coordinator), Any(Administrator), Who::Scope(DirectoryWrite)],
    /// Add an account.
    AccountCreate: [Any(Administrator)],
    /// Give a role.
    RoleGrant: [Any(Administrator)],
    /// Take a role away.
    RoleRevoke: [Any(Administrator)],
    /// Stop an account from signing in, and end what it has open.
    AccountDeactivate: [Any(Administrator)],
    /// Let an account sign in again.
    AccountReactivate: [Any(Administrator)],
    /// Add a partner client.
    ApiClientCreate: [Any(Administrator)],
    /// Give a partner client a new key; the old one ends after a while.
    ApiClientKeyRotate: [Any(Administrator)],
    /// End a key of a partner client at once.
    ApiClientKeyRevoke: [Any(Administrator)],
    /// Switch a partner client off.
    ApiClientDisable: [Any(Administrator)],

    /// Sign in, by password or by a link.
    SignIn: [Anyone],
    /// Ask for a link by e-mail, to sign in or to choose a new password.
    LinkRequest: [Anyone],
    /// Choose a new password with a link.
    PasswordReset: [Anyone],
    /// Change one's own password.
    PasswordChange: [SignedIn],
    /// See one's own sign-ins.
    SignInRead: [SignedIn],
    /// End one's own sign-ins.
    SignInEnd: [SignedIn],
    /// Get an access token for a client's own programs.
    ClientTokenIssue: [Client],

    /// Read organisations, groups and venues.
    DirectoryRead: [Client, SignedIn, Who::Scope(DirectoryRead)],
    /// Read the training modules and requirements.
    CatalogueRead: [Client, SignedIn, Who::Scope(DirectoryRead)],
    /// See that a champion exists: reference, short name, languages, topics, membership.
    ChampionRead: [Own(Champion), Any(GroupLeader), Any(Trainer), Any(Coordinator), Any(SafeguardingLead)],
    /// Search champions.
    ChampionList: [Any(Trainer), Any(Coordinator), Any(SafeguardingLead)],
    /// Read a champion's full name.
    ChampionNameRead: [Own(Champion), Any(Trainer), Any(Coordinator), Any(SafeguardingLead)],
    /// Read a champion's contact details and birth date.
    ChampionContactRead: [Own(Champion), Any(Coordinator), Any(SafeguardingLead)],
    /// Read a champion's checklist, evidence and consents.
    OnboardingRead: [Own(Champion), Any(Coordinator), Any(SafeguardingLead)],
    /// Read whom to call in an emergency.
    EmergencyContactRead: [Own(Champion), Any(Coordinator), Any(SafeguardingLead)],
    /// Read which records may be one person.
    ChampionDuplicateRead: [Any(Coordinator)],
    /// Read what organisations have said about a champion; a leader reads their own organisations' word.
    AcceptanceRead: [Own(Champion), Any(Coordinator), Any(SafeguardingLead)],
    /// Read the stage board: who is on their way in, for how long, waiting on whom.
    OnboardingBoardRead: [Any(Coordinator), Any(SafeguardingLead)],
    /// Read who referees are and what they answered.
    ReferenceDetailRead: [Any(Coordinator), Any(SafeguardingLead)],
    /// Read the concern a referee raised.
    ReferenceConcernRead: [Any(SafeguardingLead)],
    /// Read a champion's clearance on a date, with its reasons and its timeline.
    ClearanceRead: [Own(Champion), Any(Coordinator), Any(SafeguardingLead)],
    /// Read which confirmed assignments will break, and what would prevent it.
    ClearanceForecastRead: [Any(Coordinator), Any(SafeguardingLead)],
    /// Read what training would open: how many more sessions could run.
    TrainingCoverageRead: [Any(Trainer), Any(Coordinator)],
    /// Read dated training sessions.
    TrainingCohortRead: [SignedIn],
    /// Read who has a seat at a dated training session.
    TrainingSeatRead: [Any(Trainer), Any(Coordinator)],
    /// Take a completion away as a signed badge.
    TrainingBadgeRead: [Own(Champion)],
    /// Read a champion's training.
    TrainingRead: [Own(Champion), Any(Trainer), Any(Coordinator), Any(SafeguardingLead)],
    /// Read the detail of DBS checks; every read is recorded.
    DbsDetailRead: [Any(SafeguardingLead)],
    /// Read who has read the detail of one's DBS checks.
    DbsReadLogRead: [Own(Champion), Any(SafeguardingLead)],
    /// Read a champion's availability.
    AvailabilityRead: [Own(Champion), Any(Coordinator)],
    /// Read which sessions a champion could do, and what would unlock more.
    OpportunitiesRead: [Own(Champion), Any(Coordinator)],
    /// Read a champion's offers and assignments.
    ChampionRotaRead: [Own(Champion), Any(Coordinator), Any(SafeguardingLead)],
    /// Read sessions: when, where, how many are needed.
    SessionRead: [SignedIn, Who::Scope(SessionsRead)],
    /// Read who is placed at a session; a champion placed there may too.
    SessionRotaRead: [Own(GroupLeader), Own(Champion), Any(Coordinator), Any(SafeguardingLead)],
    /// Read a week's rota as a sheet, with who is placed.
    RotaSheetRead: [Own(GroupLeader), Any(Coordinator)],
    /// Read whether a champion came, and for how long.
    AttendanceRead: [Own(GroupLeader), Own(Champion), Any(Coordinator)],
    /// Print a certificate of a champion's approved hours.
    CertificateRead: [Own(Champion), Any(Coordinator)],
    /// Read what sessions did; others than coordinators are not told small numbers.
    OutcomeRead: [Own(GroupLeader), Any(Coordinator)],
    /// Read numbers of learners that are small.
    SmallNumbersRead: [Any(Coordinator)],
    /// Read requests and their offers.
    ChampionRequestRead: [Own(GroupLeader), Any(Coordinator), Who::Scope(RequestsWrite)],
    /// Read planned rotas.
    RotaProposalRead: [Any(Coordinator)],
    /// Read ranked matches for a session.
    MatchRead: [Own(GroupLeader), Any(Coordinator)],
    /// Read accounts and roles.
    AccountRead: [Any(Administrator)],
    /// Read partner clients.
    ApiClientRead: [Any(Administrator)],
    /// Read what was done and refused in the programme.
    AuditRead: [Any(Coordinator), Any(SafeguardingLead)],
    /// Read what was done and refused about DBS checks.
    AuditDbsRead: [Any(SafeguardingLead)],
    /// Read what was done and refused about accounts, roles, sign-ins and partner clients.
    AuditAccessRead: [Any(Administrator)],
}

/// Whether `caller`, standing in `relation` to the thing, may do `action`.
pub fn decide(caller: &Caller, action: Action, relation: Relation) -> bool {
    action.granted_to().iter().any(|who| match *who {
        Who::Anyone => true,
        Who::Client => caller.client.is_some() && caller.scopes.is_none(),
        Who::Scope(scope) => caller.scopes.as_ref().is_some_and(|scopes| scopes.contains(&scope)),
        Who::SignedIn => caller.account.is_some(),
        Who::Own(role) => caller.has(role) && relation == Relation::Own,
        Who::Any(role) => caller.has(role),
    })
}

/// The whole table, as Markdown.
pub fn table() -> String {
    let mut text = String::from("| Action | What | ");
    let columns: Vec<(&str, Vec<Who>)> = columns();
    for (name, _) in &columns {
        let _ = write!(text, "{name} | ");
    }
    text.push_str("client token with | \n|---|---|---|");
    text.push_str(&"---|".repeat(columns.len()));
    for action in Action::ALL {
        let _ = write!(text, "\n| `{action:?}` |{} | ", action.description());
        for (_, whos) in &columns {
            let mut cell =
                action.granted_to().iter().filter(|w| whos.contains(w)).map(|w| if matches!(w, Who::Own(_)) { "own" } else { "yes" });
            let _ = write!(text, "{} | ", cell.next_back().unwrap_or(""));
        }
        let _ = write!(text, "{} | ", scope_of(*action).map_or(String::new(), |scope| format!("`{}`", scope.code())));
    }
    text.replace(" \n", "\n").trim_end().to_owned() + "\n"
}

fn scope_of(action: Action) -> Option<Scope> {
    action.granted_to().iter().find_map(|who| if let Who::Scope(scope) = who { Some(*scope) } else { None })
}

fn columns() -> Vec<(&'static str, Vec<Who>)> {
    let mut columns = vec![
        ("anyone", vec![Who::Anyone]),
        ("client key", vec![Who::Anyone, Who::Client]),
        ("signed in", vec![Who::Anyone, Who::SignedIn]),
    ];
    columns.extend(Role::ALL.iter().map(|role| (role.code(), vec![Who::Own(*role), Who::Any(*role)])));
    columns
}

#[cfg(test)]
mod tests;
