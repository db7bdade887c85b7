//! What coordinators find to do: references in every state, two records that may be one person, a full training day, a renewal due.

use anyhow::{Context, Result};
use chrono::{Days, NaiveTime};
use entity::{champion, champion_mailbox, cohort, cohort_seat, completion, duplicate, referee_reference};
use rules::champion::Membership;
use rules::cohort::{CohortStatus, SeatStatus};
use rules::duplicate::{DuplicateReason, DuplicateStatus, mailbox};
use rules::id::ChampionId;
use rules::reference::{KnownFor, Recommends, ReferenceLevel, ReferenceStatus};
use rules::requirement::RequirementKind;

use super::town::{Staff, Town};

/// Whose references stand how, and how many days ago the referee was asked. Referees are invented, at a name that never resolves.
const REFERENCES: [(Membership, ReferenceStatus, i64, &str); 8] = [
    (Membership::Screening, ReferenceStatus::Asked, 3, "Ottoline Reyes"),
    (Membership::Screening, ReferenceStatus::Answered, 9, "Casimir Holroyd"),
    (Membership::Screening, ReferenceStatus::Concern, 6, "Philippa Adeyemi"),
    (Membership::Applied, ReferenceStatus::Expired, 30, "Leopold Marsh"),
    (Membership::Applied, ReferenceStatus::Declined, 5, "Henrietta Osei"),
    (Membership::Active, ReferenceStatus::Accepted, 200, "Bartholomew Finch"),
    (Membership::Declined, ReferenceStatus::NotAccepted, 40, "Rosalind Achterberg"),
    (Membership::Withdrawn, ReferenceStatus::Withdrawn, 35, "Ferdinand Quayle"),
];

impl Town {
    /// Adds it all; champions and their training are there.
    pub fn add_onboarding(&mut self, staff: Staff) -> Result<()> {
        self.add_references(staff);
        self.add_duplicate()?;
        self.add_cohort(staff)?;
        self.add_renewal(staff)?;
        let mailbox_of = |c: &champion::Model| champion_mailbox::Model {
            champion_id: c.id,
            mailbox: mailbox(&c.email_key),
            looked_at: Some(c.created_at),
        };
        self.rows.mailboxes = self.rows.champions.iter().map(mailbox_of).collect();
        Ok(())
    }

    /// Those at a stage, by their number.
    fn at(&self, stage: Membership) -> Vec<ChampionId> {
        self.rows.champions.iter().filter(|c| c.membership == stage).map(|c| c.id).collect()
    }

    fn add_references(&mut self, staff: Staff) {
        for (place, (stage, status, days, name)) in REFERENCES.into_iter().enumerate() {
            let people = self.at(stage);
            let Some(champion) = people.get(place % people.len().max(1)).copied() else { continue };
            let row = self.reference(champion, status, days, name, staff);
            self.rows.references.push(row);
        }
    }

    fn reference(
        &mut self,
        champion_id: ChampionId,
        status: ReferenceStatus,
        days: i64,
        name: &str,
        staff: Staff,
    ) -> referee_reference::Model {
        use ReferenceStatus::{Accepted, Answered, Asked, Concern, Declined, Expired, NotAccepted};
        let (asked_at, answered_at) = (self.first.at(-days, 10), self.first.at(2 - days, 19));
        let said = matches!(status, Answered | Concern | Accepted | NotAccepted);
        let decided = matches!(status, Accepted | NotAccepted);
        let email = format!("{}@referees.example", name.to_lowercase().replace(' ', "."));
        let requirement = self.baseline.requirements.iter().find(|r| r.kind == RequirementKind::Reference).map(|r| r.id);
        let piece = self.rows.evidence.iter().find(|e| e.champion_id == champion_id && Some(e.requirement_id) == requirement);
        referee_reference::Model {
            id: self.ids.next(),
            champion_id,
            level: ReferenceLevel::General,
            status,
            referee_name: Some(name.to_owned()),
            email: Some(email.clone()),
            email_key: Some(email),
            how_known: Some("Worked together at a charity shop".to_owned()),
            asked_by: Some(staff.coordinator),
            asked_at,
            reminders: if status == Expired { 2 } else { 0 },
            next_at: (status == Asked).then(|| self.first.at(7 - days, 10)),
            expires_at: self.first.at(28 - days, 10),
            answered_at: (said || status == Declined).then_some(answered_at),
            known_for: said.then_some(KnownFor::TwoToFiveYears),
            recommends: said.then_some(if status == NotAccepted { Recommends::No } else { Recommends::Yes }),
            concerns: said.then_some(status == Concern),
            comment: said.then(|| if status == Concern { "Please ring me before you decide." } else { "Patient and reliable." }.to_owned()),
            decided_by: decided.then_some(if status == NotAccepted { staff.safeguarding } else { staff.coordinator }),
            decided_at: decided.then(|| self.first.at(4 - days, 9)),
            evidence_id: piece.filter(|_| status == Accepted).map(|e| e.id),
            removed_at: None,
        }
    }

