//! What every write leaves behind: audit rows, outbox rows, answers kept for a retry, numbers given out, settings.

use chrono::{DateTime, TimeDelta, Utc};
use entity::{audit_event, counter, idempotency, kept_answer, outbox, setting};
use rules::audit::{ACCESS, DBS, DBS_ACTIONS, Part};
use sea_orm::sea_query::{Cond, Expr, ExprTrait, OnConflict, SimpleExpr};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, Select,
};
use uuid::Uuid;

use super::paging::Sort;
use super::row;

/// How long an answer is kept for a retry.
pub const ANSWERS_KEPT: TimeDelta = TimeDelta::hours(24);

/// Adds an audit row.
pub async fn audit(conn: &impl ConnectionTrait, event: audit_event::Model) -> Result<(), DbErr> {
    row::insert(conn, event).await
}

/// Adds audit rows.
pub async fn audit_all(conn: &impl ConnectionTrait, events: Vec<audit_event::Model>) -> Result<(), DbErr> {
    row::insert_all(conn, events).await
}

/// The audit rows about subjects with one action, newest first.
pub async fn audit_of(
    conn: &impl ConnectionTrait,
    subjects: impl IntoIterator<Item = Uuid>,
    action: &str,
) -> Result<Vec<audit_event::Model>, DbErr> {
    audit_event::Entity::find()
        .filter(audit_event::Column::SubjectId.is_in(subjects))
        .filter(audit_event::Column::Action.eq(action))
        .order_by_desc(audit_event::Column::At)
        .order_by_desc(audit_event::Column::Id)
        .all(conn)
        .await
}

/// Newest first.
pub const NEWEST: Sort<audit_event::Column> = Sort { key: audit_event::Column::At, id: audit_event::Column::Id, descending: true };

/// Which audit rows are wanted.
#[derive(Clone, Debug)]
pub struct Trail {
    /// Of these parts.
    pub parts: Vec<Part>,
    /// About this thing alone: its kind and id.
    pub about: Option<(String, Uuid)>,
    /// Refusals alone.
    pub denied_only: bool,
}

/// The audit rows that are wanted.
pub fn trail(wanted: &Trail) -> Select<audit_event::Entity> {
    use audit_event::Column::{Action, Outcome, SubjectId, SubjectKind};
    let is_dbs = || Cond::any().add(SubjectKind.eq(DBS)).add(Action.starts_with(DBS_ACTIONS));
    let is_access = || SubjectKind.is_in(ACCESS);
    let of = |part: &Part| match part {
        Part::Dbs => is_dbs(),
        Part::Access => Cond::all().add(is_access()).add(is_dbs().not()),
        Part::Programme => Cond::all().add(is_access().not()).add(is_dbs().not()),
    };
    let parts = wanted.parts.iter().fold(Cond::any(), |all, part| all.add(of(part)));
    let mut rows = audit_event::Entity::find().filter(parts);
    if let Some((kind, id)) = &wanted.about {
        // A role is granted and taken under its account's name or its own.
        let kind = if kind == "RoleMembership" { "RoleGrant" } else { kind };
        rows = rows.filter(SubjectId.eq(*id)).filter(SubjectKind.eq(kind));
    }
    if wanted.denied_only { rows.filter(Outcome.eq("DENIED")) } else { rows }
}

/// Adds an outbox row.
pub async fn emit(conn: &impl ConnectionTrait, id: Uuid, at: DateTime<Utc>, topic: &str, payload: String) -> Result<(), DbErr> {
    row::insert(conn, outbox::Model { id, at, topic: topic.to_owned(), payload, attempts: 0, delivered_at: None }).await
}

/// Adds outbox rows.
pub async fn emit_all(conn: &impl ConnectionTrait, rows: Vec<outbox::Model>) -> Result<(), DbErr> {
    row::insert_all(conn, rows).await
}

/// The newest outbox rows of a topic.
pub async fn newest(conn: &impl ConnectionTrait, topic: &str, most: u64) -> Result<Vec<outbox::Model>, DbErr> {
    let rows = outbox::Entity::find().filter(outbox::Column::Topic.eq(topic));
    rows.order_by_desc(outbox::Column::At).order_by_desc(outbox::Column::Id).limit(most).all(conn).await
}

