//! Planned rotas: the facts of a window, and what a proposal is compared with.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use entity::{rota_line, rota_proposal};
use rules::calendar::{monday_of, resolve};
use rules::id::{ChampionId, PlaceId, SessionId};
use rules::offer::OfferStatus;
use rules::proposal::{Board, Line, Opening, ProposalStatus, Trouble};
use rules::session::{PlaceKind, SessionStatus};
use rules::staffing::Wanted;
use sea_orm::ConnectionTrait;

use crate::clock::HOME_ZONE;
use crate::error::Fault;
use crate::service::offer::fact;
use crate::store::facts::{self, SessionFactsRow, Which};
use crate::store::session::{Filter, in_order};
use crate::store::{offer, rota, staffing};

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    resolve(day.and_time(NaiveTime::MIN), HOME_ZONE)
}

/// What the sessions of a window have: who is confirmed, who was asked.
struct Agreed {
    taken: HashMap<PlaceId, ChampionId>,
    /// What was said of how many a session needs.
    said: HashMap<(SessionId, PlaceKind), Wanted>,
    answers: HashMap<(SessionId, ChampionId), (OfferStatus, PlaceKind)>,
}

impl Agreed {
    async fn load(conn: &impl ConnectionTrait, sessions: &[SessionId], now: DateTime<Utc>) -> Result<Self, Fault> {
        let taken = offer::confirmed(conn, sessions).await?.into_iter().map(|a| (a.place_id, a.champion_id)).collect();
        let said = staffing::said(conn, sessions).await?;
        // Oldest first: the last answer stands.
        let offers = offer::of_sessions(conn, sessions).await?;
        let answers = offers.iter().map(|o| ((o.session_id, o.champion_id), (fact(o).status_at(now), o.kind))).collect();
        Ok(Self { taken, said: said.iter().map(|row| ((row.session_id, row.kind), staffing::fact(row))).collect(), answers })
    }

    fn who(&self, session: SessionId, stands: impl Fn(OfferStatus, PlaceKind) -> bool) -> BTreeSet<ChampionId> {
        self.answers.iter().filter(|((s, _), (status, kind))| *s == session && stands(*status, *kind)).map(|((_, c), _)| *c).collect()
    }

    /// The open places of a session, leads first; nobody waits for those who only watch.
    fn openings(&self, facts: &SessionFactsRow) -> Vec<Opening> {
        let session = facts.session.id;
        let team = || facts.places.iter().filter(|(_, kind)| *kind != PlaceKind::Shadow);
        let beside: BTreeSet<ChampionId> = team().filter_map(|(id, _)| self.taken.get(id).copied()).collect();
        let (open, filled): (Vec<_>, Vec<_>) = facts.places.iter().partition(|(id, _)| !self.taken.contains_key(id));
        let of = |places: &[&(PlaceId, PlaceKind)], kind| places.iter().filter(|(_, k)| *k == kind).count();
        let kinds = [PlaceKind::Lead, PlaceKind::Helper].into_iter().filter(|kind| of(&open, *kind) > 0);
        let opening = |kind| {
            let need = facts.need(kind)?.clone();
            let pending = self.who(session, |status, of| status == OfferStatus::Pending && of == kind);
            let declined = self.who(session, |status, of| status == OfferStatus::Declined || status == OfferStatus::Pending && of != kind);
            let (places, filled) = (of(&open, kind), of(&filled, kind));
            let wanted = self.said.get(&(session, kind)).copied().unwrap_or_else(|| Wanted::default_of(kind, places + filled));
            let (needed, wanted) = wanted.missing(filled, places);
            let (team, beside) = (team().count(), beside.clone());
            Some(Opening { session, kind, places, needed, wanted, team, need, beside, pending, declined })
        };
        kinds.filter_map(opening).collect()
    }
}

/// The facts of a window: its open places from `now` on, champions (all, or these), and what they have agreed to in its weeks.
pub async fn board(
    conn: &impl ConnectionTrait,
    window: (NaiveDate, NaiveDate),
    which: Which<'_>,
    now: DateTime<Utc>,
) -> Result<Board, Fault> {
    let (from, until) = window;
    let monday = monday_of(from);
    let weeks = (until - monday).num_days() / 7 + 1;
    let filter = Filter {
        from: Some(midnight(monday)),
        until: Some(midnight(monday + Days::new(u64::try_from(weeks * 7).unwrap_or(7)))),
        ..Filter::default()
    };
    let rows = in_order(conn, &filter).await?;
    let ids: Vec<SessionId> = rows.iter().map(|s| s.id).collect();
    let agreed = Agreed::load(conn, &ids, now).await?;
    // Who is at a session already may be company for somebody new.
    let with_company: Vec<ChampionId> = match which {
        Which::These(some) => some.iter().copied().chain(agreed.taken.values().copied()).collect(),
        Which::Open | Which::Standing(_) => Vec::new(),
    };
    let which = if let Which::These(_) = which { Which::These(&with_company) } else { which };
    let sessions = facts::needs(conn, rows).await?;
    let planned = |s: &&SessionFactsRow| {
        let inside = (from..=until).contains(&s.session.local_date) && s.session.starts_at > now;
        inside && s.session.status == SessionStatus::Scheduled
    };
    let spot = |s: &SessionFactsRow| Some((s.session.id, s.kinds().next().and_then(|kind| s.need(kind))?.at?));
    Ok(Board {
        start: midnight(monday),
        weeks,
        openings: sessions.iter().filter(planned).flat_map(|s| agreed.openings(s)).collect(),
        champions: facts::champions(conn, which).await?,
        spots: sessions.iter().filter_map(spot).collect(),
    })
}