    /// Two enquiries from one telephone.
    fn add_duplicate(&mut self) -> Result<()> {
        let pair = self.at(Membership::Enquired);
        let (first, second) = pair.first().zip(pair.get(1)).context("the demo has two enquiries")?;
        let phone = self.rows.champions.iter().find(|c| c.id == *first).map(|c| (c.phone_raw.clone(), c.phone_e164.clone()));
        let (raw, e164) = phone.context("the first enquiry is there")?;
        let found_at = self.rows.champions.iter_mut().find(|c| c.id == *second).map(|c| {
            c.phone_raw = raw;
            c.phone_e164 = e164;
            c.created_at
        });
        self.rows.duplicates.push(duplicate::Model {
            id: self.ids.next(),
            first_id: *first,
            second_id: *second,
            reasons: DuplicateReason::SamePhone.code().to_owned(),
            status: DuplicateStatus::Open,
            found_at: found_at.context("the second enquiry is there")?,
            decided_by: None,
            decided_at: None,
            survivor_id: None,
            comment: String::new(),
        });
        Ok(())
    }

    /// A training day with three seats taken and two who wait.
    fn add_cohort(&mut self, staff: Staff) -> Result<()> {
        let id = self.ids.next();
        self.rows.cohorts.push(cohort::Model {
            id,
            module_id: self.baseline.module("ACC")?.id,
            on_date: self.first.date(12),
            start_time: NaiveTime::from_hms_opt(18, 0, 0).context("a time")?,
            place: "Central Library, room 2".to_owned(),
            capacity: 3,
            status: CohortStatus::Planned,
            created_by: Some(staff.trainer),
            created_at: self.first.at(-10, 9),
            version: 1,
        });
        for (place, champion_id) in (0..5).zip(self.at(Membership::Active).into_iter().rev()) {
            let joined_at = self.first.at(-9 + place, 12);
            let status = if place < 3 { SeatStatus::Booked } else { SeatStatus::Waiting };
            let seat = cohort_seat::Model { id: self.ids.next(), cohort_id: id, champion_id, status, joined_at, changed_at: joined_at };
            self.rows.seats.push(seat);
        }
        Ok(())
    }

    /// The guest's course in equality lapses in 25 days.
    fn add_renewal(&mut self, staff: Staff) -> Result<()> {
        let champion_id = self.guest.context("the demo has a guest")?;
        let module = self.baseline.module("EDI")?;
        let (module_id, module_version) = (module.id, module.version);
        self.rows.completions.retain(|c| c.champion_id != champion_id || c.module_id != module_id);
        let last = self.first.date(25);
        let completed_on = last - Days::new(1_096);
        let day = self.first.days_to(completed_on);
        self.rows.completions.push(completion::Model {
            id: self.ids.next(),
            champion_id,
            module_id,
            module_version,
            completed_on,
            expires_on: Some(last),
            trainer_id: Some(staff.trainer),
            note: String::new(),
            recorded_at: self.first.at(day, 17),
            revoked_at: None,
            revoked_by: None,
            revoke_reason: None,
        });
        Ok(())
    }
}
