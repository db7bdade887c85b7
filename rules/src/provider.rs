//! Signing in through an identity provider: whom its word lets in, and which roles come with its groups.

use std::str::FromStr;

use chrono::TimeDelta;

use crate::policy::Role;

/// How long somebody may take at the provider.
pub const ATTEMPT_LASTS: TimeDelta = TimeDelta::minutes(10);

/// Which group of the provider gives which role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupRoles(Vec<(String, Role)>);

impl FromStr for GroupRoles {
    type Err = String;

    /// `GROUP=ROLE,GROUP=ROLE`; a group may give several roles, and several groups the same.
    fn from_str(text: &str) -> Result<Self, String> {
        let one = |item: &str| {
            let (group, code) = item.rsplit_once('=').ok_or_else(|| format!("{item:?} is not GROUP=ROLE"))?;
            let role = Role::from_code(code.trim()).ok_or_else(|| format!("{code:?} is no role"))?;
            if matches!(role, Role::Champion | Role::GroupLeader) {
                return Err(format!("{role} can't come with a group: champions sign up, and a leader speaks for one group of ours"));
            }
            match group.trim() {
                "" => Err(format!("{item:?} names no group")),
                group => Ok((group.to_owned(), role)),
            }
        };
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(one).collect::<Result<_, _>>().map(Self)
    }
}

impl GroupRoles {
    /// The roles that come with these groups. Names are compared letter by letter.
    pub fn of(&self, groups: &[String]) -> Vec<Role> {
        let mut roles: Vec<Role> = self.0.iter().filter(|(group, _)| groups.contains(group)).map(|(_, role)| *role).collect();
        roles.sort();
        roles.dedup();
        roles
    }
}

/// What is known of somebody who comes back from the provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// The account this very person was linked to before, and whether it may sign in.
    pub linked: Option<bool>,
    /// Whether the provider vouches for an address that is a mailbox here.
    pub vouched: bool,
    /// Who has that mailbox here.
    pub holder: Option<Holder>,
    /// Whether a group of theirs gives a role.
    pub has_role: bool,
}

/// The account of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Whether it may sign in.
    pub active: bool,
    /// Whether somebody else at the provider is linked to it.
    pub taken: bool,
}

/// What becomes of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// They are known, and sign in.
    Known,
    /// They are linked to the account of their mailbox, and sign in.
    Link,
    /// They get an account, and sign in.
    Open,
    /// They stay out.
    Out(Why),
}

/// Why somebody stays out whom the provider knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The account is switched off.
    Off,
    /// Nobody vouches for the address, or it is none.
    NotVouched,
    /// The mailbox belongs to somebody else at the same provider: addresses are given on when people leave.
    AnotherPerson,
    /// No account, and no group that gives a role.
    NoRole,
}

/// Judges an arrival. Who was linked is known by the provider's own name for them, whatever address they have now; an address
/// counts once, to find the account it belongs to.
pub fn admit(arrival: &Arrival) -> Admission {
    match (arrival.linked, arrival.holder) {
        (Some(true), _) => Admission::Known,
        (Some(false), _) => Admission::Out(Why::Off),
        (None, _) if !arrival.vouched => Admission::Out(Why::NotVouched),
        (None, Some(Holder { taken: true, .. })) => Admission::Out(Why::AnotherPerson),
        (None, Some(Holder { active: false, .. })) => Admission::Out(Why::Off),
        (None, Some(_)) => Admission::Link,
        (None, None) if arrival.has_role => Admission::Open,
        (None, None) => Admission::Out(Why::NoRole),
    }
}

/// A role somebody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Which.
    pub role: Role,
    /// Whether it came with a group; others were given by hand.
    pub by_group: bool,
}

/// How roles change at a sign-in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleChange {
    /// These come.
    pub give: Vec<Role>,
    /// These go.
    pub take: Vec<Role>,
}

/// Roles that came with a group go with it. What was given by hand stays, whatever the groups.
pub fn change(held: &[Held], due: &[Role]) -> RoleChange {
    RoleChange {
        give: due.iter().copied().filter(|role| held.iter().all(|held| held.role != *role)).collect(),
        take: held.iter().filter(|held| held.by_group && !due.contains(&held.role)).map(|held| held.role).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_give_the_roles_they_are_mapped_to() {
        let roles: GroupRoles = "6f0c-1=COORDINATOR, cn=dbs;ou=x=SAFEGUARDING_LEAD".parse().expect("a list");
        let named = |names: &[&str]| roles.of(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        assert_eq!(named(&["6f0c-1"]), [Role::Coordinator]);
        assert_eq!(named(&["cn=dbs;ou=x", "6f0c-1", "6f0c-1"]), [Role::Coordinator, Role::SafeguardingLead]);
        assert_eq!(named(&["6F0C-1", "6f0c", "6f0c-1 ", ""]), []);
        assert_eq!("".parse::<GroupRoles>(), Ok(GroupRoles::default()));
        for broken in ["x", "x=", "=COORDINATOR", "x=CHAMPION", "x=GROUP_LEADER", "x=COORDINATOR,y", "x=coordinator"] {
            assert!(broken.parse::<GroupRoles>().is_err(), "{broken}");
        }
    }

    #[test]
    fn an_arrival_has_one_of_four_ends() {
        let nobody = Arrival::default();
        let vouched = Arrival { vouched: true, ..nobody };
        let holder = |active, taken| Some(Holder { active, taken });
        for (arrival, end, why) in [
            (Arrival { linked: Some(true), ..nobody }, Admission::Known, "known, with no address at all"),
            (Arrival { linked: Some(true), holder: holder(false, true), ..vouched }, Admission::Known, "whatever their address is now"),
            (Arrival { linked: Some(false), has_role: true, ..vouched }, Admission::Out(Why::Off), "switched off"),
            (Arrival { holder: holder(true, false), has_role: true, ..nobody }, Admission::Out(Why::NotVouched), "anybody can say so"),
            (Arrival { has_role: true, ..nobody }, Admission::Out(Why::NotVouched), "no account for an address nobody vouches for"),
            (Arrival { holder: holder(true, false), ..vouched }, Admission::Link, "their own account"),
            (Arrival { holder: holder(false, false), has_role: true, ..vouched }, Admission::Out(Why::Off), "switched off, not linked"),
            (Arrival { holder: holder(true, true), has_role: true, ..vouched }, Admission::Out(Why::AnotherPerson), "given on"),
            (Arrival { has_role: true, ..vouched }, Admission::Open, "new, with a role"),
            (vouched, Admission::Out(Why::NoRole), "new, without"),
        ] {
            assert_eq!(admit(&arrival), end, "{why}");
        }
    }

    #[test]
    fn roles_of_groups_come_and_go_and_those_given_by_hand_stay() {
        let by_hand = |role| Held { role, by_group: false };
        let by_group = |role| Held { role, by_group: true };
        use Role::{Administrator, Coordinator, Trainer};
        for (held, due, give, take) in [
            (vec![], vec![Coordinator], vec![Coordinator], vec![]),
            (vec![by_group(Coordinator)], vec![Coordinator], vec![], vec![]),
            (vec![by_group(Coordinator)], vec![], vec![], vec![Coordinator]),
            (vec![by_hand(Coordinator)], vec![], vec![], vec![]),
            (vec![by_hand(Coordinator)], vec![Coordinator], vec![], vec![]),
            (vec![by_hand(Trainer), by_group(Coordinator)], vec![Administrator], vec![Administrator], vec![Coordinator]),
        ] {
            assert_eq!(change(&held, &due), RoleChange { give, take }, "{held:?} {due:?}");
        }
    }
}
