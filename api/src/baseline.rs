//! What every database starts with: the alliance's training modules and the requirements of the champion role.

use std::collections::HashMap;

use anyhow::Context;
use chrono::{DateTime, NaiveDate, Utc};
use entity::{module_prerequisite, requirement, training_module};
use rules::id::ModuleId;
use rules::requirement::RequirementKind;
use sea_orm::{EntityTrait, PaginatorTrait};

use crate::clock::new_id;
use crate::error::Fault;
use crate::store::{Db, row, transact};

/// A training module of the default list.
struct Module {
    code: &'static str,
    title: &'static str,
    summary: &'static str,
    minutes: i32,
    valid_months: Option<i32>,
    prerequisites: &'static [&'static str],
}

const fn module(
    code: &'static str,
    (minutes, valid_months): (i32, Option<i32>),
    prerequisites: &'static [&'static str],
    title: &'static str,
    summary: &'static str,
) -> Module {
    Module { code, title, summary, minutes, valid_months, prerequisites }
}

const MODULES: [Module; 14] = [
    module("IND", (120, None), &[], "Champion induction", "Who we are, what a Digital Champion does and does not do, and who to ask."),
    module(
        "SGA1",
        (120, Some(36)),
        &[],
        "Safeguarding adults, level 1",
        "How to notice that an adult may be at risk, and how to pass it on the same day.",
    ),
    module(
        "SGC1",
        (90, Some(36)),
        &[],
        "Safeguarding children, level 1",
        "Working safely where children take part; for child-facing sessions only.",
    ),
    module("DPR", (45, Some(12)), &[], "Data protection", "Keeping learners' details private, and what to do when something goes astray."),
    module(
        "OSF",
        (90, Some(24)),
        &[],
        "Online safety and scams",
        "Spotting scams, building strong passwords, and helping without ever taking a password or a code.",
    ),
    module("LWP", (45, Some(24)), &[], "Lone working", "Staying safe when you visit somebody at home; for home visits only."),
    module(
        "SUP",
        (150, None),
        &["IND"],
        "Supporting learners",
        "Starting where the learner is, going at their pace, and leading a relaxed session.",
    ),
    module(
        "ACC",
        (90, Some(36)),
        &[],
        "Accessibility and assistive technology",
        "Screen readers, magnifiers, captions and switches, and the settings that make devices easier to use.",
    ),
    module(
        "EDI",
        (45, Some(36)),
        &[],
        "Equality, diversity and inclusion",
        "Making everybody welcome, and noticing what shuts people out.",
    ),
    module("REM", (90, Some(24)), &["OSF"], "Remote support", "Helping by phone and by video when you can't see the screen."),
    module(
        "EDS",
        (60, None),
        &["SUP"],
        "Essential digital skills and outcomes",
        "The skills framework in plain words, and noting what a learner can now do alone.",
    ),
    module("DEV", (90, Some(24)), &[], "Device library", "Lending, wiping and repairing tablets, laptops and data SIMs."),
    module(
        "HLP",
        (120, Some(12)),
        &["REM"],
        "Helpline triage",
        "Answering a first call, finding what is needed, and passing it to the right place.",
    ),
    module(
        "SHADOW",
        (240, None),
        &["IND", "SGA1", "DPR", "OSF"],
        "Two observed sessions",
        "Two sessions beside an experienced champion, with a talk after each.",
    ),
];

/// Modules that every champion needs.
const ROLE_MODULES: [&str; 4] = ["IND", "SGA1", "DPR", "OSF"];

/// What comes before the training, in the suggested order, with how many pieces of evidence.
const PAPERWORK: [(RequirementKind, &str, i32); 9] = [
    (RequirementKind::Application, "Application", 1),
    (RequirementKind::PrivacyNotice, "Privacy notice", 1),
    (RequirementKind::Conversation, "Informal conversation", 1),
    (RequirementKind::Identity, "Identity check", 1),
    (RequirementKind::Reference, "Two references", 2),
    (RequirementKind::RightToVolunteer, "Right to volunteer", 1),
    (RequirementKind::SafeguardingDeclaration, "Safeguarding declaration", 1),
    (RequirementKind::CodeOfConduct, "Code of conduct", 1),
    (RequirementKind::Agreement, "Volunteer agreement", 1),
];

