//! Sessions, their places and requests, who is placed, and who is asked.

use anyhow::Result;
use chrono::{Datelike, Days, TimeDelta};
use entity::{assignment, champion_request, offer, place, place_module, session, session_topic};
use rules::assignment::AssignmentStatus;
use rules::availability::Weekday;
use rules::dbs::Audience;
use rules::id::{ChampionId, OfferId, PlaceId, RequestId};
use rules::offer::{OfferStatus, expires_at};
use rules::session::{PlaceKind, SessionStatus, Setting, module_codes, span};

use super::group::Group;
use super::{Generator, LONG_AGO, Staff};
use crate::clock::HOME_ZONE;

/// The weeks ahead in which an offer waits for the third place.
const ASKING: std::ops::Range<i64> = 1..25;

impl Generator {
    /// Adds a group's session of a week: two places taken by the champions whose turn it is, the third offered to the next.
    pub(super) fn session(&mut self, group: &Group, helpers: &[ChampionId], week: i64, staff: Staff) -> Result<()> {
        let row = self.session_row(group, week)?;
        self.rows.session_topics.extend(group.topics.map(|topic| session_topic::Model { session_id: row.id, topic }));
        let request = self.request(group, &row)?;
        let turn = usize::try_from(week.rem_euclid(helpers.len().max(1) as i64))? * 3;
        for position in 0..3 {
            let kind = if group.led && position == 0 { PlaceKind::Lead } else { PlaceKind::Helper };
            let place = self.place(&row, position, kind)?;
            let Some(helper) = helpers.get((turn + position as usize) % helpers.len().max(1)) else { continue };
            if position < 2 {
                let offer = self.offer(&row, request, kind, *helper, OfferStatus::Accepted, staff);
                self.assign(&row, place, *helper, offer);
            } else if ASKING.contains(&week) {
                self.offer(&row, request, kind, *helper, OfferStatus::Pending, staff);
            }
        }
        self.rows.sessions.push(row);
        Ok(())
    }

    fn session_row(&mut self, group: &Group, week: i64) -> Result<session::Model> {
        let monday = self.first.0 - Days::new(self.first.0.weekday().num_days_from_monday().into());
        let weekday = Weekday::ALL.iter().position(|day| *day == group.weekday).unwrap_or_default();
        let local_date = monday + TimeDelta::days(7 * week + i64::try_from(weekday)?);
        let when = span(local_date, group.start, group.minutes.into(), HOME_ZONE);
        Ok(session::Model {
            id: self.ids.next(),
            group_id: group.id,
            venue_id: group.venue,
            title: group.name.clone(),
            modality: group.modality,
            setting: Setting::Group,
            audience: group.audience,
            weekly: true,
            handles_money: false,
            overnight: false,
            responsible_adult: group.audience == Audience::Children,
            language: None,
            local_date,
            local_start: group.start,
            minutes: group.minutes,
            zone: HOME_ZONE.name().to_owned(),
            starts_at: when.from,
            ends_at: when.until,
            status: SessionStatus::Scheduled,
            dbs_level: Some(group.check.level),
            dbs_workforce: Some(group.check.workforce),
            dbs_adults_barred: group.check.adults_barred,
            dbs_children_barred: group.check.children_barred,
            cancel_reason: None,
            version: 1,
            created_at: self.first.at(LONG_AGO, 9),
        })
    }

    fn request(&mut self, group: &Group, session: &session::Model) -> Result<RequestId> {
        let id = self.ids.next();
        let number = i32::try_from(self.made.sessions + self.rows.requests.len() + 1)?;
        self.rows.requests.push(champion_request::Model {
            id,
            number,
            group_id: group.id,
            session_id: session.id,
            requested_by: Some(group.leader),
            message: String::new(),
            withdrawn_at: None,
            created_at: (session.starts_at - TimeDelta::days(28)).min(self.first.at(-10, 9)),
        });
        Ok(id)
    }

    fn place(&mut self, session: &session::Model, position: i32, kind: PlaceKind) -> Result<PlaceId> {
        let id = self.ids.next();
        self.rows.places.push(place::Model { id, session_id: session.id, kind, position });
        for code in module_codes(kind, session.modality, session.setting, session.audience) {
            let module_id = self.baseline.module(code)?.id;
            self.rows.place_modules.push(place_module::Model { place_id: id, module_id });
        }
        Ok(id)
    }

    fn offer(
        &mut self,
        session: &session::Model,
        request_id: RequestId,
        kind: PlaceKind,
        helper: ChampionId,
        status: OfferStatus,
        staff: Staff,
    ) -> OfferId {
        let id = self.ids.next();
        let pending = status == OfferStatus::Pending;
        let sent_at = if pending { self.first.at(0, 0) } else { (session.starts_at - TimeDelta::days(21)).min(self.first.at(-2, 9)) };
        self.rows.offers.push(offer::Model {
            id,
            request_id,
            session_id: session.id,
            champion_id: helper,
            kind,
            status,
            message: String::new(),
            sent_by: Some(staff.coordinator),
            sent_at,
            expires_at: expires_at(sent_at, session.starts_at),
            responded_at: (!pending).then(|| sent_at + TimeDelta::hours(5)),
            decline_reason: None,
            bundle_id: None,
        });
        id
    }

    fn assign(&mut self, session: &session::Model, place_id: PlaceId, helper: ChampionId, offer: OfferId) {
        let created_at = (session.starts_at - TimeDelta::days(20)).min(self.first.at(-1, 9));
        self.rows.assignments.push(assignment::Model {
            id: self.ids.next(),
            session_id: session.id,
            place_id,
            champion_id: helper,
            offer_id: Some(offer),
            status: AssignmentStatus::Confirmed,
            starts_at: session.starts_at,
            ends_at: session.ends_at,
            created_at,
            ended_at: None,
            ended_reason: None,
            clashing: false,
            hurried: false,
        });
    }
}
