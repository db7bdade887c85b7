//! Clearance of everybody: membership, age, modules, evidence and checks, each as a column of days.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{Datelike, NaiveDate};

use super::bits::{Bits, ones};
use super::board::Board;
use super::column::Column;
use super::day::{self, Day, LATEST};
use super::question::{MOST_PIECES, Question};
use crate::calendar::add_months;
use crate::champion::Membership;
use crate::clearance::{Gap, age_needed, asked, dbs_gap};
use crate::dbs::{DbsRecord, DbsScope, permitted};
use crate::id::{ModuleId, OrganisationId, RequirementId};
use crate::matching::factor::SLACK_DAYS;
use crate::matching::{BlockerKind, ChampionRecord, for_clearance};
use crate::requirement::{self, Evidence, EvidenceOutcome, Requirement, RequirementKind, Standing};
use crate::session::{PlaceKind, SessionNeed};
use crate::training::{self, Completion, ModuleStanding};

/// A kind of requirement, its version where wording matters, and how many pieces of evidence are needed.
type Proof = (RequirementKind, Option<RequirementId>, usize);

/// The clearance of all slots.
#[derive(Clone, Debug, Default)]
pub(super) struct Cleared {
    active: Bits,
    on_trial: Bits,
    born: Column,
    modules: HashMap<ModuleId, Column>,
    proofs: HashMap<Proof, Column>,
    checks: Vec<(DbsScope, Column)>,
    /// Who has a check that an organisation obtained.
    obtained: HashMap<OrganisationId, Bits>,
    accepted: HashMap<OrganisationId, Column>,
}

/// Until when those whom nothing stops have all that the place asks for. Few are left of thousands, so each is looked up.
pub(super) struct Lasting<'a> {
    on: Day,
    modules: Vec<&'a Column>,
    lapses: Vec<Lapse<'a>>,
    /// Checks of which one is needed.
    checks: Option<Vec<&'a Column>>,
    /// Whose dates with children add up, and checks of which these need one.
    regulated: Option<(Bits, Vec<&'a Column>)>,
}

/// A requirement whose evidence lapses: what stays of the weeks after the session, by the day it was given.
struct Lapse<'a> {
    column: &'a Column,
    from: Day,
    until: &'a [Day],
}

/// For each proof a place asks for that lapses: the first day on which evidence may be given to last until then, and until when what
/// was given on that day and those after it lasts.
pub(super) struct Lapses(Vec<Option<(Day, Vec<Day>)>>);

impl Lapses {
    /// Of a place; the same for everybody.
    pub fn of(need: &SessionNeed) -> Self {
        let lapse = |requirement: &Requirement| {
            let months = requirement.valid_months?;
            let first = day::first_lasting(need.date, months)?;
            // A few days more than slack looks ahead, for months differ in length.
            let soon = (0..SLACK_DAYS as Day + 8).map(|ahead| add_months(day::date(first + ahead), months).map_or(LATEST, day::nearest));
            Some((first, soon.collect()))
        };
        Self(proofs(need).map(lapse).collect())
    }
}

/// What is asked for besides training and checks.
fn proofs(need: &SessionNeed) -> impl Iterator<Item = &Requirement> {
    asked(need).filter(|r| !matches!(r.kind, RequirementKind::Training | RequirementKind::Dbs))
}

impl Lasting<'_> {
    /// The last day of a slot, where columns tell.
    pub fn until(&self, slot: usize) -> Day {
        let often = self.regulated.as_ref().filter(|(frequent, _)| frequent.has(slot)).map(|(_, checks)| checks);
        let check =
            often.or(self.checks.as_ref()).map(|checks| checks.iter().map(|column| column.high_by(slot, self.on)).max().unwrap_or(0));
        let modules = self.modules.iter().map(|column| column.high(slot));
        modules.chain(self.lapses.iter().filter_map(|lapse| lapse.until(slot))).chain(check).min().unwrap_or(LATEST)
    }
}

impl Lapse<'_> {
    /// The last day a slot's evidence counts, if that comes soon.
    fn until(&self, slot: usize) -> Option<Day> {
        self.until.get(usize::from(self.column.high(slot).checked_sub(self.from)?)).copied()
    }
}

impl Cleared {
    /// Files what a champion has; false if columns can't tell all of it: what is very old, and exemptions.
    pub fn add(&mut self, slot: usize, record: &ChampionRecord) -> bool {
        let facts = &record.clearance;
        match facts.membership {
            Membership::Active => self.active.set(slot),
            Membership::OnTrial => self.on_trial.set(slot),
            _ => {}
        }
        if let Some(born) = facts.birth_date {
            self.born.set(slot, day::nearest(born), LATEST, false);
        }
        self.add_modules(slot, &facts.completions);
        self.add_proofs(slot, &facts.evidence);
        self.add_checks(slot, &facts.checks);
        for word in &facts.accepted {
            self.accepted.entry(word.by).or_default().set(slot, day::nearest(word.since), LATEST, false);
        }
        facts.exemptions.is_empty() && facts.evidence.iter().all(|e| day::number(e.given_on) > 0)
    }

