//! Planned rotas, as coordinators read them.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use entity::{rota_line, rota_proposal};
use rules::id::{ChampionId, RotaProposalId, SessionId};
use rules::matching::RemedyKind;
use rules::policy::{Action, Relation};
use rules::proposal::{Figures, Line, LineOrigin, ProposalStatus, Recruit, Unfilled};
use rules::session::PlaceKind;

use super::champion::Champion;
use super::context::Ctx;
use super::id::{self, NodeId};
use super::matching::BlockedCount;
use super::offer::Offer;
use super::paging::{Args, connection};
use super::problem::broken;
use super::scalar::{DateTime, LocalDate};
use super::session::Session;
use crate::service::rota::{Diff, Problem as Broken, diff, problems};
use crate::store::rota::{LINES, PROPOSALS, lines_of, proposals};

/// A planned rota.
#[derive(Clone, Debug)]
pub struct RotaProposal(pub rota_proposal::Model);

impl RotaProposal {
    /// The rota, if the caller may see planned rotas.
    pub async fn find(ctx: &Context<'_>, id: RotaProposalId) -> Option<Result<Self>> {
        if !ctx.may(Action::RotaProposalRead, Relation::Other) {
            return None;
        }
        ctx.rows().one(id).await.transpose().map(|row| row.map(Self))
    }

    fn read(&self) -> Option<Result<Figures>> {
        self.0.figures.as_ref().map(|text| serde_json::from_str(text).map_err(|e| broken(anyhow::Error::new(e))))
    }
}

/// A planned rota: who could go where, how good that is, and why some places stay empty. Nobody is asked before it is published.
#[Object]
impl RotaProposal {
    /// Opaque and stable.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// The first date planned.
    async fn from(&self) -> LocalDate {
        LocalDate(self.0.from_date)
    }

    /// The last date planned.
    async fn until(&self) -> LocalDate {
        LocalDate(self.0.until_date)
    }

    /// Where it stands. A planner that is cut off is replaced within seconds; after three attempts the rota has FAILED.
    async fn status(&self) -> ProposalStatus {
        self.0.status
    }

    /// The seed it was planned with: same seed, same facts, same lines, if the planner had the time to finish.
    async fn seed(&self) -> i64 {
        self.0.seed
    }

    /// How far the planner is, at most half a second old.
    async fn progress(&self) -> RotaProgress {
        RotaProgress { objective: self.0.objective, bound: self.0.bound, work: self.0.work }
    }

    /// How far the plan of the needed places can be from the best there is, as a share of the bound: 0 is proven best. Null until it is
    /// planned.
    async fn gap(&self) -> Option<f64> {
        let (objective, bound) = self.0.objective.zip(self.0.bound)?;
        Some((objective - bound) as f64 / bound.abs().max(1) as f64)
    }

    /// The plan in figures, as the planner left it; null until it is planned.
    async fn figures(&self) -> Option<Result<RotaFigures>> {
        self.read().map(|figures| figures.map(RotaFigures::from))
    }

    /// Places that the planner left empty, with what keeps champions from them.
    async fn unfilled(&self) -> Result<Vec<UnfilledPlaces>> {
        let figures = self.read().transpose()?;
        Ok(figures.map_or(Vec::new(), |f| f.unfilled.into_iter().map(UnfilledPlaces).collect()))
    }

    /// Where one more champion would fill most places, the most first.
    async fn shadow_prices(&self) -> Result<Vec<ShadowPrice>> {
        let figures = self.read().transpose()?;
        Ok(figures.map_or(Vec::new(), |f| f.recruits.into_iter().map(ShadowPrice).collect()))
    }