/// Claims an idempotency key, or finds the row of whoever did. A twin in flight waits here for the other's end.
pub async fn claim(conn: &impl ConnectionTrait, row: idempotency::Model) -> Result<Option<idempotency::Model>, DbErr> {
    let (caller, key, cutoff) = (row.caller.clone(), row.key.clone(), row.created_at - ANSWERS_KEPT);
    let same = || idempotency::Column::Caller.eq(caller.as_str()).and(idempotency::Column::Key.eq(key.as_str()));
    idempotency::Entity::delete_many().filter(same()).filter(idempotency::Column::CreatedAt.lt(cutoff)).exec(conn).await?;
    let fresh = idempotency::ActiveModel {
        caller: Set(row.caller),
        key: Set(row.key),
        operation: Set(row.operation),
        input_hash: Set(row.input_hash),
        response: Set(row.response),
        created_at: Set(row.created_at),
    };
    let conflict = OnConflict::columns([idempotency::Column::Caller, idempotency::Column::Key]).do_nothing().to_owned();
    let inserted = idempotency::Entity::insert(fresh).on_conflict(conflict).exec_without_returning(conn).await?;
    if inserted > 0 {
        // What was answered the last time this key was used belongs to something else.
        kept_answer::Entity::delete_many().filter(answers_of(&caller, &key)).exec(conn).await?;
        return Ok(None);
    }
    idempotency::Entity::find().filter(same()).one(conn).await
}

fn answers_of(caller: &str, key: &str) -> SimpleExpr {
    kept_answer::Column::Caller.eq(caller).and(kept_answer::Column::Key.eq(key))
}

/// Keeps what a request is answered, or finds what it was answered before.
pub async fn keep_first(conn: &impl ConnectionTrait, row: kept_answer::Model) -> Result<Option<kept_answer::Model>, DbErr> {
    use kept_answer::Column;
    let same = answers_of(&row.caller, &row.key).and(Column::RequestHash.eq(row.request_hash.as_str()));
    let conflict = OnConflict::columns([Column::Caller, Column::Key, Column::RequestHash]).do_nothing().to_owned();
    let fresh = row.into_active_model().reset_all();
    let inserted = kept_answer::Entity::insert(fresh).on_conflict(conflict).exec_without_returning(conn).await?;
    if inserted > 0 { Ok(None) } else { kept_answer::Entity::find().filter(same).one(conn).await }
}

/// Removes keys and answers that no retry asks for any more; answers how many.
pub async fn tidy(conn: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let cutoff = now - ANSWERS_KEPT;
    let keys = idempotency::Entity::delete_many().filter(idempotency::Column::CreatedAt.lt(cutoff)).exec(conn).await?;
    Ok(keys.rows_affected + forget_answers(conn, cutoff).await?)
}

/// Removes what was answered before an instant. They may name anybody: erasing a person removes them all.
pub async fn forget_answers(conn: &impl ConnectionTrait, before: DateTime<Utc>) -> Result<u64, DbErr> {
    let answers = kept_answer::Entity::delete_many().filter(kept_answer::Column::CreatedAt.lt(before)).exec(conn).await?;
    Ok(answers.rows_affected)
}

/// Keeps the answer of a claimed key.
pub async fn keep_answer(conn: &impl ConnectionTrait, caller: &str, key: &str, response: String) -> Result<(), DbErr> {
    idempotency::Entity::update_many()
        .col_expr(idempotency::Column::Response, Expr::value(response))
        .filter(idempotency::Column::Caller.eq(caller))
        .filter(idempotency::Column::Key.eq(key))
        .exec(conn)
        .await
        .map(|_| ())
}

/// The next number of a series: 1, 2, 3…
pub async fn next_number(conn: &impl ConnectionTrait, name: &str) -> Result<i32, DbErr> {
    next_numbers(conn, name, 1).await
}

/// The first of so many next numbers of a series.
pub async fn next_numbers(conn: &impl ConnectionTrait, name: &str, many: i64) -> Result<i32, DbErr> {
    let first = counter::ActiveModel { name: Set(name.to_owned()), value: Set(many) };
    let next = Expr::col((counter::Entity, counter::Column::Value)).add(many);
    let conflict = OnConflict::column(counter::Column::Name).value(counter::Column::Value, next).to_owned();
    let row = counter::Entity::insert(first).on_conflict(conflict).exec_with_returning(conn).await?;
    i32::try_from(row.value - many + 1).map_err(|_| DbErr::Custom(format!("the numbers of {name} are used up")))
}

/// A setting of this database.
pub async fn setting(conn: &impl ConnectionTrait, key: &str) -> Result<Option<String>, DbErr> {
    Ok(setting::Entity::find_by_id(key.to_owned()).one(conn).await?.map(|row| row.value))
}

/// Writes a setting that is not there yet.
pub async fn set(conn: &impl ConnectionTrait, key: &str, value: &str) -> Result<(), DbErr> {
    row::insert(conn, setting::Model { key: key.to_owned(), value: value.to_owned() }).await
}
