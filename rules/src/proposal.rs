//! Planned rotas: what may become of one, what may be changed by hand, and when it may be published.
//!
//! [`Board`] holds the facts of a window; [`Board::plan`] plans it with [`crate::rota`] over exactly the pairs that
//! [`crate::matching::blockers`] passes, and [`Board::troubles`] judges every line beside all others, for the planner as for a
//! change by hand and for publishing: a rota never goes out with what a rule refuses.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::reason::reasons;
use crate::session::PlaceKind;
use crate::vocabulary::vocabulary;

mod board;
mod change;
mod figures;
mod instance;
mod plan;

pub use board::{Board, FIRST_SESSIONS, Line, Opening, Trouble};
pub use change::RotaProposalChangeKind;
pub use figures::{Figures, Recruit, Spread, Terms, Unfilled, UnfilledRemedy};
pub use plan::{Planned, Wishes};

vocabulary! {
    /// Where a planned rota stands.
    ProposalStatus {
        /// Waiting for the planner.
        Queued = "QUEUED",
        /// The planner is at work.
        Running = "RUNNING",
        /// Planned: its lines may be changed by hand, and it may be published.
        Done = "DONE",
        /// The planner broke off: propose again.
        Failed = "FAILED",
        /// A coordinator stopped the planner.
        Cancelled = "CANCELLED",
        /// Its offers have gone out.
        Published = "PUBLISHED",
        /// Put away.
        Archived = "ARCHIVED",
    }
}

vocabulary! {
    /// Where a line of a planned rota comes from.
    LineOrigin {
        /// The planner's.
        Planned = "PLANNED",
        /// Added by hand.
        Added = "ADDED",
    }
}

impl ProposalStatus {
    /// What may become of it: the whole table.
    pub fn may_become(self) -> &'static [Self] {
        match self {
            Self::Queued => &[Self::Running, Self::Failed, Self::Cancelled],
            Self::Running => &[Self::Done, Self::Failed, Self::Cancelled],
            Self::Done => &[Self::Published, Self::Archived],
            Self::Failed | Self::Cancelled | Self::Published => &[Self::Archived],
            Self::Archived => &[],
        }
    }

    /// Whether the planner has still to answer.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Running)
    }
}

/// A planner says that it is alive twice a second. One silent for this long is gone with its process.
pub const LEASE: TimeDelta = TimeDelta::seconds(20);
/// So many replicas try a plan, one after the other.
pub const ATTEMPTS: i32 = 3;

/// What a replica does about a plan that is not answered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PickUp {
    /// Somebody works on it, or it is answered.
    Leave,
    /// It waits, or its planner is gone: take it.
    Take,
    /// It was taken too often: it has failed.
    GiveUp,
}

/// Whether to take a plan up.
pub fn pick_up(status: ProposalStatus, attempts: i32, heard_at: DateTime<Utc>, now: DateTime<Utc>) -> PickUp {
    match status {
        ProposalStatus::Running if heard_at + LEASE < now && attempts >= ATTEMPTS => PickUp::GiveUp,
        ProposalStatus::Running if heard_at + LEASE < now => PickUp::Take,
        ProposalStatus::Queued => PickUp::Take,
        _ => PickUp::Leave,
    }
}

/// The longest window that is planned at once.
pub const LONGEST_DAYS: i64 = 56;
/// The longest a planner may take.
pub const MOST_SECONDS: i32 = 20;

reasons! {
    /// Why a rota can't be planned.
    CannotPropose => RotaProposeErrorCode {
        /// The window is upside down, past or too long.
        Window at "until" => format!("Plan between 1 and {LONGEST_DAYS} days, from today on, and end within a year."),
        /// The time is not between 1 second and the most there is.
        Seconds at "seconds" => format!("Give the planner between 1 and {MOST_SECONDS} seconds."),
        /// No session of the window has an open place.
        NothingToPlan at "from" => "Every place in this window is filled: there is nothing to plan.",
        /// Another planner is at work: planning takes a processor.
        Busy at "" => "A rota is being planned already: wait for it, or cancel it.",
    } creates
}

