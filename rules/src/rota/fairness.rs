//! How evenly the work is spread.
use super::instance::Assignment;

/// Figures over all champions, those with nothing included.
#[derive(Clone, Debug, PartialEq)]
pub struct Fairness {
    /// `loads[k]` champions take k places.
    pub loads: Vec<usize>,
    /// The most places anyone takes.
    pub max: usize,
    /// Sum of squared loads: what the objective counts.
    pub squares: i64,
    /// Root of the summed squares of the distance from the mean: 0 when all have the same.
    pub unfairness: f64,
}

impl Fairness {
    /// From a rota of `champions` people.
    pub fn of(champions: usize, rota: &[Assignment]) -> Self {
        let mut load = vec![0usize; champions];
        rota.iter().for_each(|a| load[a.champion] += 1);
        Self::of_loads(&load)
    }

    /// From how many places each takes.
    pub fn of_loads(load: &[usize]) -> Self {
        let max = load.iter().copied().max().unwrap_or(0);
        let mut loads = vec![0; max + 1];
        load.iter().for_each(|&l| loads[l] += 1);
        let squares: i64 = load.iter().map(|&l| (l * l) as i64).sum();
        let total = load.iter().sum::<usize>() as f64;
        let spread = squares as f64 - total * total / (load.len().max(1)) as f64;
        Self { loads, max, squares, unfairness: spread.max(0.0).sqrt() }
    }

    /// Orders rotas of the same people: the lower the fairer. Squares first; where they tie, whoever has most has less.
    pub fn rank(&self) -> (i64, Vec<usize>) {
        let heavy = self.loads.iter().enumerate().rev();
        (self.squares, heavy.flat_map(|(k, &n)| std::iter::repeat_n(k, n)).collect())
    }
}
