//! Who came, and for how long.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use chrono::NaiveDate;
use entity::attendance;
use rules::attendance::{AttendanceRecordErrorCode, AttendanceStatus, CannotApprove, CannotRecordAttendance, HoursApproveErrorCode};
use rules::id::AssignmentId;

use super::assignment::Assignment;
use super::context::Ctx;
use super::id;
use super::problem::{Problem, settle};
use super::scalar::{DateTime, LocalDate};
use crate::error::Refusal;
use crate::service::attendance::{approve, record};
use crate::store::attendance::Hours;

/// Whether a champion came to a session, and for how long.
#[derive(SimpleObject, Debug)]
pub struct Attendance {
    /// Whether they came. That somebody did not is a fact without a reason, and counts for nothing in matching.
    status: AttendanceStatus,
    /// For how many minutes; 0 for somebody who did not come.
    minutes: i32,
    /// Whether a group leader or coordinator has approved it.
    approved: bool,
    /// When this was recorded.
    recorded_at: DateTime,
    /// What was recorded before, oldest first; empty unless it was corrected or approved.
    history: Vec<AttendanceStep>,
}

/// What was recorded before.
#[derive(SimpleObject, Debug)]
pub struct AttendanceStep {
    /// Whether they came.
    status: AttendanceStatus,
    /// For how many minutes.
    minutes: i32,
    /// Whether it was approved.
    approved: bool,
    /// When it was recorded.
    recorded_at: DateTime,
}

impl Attendance {
    /// What stands of these steps, oldest first; none if there is none.
    pub(super) fn of(mut steps: Vec<attendance::Model>) -> Option<Self> {
        let last = steps.pop()?;
        let step = |row: attendance::Model| AttendanceStep {
            status: row.status,
            minutes: row.minutes,
            approved: row.approved,
            recorded_at: DateTime(row.recorded_at),
        };
        Some(Self {
            status: last.status,
            minutes: last.minutes,
            approved: last.approved,
            recorded_at: DateTime(last.recorded_at),
            history: steps.into_iter().map(step).collect(),
        })
    }
}

/// Hours given in a period.
#[derive(SimpleObject, Debug, Default)]
pub struct HoursTotal {
    /// At how many sessions.
    sessions: i32,
    /// Minutes, approved or not.
    minutes: i32,
    /// Minutes that were approved.
    approved_minutes: i32,
}

/// The days of a period.
#[derive(InputObject, Clone, Copy, Debug, Default)]
pub struct DatePeriodInput {
    /// First day; left out from the beginning.
    from: Option<LocalDate>,
    /// Last day, included; left out without end.
    until: Option<LocalDate>,
}

impl DatePeriodInput {
    /// Whether a date lies in it.
    pub(super) fn holds(self, date: NaiveDate) -> bool {
        self.from.is_none_or(|from| from.0 <= date) && self.until.is_none_or(|until| date <= until.0)
    }
}

impl HoursTotal {
    /// The sum of those who came.
    pub(super) fn of<'a>(hours: impl IntoIterator<Item = &'a Hours>) -> Self {
        let mut total = Self::default();
        for hours in hours.into_iter().filter(|h| h.stands.status == AttendanceStatus::Present) {
            total.sessions += 1;
            total.minutes += hours.stands.minutes;
            total.approved_minutes += if hours.stands.approved { hours.stands.minutes } else { 0 };
        }
        total
    }
}

/// Input of `attendanceRecord`.
#[derive(InputObject, Debug)]
pub struct AttendanceRecordInput {
    /// Which place.
    assignment_id: ID,
    /// Whether the champion came.
    #[graphql(default_with = "AttendanceStatus::Present")]
    status: AttendanceStatus,
    /// For how many minutes; left out for as long as the session runs, or as recorded before.
    minutes: Option<i32>,
}

/// Result of `attendanceRecord`.
#[derive(SimpleObject, Debug)]
pub struct AttendanceRecordPayload {
    /// The assignment as it stands now; null if there are errors.
    assignment: Option<Assignment>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<AttendanceRecordErrorCode>>,
}

/// Input of `hoursApprove`.
#[derive(InputObject, Debug)]
pub struct HoursApproveInput {
    /// Which place.
    assignment_id: ID,
}

/// Result of `hoursApprove`.
#[derive(SimpleObject, Debug)]
pub struct HoursApprovePayload {
    /// The assignment as it stands now; null if there are errors.
    assignment: Option<Assignment>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<HoursApproveErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct AttendanceMutation;

#[Object]
impl AttendanceMutation {
    /// Check a champion in, say that they did not come, or correct their minutes; what was recorded before is kept. From half an
    /// hour before the session. The group's leaders and coordinators; champions check themselves in.
    async fn attendance_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who came.")] input: AttendanceRecordInput,
    ) -> Option<Result<AttendanceRecordPayload>> {
        Some(record_payload(ctx, input).await)
    }

    /// Approve a champion's hours once the session is over. The group's leaders and coordinators, and nobody their own.
    async fn hours_approve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose.")] input: HoursApproveInput,
    ) -> Option<Result<HoursApprovePayload>> {
        Some(approve_payload(ctx, input).await)
    }
}

async fn record_payload(ctx: &Context<'_>, input: AttendanceRecordInput) -> Result<AttendanceRecordPayload> {
    let result: Result<AssignmentId, Refusal<CannotRecordAttendance>> = async {
        let id = id::at(&input.assignment_id, "assignmentId")?;
        record(ctx.app(), ctx.call(), id, input.status, input.minutes).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(AttendanceRecordPayload { assignment: ctx.rows().maybe(id).await?.map(Assignment), user_errors })
}

async fn approve_payload(ctx: &Context<'_>, input: HoursApproveInput) -> Result<HoursApprovePayload> {
    let result: Result<AssignmentId, Refusal<CannotApprove>> =
        async { approve(ctx.app(), ctx.call(), id::at(&input.assignment_id, "assignmentId")?).await }.await;
    let (id, user_errors) = settle(result)?;
    Ok(HoursApprovePayload { assignment: ctx.rows().maybe(id).await?.map(Assignment), user_errors })
}
