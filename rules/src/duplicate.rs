//! Two records that may be one person: how they are found, and what stands in the way of merging them. People decide.

use chrono::NaiveDate;

use crate::id::ChampionId;
use crate::reason::reasons;
use crate::vocabulary::vocabulary;

vocabulary! {
    /// Why two records may be one person.
    DuplicateReason {
        /// Their addresses reach the same mailbox.
        SameMailbox = "SAME_MAILBOX",
        /// They have the same telephone number.
        SamePhone = "SAME_PHONE",
        /// They have the same name and birth date.
        SameNameAndBirthDate = "SAME_NAME_AND_BIRTH_DATE",
        /// They have the same name and postcode.
        SameNameAndPostcode = "SAME_NAME_AND_POSTCODE",
    }
}

vocabulary! {
    /// State of a pair of records that may be one person.
    DuplicateStatus {
        /// Somebody has to look.
        Open = "OPEN",
        /// They were one, and were merged.
        Merged = "MERGED",
        /// They are two people.
        Distinct = "DISTINCT",
    }
}

vocabulary! {
    /// What two records disagree about.
    MergeConflict {
        /// Both are placed at sessions that overlap. They can't be merged before one is given up.
        SameTime = "SAME_TIME",
        /// Both have an open offer for the same session. They can't be merged before one is answered or taken back.
        SameOffer = "SAME_OFFER",
        /// The birth dates differ: are they one person?
        BirthDate = "BIRTH_DATE",
        /// Both sign in with an account of their own; the one of the record that goes ends.
        Accounts = "ACCOUNTS",
        /// Both have the same training on the same day; it is kept once.
        Training = "TRAINING",
    }
}

impl MergeConflict {
    /// Whether it has to be settled first.
    pub fn is_binding(self) -> bool {
        matches!(self, Self::SameTime | Self::SameOffer)
    }
}

/// What tells one person from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traits {
    /// The mailbox, by [`mailbox`].
    pub mailbox: String,
    /// The telephone number in E.164 form.
    pub phone: Option<String>,
    /// The full name.
    pub name: String,
    /// The birth date.
    pub birth_date: Option<NaiveDate>,
    /// The postcode, without blanks.
    pub postcode: Option<String>,
}

/// The mailbox an address reaches: what follows a plus is a label, and some providers ignore dots.
pub fn mailbox(email_key: &str) -> String {
    let Some((local, domain)) = email_key.rsplit_once('@') else { return email_key.to_owned() };
    let bare = local.split('+').next().filter(|bare| !bare.is_empty()).unwrap_or(local);
    match domain {
        "gmail.com" | "googlemail.com" => format!("{}@gmail.com", bare.replace('.', "")),
        _ => format!("{bare}@{domain}"),
    }
}

/// A name without accents' case, marks and blanks, to compare.
fn bare(name: &str) -> String {
    name.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Why two records may be one person; empty if nothing speaks for it.
pub fn reasons(one: &Traits, other: &Traits) -> Vec<DuplicateReason> {
    fn same<T: PartialEq>(a: Option<&T>, b: Option<&T>) -> bool {
        a.is_some() && a == b
    }
    let name = bare(&one.name) == bare(&other.name) && !bare(&one.name).is_empty();
    let found = [
        (one.mailbox == other.mailbox, DuplicateReason::SameMailbox),
        (same(one.phone.as_ref(), other.phone.as_ref()), DuplicateReason::SamePhone),
        (name && same(one.birth_date.as_ref(), other.birth_date.as_ref()), DuplicateReason::SameNameAndBirthDate),
        (name && same(one.postcode.as_ref(), other.postcode.as_ref()), DuplicateReason::SameNameAndPostcode),
    ];
    found.into_iter().filter(|(is, _)| *is).map(|(_, reason)| reason).collect()
}

reasons! {
    /// Why two records can't be merged.
    CannotMerge => ChampionDuplicateMergeErrorCode {
        /// It was decided before.
        AlreadyDecided { status: DuplicateStatus } at "duplicateId" => format!("This pair was looked at before and is {status}."),
        /// The survivor is not one of the two.
        NotOfThePair at "survivorId" => "The record to keep must be one of the two.",
        /// Nobody merges their own record.
        OwnRecord at "duplicateId" => "One of these records is your own: ask another coordinator.",
        /// Something has to be settled first.
        Conflict { conflict: MergeConflict } at "duplicateId" => match conflict {
            MergeConflict::SameOffer => "Both have an open offer for the same session: take one back first.",
            _ => "Both are placed at sessions that overlap: release one first.",
        },
    }
}

/// A pair as the rules read it.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// One record.
    pub first: ChampionId,
    /// The other.
    pub second: ChampionId,
    /// Where it stands.
    pub status: DuplicateStatus,
}

impl Pair {
    /// The record that goes when the other is kept.
    pub fn other(&self, survivor: ChampionId) -> Option<ChampionId> {
        match survivor {
            id if id == self.first => Some(self.second),
            id if id == self.second => Some(self.first),
            _ => None,
        }
    }
}

