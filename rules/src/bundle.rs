//! One offer of several dates: ordinary offers sent with one message, so that one answer can do for all of them.
//!
//! Each date is judged, accepted, declined and lapses on its own, by the rules of [`crate::offer`]. What they share is that their
//! champion may answer them at once, and that they count as one contact: as none, once a date of them was accepted.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::id::OfferId;
use crate::matching::ChampionRecord;
use crate::offer::{Offer, OfferStatus, Unfit, can_be_offered, fit};
use crate::reason::reasons;
use crate::session::{PlaceKind, SessionNeed, SessionStatus};
use crate::staffing::Team;

/// The most dates offered at once.
pub const DATE_LIMIT: usize = 20;

reasons! {
    /// Why several dates can't be offered at once. All are offered, or none.
    CannotSendBundle => OfferBundleSendErrorCode {
        /// The list is too short or too long, or names a session twice.
        ListSize { most: usize } at "sessionIds" => format!("Name between 2 and {most} sessions, each once; for a single one, send an offer."),
        /// The session is another group's than the first.
        OtherGroup { index: usize } at format!("sessionIds.{index}") => "This session is another group's: its dates make an offer of their own.",
        /// The session was called off, has yet to be confirmed, or begins within 15 minutes.
        SessionClosed { index: usize } at format!("sessionIds.{index}") => "This session was called off, has yet to be confirmed, or begins too soon for anybody to answer.",
        /// The session has no place of this kind that is open.
        NoOpenPlace { index: usize, kind: PlaceKind } at format!("sessionIds.{index}") => format!("There is no open {kind} place at this session."),
        /// The champion can't take this place. Why is theirs and the coordinators' to know: a leader is told counts, never who.
        CannotTakePlace { index: usize } at format!("sessionIds.{index}") => "This champion can't take this place: the matches of the session list those who can.",
        /// One of the champion's first sessions, and no place would be left for somebody experienced beside them.
        NewAndAlone { index: usize } at format!("sessionIds.{index}") => "This champion's first sessions are beside somebody who has done some, and no place would be left for them: ask somebody experienced first.",
        /// The champion was asked for this session already, and has not answered or has said no.
        AlreadyAsked { index: usize, status: OfferStatus } at format!("sessionIds.{index}") => format!("This champion was asked for this session already; the offer is {status}."),
        /// The champion asked for quiet for a while.
        Resting at "championId" => "This champion said \"not now\" a few days ago: ask somebody else.",
    } creates
}

/// A date that is to be offered, as read under lock.
#[derive(Clone, Debug)]
pub struct Date<'a> {
    /// Whether the session will be held.
    pub status: SessionStatus,
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// What the first open place of the kind asks for; none if there is no such place.
    pub need: Option<&'a SessionNeed>,
    /// Whom the champion would join there.
    pub team: Team,
    /// The champion's last offer for this session.
    pub earlier: Option<Offer>,
}

/// Whether a list of dates is one to offer at once: some, and each once.
pub fn check_list<T: Ord>(sessions: &[T]) -> Result<(), CannotSendBundle> {
    let distinct: BTreeSet<&T> = sessions.iter().collect();
    let fits = (2..=DATE_LIMIT).contains(&sessions.len()) && distinct.len() == sessions.len();
    if fits { Ok(()) } else { Err(CannotSendBundle::ListSize { most: DATE_LIMIT }) }
}

