//! Records that may be one person, and merging them.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::duplicate;
use rules::duplicate::{
    CannotKeepApart, CannotMerge, ChampionDuplicateDismissErrorCode, ChampionDuplicateMergeErrorCode, DuplicateReason, DuplicateStatus,
    MergeConflict,
};
use rules::id::{ChampionId, DuplicateId};
use rules::input::paragraph;
use rules::policy::{Action, Relation};

use super::champion::Champion;
use super::context::Ctx;
use super::id::{self, NodeId};
use super::paging::{Args, connection};
use super::problem::{Problem, broken, settle};
use super::scalar::DateTime;
use crate::error::{Refusal, malformed};
use crate::service::duplicate::{keep_apart, merge, preview};
use crate::store::duplicate::{BY_FINDING, reasons, select};

/// Two records that may be one person. For coordinators.
#[derive(Clone, Debug)]
pub struct ChampionDuplicate(pub duplicate::Model);

/// Two records that may be one person. Whoever signed up was told nothing of it. For coordinators.
#[Object]
impl ChampionDuplicate {
    /// Opaque and stable.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// The older record; null once it was merged into the other.
    async fn first(&self, ctx: &Context<'_>) -> Option<Result<Champion>> {
        Champion::find(ctx, self.0.first_id).await
    }

    /// The newer record; null once it was merged into the other.
    async fn second(&self, ctx: &Context<'_>) -> Option<Result<Champion>> {
        Champion::find(ctx, self.0.second_id).await
    }

    /// Why they may be one person.
    async fn reasons(&self) -> Vec<DuplicateReason> {
        reasons(&self.0)
    }

    /// Where it stands.
    async fn status(&self) -> DuplicateStatus {
        self.0.status
    }

    /// When it was found.
    async fn found_at(&self) -> DateTime {
        DateTime(self.0.found_at)
    }

    /// When somebody decided; null before that.
    async fn decided_at(&self) -> Option<DateTime> {
        self.0.decided_at.map(DateTime)
    }

    /// What was said when they were kept apart.
    async fn comment(&self) -> &str {
        &self.0.comment
    }

    /// What merging them would do; null if the record to keep is not one of the two, or there is nothing left to merge.
    async fn preview(&self, ctx: &Context<'_>, #[graphql(desc = "The record to keep.")] survivor_id: ID) -> Option<Result<MergePreview>> {
        let survivor: ChampionId = id::parse(&survivor_id)?;
        let found = ctx.rows().aside(preview(ctx.app(), &self.0, survivor)).await.map_err(broken).transpose()?;
        Some(found.map(|found| MergePreview {
            moves: found.moves.into_iter().map(|(what, count)| MergeMove { what: what.to_owned(), count }).collect(),
            viewer_can_merge: !found.conflicts.iter().any(|c| c.is_binding()),
            conflicts: found.conflicts,
        }))
    }
}

/// What merging two records would do.
#[derive(SimpleObject, Debug)]
pub struct MergePreview {
    /// What moves to the record that is kept.
    moves: Vec<MergeMove>,
    /// What the records disagree about.
    conflicts: Vec<MergeConflict>,
    /// Whether nothing has to be settled first.
    viewer_can_merge: bool,
}

/// Things of one kind that move.
#[derive(SimpleObject, Debug)]
pub struct MergeMove {
    /// What they are, for people.
    what: String,
    /// How many.
    count: u64,
}

connection!(
    ChampionDuplicateConnection,
    ChampionDuplicateEdge,
    ChampionDuplicate,
    "pairs of records that may be one person",
    duplicate,
    |row: &duplicate::Model| row.found_at
);

/// Queries.
#[derive(Default, Debug)]
pub struct DuplicateQuery;

#[Object]
impl DuplicateQuery {
    /// Records that may be one person, oldest first. For coordinators.
    async fn champion_duplicates(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Only those in these states; those nobody has looked at, if left out.",
            default_with = "vec![DuplicateStatus::Open]"
        )]
        statuses: Vec<DuplicateStatus>,
        #[graphql(desc = "The first so many: 25 if neither first nor last is given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Option<Result<ChampionDuplicateConnection>> {
        ctx.may(Action::ChampionDuplicateRead, Relation::Other).then_some(())?;
        Some(ChampionDuplicateConnection::read(ctx, select(&statuses), BY_FINDING, Args { first, after, last, before }).await)
    }
}

/// Input of `championDuplicateMerge`.
#[derive(InputObject, Debug)]
pub struct ChampionDuplicateMergeInput {
    /// Which pair.
    duplicate_id: ID,
    /// The record to keep, one of the two.
    survivor_id: ID,
}

/// Result of `championDuplicateMerge`.
#[derive(SimpleObject, Debug)]
pub struct ChampionDuplicateMergePayload {
    /// The champion with everything of both records; null if there are errors.
    champion: Option<Champion>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<ChampionDuplicateMergeErrorCode>>,
}

/// Input of `championDuplicateDismiss`.
#[derive(InputObject, Debug)]
pub struct ChampionDuplicateDismissInput {
    /// Which pair.
    duplicate_id: ID,
    /// How it is known that they are two people, up to 500 characters.
    #[graphql(default)]
    comment: String,
}

/// Result of `championDuplicateDismiss`.
#[derive(SimpleObject, Debug)]
pub struct ChampionDuplicateDismissPayload {
    /// The pair; null if there are errors.
    duplicate: Option<ChampionDuplicate>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<ChampionDuplicateDismissErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct DuplicateMutation;

#[Object]
impl DuplicateMutation {
    /// Merge two records of one person, all at once: everything moves to the one that is kept, and nobody finds the other any more. Look
    /// at the preview first; there is no way back. For coordinators.
    async fn champion_duplicate_merge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which pair, and the record to keep.")] input: ChampionDuplicateMergeInput,
    ) -> Option<Result<ChampionDuplicateMergePayload>> {
        Some(merge_payload(ctx, input).await)
    }

    /// Say that two records are two people. For coordinators.
    async fn champion_duplicate_dismiss(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which pair.")] input: ChampionDuplicateDismissInput,
    ) -> Option<Result<ChampionDuplicateDismissPayload>> {
        Some(dismiss_payload(ctx, input).await)
    }
}

async fn merge_payload(ctx: &Context<'_>, input: ChampionDuplicateMergeInput) -> Result<ChampionDuplicateMergePayload> {
    let result: Result<ChampionId, Refusal<CannotMerge>> = async {
        let duplicate: DuplicateId = id::at(&input.duplicate_id, "duplicateId")?;
        merge(ctx.app(), ctx.call(), duplicate, id::at(&input.survivor_id, "survivorId")?).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(ChampionDuplicateMergePayload { champion: ctx.rows().maybe(id).await?.map(Champion), user_errors })
}

async fn dismiss_payload(ctx: &Context<'_>, input: ChampionDuplicateDismissInput) -> Result<ChampionDuplicateDismissPayload> {
    let result: Result<DuplicateId, Refusal<CannotKeepApart>> = async {
        let duplicate = id::at(&input.duplicate_id, "duplicateId")?;
        let comment = paragraph("comment", &input.comment, 500).map_err(malformed)?;
        keep_apart(ctx.app(), ctx.call(), duplicate, comment).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(ChampionDuplicateDismissPayload { duplicate: ctx.rows().maybe(id).await?.map(ChampionDuplicate), user_errors })
}
