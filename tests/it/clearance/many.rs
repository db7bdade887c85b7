//! A fact about many changes: everybody it touches is judged again, in parts.

use std::time::Duration;

use entity::{assignment, audit_event, clearance_due, evidence};
use rules::assignment::AssignmentStatus;
use rules::id::{AssignmentId, ChampionId};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter};
use serde_json::json;

use super::exemption::SUPERSEDE;
use super::{booked, standing};
use crate::both;
use crate::harness::{World, uuid};

async fn noted(world: &World) -> u64 {
    clearance_due::Entity::find().count(world.app.db.read()).await.expect("a count")
}

both!(whoever_could_not_be_judged_at_once_is_judged_by_the_clock, |world| async move {
    let (coordinator, who) = (world.sign_in("coordinator").await, booked(&world).await);
    let champion = ChampionId(uuid(&who.champion));
    // As after a replica that ended between the change and its consequences.
    let tx = world.app.db.begin().await.expect("begun");
    evidence::Entity::delete_many().filter(evidence::Column::ChampionId.eq(champion)).exec(&tx).await.expect("gone");
    clearance_due::Model { champion_id: champion }.into_active_model().insert(&tx).await.expect("noted");
    tx.commit().await.expect("committed");
    assert_eq!(standing(&coordinator, &who.assignment).await["atRiskSince"], json!(null));

    world.work().await;
    assert!(standing(&coordinator, &who.assignment).await["atRiskSince"].is_string());
    assert_eq!(noted(&world).await, 0);
    let judged = audit_event::Entity::find().filter(audit_event::Column::Action.eq("ClearanceJudge"));
    let judged = judged.filter(audit_event::Column::SubjectId.eq(uuid(&who.assignment))).all(world.app.db.read()).await.expect("rows");
    assert_eq!(judged.iter().map(|row| row.request_id.as_str()).collect::<Vec<_>>(), ["job:clearance.judge"]);
});

async fn confirm(conn: &impl ConnectionTrait, of: assignment::Column, id: uuid::Uuid, from: AssignmentStatus, to: AssignmentStatus) {
    let rows = assignment::Entity::update_many().filter(of.eq(id)).filter(assignment::Column::Status.eq(from));
    rows.col_expr(assignment::Column::Status, Expr::value(to.code())).exec(conn).await.expect("set");
}

both!(whoever_says_yes_while_the_wording_changes_is_judged_by_the_new_one, |world| async move {
    let (coordinator, who) = (world.sign_in("coordinator").await, booked(&world).await);
    let (champion, assignment) = (ChampionId(uuid(&who.champion)), AssignmentId(uuid(&who.assignment)));
    let (confirmed, before) = (AssignmentStatus::Confirmed, AssignmentStatus::Released);
    confirm(world.app.db.single(), assignment::Column::ChampionId, champion.0, confirmed, before).await;
    let new = json!({ "requirementId": world.requirement_id("AGREEMENT").await, "name": "New wording", "inForceFrom": "2026-11-21" });
    // Judged by the old wording, and not yet committed.
    let saying_yes = world.app.db.begin().await.expect("begun");
    api::store::champion::lock(&saying_yes, champion).await.expect("locked").expect("a champion");
    confirm(&saying_yes, assignment::Column::Id, assignment.0, before, confirmed).await;

    let (made, ()) = tokio::join!(coordinator.done(SUPERSEDE, json!({ "input": new })), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        saying_yes.commit().await.expect("committed");
    });
    assert!(made["requirement"]["id"].is_string());
    assert!(standing(&coordinator, &who.assignment).await["atRiskSince"].is_string());
    assert_eq!(noted(&world).await, 0);
});

both!(assignments_of_more_sessions_than_a_statement_names_are_found, |world| async move {
    let who = booked(&world).await;
    let unknown = (0..70_000).map(|n| rules::id::SessionId(uuid::Uuid::from_u128(n)));
    let sessions: Vec<_> = unknown.chain([rules::id::SessionId(uuid(&who.session))]).collect();
    let found = api::store::offer::confirmed(world.app.db.read(), &sessions).await.expect("rows");
    assert!(found.iter().any(|row| row.id.0 == uuid(&who.assignment)));
});