/// Whether a champion may be offered these dates at once. What they would do with all of them (a full week, two at a time) is for them
/// to choose, and judged as they accept.
pub fn send(kind: PlaceKind, dates: &[Date<'_>], champion: &ChampionRecord, now: DateTime<Utc>) -> Result<(), Vec<CannotSendBundle>> {
    let judge = |(index, date): (usize, &Date<'_>)| {
        if !can_be_offered(date.status, date.starts_at, now) {
            return Some(CannotSendBundle::SessionClosed { index });
        }
        let Some(need) = date.need else { return Some(CannotSendBundle::NoOpenPlace { index, kind }) };
        fit(need, champion, &date.team, date.earlier, now).err().map(|unfit| match unfit {
            Unfit::AlreadyAsked { status } => CannotSendBundle::AlreadyAsked { index, status },
            Unfit::CannotTakePlace => CannotSendBundle::CannotTakePlace { index },
            Unfit::NewAndAlone => CannotSendBundle::NewAndAlone { index },
        })
    };
    let problems: Vec<CannotSendBundle> = dates.iter().enumerate().filter_map(judge).collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

reasons! {
    /// Why dates can't be answered at once. What becomes of each date is told with it.
    CannotAnswerBundle => OfferBundleAnswerErrorCode {
        /// An offer is none of these dates.
        NotAmongThem { index: usize } at format!("acceptOfferIds.{index}") => "This offer is none of these dates: take the ids from the offers of the bundle.",
    }
}

/// The offers a champion says yes to, and those they say no to, both in the order of the dates.
pub type Sorted = (Vec<OfferId>, Vec<OfferId>);

/// Sorts the dates by the champion's answer: no to whatever is not named.
pub fn answer(dates: &[OfferId], yes: &[OfferId]) -> Result<Sorted, Vec<CannotAnswerBundle>> {
    let strange = |(index, id): (usize, &OfferId)| (!dates.contains(id)).then_some(CannotAnswerBundle::NotAmongThem { index });
    let problems: Vec<CannotAnswerBundle> = yes.iter().enumerate().filter_map(strange).collect();
    if problems.is_empty() { Ok(dates.iter().partition(|id| yes.contains(id))) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{PlaceId, SessionId};
    use crate::matching::Blocker;
    use crate::matching::tests::here;
    use crate::offer::{Openings, accept, expires_at};
    use uuid::Uuid;

    const ROOM: Team = Team { others: Vec::new(), open: 1 };

    fn now() -> DateTime<Utc> {
        "2026-11-21T12:00:00Z".parse().expect("an instant")
    }

    fn date(need: &SessionNeed) -> Date<'_> {
        Date { status: SessionStatus::Scheduled, starts_at: need.span.from, need: Some(need), team: ROOM, earlier: None }
    }

    /// Cleared for weeks, free on Tuesday mornings, and next door.
    fn champion() -> ChampionRecord {
        let mut record = crate::matching::tests::champion(1);
        record.clearance.completions[0].expires_on = None;
        record
    }

    /// The same weekday and hour, some weeks on.
    fn weeks_on(weeks: i64) -> SessionNeed {
        let mut need = here();
        let by = chrono::TimeDelta::weeks(weeks);
        need.session = Some(SessionId(Uuid::from_u128(100 + u128::try_from(weeks).expect("some weeks"))));
        (need.date, need.span.from, need.span.until) = (need.date + by, need.span.from + by, need.span.until + by);
        need
    }

    #[test]
    fn each_date_that_can_not_be_offered_says_why() {
        let (first, second) = (weeks_on(0), weeks_on(1));
        let asked = |status| Some(Offer { status, expires_at: now() + crate::offer::STANDS });
        let full = Team { others: vec![1], open: 0 };
        let urdu = SessionNeed { language: Some("urd".into()), ..weeks_on(1) };
        for (other, says) in [
            (date(&second), None),
            (Date { status: SessionStatus::Cancelled, ..date(&second) }, Some(CannotSendBundle::SessionClosed { index: 1 })),
            (Date { status: SessionStatus::ToConfirm, ..date(&second) }, Some(CannotSendBundle::SessionClosed { index: 1 })),
            (Date { starts_at: now(), ..date(&second) }, Some(CannotSendBundle::SessionClosed { index: 1 })),
            (Date { need: None, ..date(&second) }, Some(CannotSendBundle::NoOpenPlace { index: 1, kind: PlaceKind::Helper })),
            (date(&urdu), Some(CannotSendBundle::CannotTakePlace { index: 1 })),
            (Date { team: full, ..date(&second) }, Some(CannotSendBundle::NewAndAlone { index: 1 })),
            (
                Date { earlier: asked(OfferStatus::Declined), ..date(&second) },
                Some(CannotSendBundle::AlreadyAsked { index: 1, status: OfferStatus::Declined }),
            ),
            (Date { earlier: asked(OfferStatus::Withdrawn), ..date(&second) }, None),
        ] {
            let sent = send(PlaceKind::Helper, &[date(&first), other.clone()], &champion(), now());
            assert_eq!(sent.err().unwrap_or_default(), Vec::from_iter(says), "{other:?}");
        }
        let both = [date(&urdu), Date { need: None, ..date(&second) }];
        assert_eq!(send(PlaceKind::Helper, &both, &champion(), now()).expect_err("refused").len(), 2, "all at once");
    }

    #[test]
    fn a_list_names_some_sessions_each_once() {
        for (list, fits) in [(vec![], false), (vec![1], false), (vec![1, 2], true), (vec![1, 2, 1], false), ((0..20).collect(), true)] {
            assert_eq!(check_list(&list).is_ok(), fits, "{list:?}");
        }
        assert!(check_list(&Vec::from_iter(0..=20)).is_err());
    }

    #[test]
    fn what_is_not_named_is_declined_and_the_order_is_that_of_the_dates() {
        let [a, b, c, other] = [1, 2, 3, 9].map(|n| OfferId(Uuid::from_u128(n)));
        let dates = [a, b, c];
        assert_eq!(answer(&dates, &[c, a, c]), Ok((vec![a, c], vec![b])));
        assert_eq!(answer(&dates, &[]), Ok((vec![], vec![a, b, c])));
        assert_eq!(answer(&dates, &[a, b, c]), Ok((vec![a, b, c], vec![])));
        assert_eq!(answer(&dates, &[a, other]), Err(vec![CannotAnswerBundle::NotAmongThem { index: 1 }]));
    }

    #[test]
    fn a_week_that_two_of_the_dates_fill_is_the_champions_to_choose() {
        let (first, mut second) = (weeks_on(0), weeks_on(0));
        second.session = Some(SessionId(Uuid::from_u128(50)));
        let once = ChampionRecord { most_per_week: Some(1), ..champion() };
        assert_eq!(send(PlaceKind::Helper, &[date(&first), date(&second)], &once, now()), Ok(()));
        let mut placed = once;
        let (session, group, span) = (first.session.expect("a session"), first.group, first.span);
        placed.bookings.push(crate::matching::Booking { session, group, span, date: first.date, with_children: false, at: first.at });
        let open = Openings { status: SessionStatus::Scheduled, places: vec![PlaceId(Uuid::nil())], team: ROOM };
        let offer = Offer { status: OfferStatus::Pending, expires_at: expires_at(now(), second.span.from) };
        let refused = accept(offer, &open, &second, &placed, now()).expect_err("two at a time");
        assert!(matches!(refused[..], [crate::offer::CannotAccept::Clashes { .. }]), "{refused:?}");
        let later = weeks_on(1);
        assert!(crate::matching::blockers(&later, &placed).iter().all(|b| !matches!(b, Blocker::WeekIsFull { .. })));
    }
}
