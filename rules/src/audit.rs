//! The trail of what was done and refused: which part of it a row belongs to, and who may read that.

use crate::policy::{Action, Caller, Relation, decide};

/// A part of the trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Champions, sessions and the rest of the programme.
    Programme,
    /// What was done about DBS checks, and who read their detail.
    Dbs,
    /// Accounts, roles, sign-ins and partner clients.
    Access,
}

/// Kinds of thing whose rows are about access.
pub const ACCESS: [&str; 3] = ["Account", "RoleGrant", "ApiClient"];
/// The kind of thing whose rows are all about DBS checks.
pub const DBS: &str = "DbsCheck";
/// What actions about DBS checks begin with.
pub const DBS_ACTIONS: &str = "Dbs";

impl Part {
    /// Every part.
    pub const ALL: [Self; 3] = [Self::Programme, Self::Dbs, Self::Access];

    /// The part a row belongs to, by the kind of thing it is about and what was done.
    pub fn of(kind: &str, action: &str) -> Self {
        if kind == DBS || action.starts_with(DBS_ACTIONS) {
            Self::Dbs
        } else if ACCESS.contains(&kind) {
            Self::Access
        } else {
            Self::Programme
        }
    }

    fn read(self) -> Action {
        match self {
            Self::Programme => Action::AuditRead,
            Self::Dbs => Action::AuditDbsRead,
            Self::Access => Action::AuditAccessRead,
        }
    }

    /// The parts a caller may read.
    pub fn open_to(caller: &Caller) -> Vec<Self> {
        Self::ALL.into_iter().filter(|part| decide(caller, part.read(), Relation::Other)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Role;

    #[test]
    fn a_row_belongs_to_one_part() {
        for (kind, action, part) in [
            ("Session", "SessionCancel", Part::Programme),
            ("Champion", "ChampionUpdate", Part::Programme),
            ("Champion", "DbsDetailRead", Part::Dbs),
            ("DbsCheck", "DbsCheckAdvance", Part::Dbs),
            ("DbsCheck", "RequirementSupersede", Part::Dbs),
            ("Account", "SignIn", Part::Access),
            ("RoleGrant", "RoleRevoke", Part::Access),
            ("ApiClient", "ApiClientDisable", Part::Access),
        ] {
            assert_eq!(Part::of(kind, action), part, "{kind} {action}");
        }
        for action in Action::ALL {
            let name = format!("{action:?}");
            assert_eq!(name.starts_with(DBS_ACTIONS), Part::of("Champion", &name) == Part::Dbs, "{name}");
        }
    }

    #[test]
    fn each_part_has_its_readers() {
        for &role in Role::ALL {
            let caller = Caller { roles: vec![role], ..Caller::default() };
            let parts: &[Part] = match role {
                Role::Coordinator => &[Part::Programme],
                Role::SafeguardingLead => &[Part::Programme, Part::Dbs],
                Role::Administrator => &[Part::Access],
                _ => &[],
            };
            assert_eq!(Part::open_to(&caller), parts, "{role}");
        }
        assert_eq!(Part::open_to(&Caller::default()), []);
    }
}
