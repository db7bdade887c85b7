//! A planned rota that has just changed, for open screens: how far its planner is, and what becomes of it.

use async_graphql::{Context, ID, Result, SimpleObject, Subscription};
use futures_util::{Stream, stream};
use rules::id::RotaProposalId;
use rules::policy::{Action, Relation};
use rules::proposal::RotaProposalChangeKind;

use super::code::Code;
use super::context::Ctx;
use super::id::{self, encode};
use super::problem::coded;
use super::rota_proposal::RotaProposal;
use super::scalar::DateTime;
use crate::news::{News, RotaNews};

/// What happened to a planned rota, and the rota as it is now.
#[derive(SimpleObject, Debug)]
pub struct RotaProposalChange {
    /// What happened.
    kind: RotaProposalChangeKind,
    /// The rota as it is now; null if something was missed.
    proposal: Option<RotaProposal>,
    /// When it happened.
    at: DateTime,
    /// Of the event: the same however often and by whichever server it is told; null if something was missed.
    event_id: Option<ID>,
}

/// Subscriptions to planned rotas.
#[derive(Default, Debug)]
pub struct RotaProposalSubscription;

#[Subscription]
impl RotaProposalSubscription {
    /// A planned rota that has just changed: `proposal.progress` while its planner is at work, at most twice a second, then what
    /// becomes of it, and every change by hand. Coordinators. Nothing arrives for an id that is not there. What is missed while a
    /// connection is down is not told later: read the rota after subscribing and after connecting again, and when `kind` is MISSED.
    async fn rota_proposal_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which rota to follow.")] id: ID,
    ) -> Result<impl Stream<Item = RotaProposalChange>> {
        if !ctx.may(Action::RotaProposalRead, Relation::Other) {
            let caller = &ctx.call().caller;
            return Err(if caller.account.is_none() && caller.client.is_none() {
                coded(Code::Unauthenticated, "Sign in: planned rotas are for coordinators.")
            } else {
                coded(Code::Forbidden, "Planned rotas are for coordinators.")
            });
        }
        // As for sessions: run anew for each of the news, and once before there are any.
        let change = match ctx.data_opt::<News>() {
            None | Some(News::Session(_)) => None,
            Some(News::Missed) => {
                let at = DateTime(ctx.call().now);
                Some(RotaProposalChange { kind: RotaProposalChangeKind::Missed, proposal: None, at, event_id: None })
            }
            Some(News::Rota(news)) if id::parse::<RotaProposalId>(&id) == Some(news.proposal) => seen(ctx, news).await?,
            Some(News::Rota(_)) => None,
        };
        Ok(stream::iter(change))
    }
}

async fn seen(ctx: &Context<'_>, news: &RotaNews) -> Result<Option<RotaProposalChange>> {
    let proposal = RotaProposal::find(ctx, news.proposal).await.transpose()?;
    let event_id = Some(encode("Event", news.event));
    Ok(proposal.map(|proposal| RotaProposalChange { kind: news.kind, proposal: Some(proposal), at: DateTime(news.at), event_id }))
}
