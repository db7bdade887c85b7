//! A champion's membership: where a volunteer stands with the alliance, and who may move it.
//!
//! Membership says whether somebody belongs; whether they can take a session is clearance, judged for that session's date.

use crate::input::ConsentPurpose;
use crate::policy::Role;
use crate::reason::{Malformed, reasons};
use crate::vocabulary::vocabulary;

vocabulary! {
    /// Where a volunteer stands.
    Membership {
        /// Signed up; the e-mail address is not confirmed yet.
        Enquired = "ENQUIRED",
        /// Confirmed, and applying.
        Applied = "APPLIED",
        /// References, identity and declarations are being checked.
        Screening = "SCREENING",
        /// Taken on; training and induction remain.
        Approved = "APPROVED",
        /// Shadowing: may take shadow places only.
        OnTrial = "ON_TRIAL",
        /// May take any place they are cleared for.
        Active = "ACTIVE",
        /// Taking a break, by their own choice.
        Paused = "PAUSED",
        /// Stood down by the alliance while something is looked into.
        Suspended = "SUSPENDED",
        /// Has left.
        Left = "LEFT",
        /// Not taken on.
        Declined = "DECLINED",
        /// Withdrew the application.
        Withdrawn = "WITHDRAWN",
        /// Merged into another record of the same person; nobody finds it any more.
        Merged = "MERGED",
    }
}

impl Membership {
    /// Whether the person still belongs, or may come to.
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Left | Self::Declined | Self::Withdrawn | Self::Merged)
    }

    /// Whether the person was taken on and has not left.
    pub fn is_member(self) -> bool {
        matches!(self, Self::Approved | Self::OnTrial | Self::Active | Self::Paused | Self::Suspended)
    }
}

/// Who moves a membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mover {
    /// The champion.
    Themselves,
    /// Somebody with this role.
    Staff(Role),
}

reasons! {
    /// Why a membership can't be moved.
    CannotMove => ChampionMembershipChangeErrorCode {
        /// There is no such step from where the champion stands.
        IllegalTransition { from: Membership, to: Membership } at "to" => format!("A champion who is {from} can't become {to}."),
        /// The step needs requirements that are not met yet.
        NotReady { missing: Vec<String> } at "to" => format!("Still to do first: {}.", missing.join(", ")),
        /// The record changed since it was read.
        Stale { current: i64 } at "expectedVersion" => format!("The champion changed since you read it (version is now {current}): read it again."),
    }
}

reasons! {
    /// Why somebody can't be signed up.
    CannotSignUp => ChampionSignUpErrorCode {
        /// Without having seen the privacy notice nobody can sign up.
        ConsentRequired at "consents" => "Consent PRIVACY_NOTICE is needed, with given true and the version of the wording that was shown.",
    } creates
}

reasons! {
    /// Why an e-mail address can't be confirmed.
    CannotConfirm => ChampionEmailConfirmErrorCode {
        /// The link is not ours, or was cut short.
        LinkUnknown at "token" => "This link is not complete: copy all of it from the message.",
        /// The link was used, or is too old.
        LinkExpired at "token" => "This link was used or is too old: sign up again with the same address to get a new one.",
    }
}

reasons! {
    /// Why a profile can't be changed.
    CannotUpdate => ChampionUpdateErrorCode {
        /// The record changed since it was read.
        Stale { current: i64 } at "expectedVersion" => format!("The champion changed since you read it (version is now {current}): read it again."),
    }
}

reasons! {
    /// Why an emergency contact can't be kept.
    CannotSetEmergencyContact => EmergencyContactSetErrorCode {
        /// The person has left, or was not taken on.
        NotAMember { membership: Membership } at "championId" => format!("This person is {membership}: no emergency contact is kept."),
    }
}

/// What is wrong with the consents of a form, as purpose and tick: each purpose comes once, and the privacy notice is given.
pub fn check_consents(ticked: &[(ConsentPurpose, bool)]) -> Vec<CannotSignUp> {
    let earlier = |index: usize| ticked[..index].iter().any(|(purpose, _)| *purpose == ticked[index].0);
    let twice = |index: usize| {
        Malformed::new(&format!("consents.{index}.purpose"), "This purpose is there already, and only one answer can count: leave one out.")
    };
    let mut problems: Vec<CannotSignUp> = (0..ticked.len()).filter(|index| earlier(*index)).map(|index| twice(index).into()).collect();
    if !ticked.contains(&(ConsentPurpose::PrivacyNotice, true)) {
        problems.push(CannotSignUp::ConsentRequired);
    }
    problems
}

