//! Who could reach a session on its weekday, without asking everyone: champions in order of their square of ground.
use super::geometry::{square, within};
use super::instance::{Champion, Instance, Session};

/// What the first test needs, close together in memory.
#[derive(Clone, Copy, Debug)]
struct Spot {
    /// Squares east and north.
    square: (i64, i64),
    id: u32,
    x: i64,
    y: i64,
    reach: i64,
    /// Weekdays with any availability, as bits.
    days: u8,
}

/// Champions by square. The few who travel much farther than the rest are kept apart, so that squares stay small.
#[derive(Debug)]
pub(crate) struct Grid {
    side: i64,
    spots: Vec<Spot>,
    roamers: Vec<Spot>,
}

impl Grid {
    pub fn new(instance: &Instance) -> Self {
        let mut reach: Vec<i64> = instance.champions.iter().map(|c| c.max_travel).collect();
        reach.sort_unstable();
        let side = reach.get(reach.len().saturating_sub(1) * 49 / 50).map_or(1, |r| r + 1);
        let all = instance.champions.iter().enumerate().map(|(i, c)| spot(i as u32, c, side));
        let (roamers, mut spots): (Vec<Spot>, Vec<Spot>) = all.partition(|p| p.reach >= side);
        spots.sort_unstable_by_key(|p| (p.square, p.id));
        Self { side, spots, roamers }
    }

    /// Everyone whom reach and weekday do not rule out, in a fixed order.
    pub fn around(&self, s: &Session) -> impl Iterator<Item = u32> {
        let (x, y) = (s.x.div_euclid(self.side), s.y.div_euclid(self.side));
        let (east, north, day) = (s.x, s.y, 1 << s.day().rem_euclid(7));
        // Three squares that lie above each other follow each other.
        let column = move |x: i64| {
            let from = self.spots.partition_point(|p| p.square < (x, y - 1));
            let until = self.spots.partition_point(|p| p.square <= (x, y + 1));
            &self.spots[from..until]
        };
        let spots = (x - 1..=x + 1).flat_map(column).chain(&self.roamers);
        spots.filter(move |p| p.days & day != 0 && within(square(p.x, p.y, east, north), p.reach)).map(|p| p.id)
    }
}

fn spot(id: u32, c: &Champion, side: i64) -> Spot {
    let days = c.availability.iter().fold(0, |days, a| days | 1 << a.0);
    Spot { square: (c.x.div_euclid(side), c.y.div_euclid(side)), id, x: c.x, y: c.y, reach: c.max_travel, days }
}
