//! Completed training.

use std::collections::HashMap;

use anyhow::Result;
use chrono::NaiveDate;
use entity::completion;
use rules::calendar::add_months;
use rules::id::{AccountId, ChampionId};

use super::story::Story;
use super::town::{Staff, Town};

impl Town {
    /// Adds a volunteer's completions; a renewal never shortens what is there.
    pub fn add_training(&mut self, champion_id: ChampionId, story: &Story<'_>, staff: Staff) -> Result<()> {
        let mut kept: HashMap<&str, Option<NaiveDate>> = HashMap::new();
        for &(code, day) in &story.modules {
            let module = self.baseline.module(code)?;
            let (module_id, module_version) = (module.id, module.version);
            let completed_on = self.first.date(day);
            let months = module.valid_months.map(u32::try_from).transpose()?;
            let own = months.and_then(|months| add_months(completed_on, months));
            let expires_on = own.max(kept.get(code).copied().flatten());
            kept.insert(code, expires_on);
            let id = self.ids.next();
            self.rows.completions.push(completion::Model {
                id,
                champion_id,
                module_id,
                module_version,
                completed_on,
                expires_on,
                trainer_id: Some(trainer(code, story.number, staff)),
                note: String::new(),
                recorded_at: self.first.at(day, 17),
                revoked_at: None,
                revoked_by: None,
                revoke_reason: None,
            });
        }
        Ok(())
    }
}

fn trainer(code: &str, number: i32, staff: Staff) -> AccountId {
    if code == "SGC1" || (code == "SGA1" && number % 2 == 0) { staff.second_trainer } else { staff.trainer }
}