/// Installs the reference data every database needs. A database that has any training module is left as it is.
pub async fn install(db: &Db, now: DateTime<Utc>) -> Result<(), Fault> {
    transact!(db, |tx| {
        if training_module::Entity::find().count(&tx).await? > 0 {
            return Ok(());
        }
        let ids: HashMap<&str, ModuleId> = MODULES.iter().map(|m| (m.code, new_id(now))).collect();
        row::insert_all(&tx, MODULES.iter().map(|m| module_row(m, ids[m.code])).collect()).await?;
        row::insert_all(&tx, prerequisite_rows(&ids)).await?;
        row::insert_all(&tx, requirement_rows(&ids, now)?).await?;
        Ok::<_, Fault>(())
    })
}

fn module_row(module: &Module, id: ModuleId) -> training_module::Model {
    training_module::Model {
        id,
        code: module.code.to_owned(),
        title: module.title.to_owned(),
        summary: module.summary.to_owned(),
        minutes: module.minutes,
        valid_months: module.valid_months,
        version: 1,
        active: true,
    }
}

fn prerequisite_rows(ids: &HashMap<&str, ModuleId>) -> Vec<module_prerequisite::Model> {
    let pairs = MODULES.iter().flat_map(|m| m.prerequisites.iter().map(move |p| (m.code, *p)));
    pairs.map(|(module, first)| module_prerequisite::Model { module_id: ids[module], prerequisite_id: ids[first] }).collect()
}

fn requirement_rows(ids: &HashMap<&str, ModuleId>, now: DateTime<Utc>) -> Result<Vec<requirement::Model>, Fault> {
    let in_force_from = NaiveDate::from_ymd_opt(2020, 1, 1).context("a date")?;
    let paperwork = PAPERWORK.iter().map(|(kind, name, count)| (*kind, *name, *count, None));
    let training = ROLE_MODULES.iter().map(|code| (RequirementKind::Training, *code, 1, Some(ids[code])));
    let rest = [(RequirementKind::Dbs, "DBS check", 1, None), (RequirementKind::Induction, "Induction visit", 1, None)];
    let row = |(position, (kind, name, count, module_id)): (i32, (RequirementKind, &str, i32, Option<ModuleId>))| requirement::Model {
        id: new_id(now),
        kind,
        name: name.to_owned(),
        position,
        module_id,
        count,
        valid_months: None,
        in_force_from,
        superseded_on: None,
    };
    Ok((1..).zip(paperwork.chain(training).chain(rest)).map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn what_is_named_is_there() {
        let codes: HashSet<&str> = MODULES.iter().map(|m| m.code).collect();
        assert_eq!(codes.len(), MODULES.len());
        assert!(MODULES.iter().flat_map(|m| m.prerequisites).chain(&ROLE_MODULES).all(|code| codes.contains(code)));
    }

    #[test]
    fn the_default_modules_last_as_long_as_the_alliance_says() {
        let list: Vec<(&str, i32, Option<i32>, &[&str])> =
            MODULES.iter().map(|m| (m.code, m.minutes, m.valid_months, m.prerequisites)).collect();
        assert_eq!(
            list,
            [
                ("IND", 120, None, &[][..]),
                ("SGA1", 120, Some(36), &[]),
                ("SGC1", 90, Some(36), &[]),
                ("DPR", 45, Some(12), &[]),
                ("OSF", 90, Some(24), &[]),
                ("LWP", 45, Some(24), &[]),
                ("SUP", 150, None, &["IND"]),
                ("ACC", 90, Some(36), &[]),
                ("EDI", 45, Some(36), &[]),
                ("REM", 90, Some(24), &["OSF"]),
                ("EDS", 60, None, &["SUP"]),
                ("DEV", 90, Some(24), &[]),
                ("HLP", 120, Some(12), &["REM"]),
                ("SHADOW", 240, None, &["IND", "SGA1", "DPR", "OSF"]),
            ]
        );
    }

    #[test]
    fn safeguarding_is_renewed_every_three_years_at_least() {
        let safeguarding: Vec<Option<i32>> = MODULES.iter().filter(|m| m.code.starts_with("SG")).map(|m| m.valid_months).collect();
        assert!(safeguarding.len() == 2 && safeguarding.iter().all(|months| months.is_some_and(|n| n <= 36)), "{safeguarding:?}");
    }
}
