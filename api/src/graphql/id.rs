//! Opaque ids: base64url of `Type:uuid`. One of the wrong type is simply not found.

use async_graphql::ID;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rules::id::{
    AccountId, AssignmentId, AuditId, CalendarFeedId, ChampionId, ClientId, ClientKeyId, ClosureId, CohortId, CompletionId, DbsCheckId,
    DuplicateId, EvidenceId, ExceptionId, ExemptionId, GroupId, ModuleId, OfferBundleId, OfferId, OrganisationId, PlaceId, ReferenceId,
    RequestId, RequirementId, RotaLineId, RotaProposalId, SeriesId, SessionId, StandInId, SwapId, VenueId, WaitingId, WavesId, WindowId,
};
use rules::reason::Reason;
use uuid::Uuid;

use crate::error::Refusal;

/// An id that clients hold.
pub trait NodeId: From<Uuid> + Into<Uuid> + Copy {
    /// The GraphQL type it belongs to.
    const TYPE: &'static str;

    /// As clients hold it.
    fn to_global(self) -> ID {
        encode(Self::TYPE, self.into())
    }
}

macro_rules! node_ids {
    ($($id:ty => $name:literal),+ $(,)?) => { $(impl NodeId for $id { const TYPE: &'static str = $name; })+ };
}

node_ids! {
    AccountId => "Account",
    AssignmentId => "Assignment",
    AuditId => "AuditEvent",
    ChampionId => "Champion",
    CalendarFeedId => "CalendarFeed",
    ClientId => "ApiClient",
    ClientKeyId => "ApiClientKey",
    ClosureId => "GroupClosure",
    CohortId => "TrainingCohort",
    CompletionId => "TrainingCompletion",
    DbsCheckId => "DbsCheck",
    DuplicateId => "ChampionDuplicate",
    EvidenceId => "Evidence",
    ExceptionId => "AvailabilityException",
    ExemptionId => "Exemption",
    GroupId => "Group",
    ModuleId => "TrainingModule",
    OfferId => "Offer",
    OfferBundleId => "OfferBundle",
    OrganisationId => "Organisation",
    PlaceId => "Place",
    ReferenceId => "Reference",
    RequestId => "ChampionRequest",
    RequirementId => "Requirement",
    RotaLineId => "RotaLine",
    RotaProposalId => "RotaProposal",
    SeriesId => "SessionSeries",
    SessionId => "Session",
    StandInId => "StandIn",
    SwapId => "Swap",
    VenueId => "Venue",
    WaitingId => "WaitingEntry",
    WavesId => "OfferWaves",
    WindowId => "AvailabilityWindow",
}

/// An id as clients hold it.
pub fn encode(type_name: &str, id: Uuid) -> ID {
    ID(URL_SAFE_NO_PAD.encode(format!("{type_name}:{id}")))
}

/// Type and id of what a client sent.
pub fn decode(id: &ID) -> Option<(String, Uuid)> {
    let bytes = URL_SAFE_NO_PAD.decode(id.as_bytes()).ok()?;
    let (type_name, id) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
    Some((type_name.to_owned(), Uuid::try_parse(id).ok()?))
}

/// The id, if it is of this type.
pub fn parse<T: NodeId>(id: &ID) -> Option<T> {
    decode(id).filter(|(type_name, _)| type_name == T::TYPE).map(|(_, id)| T::from(id))
}

/// The id of an input field, or "not found" at that field.
pub fn at<T: NodeId, R: Reason>(id: &ID, field: &str) -> Result<T, Refusal<R>> {
    parse(id).ok_or_else(|| Refusal::not_found(field))
}

/// The ids of a list, or "not found" at each line that is none.
pub fn all<T: NodeId, R: Reason>(ids: &[ID], field: &str) -> Result<Vec<T>, Refusal<R>> {
    let wrong: Vec<R> =
        ids.iter().enumerate().filter(|(_, id)| parse::<T>(id).is_none()).map(|(i, _)| R::not_found(&format!("{field}.{i}"))).collect();
    if wrong.is_empty() { Ok(ids.iter().filter_map(parse).collect()) } else { Err(Refusal::Rule(wrong)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_back_for_their_own_type_alone() {
        let id = ChampionId(Uuid::from_u128(77)).to_global();
        assert_eq!(parse::<ChampionId>(&id), Some(ChampionId(Uuid::from_u128(77))));
        assert_eq!(parse::<SessionId>(&id), None);
        for wrong in ["", "x", "Q2hhbXBpb24", "💥"] {
            assert_eq!(parse::<ChampionId>(&ID(wrong.into())), None, "{wrong}");
        }
    }
}
