//! Accounts of the people who run things, and the partner website's key.

use anyhow::{Context, Result};
use entity::{account, api_client, client_key, module_trainer, role_grant};
use rules::id::{AccountId, ClientId, ClientKeyId, GroupId};
use rules::policy::{ClientKind, Role};

use super::town::{Staff, Town, named};
use super::{DEMO_KEY, address};
use crate::keys;

/// The groups that `leader@` speaks for; the others go round among the other leaders.
const LEADERS_OWN: [&str; 2] = ["stockroom-digital-desk", "romiley-forum-friday"];
/// How many leaders the other groups go to: `leader2@` and so on.
const OTHER_LEADERS: usize = 4;

impl Town {
    /// Adds the accounts that no champion has, with their roles and modules.
    pub fn add_staff(&mut self) -> Result<Staff> {
        let staff = Staff {
            coordinator: self.add_with_role("coordinator", "Demo Coordinator", Role::Coordinator),
            trainer: self.add_with_role("trainer", "Demo Trainer", Role::Trainer),
            second_trainer: self.add_with_role("trainer2", "Second Demo Trainer", Role::Trainer),
            safeguarding: self.add_with_role("safeguarding", "Demo Safeguarding Lead", Role::SafeguardingLead),
        };
        self.add_with_role("admin", "Demo Administrator", Role::Administrator);
        self.assign_trainers(staff);
        self.add_leaders()?;
        Ok(staff)
    }

    fn assign_trainers(&mut self, staff: Staff) {
        for module in self.baseline.modules() {
            let first = (module.code != "SGC1").then_some(staff.trainer);
            let second = ["SGC1", "SGA1"].contains(&module.code.as_str()).then_some(staff.second_trainer);
            let rows = first.into_iter().chain(second).map(|account_id| module_trainer::Model { module_id: module.id, account_id });
            self.rows.trainers.extend(rows);
        }
    }

    fn add_leaders(&mut self) -> Result<()> {
        let own = LEADERS_OWN.iter().map(|slug| named(&self.groups, slug)).collect::<Result<Vec<GroupId>>>()?;
        let others: Vec<GroupId> = self.rows.groups.iter().map(|g| g.id).filter(|id| !own.contains(id)).collect();
        self.add_leader("leader", "Demo Group Leader", &own);
        for index in 0..OTHER_LEADERS {
            let groups: Vec<GroupId> = others.iter().copied().skip(index).step_by(OTHER_LEADERS).collect();
            let number = index + 2;
            self.add_leader(&format!("leader{number}"), &format!("Demo Group Leader {number}"), &groups);
        }
        Ok(())
    }

    fn add_leader(&mut self, mailbox: &str, display_name: &str, groups: &[GroupId]) {
        let account = self.add_account(mailbox, display_name, -860);
        for group in groups {
            self.leaders.insert(*group, account);
            self.grant(account, Role::GroupLeader, Some(*group), -860);
        }
    }

    fn add_with_role(&mut self, mailbox: &str, display_name: &str, role: Role) -> AccountId {
        let account = self.add_account(mailbox, display_name, -900);
        self.grant(account, role, None, -900);
        account
    }

    /// Adds an account that opened `opened` days after the first day.
    pub fn add_account(&mut self, mailbox: &str, display_name: &str, opened: i64) -> AccountId {
        let id = self.ids.next();
        let email = address(mailbox);
        self.rows.accounts.push(account::Model {
            id,
            email_key: email.clone(),
            email,
            display_name: display_name.to_owned(),
            password_hash: Some(self.password_hash.clone()),
            active: true,
            epoch: 0,
            created_at: self.first.at(opened, 10),
        });
        id
    }

    /// Gives a role.
    pub fn grant(&mut self, account_id: AccountId, role: Role, group_id: Option<GroupId>, given: i64) {
        let id = self.ids.next();
        self.rows.grants.push(role_grant::Model { id, account_id, role, group_id, created_at: self.first.at(given, 10) });
    }

    /// Adds the website of the first partner, with its publishable key.
    pub fn add_client(&mut self) -> Result<()> {
        let partner = self.rows.organisations.first().context("the demo data has no partner")?;
        let id: ClientId = self.ids.next();
        self.client = Some(id);
        self.rows.clients.push(api_client::Model {
            id,
            organisation_id: Some(partner.id),
            name: format!("{} website", partner.name),
            kind: ClientKind::Publishable,
            key_prefix: DEMO_KEY[..12].to_owned(),
            key_hash: keys::sha256_text(DEMO_KEY.as_bytes()),
            origins: r#"["http://localhost:3000","http://127.0.0.1:8080"]"#.to_owned(),
            scopes: "[]".to_owned(),
            created_at: self.first.at(-870, 9),
            disabled_at: None,
        });
        let key = client_key::Model {
            id: ClientKeyId(id.0),
            client_id: id,
            hash: keys::sha256_text(DEMO_KEY.as_bytes()),
            prefix: DEMO_KEY[..12].to_owned(),
            created_at: self.first.at(-870, 9),
            expires_at: None,
            last_used_at: None,
        };
        self.rows.client_keys.push(key);
        Ok(())
    }
}
