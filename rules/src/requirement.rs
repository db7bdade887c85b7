//! Requirements of the champion role, and what counts as evidence for each on a date.

use chrono::NaiveDate;

use crate::calendar::add_months;
use crate::id::{ModuleId, RequirementId};
use crate::reason::reasons;
use crate::vocabulary::vocabulary;

vocabulary! {
    /// Kinds of requirement.
    RequirementKind {
        /// The application, with its answers and the partner it came through.
        Application = "APPLICATION",
        /// An informal conversation and its outcome.
        Conversation = "CONVERSATION",
        /// A reference from somebody who is not a relative; two are needed.
        Reference = "REFERENCE",
        /// Identity documents seen: their types and who saw them, never copies.
        Identity = "IDENTITY",
        /// The champion's own declaration of the right to volunteer in the UK.
        RightToVolunteer = "RIGHT_TO_VOLUNTEER",
        /// A DBS check sufficient for the session; judged per session, not here.
        Dbs = "DBS",
        /// A signed safeguarding declaration.
        SafeguardingDeclaration = "SAFEGUARDING_DECLARATION",
        /// The signed volunteer agreement.
        Agreement = "AGREEMENT",
        /// The signed code of conduct.
        CodeOfConduct = "CODE_OF_CONDUCT",
        /// The privacy notice as it was shown.
        PrivacyNotice = "PRIVACY_NOTICE",
        /// A training module.
        Training = "TRAINING",
        /// Somebody to call in an emergency; restricted, deleted on leaving.
        EmergencyContact = "EMERGENCY_CONTACT",
        /// The induction visit.
        Induction = "INDUCTION",
        /// A trial period of shadowing.
        Trial = "TRIAL",
    }
}

/// Who has to act next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Giver {
    Champion,
    Coordinator,
}

impl RequirementKind {
    /// What it is called in a sentence.
    pub fn words(self) -> String {
        match self {
            Self::Dbs => "DBS check".to_owned(),
            Self::Training => "training module".to_owned(),
            kind => kind.to_string(),
        }
    }

    /// Signed by the champion, and signed again whenever the wording changes.
    pub fn is_signed(self) -> bool {
        matches!(self, Self::SafeguardingDeclaration | Self::Agreement | Self::CodeOfConduct | Self::PrivacyNotice)
    }

    /// Whether the champion gives this evidence; everything else is recorded by a coordinator.
    pub fn is_given_by_champion(self) -> bool {
        self.giver() == Giver::Champion
    }

    fn giver(self) -> Giver {
        match self {
            kind if kind.is_signed() => Giver::Champion,
            Self::RightToVolunteer | Self::EmergencyContact | Self::Application => Giver::Champion,
            _ => Giver::Coordinator,
        }
    }

    /// Whether evidence of this kind is recorded by hand; training, DBS checks and emergency contacts have records of their own.
    pub fn is_recorded_by_hand(self) -> bool {
        !matches!(self, Self::Training | Self::Dbs | Self::Application | Self::EmergencyContact)
    }
}

/// One version of a requirement.
#[derive(Clone, Debug, PartialEq)]
pub struct Requirement {
    /// The id of this version.
    pub id: RequirementId,
    /// What is asked for.
    pub kind: RequirementKind,
    /// Its name, for people.
    pub name: String,
    /// The module, for `TRAINING`.
    pub module: Option<ModuleId>,
    /// How many pieces of evidence: two references, one of everything else.
    pub count: usize,
    /// Months a piece of evidence lasts; none for ever.
    pub valid_months: Option<u32>,
    /// First day this version is asked for.
    pub in_force_from: NaiveDate,
    /// First day it no longer is.
    pub superseded_on: Option<NaiveDate>,
}

impl Requirement {
    /// Whether this version is asked for on a date.
    pub fn in_force_on(&self, on: NaiveDate) -> bool {
        self.in_force_from <= on && self.superseded_on.is_none_or(|end| on < end)
    }
}

vocabulary! {
    /// What a piece of evidence says.
    EvidenceOutcome {
        /// It satisfies the requirement.
        Satisfied = "SATISFIED",
        /// It does not.
        NotSatisfied = "NOT_SATISFIED",
    }
}

/// A piece of evidence given for a requirement.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The version it was given for.
    pub requirement: RequirementId,
    /// The requirement's kind.
    pub kind: RequirementKind,
    /// The day it was given.
    pub given_on: NaiveDate,
    /// What it says.
    pub outcome: EvidenceOutcome,
}

/// How a requirement stands on a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Met, with the last day it stays so, if there is one.
    Met { until: Option<NaiveDate> },
    /// Something is there, and more is needed.
    Partly { have: usize, need: usize },
    /// It was met, and lapsed or was superseded.
    Lapsed,
    /// Nothing is there, or what is there says no.
    Missing,
}

