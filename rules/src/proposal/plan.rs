//! Planning a window in rounds: the planner knows places, weeks, clashes and journeys; the rules then judge all lines beside each
//! other, and what can't stand is barred while the planner fills the gaps around what can.
//!
//! What sessions need is planned first, as if there were no other places. Only then, around all of that, comes what would be best: so no
//! place that is needed stays empty for one that would be nice.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::board::{Board, Line, Opening};
use super::figures::{Figures, Recruit, Spread, Terms};
use super::instance::Posed;
use crate::rota::{self, Assignment, Broken, Fairness, Options, Progress, Score, Shadow, Solution};

/// What the coordinator adds to the facts.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// Same seed, same facts: same lines.
    pub seed: u64,
    /// Lines that stay if the rules still allow them.
    pub locked: Vec<Line>,
}

/// A plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// Who goes where, by the session's start.
    pub lines: Vec<Line>,
    /// Of the places that are needed. Lower is better; agreed sessions count.
    pub objective: i64,
    /// No rota of them has an objective below this.
    pub bound: i64,
    /// Pairs looked at.
    pub work: u64,
    /// What it says of itself.
    pub figures: Figures,
}

/// Rounds at most. Each bars what could not stand in the one before, and few windows need a third.
const ROUNDS: usize = 6;

/// The plan in the making.
struct Rounds<'a> {
    board: &'a Board,
    posed: Posed,
    /// Lines that stand, company and all.
    kept: Vec<Line>,
    /// Pairs that could not stand.
    barred: BTreeSet<(usize, usize)>,
    /// Their lines, in the order in which they fell.
    refused: Vec<Line>,
    work: u64,
}

impl Board {
    /// Plans the window. `progress` can end the work early; the plan keeps every rule even then.
    pub fn plan(&self, wishes: &Wishes, progress: &mut dyn FnMut(Progress) -> ControlFlow<()>) -> Result<Planned, Broken> {
        let locked = |o: &Opening| wishes.locked.iter().filter(|l| (l.session, l.kind) == (o.session, o.kind)).count().min(o.places);
        let best = self.with_places(|o| o.wanted.max(locked(o)));
        let least = best.with_places(|o| o.needed.max(locked(o)));
        let mut rounds = Rounds::of(&least, |posed| least.lockable(posed, &wishes.locked));
        let (bound, shadows) = rounds.all(wishes, progress)?;
        let score = rounds.score()?;
        let recruits = least.recruits(&rounds.posed, &shadows);
        if let Cow::Owned(_) = least {
            let (kept, work, objective) = (rounds.kept, rounds.work, score.objective());
            rounds = Rounds { work, ..Rounds::of(&best, |_| kept) };
            rounds.all(wishes, &mut |so_far| progress(Progress { work: work + so_far.work, objective, bound }))?;
        }
        rounds.planned(score, bound, recruits)
    }

    /// The locked lines that the rules, and the planner's idea of a journey, still allow.
    fn lockable(&self, posed: &Posed, locked: &[Line]) -> Vec<Line> {
        let mut pins = posed.agreed.clone();
        let mut kept = Vec::new();
        for line in self.standing(&[], locked) {
            let Some(pin) = posed.assignment(&line) else { continue };
            pins.push(pin);
            if rota::price(&posed.instance, &pins).is_ok() {
                kept.push(line);
            } else {
                pins.pop();
            }
        }
        // A lock may have been company for another.
        self.standing(&[], &kept)
    }
}

impl<'a> Rounds<'a> {
    fn of(board: &'a Board, kept: impl FnOnce(&Posed) -> Vec<Line>) -> Self {
        let posed = board.pose();
        Self { board, kept: kept(&posed), posed, barred: BTreeSet::new(), refused: Vec::new(), work: 0 }
    }

    /// Round after round, until nothing changes; answers the bound, and where a recruit would help.
    fn all(&mut self, wishes: &Wishes, progress: &mut dyn FnMut(Progress) -> ControlFlow<()>) -> Result<(i64, Vec<Shadow>), Broken> {
        let first = self.round(wishes, progress)?;
        // Only the first round is free to choose: its bound holds for all rotas, those of later rounds for fewer.
        let (mut shadows, bound) = (first.shadows, first.bound);
        for _ in 1..ROUNDS {
            let before = (self.kept.len(), self.barred.len());
            if self.barred.is_empty() {
                break;
            }
            shadows = self.round(wishes, progress)?.shadows;
            if before == (self.kept.len(), self.barred.len()) {
                break;
            }
        }
        self.look_again();
        Ok((bound, shadows))
    }

