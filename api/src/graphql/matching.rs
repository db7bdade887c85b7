//! Matches, previews and opportunities.

use async_graphql::parser::types::Field;
use async_graphql::{Context, ContextSelectionSet, InputObject, Object, Result, SimpleObject, Value};
use rules::dbs::{DbsScope, Permitted, permitted};
use rules::geo::DistanceBand;
use rules::matching::{BlockerKind, Factor, FactorKind, Found, Match, Remedy, RemedyKind, Unlock};
use rules::session::{CannotCreateSession, PlaceKind, SessionCreateErrorCode};

use super::ahead::matched;
use super::champion::Champion;
use super::context::Ctx;
use super::offer::BlockingReason;
use super::paging::{Args, PageInfo, cut, needed};
use super::problem::{Problem, settle};
use super::quick::{AtHand, Quick, text};
use super::session::{DbsPermitted, Session};
use super::session_change::NewSessionInput;
use super::shared::DbsRequirement;
use crate::error::Refusal;
use crate::service::matching::{Opportunities, Opportunity, Person, Ranked, preview};
use crate::store::paging::{Cursor, Page};

/// Champions who could take a place, best first.
#[derive(Debug)]
pub struct MatchConnection {
    page: Page<(usize, (Match, Person))>,
    total: usize,
    blocked: Vec<BlockedCount>,
    blocked_total: usize,
}

impl MatchConnection {
    /// A page of a ranking.
    pub fn new(ranked: Ranked, args: Args) -> Result<Self> {
        let Ranked { found: Found { top, total, blocked, blocked_total, .. }, people } = ranked;
        let blocked = blocked.into_iter().map(|(kind, count)| BlockedCount { kind, count }).collect();
        Ok(Self { page: cut(top.into_iter().zip(people).collect(), total, args)?, total, blocked, blocked_total })
    }

    fn read_ahead(&self, ctx: &Context<'_>) {
        matched(ctx, self.page.rows.iter().map(|(_, (_, person))| person));
    }
}

/// Champions who could take a place, best first, and how many could not, by reason.
#[Object]
impl MatchConnection {
    /// The lines with their scores.
    async fn edges(&self, ctx: &Context<'_>) -> Vec<Quick<MatchEdge>> {
        self.read_ahead(ctx);
        self.page.rows.iter().map(|(index, (found, _))| Quick(MatchEdge { index: *index, found: found.clone() })).collect()
    }

    /// The champions without their scores.
    async fn nodes(&self, ctx: &Context<'_>) -> Result<Vec<Champion>> {
        self.read_ahead(ctx);
        let ids = self.page.rows.iter().map(|(_, (found, _))| found.champion).collect();
        Ok(ctx.rows().many(ids).await?.into_iter().map(Champion).collect())
    }

    /// Where the page lies.
    async fn page_info(&self) -> PageInfo {
        PageInfo::of(&self.page, |(index, _)| Cursor::at(*index).encode())
    }

    /// How many champions could take the place.
    async fn total_count(&self) -> usize {
        self.total
    }

    /// How many champions could not, by reason; one may count under several. Never who.
    async fn blocked(&self) -> &[BlockedCount] {
        &self.blocked
    }

    /// How many champions could not.
    async fn blocked_count(&self) -> usize {
        self.blocked_total
    }
}

/// How many champions a reason rules out.
#[derive(SimpleObject, Clone, Debug)]
pub struct BlockedCount {
    /// The reason.
    pub kind: BlockerKind,
    /// How many.
    pub count: usize,
}

/// A champion who could take a place, with the reasons for the rank.
#[derive(Debug)]
pub struct MatchEdge {
    index: usize,
    found: Match,
}

impl MatchEdge {
    fn rounded(&self) -> f64 {
        (self.found.score * 10.0).round() / 10.0
    }
}

impl AtHand for MatchEdge {
    const TYPE: &'static str = "MatchEdge";
    const FIELDS: &'static [&'static str] = &["cursor", "node", "score", "distanceBand"];

    fn at_hand(&self, ctx: &ContextSelectionSet<'_>, field: &Field) -> Option<Value> {
        Some(match field.name.node.as_str() {
            "cursor" => text(Some(Cursor::at(self.index).encode())),
            "node" => return Champion::at_hand_of(ctx, self.found.champion, &field.selection_set.node),
            "score" => self.rounded().into(),
            "distanceBand" => text(self.found.distance.map(|band| band.code())),
            _ => return None,
        })
    }
}

