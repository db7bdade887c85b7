//! Random boroughs: whatever the facts, a plan breaks no rule. The rules are read a second time here, plainly.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use super::*;
use crate::calendar::monday_of;
use crate::geo::distance_metres;
use crate::id::{ChampionId, SessionId};
use crate::matching::borough::{Seed, champion, need};
use crate::matching::{Booking, ChampionRecord, blockers};
use crate::session::{Modality, SessionNeed, Setting};

/// A fortnight of sessions around a common Tuesday.
fn board(seed: &mut Seed) -> Board {
    let day: NaiveDate = "2026-12-01".parse().expect("a date");
    let start = monday_of(day).and_time(chrono::NaiveTime::MIN).and_utc();
    let people = 1 + seed.below(14);
    let champions: Vec<ChampionRecord> = (0..people).map(|n| champion(seed, n, day)).collect();
    let someone =
        |seed: &mut Seed, one_in: u64| -> BTreeSet<ChampionId> { champions.iter().map(|c| c.id).filter(|_| seed.odds(one_in)).collect() };
    let mut openings = Vec::new();
    for n in 0..1 + seed.below(10) {
        // Away from the ids of the sessions that champions have booked, but for some.
        let session = SessionId(Uuid::from_u128(u128::from(if seed.odds(9) { n } else { 100 + n })));
        let mut need = need(seed, day);
        need.session = Some(session);
        need.pace = crate::travel::TOWN;
        need.span.until = need.span.until.min(need.span.from + TimeDelta::hours(4));
        if !(start..start + TimeDelta::weeks(2)).contains(&need.span.from) {
            continue;
        }
        let beside = if seed.odds(3) { someone(seed, 6) } else { BTreeSet::new() };
        for kind in [PlaceKind::Lead, PlaceKind::Helper] {
            let places = seed.below(3) as usize;
            if places > 0 {
                let (pending, declined) = (someone(seed, 9), someone(seed, 9));
                // Aside, so that the rest of a borough is as it would be without.
                let aside = &mut Seed(seed.0.rotate_left(17));
                let wanted = if aside.odds(8) { aside.below(places as u64 + 1) as usize } else { places };
                let needed = if aside.odds(2) { aside.below(wanted as u64 + 1) as usize } else { wanted };
                let need = SessionNeed { kind, ..need.clone() };
                openings.push(Opening {
                    session,
                    kind,
                    places,
                    needed,
                    wanted,
                    team: 1 + seed.below(3) as usize,
                    need,
                    beside: beside.clone(),
                    pending,
                    declined,
                });
            }
        }
    }
    let spots = openings.iter().filter_map(|o| Some((o.session, o.need.at?))).collect();
    Board { start, weeks: 2, openings, champions, spots }
}

fn as_booking(o: &Opening) -> Booking {
    let with_children = o.need.facts.audience == crate::dbs::Audience::Children;
    Booking { session: o.session, group: o.need.group, span: o.need.span, date: o.need.date, with_children, at: o.need.at }
}

/// The sessions a champion is to have, by the plan.
fn diary<'a>(board: &'a Board, lines: &[Line], champion: ChampionId) -> Vec<&'a Opening> {
    let mine = lines.iter().filter(|l| l.champion == champion);
    mine.map(|l| board.openings.iter().find(|o| (o.session, o.kind) == (l.session, l.kind)).expect("an opening")).collect()
}

fn done_by(board: &Board, lines: &[Line], champion: ChampionId, at: DateTime<Utc>) -> usize {
    let booked = board.champions.iter().find(|c| c.id == champion).map_or(0, |c| c.bookings.iter().filter(|b| b.span.until <= at).count());
    booked + diary(board, lines, champion).iter().filter(|o| o.need.span.until <= at).count()
}