/// A proposal beside what is agreed or asked already.
#[derive(Clone, Debug, Default)]
pub struct Diff {
    /// Lines that nobody has been asked for yet.
    pub added: Vec<Line>,
    /// Offers that wait for an answer, and that no line repeats. They are not taken back by publishing.
    pub removed: Vec<Line>,
    /// What is confirmed, and lines whose champion has the offer.
    pub kept: Vec<Line>,
}

/// Compares a proposal with what is confirmed and asked in its window.
pub async fn diff(conn: &impl ConnectionTrait, proposal: &rota_proposal::Model, now: DateTime<Utc>) -> Result<Diff, Fault> {
    let lines: Vec<Line> = rota::lines(conn, proposal.id).await?.iter().map(rota::fact).collect();
    let (asked, confirmed) = standing(conn, proposal, now).await?;
    let known = |l: &&Line| asked.contains(l) || confirmed.contains(l);
    let mut kept: Vec<Line> = lines.iter().filter(known).copied().collect();
    kept.extend(confirmed.iter().filter(|l| !lines.contains(l)));
    Ok(Diff {
        added: lines.iter().filter(|l| !known(l)).copied().collect(),
        removed: asked.iter().filter(|l| !lines.contains(l) && !confirmed.contains(l)).copied().collect(),
        kept,
    })
}

/// What is asked and what is confirmed for the sessions of a proposal's window.
async fn standing(
    conn: &impl ConnectionTrait,
    proposal: &rota_proposal::Model,
    now: DateTime<Utc>,
) -> Result<(Vec<Line>, Vec<Line>), Fault> {
    let until = proposal.until_date + Days::new(1);
    let filter =
        Filter { from: Some(midnight(proposal.from_date)), until: Some(midnight(until)), scheduled_only: true, ..Filter::default() };
    let ids: Vec<SessionId> = in_order(conn, &filter).await?.into_iter().map(|s| s.id).collect();
    let kinds: HashMap<PlaceId, PlaceKind> = crate::store::session::places(conn, &ids).await?.into_iter().map(|p| (p.id, p.kind)).collect();
    let pending = offer::of_sessions(conn, &ids).await?.into_iter().filter(|o| fact(o).status_at(now) == OfferStatus::Pending);
    let asked = pending.map(|o| Line { session: o.session_id, kind: o.kind, champion: o.champion_id }).collect();
    let confirmed = offer::confirmed(conn, &ids).await?;
    let of = |a: entity::assignment::Model| Some(Line { session: a.session_id, kind: *kinds.get(&a.place_id)?, champion: a.champion_id });
    Ok((asked, confirmed.into_iter().filter_map(of).collect()))
}

/// What would keep each line from being offered now, in the order of the lines; what is confirmed already is in order.
pub(super) async fn judged(
    conn: &impl ConnectionTrait,
    proposal: &rota_proposal::Model,
    lines: &[rota_line::Model],
    now: DateTime<Utc>,
) -> Result<Vec<Vec<Trouble>>, Fault> {
    let sessions: BTreeSet<SessionId> = lines.iter().map(|l| l.session_id).collect();
    let confirmed = offer::confirmed(conn, &Vec::from_iter(sessions)).await?;
    let has_place = |l: &rota_line::Model| confirmed.iter().any(|a| (a.session_id, a.champion_id) == (l.session_id, l.champion_id));
    let open: Vec<usize> = (0..lines.len()).filter(|at| !has_place(&lines[*at])).collect();
    let champions: BTreeSet<ChampionId> = lines.iter().map(|l| l.champion_id).collect();
    let champions = Vec::from_iter(champions);
    let facts = board(conn, (proposal.from_date, proposal.until_date), Which::These(&champions), now).await?;
    let facts_of: Vec<Line> = open.iter().map(|at| rota::fact(&lines[*at])).collect();
    let mut judged = vec![Vec::new(); lines.len()];
    open.into_iter().zip(facts.troubles(&facts_of)).for_each(|(at, troubles)| judged[at] = troubles);
    Ok(judged)
}

/// A line that can't be offered as things stand.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Which line.
    pub line: rota_line::Model,
    /// Why.
    pub trouble: Trouble,
}

/// What would keep a proposal from being published now: a fixed number of statements, however many lines.
pub async fn problems(conn: &impl ConnectionTrait, proposal: &rota_proposal::Model, now: DateTime<Utc>) -> Result<Vec<Problem>, Fault> {
    if proposal.status != ProposalStatus::Done {
        return Ok(Vec::new());
    }
    let lines = rota::lines(conn, proposal.id).await?;
    let judged = judged(conn, proposal, &lines, now).await?;
    let of = |(line, troubles): (rota_line::Model, Vec<Trouble>)| {
        troubles.into_iter().map(move |trouble| Problem { line: line.clone(), trouble })
    };
    Ok(lines.into_iter().zip(judged).flat_map(of).collect())
}

/// A line's row.
pub(super) fn row(proposal: &rota_proposal::Model, board: &Board, line: Line, locked: bool, now: DateTime<Utc>) -> rota_line::Model {
    rota_line::Model {
        id: crate::clock::new_id(now),
        proposal_id: proposal.id,
        session_id: line.session,
        kind: line.kind,
        champion_id: line.champion,
        starts_at: board.opening(line.session, line.kind).map_or(now, |o| o.need.span.from),
        locked,
        origin: rules::proposal::LineOrigin::Planned,
        offer_id: None,
    }
}