/// A champion who could take a place, with the reasons for the rank.
#[Object]
impl MatchEdge {
    /// Where the line stands: give it as `after` or `before`.
    async fn cursor(&self) -> String {
        Cursor::at(self.index).encode()
    }

    /// The champion.
    async fn node(&self, ctx: &Context<'_>) -> Option<Result<Champion>> {
        ctx.rows().one(self.found.champion).await.map(|row| row.map(Champion)).transpose()
    }

    /// 0 to 100; comparable inside one session only.
    async fn score(&self) -> f64 {
        self.rounded()
    }

    /// What the score is made of.
    async fn reasons(&self) -> Vec<MatchReason> {
        self.found.factors.iter().map(MatchReason::from).collect()
    }

    /// How far away, coarsely; null for phone and video.
    async fn distance_band(&self) -> Option<DistanceBand> {
        self.found.distance
    }
}

/// One part of a score.
#[derive(SimpleObject, Clone, Debug)]
pub struct MatchReason {
    /// What is scored.
    kind: FactorKind,
    /// The most it can add to the score.
    weight: f64,
    /// What it added.
    points: f64,
}

impl From<&Factor> for MatchReason {
    fn from(factor: &Factor) -> Self {
        Self { kind: factor.kind, weight: factor.weight, points: (factor.weight * factor.value * 10.0).round() / 10.0 }
    }
}

/// Input of `matchPreview`.
#[derive(InputObject, Debug)]
pub struct MatchPreviewInput {
    /// The session as it might be; its first kind of place is matched. Nothing is created.
    session: NewSessionInput,
}

/// Who could take a place at a session that does not exist yet.
#[derive(SimpleObject, Debug)]
pub struct MatchPreview {
    /// Champions who could take the place; null if there are errors.
    matches: Option<MatchConnection>,
    /// The DBS check the session would ask for; null for none, or if there are errors.
    dbs_required: Option<DbsRequirement>,
    /// The highest DBS check the law permits for the session, and why; null if there are errors.
    dbs_permitted: Option<DbsPermitted>,
    /// What is wrong with the session; empty if it could be created.
    user_errors: Vec<Problem<SessionCreateErrorCode>>,
}

/// Queries.
#[derive(Default, Debug)]
pub struct MatchQuery;

#[Object]
impl MatchQuery {
    /// Who could take a place, before anything is created. The group's leaders and coordinators.
    async fn match_preview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The session as it might be.")] input: MatchPreviewInput,
        #[graphql(desc = "The first so many: 25 if neither first nor last is given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Option<Result<MatchPreview>> {
        Some(previewed(ctx, input, Args { first, after, last, before }).await)
    }
}

/// The most the law permits for a session; who could come, and the check it would ask for.
type Previewed = (Permitted, (Ranked, Option<DbsScope>));

async fn previewed(ctx: &Context<'_>, input: MatchPreviewInput, args: Args) -> Result<MatchPreview> {
    let page = needed(&args)?;
    let result: Result<Previewed, Refusal<CannotCreateSession>> = async {
        let new = input.session.checked()?;
        Ok((permitted(new.facts, false), ctx.rows().aside(preview(ctx.app(), ctx.call(), new, page)).await?))
    }
    .await;
    let (found, user_errors) = settle(result)?;
    let user_errors = user_errors.into_iter().map(|problem| problem.under("session")).collect();
    let Some((most, (ranked, dbs))) = found else {
        return Ok(MatchPreview { matches: None, dbs_required: None, dbs_permitted: None, user_errors });
    };
    Ok(MatchPreview {
        matches: Some(MatchConnection::new(ranked, args)?),
        dbs_required: dbs.map(DbsRequirement::from),
        dbs_permitted: Some(most.into()),
        user_errors,
    })
}