/// A short name that others may see: the known-as name, or the first word and the initial of the last.
pub fn display_name(full_name: &str, known_as: Option<&str>) -> String {
    if let Some(name) = known_as {
        return name.to_owned();
    }
    let mut words = full_name.split_whitespace();
    match (words.next(), words.next_back()) {
        (Some(first), Some(last)) => match last.chars().find(|c| c.is_alphabetic()) {
            Some(initial) => format!("{first} {initial}."),
            None => first.to_owned(),
        },
        _ => full_name.to_owned(),
    }
}

/// The reference to say on the telephone: `DC-0421`.
pub fn reference(number: i32) -> String {
    format!("DC-{number:04}")
}

/// The number of a reference in any case and spacing.
pub fn number_of(reference: &str) -> Option<i32> {
    let text = reference.trim().to_ascii_uppercase();
    text.strip_prefix("DC")?.trim_start_matches(['-', ' ']).parse().ok()
}

/// The steps that exist. `OnTrial` and `Active` also ask for the checklist: see [`crate::onboarding`].
const STEPS: &[(Membership, Membership)] = {
    use Membership::*;
    &[
        (Enquired, Applied),
        (Applied, Screening),
        (Screening, Approved),
        (Approved, OnTrial),
        (Approved, Active),
        (OnTrial, Active),
        (Active, Paused),
        (OnTrial, Paused),
        (Paused, Active),
        (Active, Suspended),
        (OnTrial, Suspended),
        (Paused, Suspended),
        (Suspended, Active),
        (Applied, Declined),
        (Screening, Declined),
        (Approved, Declined),
        (Left, Applied),
        (Withdrawn, Applied),
    ]
};

/// Whether `mover` may take a membership from one state to another.
///
/// A champion may pause, come back from a pause, and at any time leave or withdraw the application; nobody needs a reason.
/// Confirming the e-mail address alone makes an enquiry an application.
pub fn step(from: Membership, to: Membership, mover: Mover) -> Result<(), CannotMove> {
    use Membership::*;
    let leaving = match to {
        Left => matches!(from, Active | OnTrial | Paused | Suspended | Approved),
        Withdrawn => matches!(from, Enquired | Applied | Screening),
        _ => false,
    };
    let exists = leaving || STEPS.contains(&(from, to));
    let theirs = leaving || matches!((from, to), (Active | OnTrial, Paused) | (Paused, Active));
    let suspension = from == Suspended && to == Active;
    let allowed = match mover {
        Mover::Themselves => theirs,
        // Only the safeguarding lead lifts a suspension: the reason for it is theirs to know.
        Mover::Staff(role) => from != Enquired && (!suspension || role == Role::SafeguardingLead),
    };
    if exists && allowed { Ok(()) } else { Err(CannotMove::IllegalTransition { from, to }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mover_has_their_own_steps() {
        use Membership::*;
        let (own, coordinator, lead) = (Mover::Themselves, Mover::Staff(Role::Coordinator), Mover::Staff(Role::SafeguardingLead));
        let cases = [
            (Applied, Screening, coordinator, true),
            (Applied, Screening, own, false),
            (Applied, Active, coordinator, false),
            (Active, Paused, own, true),
            (Paused, Active, own, true),
            (Suspended, Active, own, false),
            (Suspended, Active, coordinator, false),
            (Suspended, Active, lead, true),
            (Active, Left, own, true),
            (Applied, Left, own, false),
            (Applied, Withdrawn, own, true),
            (Enquired, Applied, coordinator, false),
            (Left, Active, coordinator, false),
            (Active, Active, coordinator, false),
        ];
        for (from, to, mover, allowed) in cases {
            assert_eq!(step(from, to, mover).is_ok(), allowed, "{from} -> {to} by {mover:?}");
        }
    }

    #[test]
    fn short_names_hide_the_surname() {
        for (full, known_as, short) in [
            ("Ada King Lovelace", None, "Ada L."),
            ("Sukarno", None, "Sukarno"),
            ("李小龍", None, "李小龍"),
            ("Ada Lovelace", Some("Countess"), "Countess"),
            ("Anne O’Neill-Šo", None, "Anne O."),
        ] {
            assert_eq!(display_name(full, known_as), short);
        }
        assert_eq!((reference(42), number_of("dc 0042"), number_of("REQ-1")), ("DC-0042".to_owned(), Some(42), None));
    }

    #[test]
    fn nobody_is_without_a_way_out() {
        for &from in Membership::ALL.iter().filter(|m| m.is_open()) {
            assert!([Membership::Left, Membership::Withdrawn].iter().any(|to| step(from, *to, Mover::Themselves).is_ok()), "{from}");
        }
    }
}
