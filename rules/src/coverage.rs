//! What training would open: if so many champions held a module, how many more sessions could run.

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::Span;
use crate::clearance::Gap;
use crate::id::{ChampionId, ModuleId, SessionId};
use crate::matching::{Blocker, BlockerKind, Index, blockers};
use crate::session::SessionNeed;

/// So many champions more with a module, and the sessions that could run then and can't now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// How many champions.
    pub champions: usize,
    /// How many sessions.
    pub sessions: usize,
}

/// What a module would open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The module.
    pub module: ModuleId,
    /// Its code.
    pub code: String,
    /// For one champion more, two, and so on, while each opens something.
    pub steps: Vec<Step>,
}

/// The module that alone stands between somebody and a place.
fn only_module(blockers: &[Blocker]) -> Option<(ModuleId, &str)> {
    let mut found = None;
    for blocker in blockers {
        let Blocker::Clearance(Gap::Module { module, code, .. }) = blocker else { return None };
        if found.is_some_and(|(other, _)| other != *module) {
            return None;
        }
        found = Some((*module, code.as_str()));
    }
    found
}

/// The code of a module, and who would be opened which places by it.
type Opened = (String, BTreeMap<ChampionId, Vec<usize>>);

/// Open places of the weeks ahead that nobody could take, gathered one by one, and what keeps people from them.
#[derive(Clone, Debug, Default)]
pub struct Openings {
    places: Vec<(SessionId, Span)>,
    by_module: BTreeMap<ModuleId, Opened>,
}

impl Openings {
    /// Weighs a place that is open. One that somebody could take today counts for nothing.
    pub fn weigh(&mut self, session: SessionId, need: &SessionNeed, people: &Index) {
        let place = self.places.len();
        let Some(near) = people.stopped_by_alone(BlockerKind::Training, need) else { return };
        for person in near {
            if let Some((module, code)) = only_module(&blockers(need, person)) {
                let (_, opened) = self.by_module.entry(module).or_insert_with(|| (code.to_owned(), BTreeMap::new()));
                opened.entry(person.id).or_default().push(place);
            }
        }
        self.places.push((session, need.span));
    }

    /// What each module would open, for up to `most` champions: what opens most first. Whoever is trained takes one place at a time.
    pub fn coverage(self, most: usize) -> Vec<Coverage> {
        let Self { places, by_module } = self;
        let of = |(module, (code, opened))| Coverage { module, code, steps: steps(&places, opened, most) };
        let mut all: Vec<Coverage> = by_module.into_iter().map(of).collect();
        let best = |c: &Coverage| c.steps.last().map_or(0, |step| step.sessions);
        all.sort_by(|a, b| best(b).cmp(&best(a)).then(a.code.cmp(&b.code)));
        all
    }
}

/// One champion after another, always whoever opens most of what is still closed.
fn steps(all: &[(SessionId, Span)], mut opened: BTreeMap<ChampionId, Vec<usize>>, most: usize) -> Vec<Step> {
    let (mut taken, mut sessions, mut steps) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    while steps.len() < most {
        let able = opened.iter().map(|(person, places)| (*person, one_at_a_time(all, places, &taken)));
        let Some((person, places)) = able.max_by(|a, b| a.1.len().cmp(&b.1.len()).then(b.0.cmp(&a.0))) else { break };
        if places.is_empty() {
            break;
        }
        opened.remove(&person);
        sessions.extend(places.iter().map(|place| all[*place].0));
        taken.extend(places);
        steps.push(Step { champions: steps.len() + 1, sessions: sessions.len() });
    }
    steps
}

/// As many of these places as one person can take: by their end, none that overlap.
fn one_at_a_time(all: &[(SessionId, Span)], places: &[usize], taken: &BTreeSet<usize>) -> Vec<usize> {
    let mut free: Vec<usize> = places.iter().copied().filter(|place| !taken.contains(place)).collect();
    free.sort_by_key(|place| (all[*place].1.until, *place));
    let mut until: Option<Span> = None;
    free.retain(|place| {
        let span = all[*place].1;
        let fits = until.is_none_or(|last| !last.overlaps(span));
        if fits {
            until = Some(span);
        }
        fits
    });
    free
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clearance::tests::cleared;
    use crate::matching::ChampionRecord;
    use crate::matching::tests::{champion, here};
    use uuid::Uuid;

    /// Places at one time and next door that ask for one module.
    fn needs(count: usize) -> Vec<SessionNeed> {
        vec![here(); count]
    }

    fn judged(needs: &[SessionNeed], people: &[ChampionRecord], most: usize) -> Vec<Coverage> {
        let (mut openings, index) = (Openings::default(), Index::build(people));
        needs.iter().enumerate().for_each(|(n, need)| openings.weigh(SessionId(Uuid::from_u128(n as u128)), need, &index));
        openings.coverage(most)
    }

    fn untrained(n: u128) -> ChampionRecord {
        let mut person = champion(n);
        person.clearance.completions.clear();
        person
    }

    #[test]
    fn what_somebody_could_do_today_counts_for_nothing() {
        let needs = needs(1);
        assert_eq!(judged(&needs, &[champion(1), untrained(2)], 5), []);
        let found = judged(&needs, &[untrained(1), untrained(2)], 5);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].steps, [Step { champions: 1, sessions: 1 }], "the second would open nothing more");
        assert_eq!(cleared().completions.len(), champion(1).clearance.completions.len());
    }

    #[test]
    fn nobody_is_in_two_places() {
        let same = needs(2);
        let found = judged(&same, &[untrained(1), untrained(2), untrained(3)], 5);
        assert_eq!(found[0].steps, [Step { champions: 1, sessions: 1 }, Step { champions: 2, sessions: 2 }]);
        assert_eq!(judged(&same, &[untrained(1), untrained(2)], 1)[0].steps.len(), 1, "no more than asked for");
    }

    #[test]
    fn whoever_lacks_more_is_not_counted() {
        let needs = needs(1);
        let mut unchecked = untrained(1);
        unchecked.clearance.checks.clear();
        assert_eq!(judged(&needs, &[unchecked], 5), []);
    }
}
