//! Typed ids: a session's id can't be passed where a champion's is meant. Each is a UUID v7, which sorts by its time of birth.

use uuid::Uuid;

macro_rules! typed_ids {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "orm", derive(sea_orm::DeriveValueType))]
        pub struct $name(pub Uuid);

        #[cfg(feature = "orm")]
        impl sea_orm::TryFromU64 for $name {
            /// Ids are made by us, never by the database.
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )+ };
}

typed_ids! {
    /// Somebody who can sign in.
    AccountId,
    /// An alliance partner.
    OrganisationId,
    /// A community group that offers digital support.
    GroupId,
    /// Where a session happens.
    VenueId,
    /// A volunteer Digital Champion.
    ChampionId,
    /// A version of one requirement.
    RequirementId,
    /// A piece of evidence for a requirement.
    EvidenceId,
    /// A requirement that is not asked of one champion, for a while.
    ExemptionId,
    /// A training module.
    ModuleId,
    /// A champion's completion of a module.
    CompletionId,
    /// A DBS check.
    DbsCheckId,
    /// A weekly availability window.
    WindowId,
    /// A dated exception to the weekly windows.
    ExceptionId,
    /// One dated session.
    SessionId,
    /// Sessions that repeat.
    SeriesId,
    /// Dates on which a group does not meet.
    ClosureId,
    /// A calendar's secret address.
    CalendarFeedId,
    /// One champion needed at a session.
    PlaceId,
    /// A group leader's request for champions.
    RequestId,
    /// An invitation to a champion.
    OfferId,
    /// Several dates offered at once.
    OfferBundleId,
    /// An accepted offer.
    AssignmentId,
    /// A champion who waits for a place.
    WaitingId,
    /// A step of somebody's attendance.
    AttendanceId,
    /// A step of what a session did.
    OutcomeId,
    /// A run of waves of offers.
    WavesId,
    /// A search for a stand-in.
    StandInId,
    /// Two champions' exchange of places.
    SwapId,
    /// A planned rota.
    RotaProposalId,
    /// A champion in a place of a planned rota.
    RotaLineId,
    /// A partner website or app.
    ClientId,
    /// A key of a partner client.
    ClientKeyId,
    /// A sign-in on one device.
    SignInId,
    /// A reference asked of somebody the champion named.
    ReferenceId,
    /// Two records that may be one person.
    DuplicateId,
    /// A dated training session.
    CohortId,
    /// A champion's seat at a dated training session.
    SeatId,
    /// An organisation's word on a champion.
    AcceptanceId,
    /// A recorded consent.
    ConsentId,
    /// An audit row.
    AuditId,
}
