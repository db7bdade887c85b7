//! Who could come to a session, modules aside, without asking everyone: for each weekday, champions in order of their square of ground.
use super::geometry::{square, within};
use super::instance::{Champion, Instance, Session};

/// One window of a champion, with all that the hard rules ask besides modules, close together in memory.
#[derive(Clone, Copy, Debug)]
struct Spot {
    x: i64,
    y: i64,
    reach: i64,
    from: i64,
    to: i64,
    dbs: i64,
    dbs_until: i64,
    id: u32,
}

/// The windows of one weekday by square; `squares` says where each begins.
#[derive(Debug, Default)]
struct Weekday {
    squares: Vec<((i64, i64), usize)>,
    spots: Vec<Spot>,
    /// The few who travel much farther than the rest, kept apart so that squares stay small.
    roamers: Vec<Spot>,
}

/// Champions by weekday and square.
#[derive(Debug)]
pub(crate) struct Grid {
    side: i64,
    days: [Weekday; 7],
}

impl Grid {
    pub fn new(instance: &Instance) -> Self {
        let mut reach: Vec<i64> = instance.champions.iter().map(|c| c.max_travel).collect();
        reach.sort_unstable();
        let side = reach.get(reach.len().saturating_sub(1) * 49 / 50).map_or(1, |r| r + 1);
        let mut order: Vec<((i64, i64), u32)> = Vec::with_capacity(reach.len());
        order.extend(instance.champions.iter().enumerate().map(|(i, c)| ((c.x.div_euclid(side), c.y.div_euclid(side)), i as u32)));
        order.sort_unstable();
        let mut grid = Self { side, days: Default::default() };
        for (square, id) in order {
            let c = &instance.champions[id as usize];
            for window in c.availability.iter().filter(|_| c.max_per_week > 0) {
                grid.days[window.0 as usize].add(square, spot(id, c, window), c.max_travel >= side);
            }
        }
        grid
    }

    /// Everyone whom reach, check and hours let come, in a fixed order.
    pub fn around(&self, s: &Session) -> impl Iterator<Item = u32> {
        let (x, y, day) = (s.x.div_euclid(self.side), s.y.div_euclid(self.side), s.day());
        let (from, to) = (s.start - day * 1440, s.end - day * 1440);
        let (east, north, dbs) = (s.x, s.y, s.dbs);
        let today = &self.days[day.rem_euclid(7) as usize];
        let spots = (x - 1..=x + 1).flat_map(move |x| today.column((x, y - 1), (x, y + 1))).chain(&today.roamers);
        let mut last = u32::MAX;
        let fit = spots.filter(move |p| {
            let free = p.from <= from && to <= p.to;
            let cleared = dbs == 0 || (p.dbs >= dbs && p.dbs_until >= day);
            // Two windows may both cover the session.
            free && cleared && within(square(p.x, p.y, east, north), p.reach) && std::mem::replace(&mut last, p.id) != p.id
        });
        fit.map(|p| p.id)
    }
}

impl Weekday {
    fn add(&mut self, square: (i64, i64), spot: Spot, roams: bool) {
        if roams {
            return self.roamers.push(spot);
        }
        if self.squares.last().is_none_or(|last| last.0 != square) {
            self.squares.push((square, self.spots.len()));
        }
        self.spots.push(spot);
    }

    /// Squares that lie above each other follow each other.
    fn column(&self, low: (i64, i64), high: (i64, i64)) -> &[Spot] {
        let begins = |at: usize| self.squares.get(at).map_or(self.spots.len(), |s| s.1);
        let from = self.squares.partition_point(|s| s.0 < low);
        let until = self.squares.partition_point(|s| s.0 <= high);
        &self.spots[begins(from)..begins(until)]
    }
}

fn spot(id: u32, c: &Champion, &(_, from, to): &(i64, i64, i64)) -> Spot {
    Spot { x: c.x, y: c.y, reach: c.max_travel, from, to, dbs: c.dbs, dbs_until: c.dbs_until, id }
}
