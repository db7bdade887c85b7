//! The stage board: how many, how long, waiting on whom, who is overdue, and who they are.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::both;
use crate::harness::World;

const BOARD: &str = "{ onboardingBoard { stages { stage count medianDays idealDays mostDays overdueCount waiting { waitingOn count } champions(first: 100) { totalCount nodes { id } } }
    requirements { title count medianDays overdueCount waiting { waitingOn count } requirement { kind } champions(first: 100) { totalCount } } } }";
const LIMIT: &str = "mutation($input: OnboardingStageLimitInput!) { onboardingStageLimit(input: $input) { board { stages { stage mostDays overdueCount } } userErrors { code field message } } }";
const IN_STAGE: &str = "query($stage: Membership!) { champions(first: 100, filter: {memberships: [$stage]}) { nodes { id } } }";

async fn board(world: &World) -> Value {
    world.sign_in("coordinator").await.ask(BOARD, json!({})).await["onboardingBoard"].take()
}

fn stage(board: &Value, name: &str) -> Value {
    let stages = board["stages"].as_array().cloned().expect("stages");
    stages.into_iter().find(|s| s["stage"] == name).expect("a stage")
}

both!(the_board_counts_everybody_on_their_way_in_once_a_stage, |world| async move {
    let coordinator = world.sign_in("coordinator").await;
    let board = board(&world).await;
    let names: Vec<_> = board["stages"].as_array().expect("stages").iter().map(|s| s["stage"].clone()).collect();
    assert_eq!(names, ["ENQUIRED", "APPLIED", "SCREENING", "APPROVED", "ON_TRIAL"]);
    for name in names {
        let line = stage(&board, name.as_str().expect("a name"));
        let there = coordinator.ask(IN_STAGE, json!({ "stage": name })).await["champions"]["nodes"].clone();
        assert_eq!(line["champions"]["nodes"], there, "{name}: who they are");
        let count = there.as_array().expect("champions").len();
        assert_eq!((line["count"].as_u64(), line["champions"]["totalCount"].as_u64()), (Some(count as u64), Some(count as u64)));
        let waiting: u64 = line["waiting"].as_array().expect("counts").iter().filter_map(|w| w["count"].as_u64()).sum();
        assert_eq!(waiting, count as u64, "each waits for somebody");
        assert_eq!(line["medianDays"].is_null(), count == 0);
    }
    let lines = board["requirements"].as_array().expect("lines");
    let references = lines.iter().find(|l| l["requirement"]["kind"] == "REFERENCE").expect("somebody lacks references");
    assert_eq!(references["waiting"], json!([{ "waitingOn": "REFEREE", "count": references["count"] }]));
    assert_eq!(references["champions"]["totalCount"], references["count"]);
});

both!(time_makes_overdue_and_the_limit_is_the_coordinators, |world| async move {
    let count = stage(&board(&world).await, "APPLIED")["count"].clone();
    world.pass(TimeDelta::days(29));
    let coordinator = world.sign_in("coordinator").await;
    let line = stage(&board(&world).await, "APPLIED");
    assert_eq!(line["overdueCount"], count, "28 days are over for everybody");
    let input = json!({ "stage": "APPLIED", "idealDays": 20, "mostDays": 730 });
    let changed = coordinator.done(LIMIT, json!({ "input": input })).await;
    let after = stage(&changed["board"], "APPLIED");
    assert_eq!((&after["mostDays"], &after["overdueCount"]), (&json!(730), &json!(0)));
    for (stage, ideal, most, code) in [("ACTIVE", 1, 2, "NOT_A_STAGE"), ("APPLIED", 3, 2, "DAYS"), ("APPLIED", 0, 2, "DAYS")] {
        let input = json!({ "stage": stage, "idealDays": ideal, "mostDays": most });
        assert_eq!(coordinator.refused(LIMIT, json!({ "input": input })).await, [code], "{stage}");
    }
    assert_eq!(world.sign_in("trainer").await.fault(LIMIT, json!({ "input": input })).await, "FORBIDDEN");
});

both!(the_lines_lead_to_those_who_are_overdue_and_to_those_who_wait_for_one, |world| async move {
    const DRILL: &str = "{ onboardingBoard { stages { overdueCount waiting { waitingOn count } all: champions(first: 0) { totalCount }
        overdue: champions(overdueOnly: true, first: 0) { totalCount } theirs: champions(waitingOn: CHAMPION, first: 0) { totalCount } } } }";
    for days in [0, 20, 60] {
        world.pass(TimeDelta::days(days));
        let data = world.sign_in("coordinator").await.ask(DRILL, json!({})).await;
        for line in data["onboardingBoard"]["stages"].as_array().expect("stages") {
            assert_eq!(line["overdue"]["totalCount"], line["overdueCount"]);
            let on_champion = line["waiting"].as_array().expect("counts").iter().find(|w| w["waitingOn"] == "CHAMPION");
            assert_eq!(line["theirs"]["totalCount"], on_champion.map_or(json!(0), |w| w["count"].clone()));
        }
    }
});

both!(the_board_costs_the_same_however_many_are_on_their_way_in, |world| async move {
    let coordinator = world.sign_in("coordinator").await;
    let mut counts = Vec::new();
    for more in [0, 25] {
        for number in 0..more {
            let form = crate::champion::form(&format!("board.{number}@example.org"));
            world.partner().done(crate::champion::SIGN_UP, json!({ "input": form })).await;
        }
        world.statements.lock().expect("a list").clear();
        coordinator.ask(BOARD, json!({})).await;
        counts.push(world.statements.lock().expect("a list").len());
    }
    assert_eq!(counts[0], counts[1], "as many statements for 25 people more");
    assert!(counts[0] <= 80, "{counts:?}");
});
