//! Champions: most of them active and cleared for their group's sessions, the others on their way or gone.

use anyhow::{Context, Result};
use chrono::NaiveDate;
use entity::{availability_window, champion, champion_language, champion_topic, completion, consent, dbs_check, evidence};
use rules::availability::Weekday;
use rules::calendar::add_months;
use rules::champion::Membership;
use rules::dbs::{Audience, DbsStatus, recheck_due_on};
use rules::geo::Point;
use rules::id::{AccountId, ChampionId};
use rules::input::{ConsentPurpose, Topic};
use rules::policy::Role;
use rules::requirement::{EvidenceOutcome, RequirementKind};
use rules::session::Modality;

use super::group::Group;
use super::{DOMAIN, Generator, HOUR, Staff};
use crate::clock::HOME_ZONE;
use crate::service::champion::name_key;

/// Of twenty, one each is still on the way, or has gone; never so many of one group that nobody is left to take turns.
pub(super) fn membership(index: usize, groups: usize) -> Membership {
    match (index + index / groups) % 20 {
        17 => Membership::OnTrial,
        18 => Membership::Screening,
        19 => Membership::Left,
        _ => Membership::Active,
    }
}

impl Generator {
    /// Adds a champion near a group, with all that is known of them; those who are active help there.
    pub(super) fn person(
        &mut self,
        number: i32,
        membership: Membership,
        group: &Group,
        centre: Point,
        staff: Staff,
    ) -> Result<Option<ChampionId>> {
        let helps = membership == Membership::Active;
        let name = self.draw.name();
        let account = helps.then(|| self.account(&format!("champion{number}"), &name, Role::Champion, None));
        let (id, home) = (self.ids.next(), self.draw.near(centre));
        // Long enough ago that everything else came after.
        let joined = -420 - i64::from(self.draw.below(300));
        self.champion(id, number, name, account, home, membership, joined);
        self.profile(id, group, joined);
        if helps {
            self.evidence(id, staff, joined);
            self.training(id, group, staff, joined)?;
            self.check(id, number, group, staff, joined)?;
        }
        Ok(helps.then_some(id))
    }

    #[allow(clippy::too_many_arguments, reason = "what tells one row from another")]
    fn champion(
        &mut self,
        id: ChampionId,
        number: i32,
        full_name: String,
        account_id: Option<AccountId>,
        home: Point,
        membership: Membership,
        joined: i64,
    ) {
        let email = format!("champion{number}@{DOMAIN}");
        let created_at = self.first.at(joined, 10);
        self.rows.champions.push(champion::Model {
            id,
            number,
            account_id,
            name_key: name_key(&full_name, None),
            full_name,
            known_as: None,
            email_key: email.clone(),
            email,
            email_confirmed_at: Some(created_at),
            phone_raw: None,
            phone_e164: None,
            postcode: Some("SK13XE".to_owned()),
            latitude: Some(home.latitude),
            longitude: Some(home.longitude),
            ward: None,
            birth_date: NaiveDate::from_yo_opt(1950 + number % 55, 100),
            membership,
            membership_changed_at: self.first.at(joined + 60, 10),
            reach_metres: 3_000 + 1_000 * i32::try_from(self.draw.below(8)).unwrap_or_default(),
            remote_only: false,
            most_per_week: (number % 6 == 0).then_some(3),
            last_asked_at: None,
            source_client_id: None,
            version: 1,
            created_at,
            updated_at: created_at,
        });
    }

    /// Languages, topics, consents and weekly windows: their group's slot, and another.
    fn profile(&mut self, champion_id: ChampionId, group: &Group, joined: i64) {
        let more = self.draw.of(&["", "", "", "pol", "urd", "cmn", "fra", "ara"]);
        let languages = ["eng", more].into_iter().filter(|code| !code.is_empty());
        self.rows.languages.extend(languages.map(|code| champion_language::Model { champion_id, language: code.to_owned() }));
        let mut topics = vec![group.topics[0], self.draw.of(Topic::ALL), self.draw.of(Topic::ALL)];
        topics.sort();
        topics.dedup();
        self.rows.topics.extend(topics.into_iter().map(|topic| champion_topic::Model { champion_id, topic }));
        for purpose in [ConsentPurpose::PrivacyNotice, ConsentPurpose::ShareWithPartners] {
            self.rows.consents.push(consent::Model {
                id: self.ids.next(),
                champion_id,
                purpose,
                wording_version: "2020-01".to_owned(),
                given: true,
                given_at: self.first.at(joined, 10),
                channel: "partner website".to_owned(),
                withdrawn_at: None,
            });
        }
        let other = self.draw.of(&Weekday::ALL[..6]);
        for weekday in [group.weekday, other] {
            self.rows.windows.push(availability_window::Model {
                id: self.ids.next(),
                champion_id,
                weekday,
                starts: group.start - HOUR,
                ends: group.start + HOUR * 3,
                zone: HOME_ZONE.name().to_owned(),
                every_weeks: 1,
                valid_from: self.first.date(joined),
                valid_until: None,
                modality: None,
            });
        }
    }

