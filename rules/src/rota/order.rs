//! Neighbours on the ground become neighbours in memory: chains stay within a town, and so within a processor's cache.
use super::instance::{Assignment, Instance};

/// The instance renumbered along a space-filling curve, and the way back.
pub(crate) struct Arranged {
    pub instance: Instance,
    champions: Renumbered,
    sessions: Renumbered,
}

struct Renumbered {
    old: Vec<usize>,
    new: Vec<usize>,
}

impl Renumbered {
    fn new(keys: impl Iterator<Item = u64>) -> Self {
        let keys: Vec<u64> = keys.collect();
        let mut old: Vec<usize> = (0..keys.len()).collect();
        old.sort_unstable_by_key(|&i| (keys[i], i));
        let mut new = vec![0; old.len()];
        old.iter().enumerate().for_each(|(i, &o)| new[o] = i);
        Self { old, new }
    }
}

/// Position on the Z-order curve: the bits of both coordinates interleaved.
fn curve(x: i64, y: i64) -> u64 {
    let spread = |v: i64| {
        let v = (v + (1 << 30)) as u64;
        (0..32).fold(0, |sum, bit| sum | ((v >> bit) & 1) << (2 * bit))
    };
    spread(x) | spread(y) << 1
}

impl Arranged {
    pub fn new(from: &Instance) -> Self {
        let champions = Renumbered::new(from.champions.iter().map(|c| curve(c.x, c.y)));
        let sessions = Renumbered::new(from.sessions.iter().map(|s| curve(s.x, s.y)));
        let mut instance = Instance {
            champions: champions.old.iter().map(|&i| from.champions[i].clone()).collect(),
            sessions: sessions.old.iter().map(|&i| from.sessions[i].clone()).collect(),
            weights: from.weights.clone(),
            ..*from
        };
        instance.champions.iter_mut().enumerate().for_each(|(i, c)| c.id = i);
        instance.sessions.iter_mut().enumerate().for_each(|(i, s)| s.id = i);
        Self { instance, champions, sessions }
    }

    pub fn inside(&self, a: &Assignment) -> Assignment {
        Assignment { champion: self.champions.new[a.champion], session: self.sessions.new[a.session], role: a.role }
    }

    pub fn session(&self, from: usize) -> usize {
        self.sessions.new[from]
    }

    pub fn outside(&self, a: &Assignment) -> Assignment {
        Assignment { champion: self.champions.old[a.champion], session: self.sessions.old[a.session], role: a.role }
    }
}
