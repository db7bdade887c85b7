//! Evidence for the requirements of the role, as far as each volunteer has come.

use entity::{evidence, requirement};
use rules::champion::Membership;
use rules::dbs::DbsStatus;
use rules::id::{AccountId, ChampionId};
use rules::requirement::{EvidenceOutcome, RequirementKind};

use super::story::Story;
use super::town::{Staff, Town};

/// A piece of evidence and how many days after signing up it was given.
type Step = (RequirementKind, i64);

/// The paper evidence, in the order it usually comes in.
const PAPER: [Step; 10] = [
    (RequirementKind::Application, 0),
    (RequirementKind::PrivacyNotice, 0),
    (RequirementKind::RightToVolunteer, 1),
    (RequirementKind::SafeguardingDeclaration, 2),
    (RequirementKind::Conversation, 4),
    (RequirementKind::CodeOfConduct, 5),
    (RequirementKind::Reference, 6),
    (RequirementKind::Identity, 7),
    (RequirementKind::Reference, 8),
    (RequirementKind::Agreement, 9),
];

/// How many pieces of paper evidence somebody has given.
fn pieces(story: &Story<'_>) -> usize {
    let odd = story.number % 2 != 0;
    match story.person.stage {
        Membership::Enquired => 2,
        Membership::Applied if odd => 3,
        Membership::Applied => 4,
        Membership::Declined => 5,
        // Whoever's check went on has shown their documents.
        Membership::Screening if story.check.is_some_and(|check| check.status != DbsStatus::ApplicantStarted) => 8,
        Membership::Screening | Membership::Withdrawn => 7,
        _ => PAPER.len(),
    }
}

impl Town {
    /// Adds what a volunteer has given.
    pub fn add_evidence(&mut self, champion: ChampionId, account: Option<AccountId>, story: &Story<'_>, staff: Staff) {
        for (kind, days) in PAPER.into_iter().take(pieces(story)) {
            self.add_piece(champion, account, story, staff, (kind, story.joined + days));
        }
        if let Some(active_since) = story.active_since {
            self.add_piece(champion, account, story, staff, (RequirementKind::Induction, active_since - 1));
        }
    }

    fn add_piece(&mut self, champion_id: ChampionId, account: Option<AccountId>, story: &Story<'_>, staff: Staff, (kind, day): Step) {
        let Some(requirement_id) = self.requirement(kind).map(|r| r.id) else { return };
        let at_sign_up = matches!(kind, RequirementKind::Application | RequirementKind::PrivacyNotice);
        let giver = if kind.is_given_by_champion() { account } else { Some(staff.coordinator) };
        let says_no = kind == RequirementKind::Conversation && story.person.stage == Membership::Declined;
        let id = self.ids.next();
        self.rows.evidence.push(evidence::Model {
            id,
            champion_id,
            requirement_id,
            outcome: if says_no { EvidenceOutcome::NotSatisfied } else { EvidenceOutcome::Satisfied },
            given_on: self.first.date(day),
            note: note(kind, story.number).to_owned(),
            recorded_by: giver.filter(|_| !at_sign_up),
            recorded_at: self.first.at(day, 14),
        });
    }

    fn requirement(&self, kind: RequirementKind) -> Option<&requirement::Model> {
        self.baseline.requirements.iter().find(|r| r.kind == kind)
    }
}

fn note(kind: RequirementKind, number: i32) -> &'static str {
    match (kind, number % 3) {
        (RequirementKind::Identity, 0) => "Passport and council tax bill seen",
        (RequirementKind::Identity, 1) => "Driving licence and bank statement seen",
        (RequirementKind::Identity, _) => "Passport and tenancy agreement seen",
        (RequirementKind::Conversation, _) => "Talked by telephone",
        (RequirementKind::Reference, _) => "Known for over two years, not a relative",
        _ => "",
    }
}