    /// Who goes where, by the session's start.
    async fn lines(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many: 25 if neither first nor last is given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Result<RotaLineConnection> {
        RotaLineConnection::read(ctx, lines_of(self.0.id), LINES, Args { first, after, last, before }).await
    }

    /// The lines beside what is confirmed and asked in the same window.
    async fn diff(&self, ctx: &Context<'_>) -> Result<RotaDiff> {
        let found = ctx.rows().aside(diff(ctx.app().db.read(), &self.0, ctx.call().now)).await;
        Ok(RotaDiff(found.map_err(broken)?))
    }

    /// What would keep it from being published now, judged afresh at every reading: by hand or by the world, something may have
    /// changed since it was planned. Empty unless it is DONE.
    async fn problems(&self, ctx: &Context<'_>) -> Result<Vec<RotaProblem>> {
        let found = ctx.rows().aside(problems(ctx.app().db.read(), &self.0, ctx.call().now)).await;
        Ok(found.map_err(broken)?.into_iter().map(RotaProblem::from).collect())
    }

    /// When it was asked for.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When the planner answered or was stopped.
    async fn finished_at(&self) -> Option<DateTime> {
        self.0.finished_at.map(DateTime)
    }

    /// Grows with every change; give it as `expectedVersion`.
    async fn version(&self) -> i64 {
        self.0.version
    }
}

connection!(RotaProposalConnection, RotaProposalEdge, RotaProposal, "planned rotas", rota_proposal, |row: &rota_proposal::Model| row
    .created_at);

/// How far the planner is.
#[derive(SimpleObject, Clone, Debug)]
pub struct RotaProgress {
    /// What the rota in hand of the needed places costs: lower is better; null before the first.
    objective: Option<i64>,
    /// No rota costs less than this; null before it is known.
    bound: Option<i64>,
    /// Pairs of champion and place looked at.
    work: i64,
}

/// A line that can't be offered as things stand.
#[derive(SimpleObject, Clone, Debug)]
pub struct RotaProblem {
    /// Which line.
    line: RotaLine,
    /// Why, in plain English.
    explanation: String,
}

impl From<Broken> for RotaProblem {
    fn from(found: Broken) -> Self {
        Self { explanation: found.trouble.to_string(), line: RotaLine(found.line) }
    }
}

/// What the plan of the needed places costs, term by term: lower is better. The objective is the first three less the last.
#[derive(SimpleObject, Clone, Debug)]
pub struct RotaScore {
    /// Empty places; a lead's counts twice.
    unfilled: i64,
    /// The squares of everybody's sessions.
    fairness: i64,
    /// Journeys.
    travel: i64,
    /// The reward for groups that know the champion.
    continuity: i64,
}

/// A plan in figures.
#[derive(SimpleObject, Clone, Debug)]
pub struct RotaFigures {
    /// Open places that were to be filled: those missing to the ideal of their sessions.
    places: usize,
    /// How many of them have a line.
    filled: usize,
    /// How many places are missing to the minimum of their sessions, as `sessionStaffingSet` has it. They are planned before any other.
    needed: usize,
    /// How many of those have a line.
    needed_filled: usize,
    /// How many stay empty.
    unfilled_places: usize,
    /// Lines that a rule refused beside the others, and for which the planner looked again.
    dropped: usize,
    /// What all lines and confirmed sessions travel one way, in metres, in a straight line.
    travel_metres: i64,
    /// What it costs, term by term.
    score: RotaScore,
    /// How evenly the work is spread.
    fairness: RotaFairness,
}

/// How evenly the work is spread over champions who have, or could have, any; confirmed sessions included.
#[derive(SimpleObject, Clone, Debug)]
pub struct RotaFairness {
    /// At index k: how many champions have k sessions.
    loads: Vec<usize>,
    /// The most that anybody has.
    most: usize,
    /// 0 when all have the same; lower is fairer.
    unfairness: f64,
}

impl From<Figures> for RotaFigures {
    fn from(f: Figures) -> Self {
        Self {
            places: f.places,
            filled: f.filled,
            needed: f.needed,
            needed_filled: f.needed_filled,
            unfilled_places: f.places.saturating_sub(f.filled),
            dropped: f.dropped,
            travel_metres: f.travel_metres,
            score: RotaScore {
                unfilled: f.score.unfilled,
                fairness: f.score.fairness,
                travel: f.score.travel,
                continuity: f.score.continuity,
            },
            fairness: RotaFairness { loads: f.spread.loads, most: f.spread.most, unfairness: f.spread.unfairness },
        }
    }
}

/// Places of a kind that stay empty.
#[derive(Clone, Debug)]
pub struct UnfilledPlaces(Unfilled);

/// Places of a kind that the planner left empty, and why.
#[Object]
impl UnfilledPlaces {
    /// At which session.
    async fn session(&self, ctx: &Context<'_>) -> Option<Result<Session>> {
        ctx.rows().one(self.0.session).await.transpose().map(|row| row.map(Session))
    }

    /// The kind of place.
    async fn kind(&self) -> PlaceKind {
        self.0.kind
    }

    /// How many stay empty.
    async fn missing(&self) -> usize {
        self.0.missing
    }

    /// How many of them are missing to the minimum of the session; the others would be nice to have.
    async fn needed(&self) -> usize {
        self.0.needed
    }

    /// Whether nobody leads the session either.
    async fn no_lead(&self) -> bool {
        self.0.no_lead
    }

    /// How many champions each reason rules out; one may count under several.
    async fn reasons(&self) -> Vec<BlockedCount> {
        self.0.reasons.iter().map(|(kind, count)| BlockedCount { kind: *kind, count: *count }).collect()
    }

    /// How many champions nothing stops but that it is one of their first two sessions, and nobody experienced is beside them.
    async fn lacking_company(&self) -> usize {
        self.0.lacking_company
    }

