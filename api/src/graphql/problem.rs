//! How answers say no: user errors in payloads, faults and misuse at the top level.

use async_graphql::{Error, ErrorExtensions, Interface, OutputType, SimpleObject};
use rules::reason::Reason;

use super::code::Code;
use crate::error::{Fault, Refusal};

macro_rules! user_errors {
    ($($name:ident $type_name:literal ($($code:tt)+)),+ $(,)?) => {
        /// A problem the person can put right.
        #[derive(SimpleObject, Debug)]
        #[graphql($(concrete(name = $type_name, params($($code)+))),+)]
        pub struct Problem<C: OutputType> {
            /// Machine-readable reason, one of this mutation's own.
            code: C,
            /// Path inside `input`, for example `["contact", "email"]`; null when the whole operation is meant.
            field: Option<Vec<String>>,
            /// Plain English, safe to show to the person.
            message: String,
        }

        /// A problem the person can put right. Each mutation has its own type, whose `code` is an enum of that mutation.
        #[derive(Interface, Debug)]
        #[graphql(
            field(name = "field", ty = "&Option<Vec<String>>", desc = "Path inside `input`, for example `[\"contact\", \"email\"]`; null when the whole operation is meant."),
            field(name = "message", ty = "&String", desc = "Plain English, safe to show to the person.")
        )]
        pub enum UserError { $($name(Problem<$($code)+>)),+ }
    };
}

