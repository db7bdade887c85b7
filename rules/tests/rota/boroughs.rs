//! Random boroughs of odd shapes: ties, clashes, leads, overlapping windows, nights, zero weights, nobody, nothing to do.
use rules::rota::{Champion, Instance, Role, Session, Weights};

/// SplitMix64.
pub struct Dice(pub u64);

impl Dice {
    /// 0 to `n` - 1.
    pub fn roll(&mut self, n: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n as u64) as i64
    }

    pub fn pick(&mut self, from: &[i64]) -> i64 {
        from[self.roll(from.len() as i64) as usize]
    }
}

/// At most `champions` people and `sessions` sessions, often fewer.
pub fn borough(seed: u64, champions: i64, sessions: i64) -> Instance {
    let d = &mut Dice(seed);
    let weeks = d.pick(&[1, 1, 2, 8]);
    let ground = d.pick(&[1, 3000, 20_000]);
    let (people, events) = (d.roll(champions + 1), d.roll(sessions + 1));
    Instance {
        weeks,
        buffer: d.pick(&[0, 15, 60]),
        speed: d.pick(&[0, 1, 300, 1000]),
        weights: Weights {
            unfilled: d.pick(&[0, 1000, 100_000]),
            fairness: d.pick(&[0, 1, 2000]),
            travel_unit: d.pick(&[1, 10, 1000]),
            continuity: d.pick(&[0, 300, 5000]),
        },
        champions: (0..people).map(|i| champion(d, i as usize, ground)).collect(),
        sessions: (0..events).map(|i| session(d, i as usize, ground, weeks)).collect(),
    }
}

fn champion(d: &mut Dice, id: usize, ground: i64) -> Champion {
    Champion {
        id,
        x: d.roll(ground) - ground / 2,
        y: d.roll(ground),
        max_travel: d.pick(&[0, 4000, 12_000, 40_000]),
        dbs: d.roll(4),
        dbs_until: d.pick(&[-1, 3, 700, 700]),
        modules: (0..d.roll(4)).map(|_| (d.roll(3), d.pick(&[2, 900, 900]))).collect(),
        availability: (0..d.roll(12)).map(|_| window(d)).collect(),
        max_per_week: d.pick(&[0, 1, 2, 3, 5]),
        groups: (0..d.roll(3)).map(|_| d.roll(3)).collect(),
    }
}

fn window(d: &mut Dice) -> (i64, i64, i64) {
    let from = d.pick(&[0, 480, 540, 1200]);
    (d.roll(3), from, from + d.pick(&[60, 600, 900]))
}

fn session(d: &mut Dice, id: usize, ground: i64, weeks: i64) -> Session {
    let day = d.roll(3) + 7 * d.roll(weeks);
    let start = day * 1440 + d.pick(&[540, 600, 630, 720, 1380]);
    let roles = match d.roll(6) {
        0 => vec![],
        1 => vec![role(d, "helper")],
        2 => vec![role(d, "lead")],
        3 => vec![role(d, "lead"), role(d, "helper"), role(d, "scribe")],
        _ => vec![role(d, "lead"), role(d, "helper")],
    };
    let (x, y) = (d.roll(ground) - ground / 2, d.roll(ground));
    Session {
        id,
        group: d.roll(3),
        x,
        y,
        start,
        end: start + d.pick(&[1, 60, 120]),
        priority: 1 + d.roll(5),
        dbs: d.pick(&[0, 0, 1, 3]),
        remote: false,
        roles,
    }
}

fn role(d: &mut Dice, name: &str) -> Role {
    Role { role: name.into(), places: d.pick(&[0, 1, 1, 1, 2]), modules: (0..d.pick(&[0, 0, 1, 2])).map(|_| d.roll(3)).collect() }
}
