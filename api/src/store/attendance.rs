//! Who came, and for how long: every step is kept, and the last one stands.

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::{assignment, attendance, session};
use rules::assignment::AssignmentStatus;
use rules::attendance::{Attendance, AttendanceStatus};
use rules::id::{AssignmentId, ChampionId, GroupId};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect};

use super::row::is;

/// The steps of assignments, oldest first.
pub async fn steps(conn: &impl ConnectionTrait, ids: &[AssignmentId]) -> Result<Vec<attendance::Model>, DbErr> {
    let of = attendance::Entity::find().filter(attendance::Column::AssignmentId.is_in(ids.iter().copied()));
    of.order_by_asc(attendance::Column::AssignmentId).order_by_asc(attendance::Column::Step).all(conn).await
}

/// A step as the rules read it.
pub fn fact(row: &attendance::Model) -> Attendance {
    Attendance { status: row.status, minutes: row.minutes, approved: row.approved }
}

/// Somebody's hours at a session.
#[derive(Clone, Copy, Debug)]
pub struct Hours {
    /// Whose.
    pub champion: ChampionId,
    /// For which group.
    pub group: GroupId,
    /// The session's date.
    pub date: NaiveDate,
    /// What stands.
    pub stands: Attendance,
}

/// Whose hours to read.
#[derive(Clone, Copy, Debug)]
pub enum Of<'a> {
    /// Of these champions.
    Champions(&'a [ChampionId]),
    /// At sessions of these groups.
    Groups(&'a [GroupId]),
}

type Row = (AssignmentId, ChampionId, GroupId, NaiveDate, AttendanceStatus, i32, bool);

/// The hours of places that stand, in one statement.
pub async fn hours(conn: &impl ConnectionTrait, of: Of<'_>) -> Result<Vec<Hours>, DbErr> {
    let to_assignment =
        attendance::Entity::belongs_to(assignment::Entity).from(attendance::Column::AssignmentId).to(assignment::Column::Id);
    let to_session = assignment::Entity::belongs_to(session::Entity).from(assignment::Column::SessionId).to(session::Column::Id);
    let all = attendance::Entity::find()
        .join(JoinType::InnerJoin, to_assignment.into())
        .join(JoinType::InnerJoin, to_session.into())
        .filter(is(assignment::Column::Status, AssignmentStatus::Confirmed.code()));
    let theirs = match of {
        Of::Champions(ids) => all.filter(assignment::Column::ChampionId.is_in(ids.iter().copied())),
        Of::Groups(ids) => all.filter(session::Column::GroupId.is_in(ids.iter().copied())),
    };
    let rows: Vec<Row> = theirs
        .select_only()
        .column(attendance::Column::AssignmentId)
        .column(assignment::Column::ChampionId)
        .columns([session::Column::GroupId, session::Column::LocalDate])
        .columns([attendance::Column::Status, attendance::Column::Minutes, attendance::Column::Approved])
        .order_by_asc(attendance::Column::Step)
        .into_tuple()
        .all(conn)
        .await?;
    // Oldest first: of each place the last step stands.
    let stands: HashMap<AssignmentId, Hours> = rows
        .into_iter()
        .map(|(id, champion, group, date, status, minutes, approved)| {
            (id, Hours { champion, group, date, stands: Attendance { status, minutes, approved } })
        })
        .collect();
    let mut hours: Vec<(AssignmentId, Hours)> = stands.into_iter().collect();
    hours.sort_by_key(|(id, hours)| (hours.date, *id));
    Ok(hours.into_iter().map(|(_, hours)| hours).collect())
}
