use super::*;
use crate::calendar::age_on;
use crate::clearance::age_needed;
use crate::input::Language;
use crate::matching::borough::{self, Seed, date_of};
use crate::matching::{ChampionRecord, Ranking, rank, rank_by};
use chrono::{Days, NaiveDate};
use proptest::prelude::*;

fn points(ranking: &Ranking, kind: FactorKind) -> f64 {
    let factor = ranking.matches[0].factors.iter().find(|f| f.kind == kind).expect("every factor");
    factor.weight * factor.value
}

/// Somebody who can come, and what to.
fn found(seed: u64) -> Option<(SessionNeed, ChampionRecord, NaiveDate)> {
    let mut seed = Seed(seed);
    let date = date_of(&mut seed);
    let (need, champion) = (borough::need(&mut seed, date), borough::champion(&mut seed, 1, date));
    let fits = rank(&need, std::slice::from_ref(&champion), borough::now()).matches.len() == 1;
    fits.then_some((need, champion, date))
}

#[test]
fn defaults_add_up_to_a_hundred_and_the_rest_is_shared_out() {
    assert_eq!(Weights::default().points(), [25.0, 20.0, 5.0, 15.0, 20.0, 10.0, 5.0]);
    assert_eq!(Weights::default().points().iter().sum::<f64>(), 100.0);
    let near = Weights { distance: 1, topics: 0, language: 0, continuity: 0, fairness: 0, least_recently_asked: 0, slack: 0 };
    assert_eq!(near.points()[0], 100.0);
    assert_eq!(Weights { distance: 0, ..near }.points(), [0.0; FACTORS]);
}

#[test]
fn weights_are_read_from_text_and_nonsense_is_named() {
    let near: Weights = "distance=60, topics=0".parse().expect("weights");
    assert_eq!(near, Weights { distance: 60, topics: 0, ..Weights::default() });
    assert_eq!("".parse(), Ok(Weights::default()));
    for kind in FactorKind::ALL {
        assert!(format!("{}=1", kind.code().to_lowercase()).parse::<Weights>().is_ok(), "{kind} can be weighed");
    }
    let nothing = "distance=0,topics=0,language=0,continuity=0,fairness=0,least_recently_asked=0,slack=0";
    for (text, says) in [("age=5", "age"), ("distance", "name=parts"), ("slack=-1", "slack"), ("topics=70000", "65535"), (nothing, "more")]
    {
        assert!(text.parse::<Weights>().is_err_and(|said| said.contains(says)), "{text}");
    }
}

#[test]
fn what_lapses_the_day_after_counts_less() {
    use crate::clearance::tests::{cleared, need};
    let champion = |last: &str| {
        let mut record = borough::champion(&mut Seed(1), 1, need().date);
        record.clearance = cleared();
        record.clearance.completions[0].expires_on = Some(last.parse().expect("a date"));
        Marks::of(&need(), &record, borough::now())
    };
    let slack = |last| champion(last).values()[FACTORS - 1];
    assert_eq!(slack("2026-12-01"), 0.0, "on the day itself");
    assert_eq!(slack("2026-12-14"), 0.0);
    assert_eq!(slack("2026-12-15"), 1.0 / 6.0);
    assert_eq!(slack("2027-02-23"), 1.0);
    assert_eq!(champion("2035-01-01").slack_days, Some(762), "the check's recheck comes first");
}

#[test]
fn unasked_languages_make_no_difference() {
    let (need, champion, _) = (0..).find_map(|seed| found(seed).filter(|(need, ..)| need.language.is_none())).expect("somebody");
    let polyglot = ChampionRecord { languages: vec![Language::Eng, Language::Urd, Language::Pol], ..champion.clone() };
    let score = |champion| points(&rank(&need, &[champion], borough::now()), FactorKind::Language);
    assert_eq!((score(champion), score(polyglot)), (5.0, 5.0));
}

proptest! {
    #[test]
    fn scores_lie_between_nothing_and_a_hundred(seed: u64, parts: [u16; 7]) {
        let [distance, topics, language, continuity, fairness, least_recently_asked, slack] = parts;
        let weights = Weights { distance, topics, language, continuity, fairness, least_recently_asked, slack };
        let mut seed = Seed(seed);
        let date = date_of(&mut seed);
        let champions: Vec<ChampionRecord> = (0..60).map(|n| borough::champion(&mut seed, n, date)).collect();
        let need = borough::need(&mut seed, date);
        let ranking = rank_by(&need, &champions, &weights, borough::now());
        for found in &ranking.matches {
            prop_assert!((0.0..=100.0).contains(&found.score), "{}", found.score);
            let sum: f64 = found.factors.iter().map(|f| f.weight * f.value).sum();
            prop_assert!((found.score - sum).abs() < 1e-9, "every point is accounted for");
        }
        let turned: Vec<ChampionRecord> = champions.into_iter().rev().collect();
        prop_assert_eq!(ranking, rank_by(&need, &turned, &weights, borough::now()));
    }

    /// Age is a protected characteristic: where the limits are kept, no birth date changes a score or an order. The others
    /// (disability, race, religion, sex and so on) are not among the facts, and neither are names.
    #[test]
    fn age_is_a_limit_and_never_a_factor(seed: u64, older in proptest::collection::vec(0u64..30_000, 60)) {
        let mut seed = Seed(seed);
        let date = date_of(&mut seed);
        let champions: Vec<ChampionRecord> = (0..60).map(|n| borough::champion(&mut seed, n, date)).collect();
        let need = borough::need(&mut seed, date);
        let mut aged = champions.clone();
        for (champion, days) in aged.iter_mut().zip(older) {
            let birth = &mut champion.clearance.birth_date;
            *birth = birth.map(|born| if age_on(born, need.date) < age_needed(&need) { born } else { born - Days::new(days) });
        }
        prop_assert_eq!(rank(&need, &champions, borough::now()), rank(&need, &aged, borough::now()));
    }
}