fn breaks(board: &Board, lines: &[Line]) -> Option<String> {
    let mut filled: BTreeMap<Line, usize> = BTreeMap::new();
    for line in lines {
        let opening = board.openings.iter().find(|o| (o.session, o.kind) == (line.session, line.kind)).expect("an opening");
        *filled.entry(Line { champion: ChampionId(Uuid::nil()), ..*line }).or_default() += 1;
        if filled[&Line { champion: ChampionId(Uuid::nil()), ..*line }] > opening.wanted {
            return Some("more champions than wanted".into());
        }
        if opening.declined.contains(&line.champion) {
            return Some("said no".into());
        }
        let mut record = board.champions.iter().find(|c| c.id == line.champion).expect("a champion").clone();
        let others = diary(board, lines, line.champion).into_iter().filter(|o| !std::ptr::eq(*o, opening));
        record.bookings.extend(others.clone().map(as_booking));
        let found = blockers(&opening.need, &record);
        if !found.is_empty() {
            return Some(format!("{found:?}"));
        }
        for other in others {
            let (first, second) = if other.need.span.from < opening.need.span.from { (other, opening) } else { (opening, other) };
            let gap = (second.need.span.from - first.need.span.until).num_minutes();
            let afoot = first.need.modality == Modality::InPerson && second.need.modality == Modality::InPerson;
            let metres = first.need.at.zip(second.need.at).map_or(0, |(a, b)| i64::from(distance_metres(a, b)));
            // A hundred metres for the plane the planner works on.
            if gap < 15 || afoot && metres - 100 > 300 * (gap - 15) {
                return Some(format!("{metres} m in {gap} min"));
            }
        }
        if let Some(why) = lacks_company(board, lines, opening, line.champion) {
            return Some(why);
        }
    }
    None
}

fn lacks_company(board: &Board, lines: &[Line], opening: &Opening, champion: ChampionId) -> Option<String> {
    let planned = lines.iter().filter(|l| l.session == opening.session).map(|l| l.champion);
    let beside: Vec<ChampionId> = planned.chain(opening.beside.iter().copied()).filter(|c| *c != champion).collect();
    if opening.need.setting == Setting::HomeVisit && opening.team > 1 && beside.is_empty() {
        return Some("alone on a home visit".into());
    }
    let at = opening.need.span.from;
    let new = done_by(board, lines, champion, at) < 2;
    (new && !beside.iter().any(|c| done_by(board, lines, *c, at) >= 2)).then(|| "new and alone".into())
}

fn plan(board: &Board, wishes: &Wishes) -> Planned {
    board.plan(wishes, &mut |_| ControlFlow::Continue(())).expect("a plan")
}

#[test]
fn no_rule_is_broken_in_ten_thousand_boroughs() {
    let boroughs = 0..10_000;
    let (mut planned, mut filled, mut looked_again) = (0, 0, 0);
    for n in boroughs.clone() {
        let board = board(&mut Seed(n));
        let plan = plan(&board, &Wishes { seed: n, locked: vec![] });
        assert_eq!(breaks(&board, &plan.lines), None, "borough {n}: {:#?}", plan.lines);
        assert!(board.troubles(&plan.lines).iter().all(Vec::is_empty), "borough {n}");
        assert!(plan.bound <= plan.objective, "borough {n}: bound {} over {}", plan.bound, plan.objective);
        let empty: usize = plan.figures.unfilled.iter().map(|u| u.missing).sum();
        assert_eq!(empty + plan.lines.len(), plan.figures.places, "borough {n}");
        planned += usize::from(!plan.lines.is_empty());
        filled += plan.lines.len();
        looked_again += usize::from(plan.figures.dropped > 0);
    }
    let share = |part: usize| part as f64 / (boroughs.end - boroughs.start) as f64;
    assert!(
        share(planned) > 0.1 && share(filled) > 0.2 && share(looked_again) > 0.01,
        "{planned} planned, {filled} filled, {looked_again} again"
    );
}

#[test]
fn nobody_who_could_come_is_left_out_where_one_place_is_empty_and_nothing_stops_them() {
    for n in 0..300 {
        let board = board(&mut Seed(n));
        let plan = plan(&board, &Wishes { seed: n, locked: vec![] });
        for empty in &plan.figures.unfilled {
            for champion in &board.champions {
                let line = Line { session: empty.session, kind: empty.kind, champion: champion.id };
                let more: Vec<Line> = plan.lines.iter().copied().chain([line]).collect();
                let close = || plan.lines.iter().any(|l| l.champion == champion.id) || !champion.bookings.is_empty();
                let could = board.troubles(&more).iter().all(Vec::is_empty) && champion.most_per_week != Some(0);
                assert!(!could || close(), "borough {n}: {line:?}");
            }
        }
    }
}

