//! Why a place is empty, and what would fill it with the least effort.
use super::eligible::{Blocker, available, cleared, near, trained};
use super::geometry::{Pace, Slot, metres, square};
use super::instance::{Assignment, Champion, Instance, Role, Session};
use super::price::slot;
use std::collections::{BTreeMap, HashSet};

/// Places of one role that nobody takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfilled {
    /// Index of the session.
    pub session: usize,
    /// Index of the role.
    pub role: usize,
    /// How many places are empty.
    pub missing: i64,
    /// A helper role whose lead place is empty: nobody may take it.
    pub no_lead: bool,
    /// How many champions each rule keeps away; a champion counts once, under the rule dearest to put right.
    pub blocked: Vec<(Blocker, usize)>,
    /// The least effort that would let one more champion come.
    pub remedy: Option<Remedy>,
}

/// A champion whom one rule alone keeps from the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// Whom to ask.
    pub champion: usize,
    /// What stands in the way.
    pub lift: Blocker,
    /// Metres from champion to session.
    pub metres: i64,
}

/// Everything each empty place needs to say. `barred` as in [`super::Options`].
pub fn explain(instance: &Instance, rota: &[Assignment], barred: &[(usize, usize)]) -> Vec<Unfilled> {
    let mut diary: Vec<Vec<Slot>> = vec![Vec::new(); instance.champions.len()];
    let mut taken: BTreeMap<(usize, usize), i64> = BTreeMap::new();
    for a in rota {
        diary[a.champion].push(slot(&instance.sessions[a.session]));
        *taken.entry((a.session, a.role)).or_default() += 1;
    }
    let facts = Facts { instance, diary, barred: barred.iter().copied().collect() };
    let mut out = Vec::new();
    for s in &instance.sessions {
        let filled = |r: usize| taken.get(&(s.id, r)).copied().unwrap_or(0);
        for (r, role) in s.roles.iter().enumerate() {
            let missing = role.places - filled(r);
            if missing > 0 {
                let (blocked, remedy) = facts.place(s, role);
                out.push(Unfilled { session: s.id, role: r, missing, no_lead: r > 0 && filled(0) == 0, blocked, remedy });
            }
        }
    }
    out
}

struct Facts<'a> {
    instance: &'a Instance,
    diary: Vec<Vec<Slot>>,
    barred: HashSet<(usize, usize)>,
}

impl Facts<'_> {
    fn place(&self, s: &Session, role: &Role) -> (Vec<(Blocker, usize)>, Option<Remedy>) {
        let mut counts: BTreeMap<Blocker, usize> = BTreeMap::new();
        let mut best: Option<(u8, i64, Remedy)> = None;
        for c in &self.instance.champions {
            let far = !near(c, s);
            let distance = square(c.x, c.y, s.x, s.y);
            let reach = c.max_travel.saturating_mul(2).min(1 << 30);
            if far && distance > reach * reach {
                *counts.entry(Blocker::TooFar).or_default() += 1;
                continue;
            }
            if self.diary[c.id].iter().any(|h| h.session == s.id as u32) {
                continue;
            }
            let found = self.blockers(c, s, role, far);
            *counts.entry(found.first().copied().unwrap_or(Blocker::NotWorth)).or_default() += 1;
            if let [lift] = found[..]
                && let Some(effort) = effort(lift)
            {
                let remedy = Remedy { champion: c.id, lift, metres: metres(distance) };
                if best.is_none_or(|b| (effort, remedy.metres) < (b.0, b.1)) {
                    best = Some((effort, remedy.metres, remedy));
                }
            }
        }
        (counts.into_iter().collect(), best.map(|b| b.2))
    }

    /// All rules in the way, in the order of [`Blocker`]. After the second nobody asks.
    fn blockers(&self, c: &Champion, s: &Session, role: &Role, far: bool) -> Vec<Blocker> {
        let pace = Pace { buffer: self.instance.buffer, speed: self.instance.speed };
        let (mine, new) = (&self.diary[c.id], slot(s));
        let full = || mine.iter().filter(|h| h.week == new.week).count() as i64 >= c.max_per_week;
        let rules: [(Blocker, &dyn Fn() -> bool); 7] = [
            (Blocker::TooFar, &|| far),
            (Blocker::Dbs, &|| !cleared(c, s)),
            (Blocker::Modules, &|| !trained(c, role, s.day())),
            (Blocker::Unavailable, &|| !available(c, s)),
            (Blocker::Barred, &|| self.barred.contains(&(c.id, s.id))),
            (Blocker::Clash, &|| mine.iter().any(|h| pace.clash(h, &new))),
            (Blocker::WeekFull, &full),
        ];
        rules.iter().filter(|r| r.1()).map(|r| r.0).take(2).collect()
    }
}

/// How hard a rule is to lift, where it can be: a word first, then an hour, then a longer journey, then training, then a check.
fn effort(lift: Blocker) -> Option<u8> {
    match lift {
        Blocker::WeekFull => Some(0),
        Blocker::Unavailable => Some(1),
        Blocker::TooFar => Some(2),
        Blocker::Modules => Some(3),
        Blocker::Dbs => Some(4),
        Blocker::Barred | Blocker::Clash | Blocker::NotWorth => None,
    }
}