/// Whether a window may be planned.
pub fn propose(from: NaiveDate, until: NaiveDate, seconds: i32, today: NaiveDate) -> Result<(), Vec<CannotPropose>> {
    let days = (until - from).num_days() + 1;
    let mut problems = Vec::new();
    if !(1..=LONGEST_DAYS).contains(&days) || from < today || (until - today).num_days() > 366 {
        problems.push(CannotPropose::Window);
    }
    if !(1..=MOST_SECONDS).contains(&seconds) {
        problems.push(CannotPropose::Seconds);
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

reasons! {
    /// Why the planner can't be stopped.
    CannotCancelProposal => RotaProposalCancelErrorCode {
        /// It has answered already.
        Over { status: ProposalStatus } at "proposalId" => format!("This rota is {status}: there is nothing to stop."),
    }
}

/// Whether the planner may be stopped; `Ok(false)` says it was before, which is fine.
pub fn cancel(status: ProposalStatus) -> Result<bool, CannotCancelProposal> {
    match status {
        ProposalStatus::Cancelled => Ok(false),
        status if status.is_open() => Ok(true),
        status => Err(CannotCancelProposal::Over { status }),
    }
}

reasons! {
    /// Why a line can't be added.
    CannotAddLine => RotaLineAddErrorCode {
        /// Only a rota that is planned and not yet published is changed.
        NotOpen { status: ProposalStatus } at "proposalId" => format!("This rota is {status}: only one that is done and not yet published can be changed."),
        /// The record changed since it was read.
        Stale { current: i64 } at "expectedVersion" => format!("The rota changed since you read it (version is now {current}): read it again."),
        /// The session was called off, has begun or lies outside the window.
        SessionOutside at "sessionId" => "This session was called off, has begun or lies outside the window of this rota.",
        /// Every place of this kind is taken, by a champion or a line.
        NoOpenPlace { kind: PlaceKind } at "kind" => format!("Every {kind} place of this session is taken: remove a line first."),
        /// A rule keeps the champion from this place.
        CannotTakePlace { trouble: Trouble } at "championId" => format!("This champion can't take the place: {trouble}."),
        /// It is one of the champion's first sessions, and nobody experienced is beside them; or a home visit, and nobody is.
        NobodyBeside { trouble: Trouble } at "championId" => format!("Add somebody else first: {trouble}."),
        /// The champion said no to this session, or has an offer for another kind of place there.
        Declined at "championId" => "This champion has said no to this session, or has an offer for another kind of place there.",
    }
}

/// Whether a line may be added to a rota.
pub fn add(board: &Board, line: Line, lines: &[Line]) -> Result<(), Vec<CannotAddLine>> {
    if !board.openings.iter().any(|o| o.session == line.session) && !board.spots.contains_key(&line.session) {
        return Err(vec![CannotAddLine::SessionOutside]);
    }
    let all: Vec<Line> = lines.iter().copied().chain([line]).collect();
    let refuse = |trouble: Trouble| match trouble {
        Trouble::PlaceGone => CannotAddLine::NoOpenPlace { kind: line.kind },
        Trouble::Declined => CannotAddLine::Declined,
        Trouble::Blocked(_) => CannotAddLine::CannotTakePlace { trouble },
        Trouble::NewAndAlone | Trouble::VisitAlone => CannotAddLine::NobodyBeside { trouble },
    };
    let refused: Vec<CannotAddLine> = board.troubles(&all).pop().unwrap_or_default().into_iter().map(refuse).collect();
    if refused.is_empty() { Ok(()) } else { Err(refused) }
}

reasons! {
    /// Why a line can't be removed.
    CannotRemoveLine => RotaLineRemoveErrorCode {
        /// Only a rota that is planned and not yet published is changed.
        NotOpen { status: ProposalStatus } at "lineId" => format!("This rota is {status}: only one that is done and not yet published can be changed."),
        /// The record changed since it was read.
        Stale { current: i64 } at "expectedVersion" => format!("The rota changed since you read it (version is now {current}): read it again."),
        /// Somebody locked it.
        Locked at "lineId" => "This line is locked: unlock it first.",
    }
}

reasons! {
    /// Why a line can't be locked or unlocked.
    CannotLockLine => RotaLineLockErrorCode {
        /// Only a rota that is planned and not yet published is changed.
        NotOpen { status: ProposalStatus } at "lineId" => format!("This rota is {status}: only one that is done and not yet published can be changed."),
        /// The record changed since it was read.
        Stale { current: i64 } at "expectedVersion" => format!("The rota changed since you read it (version is now {current}): read it again."),
    }
}

reasons! {
    /// Why a rota can't be published. All its offers go out, or none.
    CannotPublish => RotaPublishErrorCode {
        /// Only a rota that is planned and not yet published is published.
        NotOpen { status: ProposalStatus } at "proposalId" => format!("This rota is {status}: only one that is done can be published."),
        /// The record changed since it was read, by a line or by another coordinator's publishing.
        Stale { current: i64 } at "expectedVersion" => format!("The rota changed since you read it (version is now {current}): read it again."),
        /// The world moved on since it was planned, or lines were taken out: this one can't be offered any more.
        LineBroken { line: usize, trouble: Trouble } at format!("lines.{line}") => format!("A line can't be offered any more: {trouble}. Remove it, or plan again."),
    }
}

/// A proposal as publishing reads it, under lock.
#[derive(Clone, Copy, Debug)]
pub struct Publishing {
    /// Where it stands.
    pub status: ProposalStatus,
    /// Its version.
    pub version: i64,
    /// Whether it was the caller who published it.
    pub by_caller: bool,
}

/// Whether a rota may be published now; `Ok(false)` says the caller did so before, and a retry is safe.
pub fn publish(proposal: Publishing, expected: i64) -> Result<bool, CannotPublish> {
    let again = proposal.by_caller && expected == proposal.version - 1;
    match proposal.status {
        ProposalStatus::Published if again || expected == proposal.version => Ok(false),
        _ if expected != proposal.version => Err(CannotPublish::Stale { current: proposal.version }),
        ProposalStatus::Done => Ok(true),
        status => Err(CannotPublish::NotOpen { status }),
    }
}

reasons! {
    /// Why a rota can't be put away.
    CannotArchive => RotaArchiveErrorCode {
        /// The planner is still at work: stop it first.
        Running { status: ProposalStatus } at "proposalId" => format!("This rota is {status}: cancel it first."),
    }
}

/// Whether a rota may be put away; `Ok(false)` says it was before, which is fine.
pub fn archive(status: ProposalStatus) -> Result<bool, CannotArchive> {
    match status {
        ProposalStatus::Archived => Ok(false),
        status if status.may_become().contains(&ProposalStatus::Archived) => Ok(true),
        status => Err(CannotArchive::Running { status }),
    }
}

#[cfg(test)]
mod boroughs;
#[cfg(test)]
mod tests;