    fn add_modules(&mut self, slot: usize, completions: &[Completion]) {
        for completion in completions {
            let same = || completions.iter().filter(|c| c.module == completion.module);
            let low = same().map(|c| day::nearest(c.completed_on)).max().unwrap_or(LATEST);
            let high = same().map(|c| c.expires_on.map_or(LATEST, day::nearest)).max().unwrap_or(0);
            self.modules.entry(completion.module).or_default().set(slot, low, high, same().count() > 1);
        }
    }

    fn add_proofs(&mut self, slot: usize, evidence: &[Evidence]) {
        for one in evidence {
            let version = one.kind.is_signed().then_some(one.requirement);
            let same = || evidence.iter().filter(|e| e.kind == one.kind && version.is_none_or(|v| v == e.requirement));
            let counts = |e: &Evidence| e.outcome == EvidenceOutcome::Satisfied;
            // One piece: the latest decides, and of a day's the last one recorded.
            let Some(latest) = same().max_by_key(|e| e.given_on) else { continue };
            let (low, good) = (day::nearest(latest.given_on), counts(latest));
            let column = self.proofs.entry((one.kind, version, 1)).or_default();
            column.set(slot, low, if good { low } else { 0 }, same().count() > 1);
            // More: the so manieth latest that says yes.
            let mut given: Vec<Day> = same().filter(|e| counts(e)).map(|e| day::nearest(e.given_on)).collect();
            given.sort_unstable_by_key(|day| std::cmp::Reverse(*day));
            for count in 2..=given.len().min(MOST_PIECES) {
                self.proofs.entry((one.kind, version, count)).or_default().set(slot, given[0], given[count - 1], true);
            }
        }
    }

    fn add_checks(&mut self, slot: usize, checks: &[DbsRecord]) {
        for organisation in checks.iter().filter_map(|check| check.obtained_by) {
            self.obtained.entry(organisation).or_default().set(slot);
        }
        let dates = |check: &DbsRecord| check.decided_on.zip(check.recheck_due_on).filter(|_| check.status.clears());
        for check in checks.iter().filter(|check| dates(check).is_some()) {
            let same = || checks.iter().filter(|c| c.scope == check.scope).filter_map(dates);
            let low = same().map(|(decided, _)| day::nearest(decided)).max().unwrap_or(LATEST);
            let high = same().map(|(_, due)| day::nearest(due)).max().unwrap_or(0);
            self.column(check.scope).set(slot, low, high, same().count() > 1);
        }
    }

    fn column(&mut self, scope: DbsScope) -> &mut Column {
        let at = self.checks.iter().position(|(other, _)| *other == scope).unwrap_or(self.checks.len());
        if at == self.checks.len() {
            self.checks.push((scope, Column::default()));
        }
        &mut self.checks[at].1
    }