/// The same borough if nobody wished for more than is needed.
fn bare(board: &Board) -> Board {
    let mut bare = board.clone();
    bare.openings.iter_mut().for_each(|o| o.wanted = o.needed);
    bare
}

#[test]
fn no_needed_place_is_given_for_one_that_would_be_nice() {
    let (mut more, mut both) = (0, 0);
    for n in 0..2_000 {
        let board = board(&mut Seed(n));
        let wishes = Wishes { seed: n, locked: vec![] };
        let (all, least) = (plan(&board, &wishes), plan(&bare(&board), &wishes));
        assert!(
            least.lines.iter().all(|line| all.lines.contains(line)),
            "borough {n}: what is needed is planned as if it were all there is"
        );
        assert_eq!((all.objective, all.bound), (least.objective, least.bound), "borough {n}");
        assert!(all.figures.needed_filled >= least.figures.needed_filled, "borough {n}");
        let missing: usize = all.figures.unfilled.iter().map(|u| u.needed).sum();
        assert_eq!(missing + all.figures.needed_filled, all.figures.needed, "borough {n}");
        more += usize::from(all.lines.len() > least.lines.len());
        both += usize::from(all.lines.len() > least.lines.len() && !least.lines.is_empty());
    }
    assert!(more > 40 && both > 20, "{more} boroughs with more than is needed, {both} of them with both");
}

#[test]
fn one_champion_for_two_sessions_at_once_goes_where_they_are_needed() {
    let mut board = simple(&[(PlaceKind::Helper, 1)]);
    let begins = board.openings[0].need.span.from;
    board.champions.iter_mut().for_each(|c| c.bookings.retain(|b| b.span.until <= begins));
    let mut nice = board.openings[0].clone();
    nice.session = SessionId(Uuid::from_u128(1));
    (nice.need.session, nice.needed) = (Some(nice.session), 0);
    // Nearer in the list, so that nothing but the need speaks for the other.
    board.openings.insert(0, nice);
    let both = plan(&board, &Wishes::default());
    assert_eq!(both.lines.len(), 2);
    let locked = vec![Line { session: board.openings[0].session, kind: PlaceKind::Helper, champion: board.champions[0].id }];
    board.champions.truncate(1);
    let one = plan(&board, &Wishes::default());
    assert_eq!(one.lines.iter().map(|l| l.session).collect::<Vec<_>>(), [board.openings[1].session]);
    assert_eq!((one.figures.places, one.figures.filled, one.figures.needed, one.figures.needed_filled), (2, 1, 1, 1));
    assert_eq!(plan(&board, &Wishes { seed: 0, locked: locked.clone() }).lines, locked, "but for a coordinator's word");
    board.openings[0].wanted = 0;
    assert_eq!(plan(&board, &Wishes::default()).figures.unfilled, [], "what is open beyond the ideal is nobody's concern");
}

#[test]
fn the_same_seed_plans_the_same_on_any_thread_and_locked_lines_stay() {
    for n in 0..60 {
        let board = board(&mut Seed(n));
        let wishes = Wishes { seed: 5, locked: vec![] };
        let first = plan(&board, &wishes);
        let others: Vec<Planned> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| plan(&board, &wishes))).collect();
            threads.into_iter().map(|t| t.join().expect("a plan")).collect()
        });
        assert!(others.iter().all(|other| *other == first), "borough {n}");
        let locked: Vec<Line> = first.lines.iter().copied().step_by(2).collect();
        let stays = board.standing(&[], &locked);
        let again = plan(&board, &Wishes { seed: 6, locked: stays.clone() });
        assert!(stays.iter().all(|line| again.lines.contains(line)), "borough {n}");
        assert_eq!(breaks(&board, &again.lines), None);
    }
}