/// What a champion could do in the next eight weeks.
#[derive(Debug)]
pub struct OpportunityList(pub Opportunities);

/// What a champion could do in the next eight weeks, and what would unlock more.
#[Object]
impl OpportunityList {
    /// Open places they could take, soonest first.
    async fn open(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 100 at most.", default = 25)] first: i32,
    ) -> Result<Vec<OpenPlace>> {
        let rows = cut(self.0.open.clone(), self.0.open.len(), Args { first: Some(first), ..Args::default() })?.rows;
        let sessions: Vec<entity::session::Model> = ctx.rows().many(rows.iter().map(|(_, o)| o.session).collect()).await?;
        Ok(sessions.into_iter().zip(rows).map(|(session, (_, place))| OpenPlace { session: Session(session), place }).collect())
    }

    /// How many there are in all.
    async fn open_count(&self) -> usize {
        self.0.open.len()
    }

    /// What one or two things would unlock, most sessions first: five at most, of the first 500 that are blocked by so little.
    async fn unlocks(&self) -> Vec<Unlocking> {
        self.0.unlocks.iter().cloned().map(Unlocking).collect()
    }

    /// Sessions with an open place they can't take now, soonest first, with everything that stands in the way.
    async fn blocked(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 100 at most.", default = 25)] first: i32,
    ) -> Result<Vec<BlockedSession>> {
        let rows = cut(self.0.blocked.clone(), self.0.blocked.len(), Args { first: Some(first), ..Args::default() })?.rows;
        let sessions: Vec<entity::session::Model> = ctx.rows().many(rows.iter().map(|(_, b)| b.0).collect()).await?;
        let pairs = sessions.into_iter().zip(rows);
        let with = pairs.map(|(session, (_, (_, kind, blockers)))| {
            let reasons = blockers.into_iter().map(BlockingReason::from).collect();
            BlockedSession { session: Session(session), kind, reasons }
        });
        Ok(with.collect())
    }

    /// How many there are in all.
    async fn blocked_count(&self) -> usize {
        self.0.blocked.len()
    }
}

/// An open place a champion could take.
#[derive(Debug)]
pub struct OpenPlace {
    session: Session,
    place: Opportunity,
}

/// An open place a champion could take.
#[Object]
impl OpenPlace {
    /// The session.
    async fn session(&self) -> &Session {
        &self.session
    }

    /// The kind of place.
    async fn kind(&self) -> PlaceKind {
        self.place.kind
    }

    /// How well it fits, 0 to 100.
    async fn score(&self) -> f64 {
        (self.place.found.score * 10.0).round() / 10.0
    }

    /// How far away, coarsely; null for phone and video.
    async fn distance_band(&self) -> Option<DistanceBand> {
        self.place.found.distance
    }
}

/// A session with an open place that a champion can't take now.
#[derive(SimpleObject, Debug)]
pub struct BlockedSession {
    /// The session.
    session: Session,
    /// The kind of place with the least in the way.
    kind: PlaceKind,
    /// Everything that stands in the way.
    reasons: Vec<BlockingReason>,
}

/// One or two things that would unlock sessions.
#[derive(Debug)]
pub struct Unlocking(Unlock);

/// One or two things that would unlock sessions.
#[Object]
impl Unlocking {
    /// What to do.
    async fn remedies(&self) -> Vec<RemedyToDo> {
        self.0.remedies.iter().cloned().map(RemedyToDo::from).collect()
    }

    /// How many sessions it opens in the next eight weeks.
    async fn session_count(&self) -> usize {
        self.0.sessions.len()
    }
}

/// One thing to do.
#[derive(SimpleObject, Debug)]
pub struct RemedyToDo {
    /// What kind of thing.
    kind: RemedyKind,
    /// Which one, or how much: a module's code, a check, a requirement, hours ("Tuesdays 14:00-16:00"), how far ("up to 13 km"), how
    /// many ("3 sessions a week"); null where the kind says it all.
    what: Option<String>,
}

impl From<Remedy> for RemedyToDo {
    fn from(remedy: Remedy) -> Self {
        Self { kind: remedy.kind, what: Some(remedy.what).filter(|what| !what.is_empty()) }
    }
}
