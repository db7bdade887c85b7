//! Who could reach a session on its weekday, without asking everyone: champions by square of ground and weekday.
use super::geometry::{square, within};
use super::instance::{Champion, Instance, Session};
use std::collections::HashMap;

/// What the first test needs, close together in memory.
#[derive(Clone, Copy, Debug)]
struct Spot {
    id: u32,
    x: i64,
    y: i64,
    reach: i64,
}

/// Champions by square and weekday. The few who travel much farther than the rest are kept apart, so that squares stay small.
#[derive(Debug)]
pub(crate) struct Grid {
    side: i64,
    cells: HashMap<(i64, i64, i64), Vec<Spot>>,
    roamers: Vec<Spot>,
}

impl Grid {
    pub fn new(instance: &Instance) -> Self {
        let mut reach: Vec<i64> = instance.champions.iter().map(|c| c.max_travel).collect();
        reach.sort_unstable();
        let side = reach.get(reach.len().saturating_sub(1) * 49 / 50).map_or(1, |r| r + 1);
        let mut grid = Self { side, cells: HashMap::new(), roamers: Vec::new() };
        for (i, c) in instance.champions.iter().enumerate() {
            grid.insert(i as u32, c);
        }
        grid
    }

    fn insert(&mut self, id: u32, c: &Champion) {
        let spot = Spot { id, x: c.x, y: c.y, reach: c.max_travel };
        if c.max_travel >= self.side {
            return self.roamers.push(spot);
        }
        let (x, y) = (c.x.div_euclid(self.side), c.y.div_euclid(self.side));
        for day in 0..7 {
            if c.availability.iter().any(|a| a.0 == day) {
                self.cells.entry((x, y, day)).or_default().push(spot);
            }
        }
    }

    /// Everyone whom reach and weekday do not rule out, in a fixed order.
    pub fn around(&self, s: &Session) -> impl Iterator<Item = u32> {
        let (x, y, day) = (s.x.div_euclid(self.side), s.y.div_euclid(self.side), s.day() % 7);
        let (east, north) = (s.x, s.y);
        let squares = (-1..=1).flat_map(move |dx| (-1..=1).map(move |dy| (x + dx, y + dy, day)));
        let spots = squares.filter_map(|k| self.cells.get(&k)).flatten().chain(&self.roamers);
        spots.filter(move |p| within(square(p.x, p.y, east, north), p.reach)).map(|p| p.id)
    }
}
