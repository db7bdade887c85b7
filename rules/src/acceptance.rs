//! One clearance of the alliance, relied on by each organisation that deploys a champion: its own word, and never the detail.

use chrono::NaiveDate;

use crate::champion::Membership;
use crate::id::OrganisationId;
use crate::reason::reasons;
use crate::vocabulary::vocabulary;

vocabulary! {
    /// What an organisation relies on.
    ReliesOn {
        /// The alliance's decision about the DBS check.
        DbsDecision = "DBS_DECISION",
        /// The alliance's whole clearance: references, identity, training and the DBS check.
        AllianceClearance = "ALLIANCE_CLEARANCE",
    }
}

reasons! {
    /// Why an organisation's word on a champion can't be recorded.
    CannotAccept => AcceptanceRecordErrorCode {
        /// Nobody accepts themselves.
        OwnRecord at "championId" => "You can't accept yourself: ask somebody else of the organisation.",
        /// The person is no member of the alliance.
        NotAMember { membership: Membership } at "championId" => format!("This person is {membership}: there is nothing to rely on."),
    } creates
}

reasons! {
    /// Why it can't be said whether an organisation asks for its own word.
    CannotSetAcceptance => OrganisationAcceptanceSetErrorCode {}
}

/// An organisation's latest word on a champion, if that is yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Whose word.
    pub by: OrganisationId,
    /// The day it was given.
    pub since: NaiveDate,
}

/// Whether an organisation has accepted somebody by a date.
pub fn is_accepted(words: &[Accepted], by: OrganisationId, on: NaiveDate) -> bool {
    words.iter().any(|word| word.by == by && word.since <= on)
}

/// Whether an organisation's word may be recorded. Taking it back always may.
pub fn record(own: bool, membership: Membership, accepted: bool) -> Result<(), Vec<CannotAccept>> {
    let problems =
        [own.then_some(CannotAccept::OwnRecord), (accepted && !membership.is_member()).then_some(CannotAccept::NotAMember { membership })];
    let problems: Vec<CannotAccept> = problems.into_iter().flatten().collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_accepted_by_others_and_anybody_can_be_let_go() {
        for (own, membership, accepted, problems) in [
            (false, Membership::Active, true, 0),
            (true, Membership::Active, true, 1),
            (false, Membership::Applied, true, 1),
            (false, Membership::Left, false, 0),
            (true, Membership::Left, true, 2),
        ] {
            assert_eq!(record(own, membership, accepted).map_or_else(|p| p.len(), |()| 0), problems, "{membership} {accepted}");
        }
    }
}