    /// Everything that the role asks for on paper, the induction among it.
    fn evidence(&mut self, champion_id: ChampionId, staff: Staff, joined: i64) {
        let paper = self.baseline.requirements.iter().filter(|r| !matches!(r.kind, RequirementKind::Training | RequirementKind::Dbs));
        for requirement in paper {
            for piece in 0..i64::from(requirement.count) {
                let day = joined + i64::from(requirement.position) + piece;
                self.rows.evidence.push(evidence::Model {
                    id: self.ids.next(),
                    champion_id,
                    requirement_id: requirement.id,
                    outcome: EvidenceOutcome::Satisfied,
                    given_on: self.first.date(day),
                    note: String::new(),
                    recorded_by: Some(staff.coordinator),
                    recorded_at: self.first.at(day, 14),
                });
            }
        }
    }

    /// The role's modules, those of the group's places, and a recent renewal of what lasts a year.
    fn training(&mut self, champion_id: ChampionId, group: &Group, staff: Staff, joined: i64) -> Result<()> {
        let recent = -20 - i64::from(self.draw.below(40));
        let asked = [
            ("IND", Some(joined + 20)),
            ("DPR", Some(joined + 22)),
            ("SGA1", Some(joined + 24)),
            ("OSF", Some(recent - 5)),
            ("SUP", Some(joined + 40)),
            ("EDI", Some(joined + 50)),
            ("DPR", Some(recent)),
            ("REM", (group.modality != Modality::InPerson).then_some(recent - 3)),
            ("SGC1", (group.audience == Audience::Children).then_some(recent - 2)),
        ];
        for (code, day) in asked.into_iter().filter_map(|(code, day)| Some((code, day?))) {
            let module = self.baseline.module(code)?;
            let completed_on = self.first.date(day);
            let months = module.valid_months.map(u32::try_from).transpose()?;
            self.rows.completions.push(completion::Model {
                id: self.ids.next(),
                champion_id,
                module_id: module.id,
                module_version: module.version,
                completed_on,
                expires_on: months.and_then(|months| add_months(completed_on, months)),
                trainer_id: Some(staff.trainer),
                note: String::new(),
                recorded_at: self.first.at(day, 17),
                revoked_at: None,
                revoked_by: None,
                revoke_reason: None,
            });
        }
        Ok(())
    }

    /// A cleared check of what the group asks for. Its number is not kept: there is nobody whose it could be.
    fn check(&mut self, champion_id: ChampionId, number: i32, group: &Group, staff: Staff, joined: i64) -> Result<()> {
        let issued = joined + 40;
        let issued_on = self.first.date(issued);
        self.rows.checks.push(dbs_check::Model {
            id: self.ids.next(),
            champion_id,
            level: group.check.level,
            workforce: group.check.workforce,
            adults_barred: group.check.adults_barred,
            children_barred: group.check.children_barred,
            status: DbsStatus::Cleared,
            application_reference: Some(format!("F0099{number:06}")),
            certificate_number: None,
            printed_name: None,
            issued_on: Some(issued_on),
            seen_by: Some(staff.safeguarding),
            seen_at: Some(self.first.at(issued + 3, 11)),
            decided_by: Some(staff.safeguarding),
            decided_on: Some(self.first.date(issued + 5)),
            conditions: None,
            recheck_due_on: Some(recheck_due_on(issued_on, 36).context("a date")?),
            position: None,
            obtained_by: None,
            content_removed_at: Some(self.first.at(issued + 190, 3)),
            version: 7,
            requested_at: self.first.at(issued - 21, 11),
            updated_at: self.first.at(issued + 5, 11),
        });
        Ok(())
    }
}