/// Which record goes, if the pair may be merged into `survivor` by whoever has the record `own`.
pub fn merge(
    pair: &Pair,
    survivor: ChampionId,
    own: Option<ChampionId>,
    conflicts: &[MergeConflict],
) -> Result<ChampionId, Vec<CannotMerge>> {
    let other = pair.other(survivor);
    let mut problems = Vec::new();
    if pair.status != DuplicateStatus::Open {
        problems.push(CannotMerge::AlreadyDecided { status: pair.status });
    }
    if other.is_none() {
        problems.push(CannotMerge::NotOfThePair);
    }
    if own.is_some_and(|own| own == pair.first || own == pair.second) {
        problems.push(CannotMerge::OwnRecord);
    }
    problems.extend(conflicts.iter().filter(|c| c.is_binding()).map(|conflict| CannotMerge::Conflict { conflict: *conflict }));
    match other {
        Some(other) if problems.is_empty() => Ok(other),
        _ => Err(problems),
    }
}

reasons! {
    /// Why a pair can't be said to be two people.
    CannotKeepApart => ChampionDuplicateDismissErrorCode {
        /// They were merged.
        AlreadyMerged at "duplicateId" => "These records were merged before.",
        /// Nobody decides about their own record.
        OwnRecord at "duplicateId" => "One of these records is your own: ask another coordinator.",
    }
}

/// Whether a pair may be said to be two people; false if that was said before.
pub fn keep_apart(pair: &Pair, own: Option<ChampionId>) -> Result<bool, CannotKeepApart> {
    match pair.status {
        _ if own.is_some_and(|own| own == pair.first || own == pair.second) => Err(CannotKeepApart::OwnRecord),
        DuplicateStatus::Merged => Err(CannotKeepApart::AlreadyMerged),
        DuplicateStatus::Distinct => Ok(false),
        DuplicateStatus::Open => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn traits(mailbox: &str, phone: &str, name: &str, birth: &str, postcode: &str) -> Traits {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Traits {
            mailbox: super::mailbox(mailbox),
            phone: some(phone),
            name: name.into(),
            birth_date: birth.parse().ok(),
            postcode: some(postcode),
        }
    }

    #[test]
    fn addresses_that_reach_one_mailbox_are_one() {
        for (one, other, same) in [
            ("ada.l@gmail.com", "adal+champion@googlemail.com", true),
            ("ada@example.org", "ada+digital@example.org", true),
            ("ada.l@example.org", "adal@example.org", false),
            ("ada@example.org", "ada@example.com", false),
            ("+@example.org", "+@example.org", true),
        ] {
            assert_eq!(mailbox(one) == mailbox(other), same, "{one} {other}");
        }
    }

    #[test]
    fn what_speaks_for_one_person_is_said_and_nothing_else_is() {
        use DuplicateReason::*;
        let ada = traits("ada@example.org", "+447700900123", "Ada O’Lovelace", "1980-01-02", "SK13XE");
        for (other, expected) in [
            (traits("ada+x@example.org", "", "Somebody Else", "", ""), vec![SameMailbox]),
            (traits("b@example.org", "+447700900123", "Bert", "", ""), vec![SamePhone]),
            (traits("c@example.org", "", "ADA OLovelace", "1980-01-02", "SK13XE"), vec![SameNameAndBirthDate, SameNameAndPostcode]),
            (traits("d@example.org", "", "Ada Byron", "1980-01-02", "SK13XE"), vec![]),
            (traits("e@example.org", "", "Ada O’Lovelace", "", ""), vec![]),
        ] {
            assert_eq!(reasons(&ada, &other), expected, "{other:?}");
            assert_eq!(reasons(&other, &ada), expected, "either way round");
        }
    }

    #[test]
    fn a_pair_is_merged_once_into_one_of_the_two_by_somebody_else() {
        let id = |n| ChampionId(Uuid::from_u128(n));
        let pair = |status| Pair { first: id(1), second: id(2), status };
        let open = pair(DuplicateStatus::Open);
        assert_eq!(merge(&open, id(1), Some(id(9)), &[MergeConflict::BirthDate, MergeConflict::Accounts]), Ok(id(2)));
        assert_eq!(merge(&open, id(3), None, &[]), Err(vec![CannotMerge::NotOfThePair]));
        assert_eq!(merge(&open, id(2), Some(id(1)), &[]), Err(vec![CannotMerge::OwnRecord]));
        for conflict in [MergeConflict::SameTime, MergeConflict::SameOffer] {
            assert_eq!(merge(&open, id(1), None, &[conflict]), Err(vec![CannotMerge::Conflict { conflict }]));
        }
        let merged = pair(DuplicateStatus::Merged);
        assert_eq!(merge(&merged, id(1), None, &[]), Err(vec![CannotMerge::AlreadyDecided { status: DuplicateStatus::Merged }]));
        assert_eq!((keep_apart(&open, None), keep_apart(&pair(DuplicateStatus::Distinct), None)), (Ok(true), Ok(false)));
        assert_eq!(
            (keep_apart(&merged, None), keep_apart(&open, Some(id(2)))),
            (Err(CannotKeepApart::AlreadyMerged), Err(CannotKeepApart::OwnRecord))
        );
    }
}
