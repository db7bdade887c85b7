//! DBS checks and how they came about. Every number is invented: none of the DBS begins with 0099.

use entity::{dbs_check, dbs_event};
use rules::dbs::{DbsStatus, recheck_due_on};
use rules::id::{ChampionId, DbsCheckId};

use super::story::{Check, Story};
use super::town::{Staff, Town};

/// Months until a new check is due: the alliance's default.
const RECHECK_MONTHS: u32 = 36;

/// The usual path of a check, with the days after its request.
const PATH: [(DbsStatus, i64); 7] = [
    (DbsStatus::Requested, 0),
    (DbsStatus::ApplicantStarted, 2),
    (DbsStatus::IdChecked, 4),
    (DbsStatus::Submitted, 6),
    (DbsStatus::Issued, 21),
    (DbsStatus::Seen, 24),
    (DbsStatus::Cleared, 26),
];

impl Town {
    /// Adds a volunteer's check, if they have one, with its steps.
    pub fn add_check(&mut self, champion: ChampionId, story: &Story<'_>, staff: Staff) {
        let Some(check) = story.check else { return };
        let id = self.ids.next();
        let came = PATH.iter().position(|(status, _)| *status == check.status).map_or(1, |place| place + 1);
        let row = self.check_row(id, champion, story, check, staff, came);
        self.rows.checks.push(row);
        let mut from_status = None;
        for (to_status, days) in PATH.into_iter().take(came) {
            let event = dbs_event::Model {
                id: self.ids.next(),
                check_id: id,
                from_status,
                to_status,
                at: self.first.at(check.requested + days, 11),
                actor_id: Some(staff.safeguarding),
                note: if to_status == DbsStatus::IdChecked { "Passport and utility bill".to_owned() } else { String::new() },
            };
            self.rows.check_events.push(event);
            from_status = Some(to_status);
        }
    }

    fn check_row(
        &self,
        id: DbsCheckId,
        champion_id: ChampionId,
        story: &Story<'_>,
        check: Check,
        staff: Staff,
        came: usize,
    ) -> dbs_check::Model {
        let number = story.number;
        let on = |status| PATH[..came].iter().find(|(s, _)| *s == status).map(|(_, days)| check.requested + days);
        let issued_on = on(DbsStatus::Issued).map(|day| self.first.date(day));
        let decided = on(DbsStatus::Cleared);
        let seen = on(DbsStatus::Seen);
        dbs_check::Model {
            id,
            champion_id,
            level: check.scope.level,
            workforce: check.scope.workforce,
            adults_barred: check.scope.adults_barred,
            children_barred: check.scope.children_barred,
            status: check.status,
            application_reference: on(DbsStatus::Submitted).map(|_| format!("F0099{number:06}")),
            certificate_number: seen.map(|_| format!("0099{:08}", i64::from(number) * 1_009)),
            printed_name: seen.map(|_| story.person.full_name.clone()),
            issued_on,
            seen_by: seen.map(|_| staff.safeguarding),
            seen_at: seen.map(|day| self.first.at(day, 11)),
            decided_by: decided.map(|_| staff.safeguarding),
            decided_on: decided.map(|day| self.first.date(day)),
            conditions: None,
            recheck_due_on: issued_on.filter(|_| decided.is_some()).and_then(|issued| recheck_due_on(issued, RECHECK_MONTHS)),
            position: None,
            obtained_by: None,
            content_removed_at: None,
            version: i64::try_from(came).unwrap_or(1),
            requested_at: self.first.at(check.requested, 11),
            updated_at: self.first.at(check.requested + PATH[came - 1].1, 11),
        }
    }
}
