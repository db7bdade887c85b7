//! Organisations, groups, venues and accounts: what can be wrong when one is added.

use crate::policy::Role;
use crate::reason::reasons;

reasons! {
    /// Why an organisation can't be added.
    CannotAddOrganisation => OrganisationCreateErrorCode {
        /// The slug is taken.
        SlugTaken at "slug" => "This slug is taken: choose another.",
    } creates
}

reasons! {
    /// Why a group can't be added.
    CannotAddGroup => GroupCreateErrorCode {
        /// The slug is taken.
        SlugTaken at "slug" => "This slug is taken: choose another.",
    } creates
}

reasons! {
    /// Why a venue can't be added.
    CannotAddVenue => VenueCreateErrorCode {
        /// The slug is taken.
        SlugTaken at "slug" => "This slug is taken: choose another.",
    } creates
}

reasons! {
    /// Why an account can't be added.
    CannotAddAccount => AccountCreateErrorCode {
        /// The address has an account.
        EmailTaken at "email" => "There is an account with this address: give it the role instead.",
    } creates
}

reasons! {
    /// Why a role can't be given.
    CannotGrant => RoleGrantErrorCode {
        /// A group leader speaks for a group; other roles name none.
        GroupMismatch { role: Role } at "groupId" => match role {
            Role::GroupLeader => "A group leader speaks for a group: name it.",
            _ => "This role is for the whole alliance: leave groupId out.",
        },
        /// Champions get their role by signing up.
        ChampionsSignUp at "role" => "A champion signs up through a partner website and confirms the e-mail address.",
        /// The account has the role.
        Already at "role" => "The account has this role.",
    } creates
}

reasons! {
    /// Why a role can't be taken away.
    CannotRevokeRole => RoleRevokeErrorCode {
        /// Somebody has to be able to give roles.
        LastAdministrator at "membershipId" => "This is the last administrator: give the role to somebody else first.",
    }
}

reasons! {
    /// Why an account can't be switched off.
    CannotDeactivate => AccountDeactivateErrorCode {
        /// Somebody has to be able to give roles.
        LastAdministrator at "accountId" => "This is the last administrator: give the role to somebody else first.",
    }
}

reasons! {
    /// Why an account can't be switched on again.
    CannotReactivate => AccountReactivateErrorCode {}
}

/// Whether a role and a group go together.
pub fn grant(role: Role, has_group: bool, already: bool) -> Result<(), CannotGrant> {
    if role == Role::Champion {
        return Err(CannotGrant::ChampionsSignUp);
    }
    if has_group != (role == Role::GroupLeader) {
        return Err(CannotGrant::GroupMismatch { role });
    }
    if already { Err(CannotGrant::Already) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_goes_with_a_leader_alone() {
        for (role, has_group, ok) in [
            (Role::GroupLeader, true, true),
            (Role::GroupLeader, false, false),
            (Role::Trainer, false, true),
            (Role::Trainer, true, false),
            (Role::Champion, false, false),
        ] {
            assert_eq!(grant(role, has_group, false).is_ok(), ok, "{role} {has_group}");
        }
        assert_eq!(grant(Role::Trainer, false, true), Err(CannotGrant::Already));
    }
}