    /// Blocks whoever is not cleared; those whose dates with children add up need the check of regulated activity.
    pub fn ask<'a>(
        &'a self,
        question: &Question,
        records: &[Arc<ChampionRecord>],
        frequent: Option<Bits>,
        lapses: &'a Lapses,
        board: &mut Board,
    ) -> Lasting<'a> {
        let need = question.need;
        let shadow = if need.kind == PlaceKind::Shadow { u64::MAX } else { 0 };
        board.only(BlockerKind::NotActive, |at| self.active.word(at) | (self.on_trial.word(at) & shadow));
        let born = day::nearest(born_by(need.date, age_needed(need)));
        board.only_held(BlockerKind::Age, Some(&self.born), (born, 0), |_| false);
        let required = asked(need).filter(|r| r.kind == RequirementKind::Training).filter_map(|r| r.module);
        let modules = need.modules.iter().map(|(module, _)| *module).chain(required);
        let modules = modules.filter_map(|module| self.ask_module(module, question, records, board)).collect();
        let proofs = proofs(need).zip(&lapses.0);
        let lapses = proofs.filter_map(|(proof, lapse)| self.ask_proof((proof, lapse.as_ref()), question, records, board)).collect();
        let checks = need.dbs.map(|needed| self.sufficient(needed));
        let regulated = frequent.map(|frequent| (frequent, self.sufficient(permitted(need.facts, true).scope)));
        let lasting = Lasting { on: question.on, modules, lapses, checks, regulated };
        self.ask_check(question, records, &lasting, board);
        lasting
    }

    fn ask_module<'a>(
        &'a self,
        module: ModuleId,
        question: &Question,
        records: &[Arc<ChampionRecord>],
        board: &mut Board,
    ) -> Option<&'a Column> {
        let column = self.modules.get(&module);
        let held = |slot: usize| training::standing(module, &records[slot].clearance.completions, question.need.date);
        let days = (question.on, question.on);
        board.only_held(BlockerKind::Training, column, days, |slot| matches!(held(slot), ModuleStanding::Held { .. }));
        column
    }

    fn ask_proof<'a>(
        &'a self,
        (r, lapse): (&Requirement, Option<&'a (Day, Vec<Day>)>),
        question: &Question,
        records: &[Arc<ChampionRecord>],
        board: &mut Board,
    ) -> Option<Lapse<'a>> {
        let version = r.kind.is_signed().then_some(r.id);
        let column = self.proofs.get(&(r.kind, version, r.count));
        let date = question.need.date;
        let met = |slot: usize| requirement::standing(r, &records[slot].clearance.evidence, date);
        let days = (question.on, lapse.map_or(1, |(first, _)| *first));
        board.only_held(BlockerKind::Onboarding, column, days, |slot| matches!(met(slot), Standing::Met { .. }));
        let (from, until) = lapse?;
        Some(Lapse { column: column?, from: *from, until })
    }

    fn ask_check(&self, question: &Question, records: &[Arc<ChampionRecord>], lasting: &Lasting<'_>, board: &mut Board) {
        let plain =
            question.need.dbs.zip(lasting.checks.as_ref()).map(|(needed, checks)| checked(needed, checks, question, records, board));
        let regulated = lasting.regulated.as_ref().map(|(frequent, checks)| {
            let needed = permitted(question.need.facts, true).scope;
            (frequent, checked(needed, checks, question, records, board))
        });
        for at in board.words() {
            let often = regulated.as_ref().map_or(0, |(frequent, _)| frequent.word(at));
            let held = plain.as_ref().map_or(u64::MAX, |held| held[at]);
            let regulated = regulated.as_ref().map_or(0, |(_, held)| held[at]);
            let checked = held & !often | regulated & often;
            board.block_word(BlockerKind::DbsCheck, at, !checked);
            let asked = if plain.is_some() { u64::MAX } else { often };
            self.ask_acceptance(question, records, (at, checked & asked), board);
        }
        plain.into_iter().chain(regulated.map(|(_, held)| held)).for_each(|held| board.give_set(held));
    }

    /// Blocks those of a word with a sufficient check whom the organisation has not accepted, where it asks for that. Whoever has a
    /// check that it obtained is asked about one by one.
    fn ask_acceptance(&self, question: &Question, records: &[Arc<ChampionRecord>], (at, checked): (usize, u64), board: &mut Board) {
        let Some((organisation, _)) = &question.need.acceptance_of else { return };
        let accepted = self.accepted.get(organisation).map_or(0, |column| column.held_in(at, question.on));
        let missing = checked & !accepted;
        let obtained = missing & self.obtained.get(organisation).map_or(0, |bits| bits.word(at));
        board.block_word(BlockerKind::Acceptance, at, missing & !obtained);
        for slot in ones(obtained).map(|bit| at * 64 + bit) {
            board.settled.set(slot);
            let record = for_clearance(question.need, &records[slot]);
            if matches!(dbs_gap(question.need, &record), Some(Gap::Acceptance { .. })) {
                board.block(BlockerKind::Acceptance, slot);
            }
        }
    }

    /// Checks of which one is enough.
    fn sufficient(&self, needed: DbsScope) -> Vec<&Column> {
        self.checks.iter().filter(|(scope, _)| scope.suffices_for(needed)).map(|(_, column)| column).collect()
    }

    /// Bytes held, about.
    pub fn bytes(&self) -> usize {
        let columns = self.modules.values().chain(self.proofs.values()).chain(self.checks.iter().map(|(_, column)| column));
        let columns = columns.chain(self.accepted.values()).chain([&self.born]).map(Column::bytes).sum::<usize>();
        let bits = self.obtained.values().chain([&self.active, &self.on_trial]).map(Bits::bytes).sum::<usize>();
        columns + bits
    }
}

/// Who has a sufficient check.
fn checked(needed: DbsScope, checks: &[&Column], question: &Question, records: &[Arc<ChampionRecord>], board: &mut Board) -> Vec<u64> {
    let mut held = board.set();
    for column in checks {
        let judge = |slot: usize| {
            board.settled.set(slot);
            records[slot].clearance.checks.iter().any(|check| check.clears_on(needed, question.need.date))
        };
        column.held(question.on, question.on, judge, |at, word| held[at] |= word);
    }
    held
}

/// The latest birth date of somebody so many years old.
fn born_by(on: NaiveDate, years: i32) -> NaiveDate {
    let same_day = NaiveDate::from_ymd_opt(on.year() - years, on.month(), on.day());
    // Only 29 February may be missing, and who is born the day after has not had the birthday yet.
    same_day.or_else(|| NaiveDate::from_ymd_opt(on.year() - years, 2, 28)).unwrap_or(on)
}
