//! What sessions did: every step is kept, and the last one stands.

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::{outcome, outcome_mark, session};
use rules::id::{GroupId, OutcomeId, SessionId};
use rules::outcome::Mark;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect};

/// The steps of sessions, oldest first.
pub async fn steps(conn: &impl ConnectionTrait, sessions: &[SessionId]) -> Result<Vec<outcome::Model>, DbErr> {
    let of = outcome::Entity::find().filter(outcome::Column::SessionId.is_in(sessions.iter().copied()));
    of.order_by_asc(outcome::Column::SessionId).order_by_asc(outcome::Column::Step).all(conn).await
}

/// The numbers of outcomes.
pub async fn marks(conn: &impl ConnectionTrait, ids: &[OutcomeId]) -> Result<Vec<(OutcomeId, Mark)>, DbErr> {
    let of = outcome_mark::Entity::find().filter(outcome_mark::Column::OutcomeId.is_in(ids.iter().copied()));
    let rows = of.order_by_asc(outcome_mark::Column::Kind).order_by_asc(outcome_mark::Column::Code).all(conn).await?;
    Ok(rows.into_iter().map(|r| (r.outcome_id, Mark { kind: r.kind, code: r.code, learners: r.learners })).collect())
}

/// What stands for a session of a group.
#[derive(Clone, Debug)]
pub struct Told {
    /// The group.
    pub group: GroupId,
    /// The session's date.
    pub date: NaiveDate,
    /// How many learners.
    pub learners: i32,
    /// What they did.
    pub marks: Vec<Mark>,
}

type Row = (SessionId, OutcomeId, GroupId, NaiveDate, i32);

/// What stands for the sessions of groups, in two statements.
pub async fn told(conn: &impl ConnectionTrait, groups: &[GroupId]) -> Result<Vec<Told>, DbErr> {
    let to_session = outcome::Entity::belongs_to(session::Entity).from(outcome::Column::SessionId).to(session::Column::Id);
    let rows: Vec<Row> = outcome::Entity::find()
        .join(JoinType::InnerJoin, to_session.into())
        .filter(session::Column::GroupId.is_in(groups.iter().copied()))
        .select_only()
        .columns([outcome::Column::SessionId, outcome::Column::Id])
        .columns([session::Column::GroupId, session::Column::LocalDate])
        .column(outcome::Column::Learners)
        .order_by_asc(outcome::Column::Step)
        .into_tuple()
        .all(conn)
        .await?;
    // Oldest first: of each session the last step stands.
    let stands: HashMap<SessionId, (OutcomeId, Told)> = rows
        .into_iter()
        .map(|(session, id, group, date, learners)| (session, (id, Told { group, date, learners, marks: Vec::new() })))
        .collect();
    let mut told: HashMap<OutcomeId, Told> = stands.into_values().collect();
    let ids: Vec<OutcomeId> = told.keys().copied().collect();
    for (id, mark) in marks(conn, &ids).await? {
        told.entry(id).and_modify(|told| told.marks.push(mark));
    }
    Ok(told.into_values().collect())
}
