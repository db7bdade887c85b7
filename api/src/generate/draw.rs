//! What is drawn: names, places, numbers, the same for the same seed.

use rules::geo::Point;
use rules::rng::Rng;

/// What is drawn.
#[derive(Clone, Debug)]
pub struct Draw(Rng);

impl Draw {
    /// Starts it.
    pub fn new(seed: u64) -> Self {
        Self(Rng::new(seed))
    }

    /// A number under `n`, which is not 0.
    pub fn below(&mut self, n: u32) -> u32 {
        u32::try_from(self.0.below(n as usize)).unwrap_or_default()
    }

    /// One of these.
    pub fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(u32::try_from(all.len()).unwrap_or(u32::MAX)) as usize]
    }

    /// Somewhere within about three kilometres.
    pub fn near(&mut self, centre: Point) -> Point {
        let mut off = || (f64::from(self.below(60_001)) - 30_000.0) / 1_000_000.0;
        Point { latitude: centre.latitude + off(), longitude: centre.longitude + off() * 1.6 }
    }

    /// An invented name.
    pub fn name(&mut self) -> String {
        format!("{} {}", self.of(&FIRST), self.of(&LAST))
    }
}

/// The middle of a town: the first is Stockport, the others lie over England and Wales, none near another.
pub fn centre(town: usize) -> Point {
    let (row, column) = (town / 10, town % 10);
    Point { latitude: 53.408 - 0.29 * row as f64 + if row > 0 { 1.4 } else { 0.0 }, longitude: -2.157 + 0.33 * column as f64 }
}

const FIRST: [&str; 24] = [
    "Amira", "Beth", "Callum", "Dilys", "Ewan", "Fatima", "Gwen", "Harpreet", "Idris", "Joyce", "Kofi", "Leila", "Magda", "Nadeem", "Oona",
    "Priya", "Quentin", "Rosalind", "Stan", "Tomasz", "Una", "Vikram", "Winifred", "Yusuf",
];

const LAST: [&str; 24] = [
    "Ashdown",
    "Bellweather",
    "Coppersmith",
    "Dunlevy",
    "Eastmoor",
    "Fernhollow",
    "Garrowby",
    "Hathersedge",
    "Inglemere",
    "Jessop-Vane",
    "Kettlewick",
    "Larkfield",
    "Mossgrove",
    "Nettlebed",
    "Oakenshaw",
    "Pennywell",
    "Quillfeather",
    "Ravensdale",
    "Silverdene",
    "Thistlewood",
    "Underhay",
    "Vellacott",
    "Wetherspring",
    "Yarrowdale",
];
