//! What training would open: if so many champions held a module, how many more sessions could run.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::Span;
use crate::clearance::Gap;
use crate::id::{ModuleId, SessionId};
use crate::matching::{Blocker, ChampionRecord, blockers};
use crate::session::SessionNeed;

/// A kind of place that is open at a session ahead.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    /// The session.
    pub session: SessionId,
    /// What the place asks for.
    pub need: &'a SessionNeed,
}

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

/// Who would be opened which places by a module.
type Opened = (String, BTreeMap<usize, Vec<usize>>);

/// What each module would open, for up to `most` champions: what opens most first. `goes_on` is asked before each place; once it says
/// no, nothing is known.
///
/// A place that somebody could take today counts for nothing. Whoever is trained takes one place at a time.
pub fn coverage<P: Borrow<ChampionRecord>>(
    openings: &[Opening<'_>],
    people: &[P],
    most: usize,
    mut goes_on: impl FnMut() -> bool,
) -> Option<Vec<Coverage>> {
    let mut by_module: BTreeMap<ModuleId, Opened> = BTreeMap::new();
    for (place, opening) in openings.iter().enumerate() {
        if !goes_on() {
            return None;
        }
        for (person, module, code) in trainable(opening.need, people).unwrap_or_default() {
            by_module.entry(module).or_insert_with(|| (code, BTreeMap::new())).1.entry(person).or_default().push(place);
        }
    }
    let mut all: Vec<Coverage> =
        by_module.into_iter().map(|(module, (code, opened))| Coverage { module, code, steps: steps(openings, opened, most) }).collect();
    let best = |c: &Coverage| c.steps.last().map_or(0, |step| step.sessions);
    all.sort_by(|a, b| best(b).cmp(&best(a)).then(a.code.cmp(&b.code)));
    Some(all)
}

/// Who could take a place with one module more, and which; none if somebody could as they are.
fn trainable<P: Borrow<ChampionRecord>>(need: &SessionNeed, people: &[P]) -> Option<Vec<(usize, ModuleId, String)>> {
    let mut found = Vec::new();
    for (number, person) in people.iter().enumerate() {
        let blockers = blockers(need, person.borrow());
        if blockers.is_empty() {
            return None;
        }
        found.extend(only_module(&blockers).map(|(module, code)| (number, module, code.to_owned())));
    }
    Some(found)
}

/// One champion after another, always whoever opens most of what is still closed.
fn steps(openings: &[Opening<'_>], mut opened: BTreeMap<usize, Vec<usize>>, most: usize) -> Vec<Step> {
    let (mut taken, mut sessions, mut steps) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    while steps.len() < most {
        let able = opened.iter().map(|(person, places)| (*person, one_at_a_time(openings, places, &taken)));
        let Some((person, places)) = able.max_by(|a, b| a.1.len().cmp(&b.1.len()).then(b.0.cmp(&a.0))) else { break };
        if places.is_empty() {
            break;
        }
        opened.remove(&person);
        sessions.extend(places.iter().map(|place| openings[*place].session));
        taken.extend(places);
        steps.push(Step { champions: steps.len() + 1, sessions: sessions.len() });
    }
    steps
}

/// As many of these places as one person can take: by their end, none that overlap.
fn one_at_a_time(openings: &[Opening<'_>], places: &[usize], taken: &BTreeSet<usize>) -> Vec<usize> {
    let mut free: Vec<usize> = places.iter().copied().filter(|place| !taken.contains(place)).collect();
    free.sort_by_key(|place| (openings[*place].need.span.until, *place));
    let mut until: Option<Span> = None;
    free.retain(|place| {
        let span = openings[*place].need.span;
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
    use crate::matching::tests::{champion, here};
    use uuid::Uuid;

    /// Places at one time and next door that ask for one module.
    fn needs(count: usize) -> Vec<SessionNeed> {
        vec![here(); count]
    }

    fn openings(needs: &[SessionNeed]) -> Vec<Opening<'_>> {
        needs.iter().enumerate().map(|(n, need)| Opening { session: SessionId(Uuid::from_u128(n as u128)), need }).collect()
    }

    fn judged(needs: &[SessionNeed], people: &[ChampionRecord], most: usize) -> Vec<Coverage> {
        coverage(&openings(needs), people, most, || true).expect("nobody stops it")
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

    #[test]
    fn it_stops_when_it_is_told_to() {
        let needs = needs(3);
        for many in 0..3 {
            let mut left = many;
            let goes_on = || {
                left -= 1;
                left >= 0
            };
            assert_eq!(coverage(&openings(&needs), &[untrained(1)], 5, goes_on), None, "after {many}");
        }
    }
}