/// Two cleared champions with experience, each free in those weeks, and sessions that ask for nothing special.
fn simple(places: &[(PlaceKind, usize)]) -> Board {
    let able = |o: &Opening, c: &ChampionRecord| {
        let done = c.bookings.iter().filter(|b| b.span.until <= o.need.span.from).count();
        blockers(&o.need, c).is_empty() && done >= 2
    };
    let somebody = |b: Board| {
        let opening = b.openings.iter().find(|o| o.kind == PlaceKind::Helper && b.champions.iter().any(|c| able(o, c)))?.clone();
        let champion = b.champions.iter().find(|c| able(&opening, c))?.clone();
        Some((b, opening, champion))
    };
    let (mut board, opening, able) = (0..).find_map(|n| somebody(board(&mut Seed(n)))).expect("some borough has somebody");
    let fresh = |n: u128, record: &ChampionRecord| ChampionRecord { id: ChampionId(Uuid::from_u128(n)), ..record.clone() };
    board.champions = vec![fresh(1, &able), fresh(2, &able)];
    board.spots = HashMap::new();
    let need = SessionNeed { setting: Setting::Group, responsible_adult: true, ..opening.need.clone() };
    let of = |(kind, places): &(PlaceKind, usize)| Opening {
        kind: *kind,
        places: *places,
        needed: *places,
        wanted: *places,
        team: 3,
        need: SessionNeed { kind: *kind, ..need.clone() },
        beside: BTreeSet::new(),
        pending: BTreeSet::new(),
        declined: BTreeSet::new(),
        session: opening.session,
    };
    board.openings = places.iter().map(of).collect();
    board
}

#[test]
fn helpers_are_planned_where_nobody_can_lead() {
    let mut board = simple(&[(PlaceKind::Lead, 1), (PlaceKind::Helper, 2)]);
    board.champions.iter_mut().for_each(|c| c.bookings.retain(|b| b.span.until <= board.openings[0].need.span.from));
    // The lead's place asks for a module that nobody holds.
    board.openings[0].need.modules = vec![(crate::id::ModuleId(Uuid::from_u128(77)), "LEAD".into())];
    let plan = plan(&board, &Wishes::default());
    assert_eq!(plan.lines.iter().map(|l| l.kind).collect::<Vec<_>>(), [PlaceKind::Helper; 2]);
    assert_eq!(plan.figures.unfilled.len(), 1);
    assert_eq!((plan.figures.unfilled[0].kind, plan.figures.unfilled[0].missing), (PlaceKind::Lead, 1));
}

#[test]
fn a_new_champion_is_planned_beside_somebody_experienced_and_not_alone() {
    let mut board = simple(&[(PlaceKind::Helper, 2)]);
    let begins = board.openings[0].need.span.from;
    board.champions.iter_mut().for_each(|c| c.bookings.retain(|b| b.span.until <= begins));
    board.champions[0].bookings = Default::default();
    let both = plan(&board, &Wishes::default());
    assert_eq!(both.lines.len(), 2, "{both:#?}");
    board.champions.truncate(1);
    let alone = plan(&board, &Wishes::default());
    assert_eq!(alone.lines, []);
    assert_eq!(alone.figures.unfilled[0].lacking_company, 1);
    let line = Line { session: board.openings[0].session, kind: PlaceKind::Helper, champion: board.champions[0].id };
    assert_eq!(add(&board, line, &[]), Err(vec![CannotAddLine::NobodyBeside { trouble: Trouble::NewAndAlone }]));
}

#[test]
fn nobody_goes_to_a_home_visit_of_two_alone() {
    let mut board = simple(&[(PlaceKind::Helper, 2)]);
    board.openings[0].need.setting = Setting::HomeVisit;
    board.champions.iter_mut().for_each(|c| c.bookings.retain(|b| b.span.until <= board.openings[0].need.span.from));
    let grown: NaiveDate = "1980-01-01".parse().expect("a date");
    board.champions.iter_mut().for_each(|c| c.clearance.birth_date = Some(grown));
    assert_eq!(plan(&board, &Wishes::default()).lines.len(), 2);
    board.champions.truncate(1);
    assert_eq!(plan(&board, &Wishes::default()).lines, []);
    board.openings[0].team = 1;
    (board.openings[0].places, board.openings[0].needed, board.openings[0].wanted) = (1, 1, 1);
    assert_eq!(plan(&board, &Wishes::default()).lines.len(), 1, "a visit for one is lone working, which its module is for");
}