/// How `requirement`, in force on `on`, stands by the evidence given up to that date.
///
/// Evidence for an earlier version still counts, except for what is signed: that is signed again on new wording.
/// The latest outcome decides where one is enough, so a later "not satisfied" undoes an earlier "satisfied".
pub fn standing(requirement: &Requirement, evidence: &[Evidence], on: NaiveDate) -> Standing {
    let is_yes = |e: &&Evidence| e.outcome == EvidenceOutcome::Satisfied;
    let (mut given, other_wording): (Vec<&Evidence>, Vec<&Evidence>) = evidence
        .iter()
        .filter(|e| e.kind == requirement.kind && e.given_on <= on)
        .partition(|e| !requirement.kind.is_signed() || e.requirement == requirement.id);
    given.sort_by_key(|e| e.given_on);
    if requirement.count == 1 {
        given = given.split_off(given.len().saturating_sub(1));
    }
    let satisfied: Vec<&Evidence> = given.into_iter().filter(is_yes).collect();
    let mut lasting: Vec<Option<NaiveDate>> = satisfied
        .iter()
        .map(|e| requirement.valid_months.and_then(|months| add_months(e.given_on, months)))
        .filter(|until| until.is_none_or(|day| on <= day))
        .collect();
    if lasting.len() >= requirement.count {
        lasting.sort_by_key(|until| std::cmp::Reverse(until.unwrap_or(NaiveDate::MAX)));
        return Standing::Met { until: lasting[requirement.count - 1] };
    }
    match (lasting.len(), satisfied.len() + other_wording.iter().filter(|e| is_yes(e)).count()) {
        (0, 0) => Standing::Missing,
        (0, _) => Standing::Lapsed,
        (have, _) => Standing::Partly { have, need: requirement.count },
    }
}

reasons! {
    /// Why evidence can't be recorded.
    CannotRecordEvidence => EvidenceRecordErrorCode {
        /// Training, DBS checks and emergency contacts have records of their own.
        RecordedElsewhere { kind: RequirementKind } at "requirementId" => format!("What is asked for as {} is not recorded here: it has mutations of its own.", kind.words()),
        /// This version is not in force any more; there is a newer one.
        Superseded at "requirementId" => "This version is not in force: use the current one.",
        /// Evidence can't lie in the future.
        InFuture { today: NaiveDate } at "givenOn" => format!("This lies in the future: give a date up to {today}."),
        /// Only the champion signs for themselves.
        SignedByChampion { kind: RequirementKind } at "requirementId" => format!("Only the champion can give the {kind}."),
        /// Nobody checks themselves.
        OwnEvidence at "championId" => "You can't record this for yourself: ask a coordinator.",
    } creates
}

/// Whether evidence for `requirement` may be recorded: by the champion for what is theirs to give, by staff for the rest.
pub fn record(requirement: &Requirement, by_champion: bool, given_on: NaiveDate, today: NaiveDate) -> Result<(), CannotRecordEvidence> {
    let kind = requirement.kind;
    if !kind.is_recorded_by_hand() {
        return Err(CannotRecordEvidence::RecordedElsewhere { kind });
    }
    match (kind.is_given_by_champion(), by_champion) {
        (true, false) => return Err(CannotRecordEvidence::SignedByChampion { kind }),
        (false, true) => return Err(CannotRecordEvidence::OwnEvidence),
        _ => {}
    }
    if given_on > today {
        return Err(CannotRecordEvidence::InFuture { today });
    }
    if !requirement.in_force_on(given_on) {
        return Err(CannotRecordEvidence::Superseded);
    }
    Ok(())
}

reasons! {
    /// Why a requirement can't be replaced by a new version.
    CannotSupersede => RequirementSupersedeErrorCode {
        /// There is a newer version already.
        AlreadySuperseded { on: NaiveDate } at "requirementId" => format!("This version is replaced on {on}: name the newest one."),
        /// Nobody could have known of it.
        InPast { today: NaiveDate } at "inForceFrom" => format!("A new version can't be in force before {today}: people have to be able to meet it."),
        /// It has to follow the version it replaces.
        TooEarly { from: NaiveDate } at "inForceFrom" => format!("The version it replaces is in force from {from} only: choose a later day."),
    } creates
}