user_errors! {
    ChampionSignUp "ChampionSignUpError" (rules::champion::ChampionSignUpErrorCode),
    ChampionEmailConfirm "ChampionEmailConfirmError" (rules::champion::ChampionEmailConfirmErrorCode),
    ChampionUpdate "ChampionUpdateError" (rules::champion::ChampionUpdateErrorCode),
    ChampionMembershipChange "ChampionMembershipChangeError" (rules::champion::ChampionMembershipChangeErrorCode),
    EvidenceRecord "EvidenceRecordError" (rules::requirement::EvidenceRecordErrorCode),
    ReferenceRequest "ReferenceRequestError" (rules::reference::ReferenceRequestErrorCode),
    ReferenceWithdraw "ReferenceWithdrawError" (rules::reference::ReferenceWithdrawErrorCode),
    ReferenceDecide "ReferenceDecideError" (rules::reference::ReferenceDecideErrorCode),
    OnboardingStageLimit "OnboardingStageLimitError" (rules::stage::OnboardingStageLimitErrorCode),
    EmergencyContactSet "EmergencyContactSetError" (rules::champion::EmergencyContactSetErrorCode),
    ChampionDuplicateMerge "ChampionDuplicateMergeError" (rules::duplicate::ChampionDuplicateMergeErrorCode),
    ChampionDuplicateDismiss "ChampionDuplicateDismissError" (rules::duplicate::ChampionDuplicateDismissErrorCode),
    AcceptanceRecord "AcceptanceRecordError" (rules::acceptance::AcceptanceRecordErrorCode),
    OrganisationAcceptanceSet "OrganisationAcceptanceSetError" (rules::acceptance::OrganisationAcceptanceSetErrorCode),
    ExemptionGrant "ExemptionGrantError" (rules::exemption::ExemptionGrantErrorCode),
    ExemptionEnd "ExemptionEndError" (rules::exemption::ExemptionEndErrorCode),
    RequirementSupersede "RequirementSupersedeError" (rules::requirement::RequirementSupersedeErrorCode),
    TrainingCompletionRecord "TrainingCompletionRecordError" (rules::training::TrainingCompletionRecordErrorCode),
    TrainingCompletionRevoke "TrainingCompletionRevokeError" (rules::training::TrainingCompletionRevokeErrorCode),
    TrainingEquivalenceRecord "TrainingEquivalenceRecordError" (rules::training::TrainingEquivalenceRecordErrorCode),
    TrainingCohortCreate "TrainingCohortCreateError" (rules::cohort::TrainingCohortCreateErrorCode),
    TrainingCohortJoin "TrainingCohortJoinError" (rules::cohort::TrainingCohortJoinErrorCode),
    TrainingCohortLeave "TrainingCohortLeaveError" (rules::cohort::TrainingCohortLeaveErrorCode),
    TrainingCohortCancel "TrainingCohortCancelError" (rules::cohort::TrainingCohortCancelErrorCode),
    TrainingCohortAttend "TrainingCohortAttendError" (rules::cohort::TrainingCohortAttendErrorCode),
    TrainingModuleCreate "TrainingModuleCreateError" (rules::training::TrainingModuleCreateErrorCode),
    TrainingTrainerAssign "TrainingTrainerAssignError" (rules::training::TrainingTrainerAssignErrorCode),
    DbsCheckRequest "DbsCheckRequestError" (rules::dbs::DbsCheckRequestErrorCode),
    DbsCheckAdvance "DbsCheckAdvanceError" (rules::dbs::DbsCheckAdvanceErrorCode),
    DbsUpdateServiceJoin "DbsUpdateServiceJoinError" (rules::dbs::update_service::DbsUpdateServiceJoinErrorCode),
    DbsUpdateServiceLeave "DbsUpdateServiceLeaveError" (rules::dbs::update_service::DbsUpdateServiceLeaveErrorCode),
    DbsStatusCheck "DbsStatusCheckError" (rules::dbs::update_service::DbsStatusCheckErrorCode),
    AvailabilityWindowsReplace "AvailabilityWindowsReplaceError" (rules::availability::AvailabilityWindowsReplaceErrorCode),
    AvailabilityExceptionAdd "AvailabilityExceptionAddError" (rules::availability::AvailabilityExceptionAddErrorCode),
    AvailabilityExceptionRemove "AvailabilityExceptionRemoveError" (rules::availability::AvailabilityExceptionRemoveErrorCode),
    SessionCreate "SessionCreateError" (rules::session::SessionCreateErrorCode),
    SessionCancel "SessionCancelError" (rules::session::SessionCancelErrorCode),
    SessionMove "SessionMoveError" (rules::series::SessionMoveErrorCode),
    SessionConfirm "SessionConfirmError" (rules::series::SessionConfirmErrorCode),
    SessionSeriesCreate "SessionSeriesCreateError" (rules::series::SessionSeriesCreateErrorCode),
    SessionSeriesChange "SessionSeriesChangeError" (rules::series::SessionSeriesChangeErrorCode),
    SessionSeriesEnd "SessionSeriesEndError" (rules::series::SessionSeriesEndErrorCode),
    GroupClosureAdd "GroupClosureAddError" (rules::series::GroupClosureAddErrorCode),
    GroupClosureRemove "GroupClosureRemoveError" (rules::series::GroupClosureRemoveErrorCode),
    GroupBankHolidaysSet "GroupBankHolidaysSetError" (rules::series::GroupBankHolidaysSetErrorCode),
    CalendarFeedCreate "CalendarFeedCreateError" (rules::feed::CalendarFeedCreateErrorCode),
    CalendarFeedReset "CalendarFeedResetError" (rules::feed::CalendarFeedResetErrorCode),
    CalendarFeedRevoke "CalendarFeedRevokeError" (rules::feed::CalendarFeedRevokeErrorCode),
    ChampionRequestCreate "ChampionRequestCreateError" (rules::request::ChampionRequestCreateErrorCode),
    ChampionRequestWithdraw "ChampionRequestWithdrawError" (rules::request::ChampionRequestWithdrawErrorCode),
    OfferSend "OfferSendError" (rules::offer::OfferSendErrorCode),
    GroupSignUpSet "GroupSignUpSetError" (rules::sign_up::GroupSignUpSetErrorCode),
    SessionSignUpSet "SessionSignUpSetError" (rules::sign_up::SessionSignUpSetErrorCode),
    PlaceTake "PlaceTakeError" (rules::sign_up::PlaceTakeErrorCode),
    WaitingListJoin "WaitingListJoinError" (rules::sign_up::WaitingListJoinErrorCode),
    WaitingListLeave "WaitingListLeaveError" (rules::sign_up::WaitingListLeaveErrorCode),
    SessionStaffingSet "SessionStaffingSetError" (rules::staffing::SessionStaffingSetErrorCode),
    OfferBundleSend "OfferBundleSendError" (rules::bundle::OfferBundleSendErrorCode),
    OfferBundleAnswer "OfferBundleAnswerError" (rules::bundle::OfferBundleAnswerErrorCode),
    OfferAccept "OfferAcceptError" (rules::offer::OfferAcceptErrorCode),
    OfferDecline "OfferDeclineError" (rules::offer::OfferDeclineErrorCode),
    OfferWithdraw "OfferWithdrawError" (rules::offer::OfferWithdrawErrorCode),
    OfferWavesStart "OfferWavesStartError" (rules::wave::OfferWavesStartErrorCode),
    OfferWavesStop "OfferWavesStopError" (rules::wave::OfferWavesStopErrorCode),
    StandInSeek "StandInSeekError" (rules::stand_in::StandInSeekErrorCode),
    StandInCancel "StandInCancelError" (rules::stand_in::StandInCancelErrorCode),
    SwapPropose "SwapProposeError" (rules::swap::SwapProposeErrorCode),
    SwapAccept "SwapAcceptError" (rules::swap::SwapAcceptErrorCode),
    SwapDecline "SwapDeclineError" (rules::swap::SwapDeclineErrorCode),
    SwapWithdraw "SwapWithdrawError" (rules::swap::SwapWithdrawErrorCode),
    AttendanceRecord "AttendanceRecordError" (rules::attendance::AttendanceRecordErrorCode),
    HoursApprove "HoursApproveError" (rules::attendance::HoursApproveErrorCode),
    OutcomeRecord "OutcomeRecordError" (rules::outcome::OutcomeRecordErrorCode),
    AssignmentWithdraw "AssignmentWithdrawError" (rules::assignment::AssignmentWithdrawErrorCode),
    AssignmentRelease "AssignmentReleaseError" (rules::assignment::AssignmentReleaseErrorCode),
    RotaPropose "RotaProposeError" (rules::proposal::RotaProposeErrorCode),
    RotaProposalCancel "RotaProposalCancelError" (rules::proposal::RotaProposalCancelErrorCode),
    RotaLineAdd "RotaLineAddError" (rules::proposal::RotaLineAddErrorCode),
    RotaLineRemove "RotaLineRemoveError" (rules::proposal::RotaLineRemoveErrorCode),
    RotaLineLock "RotaLineLockError" (rules::proposal::RotaLineLockErrorCode),
    RotaPublish "RotaPublishError" (rules::proposal::RotaPublishErrorCode),
    RotaArchive "RotaArchiveError" (rules::proposal::RotaArchiveErrorCode),
    OrganisationCreate "OrganisationCreateError" (rules::directory::OrganisationCreateErrorCode),
    GroupCreate "GroupCreateError" (rules::directory::GroupCreateErrorCode),
    VenueCreate "VenueCreateError" (rules::directory::VenueCreateErrorCode),
    AccountCreate "AccountCreateError" (rules::directory::AccountCreateErrorCode),
    RoleGrant "RoleGrantError" (rules::directory::RoleGrantErrorCode),
    RoleRevoke "RoleRevokeError" (rules::directory::RoleRevokeErrorCode),
    AccountDeactivate "AccountDeactivateError" (rules::directory::AccountDeactivateErrorCode),
    AccountReactivate "AccountReactivateError" (rules::directory::AccountReactivateErrorCode),
    ApiClientCreate "ApiClientCreateError" (rules::client::ApiClientCreateErrorCode),
    ApiClientKeyRotate "ApiClientKeyRotateError" (rules::client::ApiClientKeyRotateErrorCode),
    ApiClientKeyRevoke "ApiClientKeyRevokeError" (rules::client::ApiClientKeyRevokeErrorCode),
    ApiClientDisable "ApiClientDisableError" (rules::client::ApiClientDisableErrorCode),
}

