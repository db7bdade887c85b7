//! Signing in and staying signed in: how refresh tokens rotate, how long things last, and how often one may try.
//!
//! A sign-in is a family of refresh tokens. Each use of the newest one begins the next generation. The one before it still
//! works for a moment while nobody has used its successor, since the answer that carried the successor may be lost. Anything
//! older is a replay: somebody has a copy, nobody can tell who, and the whole family ends.

use chrono::{DateTime, TimeDelta, Utc};

use crate::limit::Limit;
use crate::vocabulary::vocabulary;

vocabulary! {
    /// How somebody signed in.
    Method {
        /// With a password.
        Password = "PASSWORD",
        /// With a link sent by e-mail.
        Link = "LINK",
        /// Through an identity provider (OpenID Connect).
        Provider = "PROVIDER",
        /// By confirming an e-mail address, which opened the account.
        Confirmation = "CONFIRMATION",
    }
}

vocabulary! {
    /// Why a sign-in ended.
    EndReason {
        /// They signed out there.
        SignedOut = "SIGNED_OUT",
        /// They ended it from elsewhere.
        Revoked = "REVOKED",
        /// A refresh token was used that had been replaced: a copy is about.
        Replayed = "REPLAYED",
    }
}

vocabulary! {
    /// What a link by e-mail is for.
    LinkPurpose {
        /// To sign in without a password.
        SignIn = "SIGN_IN",
        /// To choose a new password.
        Recover = "RECOVER",
    }
}

/// How long a link to sign in or to choose a new password is good for.
pub const LINK_LASTS: TimeDelta = TimeDelta::minutes(15);
/// How long a refresh token still works after its successor was given out, while nobody has used that.
pub const LOST_ANSWER_GRACE: TimeDelta = TimeDelta::minutes(2);
/// A sign-in ends when it has not been used for so long.
pub const IDLE: TimeDelta = TimeDelta::days(14);
/// A sign-in ends after so long, however much it is used.
pub const LONGEST: TimeDelta = TimeDelta::days(90);

/// A family of refresh tokens, as it stands.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// The newest generation that was given out, from 1.
    pub generation: i32,
    /// When it was first given out.
    pub rotated_at: DateTime<Utc>,
    /// When somebody signed in.
    pub created_at: DateTime<Utc>,
    /// Whether it was ended.
    pub ended: bool,
}

/// What becomes of a refresh token that is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// It is the newest: the next generation begins.
    Rotate,
    /// The answer that carried its successor may be lost: another one of the newest generation.
    Again,
    /// It was replaced, and its successor used or left too long: the family ends.
    Replayed,
    /// The family is over.
    Over,
}

impl Family {
    /// Whether its tokens are still worth anything.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.ended || now >= self.rotated_at + IDLE || now >= self.created_at + LONGEST
    }

    /// Judges a refresh token of a generation.
    pub fn refresh(&self, generation: i32, now: DateTime<Utc>) -> Refresh {
        if self.is_over(now) {
            Refresh::Over
        } else if generation == self.generation {
            Refresh::Rotate
        } else if generation + 1 == self.generation && now < self.rotated_at + LOST_ANSWER_GRACE {
            Refresh::Again
        } else {
            Refresh::Replayed
        }
    }
}

/// What is counted when somebody tries a password.
///
/// A wrong one fills three buckets, a right one none. The one of account and address is small, so that guessing from one place
/// stops there; tries it refuses don't reach the account's own, so that one place alone can't fill that. Many places can,
/// and then strangers wait; whoever signed in before has a device token with a bucket of its own and does not, nor does a
/// link by e-mail or a sign-in that is there. All drain, so nobody is shut out for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tries {
    /// Of one address (an IPv6 one by its /64), whatever the account.
    Address,
    /// Of one account from one address.
    AccountFromAddress,
    /// Of one account from anywhere.
    Account,
    /// Of one account from a device that signed in before.
    Device,
    /// Messages asked for one mailbox.
    Mailbox,
}

impl Tries {
    /// How many at once, and how fast they come back.
    pub const fn limit(self) -> Limit {
        match self {
            Self::Address => Limit::new(100, 10),
            Self::AccountFromAddress => Limit::new(5, 60),
            Self::Account => Limit::new(30, 60),
            Self::Device => Limit::new(10, 60),
            Self::Mailbox => Limit::new(3, 300),
        }
    }

    /// What a try of a password fills, in order; the first full one refuses.
    pub const fn of_password(known_device: bool) -> &'static [Tries] {
        if known_device { &[Self::Device] } else { &[Self::Address, Self::AccountFromAddress, Self::Account] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("an instant")
    }

    #[test]
    fn a_refresh_token_has_one_of_four_fates() {
        let third = Family { generation: 3, rotated_at: at(0), created_at: at(-1_200), ended: false };
        let ended = Family { ended: true, ..third };
        let day = 86_400;
        for (family, generation, after, fate) in [
            (third, 3, 0, Refresh::Rotate),
            (third, 3, 14 * day - 1, Refresh::Rotate),
            (third, 3, 14 * day, Refresh::Over),
            (third, 2, 0, Refresh::Again),
            (third, 2, 119, Refresh::Again),
            (third, 2, 120, Refresh::Replayed),
            (third, 1, 0, Refresh::Replayed),
            (third, 1, 119, Refresh::Replayed),
            (ended, 3, 0, Refresh::Over),
            (ended, 1, 0, Refresh::Over),
            (Family { created_at: at(-90 * day), ..third }, 3, 0, Refresh::Over),
            (Family { created_at: at(1 - 90 * day), ..third }, 3, 0, Refresh::Rotate),
        ] {
            assert_eq!(family.refresh(generation, at(after)), fate, "{family:?} {generation} {after}");
        }
    }

    #[test]
    fn a_family_lives_by_one_of_its_two_newest_generations() {
        // Steps: the generation presented and how many seconds later; what it answers.
        let mut family = Family { generation: 1, rotated_at: at(0), created_at: at(0), ended: false };
        for (generation, second, fate) in [
            (1, 600, Refresh::Rotate),
            // The answer was lost: the same token again, twice.
            (1, 610, Refresh::Again),
            (1, 700, Refresh::Again),
            (2, 1_200, Refresh::Rotate),
            (2, 1_201, Refresh::Again),
            (3, 1_230, Refresh::Rotate),
            (2, 1_231, Refresh::Replayed),
            (4, 1_232, Refresh::Over),
        ] {
            let judged = family.refresh(generation, at(second));
            assert_eq!(judged, fate, "{generation} at {second}");
            match judged {
                Refresh::Rotate => family = Family { generation: family.generation + 1, rotated_at: at(second), ..family },
                Refresh::Replayed => family.ended = true,
                Refresh::Again | Refresh::Over => {}
            }
        }
    }

    #[test]
    fn one_address_can_not_fill_an_accounts_bucket() {
        let (pair, account) = (Tries::AccountFromAddress.limit(), Tries::Account.limit());
        assert!(pair.most * 4 <= account.most);
        assert!(pair.each_ms >= account.each_ms, "what drips through from one address drains from the account's as fast");
        assert_eq!(Tries::of_password(true), [Tries::Device], "a known device is not held up by strangers");
    }
}