/// Whether a new version may take the place of `old` from a day on. Up to the day before, what counted still counts.
pub fn supersede(old: &Requirement, from: NaiveDate, today: NaiveDate) -> Result<(), Vec<CannotSupersede>> {
    let problems = [
        old.superseded_on.map(|on| CannotSupersede::AlreadySuperseded { on }),
        (from < today).then_some(CannotSupersede::InPast { today }),
        (from <= old.in_force_from).then_some(CannotSupersede::TooEarly { from: old.in_force_from }),
    ];
    let problems: Vec<CannotSupersede> = problems.into_iter().flatten().collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn date(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn requirement(kind: RequirementKind, version: u128) -> Requirement {
        let count = if kind == RequirementKind::Reference { 2 } else { 1 };
        Requirement {
            id: RequirementId(Uuid::from_u128(version)),
            kind,
            name: kind.to_string(),
            module: None,
            count,
            valid_months: None,
            in_force_from: date("2025-01-01"),
            superseded_on: None,
        }
    }

    fn given(requirement: &Requirement, on: &str, outcome: EvidenceOutcome) -> Evidence {
        Evidence { requirement: requirement.id, kind: requirement.kind, given_on: date(on), outcome }
    }

    #[test]
    fn two_references_are_needed() {
        let r = requirement(RequirementKind::Reference, 1);
        let yes = given(&r, "2026-01-05", EvidenceOutcome::Satisfied);
        let no = given(&r, "2026-01-06", EvidenceOutcome::NotSatisfied);
        let on = date("2026-02-01");
        assert_eq!(standing(&r, &[], on), Standing::Missing);
        assert_eq!(standing(&r, &[yes.clone(), no.clone()], on), Standing::Partly { have: 1, need: 2 });
        assert_eq!(standing(&r, &[yes.clone(), no, yes.clone()], on), Standing::Met { until: None });
        assert_eq!(standing(&r, &[yes.clone(), yes], date("2026-01-04")), Standing::Missing, "judged on the date");
    }

    #[test]
    fn new_wording_is_signed_again_and_old_evidence_of_other_kinds_counts() {
        for (kind, expected) in [(RequirementKind::Agreement, Standing::Lapsed), (RequirementKind::Identity, Standing::Met { until: None })]
        {
            let (old, new) = (requirement(kind, 1), requirement(kind, 2));
            assert_eq!(standing(&new, &[given(&old, "2026-01-05", EvidenceOutcome::Satisfied)], date("2026-02-01")), expected, "{kind}");
        }
    }

    #[test]
    fn the_last_valid_day_counts_and_the_next_does_not() {
        let mut r = requirement(RequirementKind::Induction, 1);
        r.valid_months = Some(12);
        let e = [given(&r, "2025-02-28", EvidenceOutcome::Satisfied)];
        assert_eq!(standing(&r, &e, date("2026-02-28")), Standing::Met { until: Some(date("2026-02-28")) });
        assert_eq!(standing(&r, &e, date("2026-03-01")), Standing::Lapsed);
    }

    #[test]
    fn a_later_no_undoes_an_earlier_yes() {
        let r = requirement(RequirementKind::Identity, 1);
        let e = [given(&r, "2026-01-05", EvidenceOutcome::Satisfied), given(&r, "2026-01-06", EvidenceOutcome::NotSatisfied)];
        assert_eq!(standing(&r, &e, date("2026-02-01")), Standing::Missing);
    }

    #[test]
    fn a_new_version_follows_the_newest_and_is_known_beforehand() {
        let today = date("2026-02-01");
        let (old, mut gone) = (requirement(RequirementKind::Agreement, 1), requirement(RequirementKind::Agreement, 2));
        gone.superseded_on = Some(date("2026-03-01"));
        for (old, from, expected) in [
            (&old, "2026-02-01", Ok(())),
            (&old, "2026-01-31", Err(vec![CannotSupersede::InPast { today }])),
            (&gone, "2026-04-01", Err(vec![CannotSupersede::AlreadySuperseded { on: date("2026-03-01") }])),
            (&old, "2025-01-01", Err(vec![CannotSupersede::InPast { today }, CannotSupersede::TooEarly { from: date("2025-01-01") }])),
        ] {
            assert_eq!(supersede(old, date(from), today), expected, "{from}");
        }
    }

    #[test]
    fn who_may_record_what() {
        let today = date("2026-02-01");
        let cases = [
            (RequirementKind::Agreement, true, Ok(())),
            (RequirementKind::Agreement, false, Err(CannotRecordEvidence::SignedByChampion { kind: RequirementKind::Agreement })),
            (RequirementKind::Identity, true, Err(CannotRecordEvidence::OwnEvidence)),
            (RequirementKind::Identity, false, Ok(())),
            (RequirementKind::Training, false, Err(CannotRecordEvidence::RecordedElsewhere { kind: RequirementKind::Training })),
        ];
        for (kind, by_champion, expected) in cases {
            assert_eq!(record(&requirement(kind, 1), by_champion, today, today), expected, "{kind}");
        }
        let tomorrow = date("2026-02-02");
        assert_eq!(
            record(&requirement(RequirementKind::Identity, 1), false, tomorrow, today),
            Err(CannotRecordEvidence::InFuture { today })
        );
    }
}
