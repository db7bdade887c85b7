//! A database of a given size, for measuring: towns of invented people, as many as are asked for, the same for the same seed
//! and first day. It goes into an empty database and nowhere else.
//!
//! Every group meets weekly and has champions of its own who take turns, so that nobody is in two places. Two of a session's
//! three places are taken; in the coming months an offer waits for the third.

use anyhow::{Result, bail};
use chrono::{NaiveDate, TimeDelta};
use clap::ValueEnum;
use rules::id::{AccountId, ChampionId, GroupId};
use rules::policy::Role;

use crate::app::App;
use crate::clock::local_date;
use crate::demo::first_day::{FirstDay, Ids};
use crate::demo::holds_people;
use crate::demo::town::Baseline;
use crate::error::Fault;
use crate::store::{ledger, transact};

mod draw;
mod group;
mod person;
mod rows;
mod session;
#[cfg(test)]
mod tests;

use draw::Draw;
use rows::Rows;

/// Where the generated mailboxes are: a name that never resolves (RFC 2606).
const DOMAIN: &str = "load.digiknow.example";
/// Marks a generated database; its value is the size, the seed and the first day.
const MARK: &str = "generated";
/// How old accounts and groups are at least, in days.
const LONG_AGO: i64 = -720;

/// How large a generated database is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Size {
    /// One town: 500 champions, 60 groups, 3,000 sessions, 6,000 assignments
    #[value(name = "S")]
    Small,
    /// A hundred towns: 50,000 champions, 5,000 groups, 500,000 sessions, 1,000,000 assignments
    #[value(name = "L")]
    Large,
    /// For tests: a hamlet
    #[value(skip)]
    Tiny,
}

/// What a size means.
#[derive(Clone, Copy, Debug)]
struct Shape {
    towns: usize,
    champions: usize,
    groups: usize,
    /// Weeks of sessions before the first day, and from it on.
    weeks: (i64, i64),
}

impl Size {
    fn shape(self) -> Shape {
        match self {
            Self::Small => Shape { towns: 1, champions: 500, groups: 60, weeks: (25, 25) },
            Self::Large => Shape { towns: 100, champions: 500, groups: 50, weeks: (50, 50) },
            Self::Tiny => Shape { towns: 2, champions: 40, groups: 4, weeks: (2, 3) },
        }
    }
}

/// What was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Made {
    pub champions: usize,
    pub groups: usize,
    pub sessions: usize,
    pub assignments: usize,
    pub offers: usize,
}

impl std::fmt::Display for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { champions, groups, sessions, assignments, offers } = self;
        write!(f, "{champions} champions, {groups} groups, {sessions} sessions, {assignments} assignments, {offers} offers")
    }
}

/// Who runs things.
#[derive(Clone, Copy, Debug)]
struct Staff {
    coordinator: AccountId,
    trainer: AccountId,
    safeguarding: AccountId,
}

/// Rows in the making.
struct Generator {
    first: FirstDay,
    ids: Ids,
    draw: Draw,
    baseline: Baseline,
    rows: Rows,
    made: Made,
}

/// Fills an empty database in which the baseline is installed, a town a transaction.
pub async fn generate(app: &App, size: Size, seed: u64, first_day: Option<NaiveDate>) -> Result<Made> {
    if holds_people(app.db.read()).await? {
        bail!("there are people in this database: refusing to add invented ones");
    }
    let first = FirstDay(first_day.unwrap_or_else(|| local_date(app.clock.now())));
    let baseline = Baseline::load(app.db.read()).await?;
    let (ids, draw) = (Ids::new(first), Draw::new(seed));
    let mut generator = Generator { first, ids, draw, baseline, rows: Rows::default(), made: Made::default() };
    let staff = generator.staff();
    let shape = size.shape();
    generator.rows.counters = generator.counters(shape)?;
    generator.save(app, Some(&format!("{size:?} {seed} {}", first.0))).await?;
    for town in 0..shape.towns {
        generator.town(town, shape, staff)?;
        generator.save(app, None).await?;
    }
    Ok(generator.made)
}

impl Generator {
    async fn save(&mut self, app: &App, mark: Option<&str>) -> Result<()> {
        let rows = std::mem::take(&mut self.rows);
        let (made, rows) = (&mut self.made, &rows);
        made.champions += rows.champions.len();
        made.groups += rows.groups.len();
        made.sessions += rows.sessions.len();
        made.assignments += rows.assignments.len();
        made.offers += rows.offers.len();
        let saved: Result<(), Fault> = async {
            transact!(app.db, |tx| {
                if let Some(mark) = mark {
                    ledger::set(&tx, MARK, mark).await?;
                }
                Ok(rows.clone().save(&tx).await?)
            })
        }
        .await;
        Ok(saved?)
    }

    fn staff(&mut self) -> Staff {
        let mut add = |mailbox: &str, role| self.account(mailbox, mailbox, role, None);
        Staff {
            coordinator: add("coordinator", Role::Coordinator),
            trainer: add("trainer", Role::Trainer),
            safeguarding: add("safeguarding", Role::SafeguardingLead),
        }
    }

    /// An account without a password: `digiknow token` signs it in.
    fn account(&mut self, mailbox: &str, name: &str, role: Role, group_id: Option<GroupId>) -> AccountId {
        let id = self.ids.next();
        let email = format!("{mailbox}@{DOMAIN}");
        let created_at = self.first.at(LONG_AGO, 9);
        let display_name = name.to_owned();
        let email_key = email.clone();
        self.rows.accounts.push(entity::account::Model {
            id,
            email,
            email_key,
            display_name,
            password_hash: None,
            active: true,
            epoch: 0,
            created_at,
        });
        self.rows.grants.push(entity::role_grant::Model { id: self.ids.next(), account_id: id, role, group_id, created_at });
        id
    }

    /// A town: its groups, their champions, and their sessions.
    fn town(&mut self, town: usize, shape: Shape, staff: Staff) -> Result<()> {
        let centre = draw::centre(town);
        let partner = self.partner(town);
        let groups: Vec<group::Group> = (0..shape.groups).map(|index| self.group(town, index, shape, centre, partner)).collect();
        let mut helpers: Vec<Vec<ChampionId>> = vec![Vec::new(); groups.len()];
        for index in 0..shape.champions {
            let place = index % groups.len();
            let number = i32::try_from(town * shape.champions + index + 1)?;
            let membership = person::membership(index, groups.len());
            helpers[place].extend(self.person(number, membership, &groups[place], centre, staff)?);
        }
        for (group, helpers) in groups.iter().zip(&helpers) {
            for week in -shape.weeks.0..shape.weeks.1 {
                self.session(group, helpers, week, staff)?;
            }
        }
        Ok(())
    }

    fn counters(&self, shape: Shape) -> Result<Vec<entity::counter::Model>> {
        let weeks = usize::try_from(shape.weeks.0 + shape.weeks.1)?;
        let (champions, requests) = (shape.towns * shape.champions, shape.towns * shape.groups * weeks);
        let counter = |(name, value): (&str, usize)| -> Result<_> {
            Ok(entity::counter::Model { name: name.to_owned(), value: i64::try_from(value)? })
        };
        [("champion", champions), ("request", requests)].into_iter().map(counter).collect()
    }
}

/// An hour before or after.
const HOUR: TimeDelta = TimeDelta::hours(1);
