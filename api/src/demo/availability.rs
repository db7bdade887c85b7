//! When volunteers can help: weekly windows, leave, and one who has time to spare.

use anyhow::Result;
use entity::{availability_exception, availability_window};
use rules::availability::ExceptionKind;
use rules::id::ChampionId;

use super::sheet;
use super::story::Story;
use super::town::Town;
use crate::clock::HOME_ZONE;

/// How long before the first day the windows begin: as far back as the sessions.
const SINCE: i64 = -60;

/// Leave: whose, from when, to when, and why.
const LEAVE: [(i32, i64, i64, &str); 4] =
    [(3, 5, 12, "Visiting family"), (8, 9, 23, "Holiday"), (17, 2, 4, "Hospital appointment"), (25, 16, 30, "At my daughter's")];

/// Extra time: whose, from when to when, and between which hours, and why.
const EXTRA: [(i32, i64, i64, &str, &str, &str); 1] = [(7, 3, 17, "10:00", "16:00", "A fortnight off work")];

impl Town {
    /// Adds a volunteer's availability.
    pub fn add_availability(&mut self, champion_id: ChampionId, story: &Story<'_>) -> Result<()> {
        for text in sheet::list(&story.person.availability) {
            let (weekday, starts, ends) = sheet::window(text)?;
            let id = self.ids.next();
            self.rows.windows.push(availability_window::Model {
                id,
                champion_id,
                weekday,
                starts,
                ends,
                zone: HOME_ZONE.name().to_owned(),
                every_weeks: 1,
                valid_from: self.first.date(SINCE),
                valid_until: None,
                modality: None,
            });
        }
        for (_, from, to, why) in LEAVE.into_iter().filter(|(number, ..)| *number == story.number) {
            self.add_exception(champion_id, ExceptionKind::Away, (from, to), None, why);
        }
        for (_, from, to, starts, ends, why) in EXTRA.into_iter().filter(|(number, ..)| *number == story.number) {
            let times = (sheet::time(starts)?, sheet::time(ends)?);
            self.add_exception(champion_id, ExceptionKind::Extra, (from, to), Some(times), why);
        }
        Ok(())
    }

    fn add_exception(
        &mut self,
        champion_id: ChampionId,
        kind: ExceptionKind,
        (from, to): (i64, i64),
        times: Option<(chrono::NaiveTime, chrono::NaiveTime)>,
        why: &str,
    ) {
        let id = self.ids.next();
        self.rows.exceptions.push(availability_exception::Model {
            id,
            champion_id,
            kind,
            first_date: self.first.date(from),
            last_date: self.first.date(to),
            starts: times.map(|t| t.0),
            ends: times.map(|t| t.1),
            zone: HOME_ZONE.name().to_owned(),
            reason: Some(why.to_owned()),
            created_at: self.first.at(-8, 19),
        });
    }
}
