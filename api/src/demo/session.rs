//! Sessions: every group's weekly slot for eight weeks either side of the first day, and two that stand alone.

use anyhow::{Context, Result};
use chrono::{Datelike, NaiveDate, TimeDelta};
use entity::{champion_request, counter, place, place_module, session, session_topic};
use rules::availability::Weekday;
use rules::dbs::{Audience, SessionFacts, permitted};
use rules::id::{GroupId, SessionId};
use rules::session::{Modality, PlaceKind, SessionStatus, Setting, module_codes, span};

use super::sheet::{self, Group};
use super::town::{Town, named};
use crate::clock::HOME_ZONE;

/// How many days of sessions there are before the first day, and from it on.
pub const REACH: i64 = 8 * 7;

/// Bank holidays on which no group meets: day and month.
const CLOSED: [(u32, u32); 3] = [(25, 12), (28, 12), (1, 1)];

/// Sessions that stand alone: group, title, venue, days after the first day a Saturday is looked for, start.
const ONCE: [(&str, &str, &str, i64, &str); 2] = [
    ("dialstone-code-club", "Robots for a Day", "stockport-town-hall", 14, "12:30"),
    ("stepping-hill-patients-online", "NHS App Open Afternoon", "central-library", 21, "13:00"),
];

/// A session to add.
struct Slot<'a> {
    group: &'a Group,
    title: &'a str,
    venue: Option<&'a str>,
    date: NaiveDate,
    start: &'a str,
    weekly: bool,
    shadow: bool,
}

impl Town {
    /// Adds the sessions in the order they happen, each with its places and the request for champions.
    pub fn add_sessions(&mut self) -> Result<()> {
        let groups = sheet::groups()?;
        let mut slots: Vec<Slot<'_>> = groups.iter().enumerate().flat_map(|(index, group)| self.weekly(index, group)).collect();
        for (slug, title, venue, days, start) in ONCE {
            let group = groups.iter().find(|g| g.slug == slug).with_context(|| format!("there is no group {slug}"))?;
            let from = self.first.date(days).iter_days();
            let date = from.take(7).find(|d| Weekday::from(d.weekday()) == Weekday::Saturday).context("a Saturday")?;
            slots.push(Slot { group, title, venue: Some(venue), date, start, weekly: false, shadow: false });
        }
        slots.sort_by_key(|slot| (slot.date, slot.start));
        for slot in &slots {
            self.add_session(slot)?;
        }
        let requests = i64::try_from(self.rows.requests.len())?;
        self.rows.counters.push(counter::Model { name: "request".to_owned(), value: requests });
        Ok(())
    }

    /// A group's slot, week by week; every third group with a lead has room for somebody who watches.
    fn weekly<'a>(&self, index: usize, group: &'a Group) -> Vec<Slot<'a>> {
        let shadow = group.lead > 0 && group.audience == Audience::AdultsPublic && index.is_multiple_of(3);
        let venue = group.venue_slug.as_deref();
        let dates = (-REACH..REACH).map(|days| self.first.date(days));
        dates
            .filter(|date| Weekday::from(date.weekday()) == group.weekday && !CLOSED.contains(&(date.day(), date.month())))
            .map(|date| Slot { group, title: &group.name, venue, date, start: &group.start, weekly: true, shadow })
            .collect()
    }

    fn add_session(&mut self, slot: &Slot<'_>) -> Result<()> {
        let group_id = named(&self.groups, &slot.group.slug)?;
        let row = self.session_row(slot, group_id)?;
        let id = row.id;
        let topics = sheet::topics(&slot.group.topics)?.into_iter().map(|topic| session_topic::Model { session_id: id, topic });
        self.rows.session_topics.extend(topics);
        let (modality, setting, audience) = (row.modality, row.setting, row.audience);
        let kinds = [(PlaceKind::Lead, slot.group.lead), (PlaceKind::Helper, slot.group.helpers), (PlaceKind::Shadow, slot.shadow.into())];
        let kinds = kinds.into_iter().flat_map(|(kind, count)| std::iter::repeat_n(kind, count));
        for (position, kind) in (0..).zip(kinds) {
            self.add_place(id, position, kind, &module_codes(kind, modality, setting, audience))?;
        }
        self.add_request(&row, &slot.group.name);
        self.rows.sessions.push(row);
        Ok(())
    }

    fn session_row(&mut self, slot: &Slot<'_>, group_id: GroupId) -> Result<session::Model> {
        let group = slot.group;
        let facts = SessionFacts { audience: group.audience, weekly: slot.weekly, handles_money: false, overnight: false };
        let check = permitted(facts, false).scope;
        let start = sheet::time(slot.start)?;
        let when = span(slot.date, start, i64::from(group.minutes), HOME_ZONE);
        Ok(session::Model {
            id: self.ids.next(),
            group_id,
            venue_id: slot.venue.map(|slug| named(&self.venues, slug)).transpose()?,
            title: slot.title.to_owned(),
            modality: group.modality,
            setting: if group.modality == Modality::Phone { Setting::OneToOne } else { Setting::Group },
            audience: group.audience,
            weekly: slot.weekly,
            handles_money: false,
            overnight: false,
            responsible_adult: matches!(group.audience, Audience::Children | Audience::Families),
            language: language(group, self.first.days_to(slot.date)).map(str::to_owned),
            local_date: slot.date,
            local_start: start,
            minutes: group.minutes,
            zone: HOME_ZONE.name().to_owned(),
            starts_at: when.from,
            ends_at: when.until,
            status: SessionStatus::Scheduled,
            dbs_level: Some(check.level),
            dbs_workforce: Some(check.workforce),
            dbs_adults_barred: check.adults_barred,
            dbs_children_barred: check.children_barred,
            cancel_reason: None,
            version: 1,
            created_at: self.first.at(-90, 9),
        })
    }

    fn add_place(&mut self, session_id: SessionId, position: i32, kind: PlaceKind, codes: &[&str]) -> Result<()> {
        let id = self.ids.next();
        self.rows.places.push(place::Model { id, session_id, kind, position });
        for code in codes {
            let module_id = self.baseline.module(code)?.id;
            self.rows.place_modules.push(place_module::Model { place_id: id, module_id });
        }
        Ok(())
    }

    fn add_request(&mut self, session: &session::Model, group: &str) {
        let id = self.ids.next();
        let number = i32::try_from(self.rows.requests.len()).unwrap_or_default() + 1;
        self.rows.requests.push(champion_request::Model {
            id,
            number,
            group_id: session.group_id,
            session_id: session.id,
            requested_by: self.leaders.get(&session.group_id).copied(),
            message: format!("{group}: we would be glad of some help."),
            withdrawn_at: None,
            created_at: (session.starts_at - TimeDelta::days(21)).min(self.first.at(-10, 9)),
        });
    }
}

/// The coming week's signing session and Many Tongues café ask for a language.
fn language(group: &Group, days: i64) -> Option<&'static str> {
    match group.slug.as_str() {
        "signing-online" if (0..7).contains(&days) => Some("bfi"),
        "heald-green-many-tongues" if (0..7).contains(&days) => Some("urd"),
        _ => None,
    }
}
