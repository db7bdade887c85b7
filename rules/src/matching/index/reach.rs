//! How far everybody goes, and where: homes as points in space, where one subtraction says near or far but for a few metres in between.

use std::collections::HashMap;
use std::sync::Arc;

use super::bits::{Bits, ones, pack};
use super::board::Board;
use super::room;
use crate::geo::{DistanceBand, EARTH_RADIUS, Point, band, distance_metres};
use crate::matching::{BlockerKind, ChampionRecord};
use crate::session::{Modality, SessionNeed};

/// More than single precision can be wrong by, as a part of how far from the first home the farthest lies; nearer to a limit than
/// this, the rule decides.
const MARGIN: f32 = 7e-7;
/// Metres that are always left to the rule.
const LEAST_MARGIN: f32 = 0.25;
const LANES: usize = 64;
const NOWHERE: [f32; LANES] = [f32::NAN; LANES];

/// Homes and reaches of all slots, in metres through the globe (chords), from the first home there was.
#[derive(Clone, Debug, Default)]
pub(super) struct Reach {
    origin: Option<[f64; 3]>,
    axes: [Vec<f32>; 3],
    /// The longest of those.
    extent: f32,
    /// Where those live who go out, from and to on each axis, and how far whoever goes farthest does.
    within: [(f32, f32); 3],
    farthest: f32,
    limit: Vec<f32>,
    /// Those who have a home and go out.
    goes: Bits,
    /// Those who go to an area, wherever their home is.
    serves: HashMap<String, Bits>,
}

/// A place in metres from the middle of the globe.
pub(super) fn in_space(point: Point) -> [f64; 3] {
    let (latitude, longitude) = (point.latitude.to_radians(), point.longitude.to_radians());
    [latitude.cos() * longitude.cos(), latitude.cos() * longitude.sin(), latitude.sin()].map(|axis| axis * EARTH_RADIUS)
}

/// The chord of the longest arc that rounds to so many metres.
fn chord(metres: u32) -> f32 {
    let half = (f64::from(metres) + 0.5) / (2.0 * EARTH_RADIUS);
    if half >= std::f64::consts::FRAC_PI_2 { f32::INFINITY } else { (2.0 * EARTH_RADIUS * half.sin()) as f32 }
}

impl Reach {
    pub fn add(&mut self, slot: usize, record: &ChampionRecord) {
        let home = record.home.map(in_space);
        self.origin = self.origin.or(home);
        let padded = (slot / LANES + 1) * LANES;
        self.axes.iter_mut().chain([&mut self.limit]).for_each(|lane| room::fill(lane, padded, 0.0));
        for (axis, lane) in self.axes.iter_mut().enumerate() {
            lane[slot] = home.zip(self.origin).map_or(f32::NAN, |(home, origin)| (home[axis] - origin[axis]) as f32);
            self.extent = self.extent.max(lane[slot].abs());
        }
        self.limit[slot] = chord(record.reach_metres);
        if home.is_some() && !record.remote_only {
            let first = self.goes.is_empty();
            self.goes.set(slot);
            self.farthest = self.farthest.max(self.limit[slot]);
            for ((from, to), lane) in self.within.iter_mut().zip(&self.axes) {
                (*from, *to) = if first { (lane[slot], lane[slot]) } else { (from.min(lane[slot]), to.max(lane[slot])) };
            }
        }
        for area in record.areas.iter().filter(|_| !record.remote_only) {
            self.serves.entry(area.clone()).or_default().set(slot);
        }
    }

    /// A place as homes are kept.
    pub fn place(&self, need: &SessionNeed) -> Option<[f32; 3]> {
        let (at, origin) = (in_space(need.at?), self.origin?);
        Some([0, 1, 2].map(|axis| (at[axis] - origin[axis]) as f32))
    }

    /// Whether anybody goes as far as this session from where they live, or serves its area.
    pub fn may_reach(&self, need: &SessionNeed) -> bool {
        let near = || {
            let place = self.place(need).filter(|_| !self.goes.is_empty())?;
            let away = place.iter().zip(self.within).map(|(at, (from, to))| (from - at).max(at - to).max(0.0).powi(2)).sum::<f32>().sqrt();
            Some(away <= self.farthest + self.margin(place))
        };
        need.modality != Modality::InPerson || need.areas.iter().any(|area| self.serves.contains_key(area)) || near().unwrap_or(false)
    }

    /// Metres by which a distance from there may be wrong.
    fn margin(&self, place: [f32; 3]) -> f32 {
        (MARGIN * place.iter().fold(self.extent, |most, axis| most.max(axis.abs()))).max(LEAST_MARGIN)
    }

