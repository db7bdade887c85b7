//! Anything by its id.

use async_graphql::{Context, ID, Interface, Object, Result, SimpleObject};
use rules::policy::{Action, Relation};

use super::assignment::Assignment;
use super::bundle::OfferBundle;
use super::champion::Champion;
use super::code::Code;
use super::context::Ctx;
use super::group::Group;
use super::id;
use super::offer::Offer;
use super::organisation::Organisation;
use super::problem::coded;
use super::request::ChampionRequest;
use super::rota_proposal::RotaProposal;
use super::series::SessionSeries;
use super::session::Session;
use super::training::{TrainingCompletion, TrainingModule};
use super::venue::Venue;

/// Anything with an id that clients may fetch again with `node` or `nodes`.
#[derive(Interface, Debug)]
#[graphql(field(name = "id", ty = "ID", desc = "Opaque and stable. Do not parse it."))]
#[allow(clippy::large_enum_variant, reason = "one lives for the length of an answer")]
pub enum Node {
    /// A champion.
    Champion(Champion),
    /// A group.
    Group(Group),
    /// An organisation.
    Organisation(Organisation),
    /// A venue.
    Venue(Venue),
    /// A training module.
    TrainingModule(TrainingModule),
    /// A completion.
    TrainingCompletion(TrainingCompletion),
    /// A series of sessions.
    SessionSeries(SessionSeries),
    /// A session.
    Session(Session),
    /// A request.
    ChampionRequest(ChampionRequest),
    /// An offer.
    Offer(Offer),
    /// Several dates offered at once.
    OfferBundle(OfferBundle),
    /// An assignment.
    Assignment(Assignment),
    /// A planned rota.
    RotaProposal(RotaProposal),
}

/// About this server.
#[derive(SimpleObject, Debug)]
pub struct Server {
    /// Its version.
    version: &'static str,
    /// Where the schema is.
    schema_path: &'static str,
    /// The version of the rules that derive DBS levels.
    dbs_rules_version: &'static str,
}

/// Queries.
#[derive(Default, Debug)]
pub struct NodeQuery;

#[Object]
impl NodeQuery {
    /// About this server. Needs no key.
    async fn server(&self) -> Server {
        Server { version: env!("CARGO_PKG_VERSION"), schema_path: "/schema.graphql", dbs_rules_version: rules::dbs::RULES_VERSION }
    }

    /// Anything by its id; null if it is not there or not for the viewer to see.
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "Its id.")] id: ID) -> Option<Result<Node>> {
        fetch(ctx, &id).await
    }

    /// Up to 100 things by their ids; the places of those not found are null.
    async fn nodes(&self, ctx: &Context<'_>, #[graphql(desc = "Their ids.")] ids: Vec<ID>) -> Result<Vec<Option<Node>>> {
        if ids.len() > 100 {
            return Err(coded(Code::BadUserInput, "Argument \"ids\": ask for 100 things at most."));
        }
        let all = futures_util::future::join_all(ids.iter().map(|id| fetch(ctx, id))).await;
        all.into_iter().map(Option::transpose).collect()
    }
}

async fn fetch(ctx: &Context<'_>, id: &ID) -> Option<Result<Node>> {
    let (kind, _) = id::decode(id)?;
    let directory = ctx.may(Action::DirectoryRead, Relation::Other);
    let signed_in = ctx.may(Action::SessionRead, Relation::Other);
    macro_rules! row {
        ($allowed:expr, $id:ty => $node:ident) => {
            if $allowed { ctx.rows().one(id::parse::<$id>(id)?).await.transpose()?.map($node).map(Node::$node) } else { return None }
        };
    }
    Some(match kind.as_str() {
        "Champion" => Champion::find(ctx, id::parse(id)?).await?.map(Node::Champion),
        "ChampionRequest" => ChampionRequest::find(ctx, id::parse(id)?).await?.map(Node::ChampionRequest),
        "Offer" => Offer::find(ctx, id::parse(id)?).await?.map(Node::Offer),
        "OfferBundle" => OfferBundle::find(ctx, id::parse(id)?).await?.map(Node::OfferBundle),
        "Assignment" => Assignment::find(ctx, id::parse(id)?).await?.map(Node::Assignment),
        "RotaProposal" => RotaProposal::find(ctx, id::parse(id)?).await?.map(Node::RotaProposal),
        "TrainingCompletion" => TrainingCompletion::find(ctx, id::parse(id)?).await?.map(Node::TrainingCompletion),
        "Group" => row!(directory, rules::id::GroupId => Group),
        "Organisation" => row!(directory, rules::id::OrganisationId => Organisation),
        "Venue" => row!(directory, rules::id::VenueId => Venue),
        "TrainingModule" => row!(ctx.may(Action::CatalogueRead, Relation::Other), rules::id::ModuleId => TrainingModule),
        "SessionSeries" => row!(signed_in, rules::id::SeriesId => SessionSeries),
        "Session" => row!(signed_in, rules::id::SessionId => Session),
        _ => return None,
    })
}