    fn score(&self) -> Result<Score, Broken> {
        rota::price(&self.posed.instance, &self.pins())
    }

    fn pins(&self) -> Vec<Assignment> {
        self.posed.agreed.iter().copied().chain(self.kept.iter().filter_map(|l| self.posed.assignment(l))).collect()
    }

    /// Plans around what is kept; keeps what stands and bars the rest.
    fn round(&mut self, wishes: &Wishes, progress: &mut dyn FnMut(Progress) -> ControlFlow<()>) -> Result<Solution, Broken> {
        let pins = self.pins();
        let pending = self.board.openings.iter().flat_map(|o| {
            let line = |champion: &_| Line { session: o.session, kind: o.kind, champion: *champion };
            o.pending.iter().map(line).collect::<Vec<_>>()
        });
        let published: BTreeSet<Assignment> = pins.iter().copied().chain(pending.filter_map(|l| self.posed.assignment(&l))).collect();
        let options = Options {
            seed: wishes.seed,
            pins,
            published: published.into_iter().collect(),
            barred: self.barred.iter().copied().collect(),
            ..Options::default()
        };
        let solution = rota::solve(&self.posed.instance, &options, progress)?;
        let proposed: Vec<Line> = solution.assign.iter().filter_map(|a| self.posed.line(self.board, a)).collect();
        self.kept = self.board.standing(&self.kept, &proposed);
        self.refused.extend(proposed.iter().filter(|l| !self.kept.contains(l)));
        self.barred.extend(self.refused.iter().filter_map(|l| self.posed.assignment(l)).map(|a| (a.champion, a.session)));
        self.work += solution.work;
        Ok(solution)
    }

    /// Whoever could not stand alone may stand beside those who were kept later.
    fn look_again(&mut self) {
        loop {
            let before = self.kept.len();
            for line in self.refused.clone() {
                let with: Vec<Line> = self.kept.iter().copied().chain([line]).collect();
                let stands = !self.kept.contains(&line) && self.board.troubles(&with).iter().all(Vec::is_empty);
                let Some(pin) = self.posed.assignment(&line).filter(|_| stands) else { continue };
                let pins: Vec<Assignment> = self.pins().into_iter().chain([pin]).collect();
                if rota::price(&self.posed.instance, &pins).is_ok() {
                    self.kept = with;
                }
            }
            if self.kept.len() == before {
                return;
            }
        }
    }

    fn planned(self, score: Score, bound: i64, recruits: Vec<Recruit>) -> Result<Planned, Broken> {
        let assign = self.pins();
        let (posed, board, mut lines) = (self.posed, self.board, self.kept);
        lines.sort_by_key(|line| (board.of(line).map(|o| o.need.span.from), *line));
        let loads: Vec<usize> = posed.instance.champions.iter().filter(|c| !c.modules.is_empty()).map(|c| load(&assign, c.id)).collect();
        let fairness = Fairness::of_loads(&loads);
        let figures = Figures {
            places: board.openings.iter().map(|o| o.places).sum(),
            filled: lines.len(),
            needed: board.openings.iter().map(|o| o.needed).sum(),
            needed_filled: board.openings.iter().map(|o| board.filled(o, &lines).min(o.needed)).sum(),
            dropped: self.barred.len(),
            travel_metres: rota::price(&posed.instance, &assign)?.travel * posed.instance.weights.travel_unit,
            score: Terms { unfilled: score.unfilled, fairness: score.fairness, travel: score.travel, continuity: score.continuity },
            spread: Spread { loads: fairness.loads, most: fairness.max, unfairness: fairness.unfairness },
            unfilled: board.unfilled(&lines),
            recruits,
        };
        Ok(Planned { lines, objective: score.objective(), bound, work: self.work, figures })
    }
}

fn load(assign: &[Assignment], champion: usize) -> usize {
    assign.iter().filter(|a| a.champion == champion).count()
}

impl Board {
    fn recruits(&self, posed: &Posed, shadows: &[Shadow]) -> Vec<Recruit> {
        let nearest = |s: &Shadow| {
            let sessions = posed.instance.sessions.iter().take(self.openings.len()).filter(|t| t.day() % 7 == s.weekday);
            sessions.min_by_key(|t| ((t.x - s.x).pow(2) + (t.y - s.y).pow(2), t.id))
        };
        let recruit = |s: &Shadow| {
            let near = self.openings[nearest(s)?.id].session;
            Some(Recruit { weekday: s.weekday, level: s.dbs, near, fills: s.fills })
        };
        shadows.iter().filter_map(recruit).take(10).collect()
    }
}