    /// Blocks everybody to whom an in-person session is too far, and who doesn't serve its area either.
    pub fn ask(&self, need: &SessionNeed, records: &[Arc<ChampionRecord>], board: &mut Board) {
        if need.modality != Modality::InPerson {
            return;
        }
        let serving: Vec<&Bits> = need.areas.iter().filter_map(|area| self.serves.get(area)).collect();
        let serving = |word| serving.iter().fold(0, |all, bits| all | bits.word(word));
        let (Some(at), Some(place)) = (need.at, self.place(need)) else { return board.only(BlockerKind::TooFar, serving) };
        let margin = self.margin(place);
        for word in board.words() {
            let (near, far) = self.near_and_far(word, place, margin);
            let close = ones(self.goes.word(word) & !near & !far).filter(|bit| {
                let record = &records[word * LANES + bit];
                record.home.is_some_and(|home| distance_metres(home, at) <= record.reach_metres)
            });
            let near = close.fold(near, |near, bit| near | 1 << bit) & self.goes.word(word);
            board.block_word(BlockerKind::TooFar, word, !(near | serving(word)));
        }
    }

    /// Who of a word of slots is near beyond doubt, and who far.
    fn near_and_far(&self, word: usize, place: [f32; 3], margin: f32) -> (u64, u64) {
        let [x, y, z, limit] = [&self.axes[0], &self.axes[1], &self.axes[2], &self.limit]
            .map(|lane| lane.as_chunks::<LANES>().0.get(word).unwrap_or(&NOWHERE));
        let (mut near, mut far) = ([0; LANES], [0; LANES]);
        for lane in 0..LANES {
            let square = (x[lane] - place[0]).powi(2) + (y[lane] - place[1]).powi(2) + (z[lane] - place[2]).powi(2);
            near[lane] = u8::from(square < (limit[lane] - margin).max(0.0).powi(2));
            far[lane] = u8::from(square > (limit[lane] + margin).powi(2));
        }
        (pack(&near), pack(&far))
    }

    /// The band of a slot's distance, if its home is known; near the edge of one the home decides.
    pub fn band(&self, slot: usize, place: [f32; 3], home: impl Fn() -> Option<Point>, at: Point) -> Option<DistanceBand> {
        let square: f32 = self.axes.iter().zip(place).map(|(lane, axis)| (lane[slot] - axis).powi(2)).sum();
        let about = square.sqrt();
        let edge = [2_000.0, 5_000.0, 10_000.0].iter().any(|edge: &f32| (about - edge).abs() < self.margin(place) + 1.0);
        if edge || !about.is_finite() { home().map(|home| band(distance_metres(home, at))) } else { Some(band(about as u32)) }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        (self.axes.iter().chain([&self.limit]).map(Vec::capacity).sum::<usize>()) * 4
            + self.goes.bytes()
            + self.serves.values().map(Bits::bytes).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clearance::tests::need;
    use crate::matching::borough::{Seed, champion};
    use proptest::prelude::*;

    fn anywhere() -> impl Strategy<Value = Point> {
        (-90.0..90.0f64, -180.0..180.0f64).prop_map(|(latitude, longitude)| Point { latitude, longitude })
    }

    proptest! {
        /// To the metre, next door and on the other side of the globe, however far from the first home.
        #[test]
        fn near_and_far_are_what_the_rule_says(origin in anywhere(), at in anywhere(), away in anywhere(), near: bool, slack in -9i64..10) {
            let place = |by: f64| Point { latitude: at.latitude + away.latitude * by, longitude: at.longitude + away.longitude * by };
            let home = if near { place(0.001) } else { away };
            let metres = distance_metres(home, at);
            let from = |home, reach_metres| ChampionRecord {
                home: Some(home),
                reach_metres,
                remote_only: false,
                ..champion(&mut Seed(1), 1, need().date)
            };
            let records = [from(origin, 1), from(home, (i64::from(metres) + slack).max(0) as u32)].map(Arc::new);
            let (mut reach, mut board, asked) = (Reach::default(), Board::default(), SessionNeed { at: Some(at), ..need() });
            board.empty(1);
            records.iter().enumerate().for_each(|(slot, record)| reach.add(slot, record));
            reach.ask(&asked, &records, &mut board);
            prop_assert_eq!(board.is_blocked(BlockerKind::TooFar, 1), metres > records[1].reach_metres);
            prop_assert!(reach.may_reach(&asked) || board.is_blocked(BlockerKind::TooFar, 1));
            let found = reach.place(&asked).and_then(|place| reach.band(1, place, || Some(home), at));
            prop_assert_eq!(found, Some(band(metres)));
        }
    }
}