    /// The least that would fill one of them: somebody whom one thing alone keeps away; null if there is nobody.
    async fn remedy(&self, ctx: &Context<'_>) -> Option<Result<PlaceRemedy>> {
        let remedy = self.0.remedy.clone()?;
        let champion = Champion::find(ctx, remedy.champion).await?;
        Some(champion.map(|champion| PlaceRemedy { champion, kind: remedy.kind, what: remedy.what }))
    }
}

/// What would let one champion fill an empty place.
#[derive(SimpleObject, Debug)]
pub struct PlaceRemedy {
    /// Whom to ask.
    champion: Champion,
    /// What kind of thing it takes.
    kind: RemedyKind,
    /// Which one, or how much: a module's code, a check, a requirement, hours ("Tuesdays 14:00-16:00"), how far ("up to 13 km"), how many
    /// ("3 sessions a week"); empty where the kind says it all.
    what: String,
}

/// Where one more champion would help most.
#[derive(Clone, Debug)]
pub struct ShadowPrice(Recruit);

/// Where one more champion, trained and free on that weekday, would fill most places.
#[Object]
impl ShadowPrice {
    /// In plain English.
    async fn explanation(&self, ctx: &Context<'_>) -> Result<String> {
        let near = ctx.rows().one(self.0.near).await?;
        Ok(self.0.explanation(near.as_ref().map_or("the sessions", |s| s.title.as_str())))
    }

    /// The session nearest to where they are needed.
    async fn near(&self, ctx: &Context<'_>) -> Option<Result<Session>> {
        ctx.rows().one(self.0.near).await.transpose().map(|row| row.map(Session))
    }

    /// How many places they would fill.
    async fn fills(&self) -> i64 {
        self.0.fills
    }
}

/// A champion in a place of a planned rota.
#[derive(Clone, Debug)]
pub struct RotaLine(pub rota_line::Model);

/// A champion in a place of a planned rota.
#[Object]
impl RotaLine {
    /// Opaque and stable.
    async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// At which session.
    async fn session(&self, ctx: &Context<'_>) -> Option<Result<Session>> {
        session(ctx, self.0.session_id).await
    }

    /// The kind of place.
    async fn kind(&self) -> PlaceKind {
        self.0.kind
    }

    /// Who.
    async fn champion(&self, ctx: &Context<'_>) -> Option<Result<Champion>> {
        Champion::find(ctx, self.0.champion_id).await
    }

    /// Whether it stays when the next rota keeps this one's locked lines.
    async fn locked(&self) -> bool {
        self.0.locked
    }

    /// Whether the planner or a coordinator made it.
    async fn origin(&self) -> LineOrigin {
        self.0.origin
    }

    /// The champion's offer, once the rota is published; null for those who had the place already.
    async fn offer(&self, ctx: &Context<'_>) -> Option<Result<Offer>> {
        Offer::find(ctx, self.0.offer_id?).await
    }
}

connection!(RotaLineConnection, RotaLineEdge, RotaLine, "lines of a planned rota", rota_line, |row: &rota_line::Model| row.starts_at);

async fn session(ctx: &Context<'_>, id: SessionId) -> Option<Result<Session>> {
    ctx.rows().one(id).await.transpose().map(|row| row.map(Session))
}

/// A planned rota beside what is confirmed and asked.
#[derive(Debug)]
pub struct RotaDiff(Diff);

/// A planned rota beside what is confirmed and asked in the same window.
#[Object]
impl RotaDiff {
    /// Whom publishing would ask anew.
    async fn added(&self) -> Vec<RotaDiffLine> {
        all(&self.0.added)
    }

    /// Whose offer waits for an answer and is in no line; publishing does not take it back.
    async fn removed(&self) -> Vec<RotaDiffLine> {
        all(&self.0.removed)
    }

    /// Confirmed places, which always stay, and lines whose champion has the offer already.
    async fn kept(&self) -> Vec<RotaDiffLine> {
        all(&self.0.kept)
    }
}

fn all(lines: &[Line]) -> Vec<RotaDiffLine> {
    lines.iter().copied().map(RotaDiffLine).collect()
}

/// One difference.
#[derive(Clone, Copy, Debug)]
pub struct RotaDiffLine(Line);

/// A champion in a place, in a comparison.
#[Object]
impl RotaDiffLine {
    /// At which session.
    async fn session(&self, ctx: &Context<'_>) -> Option<Result<Session>> {
        session(ctx, self.0.session).await
    }

    /// The kind of place.
    async fn kind(&self) -> PlaceKind {
        self.0.kind
    }

    /// Who.
    async fn champion(&self, ctx: &Context<'_>) -> Option<Result<Champion>> {
        let id: ChampionId = self.0.champion;
        Champion::find(ctx, id).await
    }
}

/// Queries.
#[derive(Default, Debug)]
pub struct RotaProposalQuery;

#[Object]
impl RotaProposalQuery {
    /// A planned rota: ask again while it is QUEUED or RUNNING. Coordinators.
    async fn rota_proposal(&self, ctx: &Context<'_>, #[graphql(desc = "Its id.")] id: ID) -> Option<Result<RotaProposal>> {
        RotaProposal::find(ctx, id::parse(&id)?).await
    }

    /// Planned rotas, newest first. Coordinators.
    async fn rota_proposals(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many: 25 if neither first nor last is given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Option<Result<RotaProposalConnection>> {
        if !ctx.may(Action::RotaProposalRead, Relation::Other) {
            return None;
        }
        let args = Args { first, after, last, before };
        Some(RotaProposalConnection::read(ctx, proposals(), PROPOSALS, args).await)
    }
}