/// What a mutation answers: the outcome, or every problem.
pub type Settled<T, R> = (Option<T>, Vec<Problem<<R as Reason>::Code>>);

/// Sorts a use case's end into payload and top-level errors.
pub fn settle<T, R>(result: Result<T, Refusal<R>>) -> async_graphql::Result<Settled<T, R>>
where
    R: Reason,
    R::Code: OutputType,
{
    match result {
        Ok(outcome) => Ok((Some(outcome), Vec::new())),
        Err(Refusal::Rule(reasons)) => Ok((None, reasons.iter().map(problem).collect())),
        Err(Refusal::Unauthenticated) => Err(coded(Code::Unauthenticated, "Sign in, or send a client key: this is not open to everybody.")),
        Err(Refusal::Forbidden) => Err(coded(Code::Forbidden, "You may not do this.")),
        Err(Refusal::Fault(fault)) => Err(broken(fault)),
    }
}

impl<C: OutputType> Problem<C> {
    /// The same problem, of a value that stands under `prefix` in this input.
    pub fn under(mut self, prefix: &str) -> Self {
        if let Some(field) = self.field.as_mut().filter(|field| field.first().is_some_and(|first| first != "idempotencyKey")) {
            field.insert(0, prefix.to_owned());
        }
        self
    }
}

/// A reason as clients see it.
pub fn problem<R: Reason>(reason: &R) -> Problem<R::Code>
where
    R::Code: OutputType,
{
    Problem { code: reason.code(), field: reason.field(), message: reason.message() }
}

/// A top-level error with its code.
pub fn coded(code: Code, message: &str) -> Error {
    Error::new(message).extend_with(|_, extensions| extensions.set("code", code.as_str()))
}

/// A fault: its text goes to the log, not to the caller.
pub fn broken(fault: impl Into<Fault>) -> Error {
    Error::new_with_source(fault.into())
}
