//! What a champion has said yes to. Most come to few groups again and again: group, place, who is taught and how long are told once,
//! so that fifty thousand champions with all their dates fit into memory.

use chrono::{DateTime, TimeDelta};

use super::Booking;
use crate::calendar::Span;
use crate::geo::Point;
use crate::id::{GroupId, SessionId};

/// Bookings, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct Bookings {
    settings: Vec<Setting>,
    dates: Vec<Dated>,
}

/// What bookings have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Setting {
    group: GroupId,
    with_children: bool,
    at: Option<Point>,
    length: TimeDelta,
    /// From the date in UTC to the local one.
    shift: TimeDelta,
    /// What four bytes of seconds since 1970 leave out of the start: the times they ran over, and parts of a second.
    rest: (i64, u32),
}

/// One of them.
#[derive(Clone, Copy, Debug)]
struct Dated {
    session: SessionId,
    from: u32,
    setting: u32,
}

impl Bookings {
    /// All of them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Booking> + Clone + '_ {
        self.dates.iter().map(|dated| {
            let Setting { group, with_children, at, shift, .. } = self.settings[dated.setting as usize];
            let span = self.span(dated);
            let day = span.from.naive_utc().date();
            let date = if shift.is_zero() { day } else { day.checked_add_signed(shift).unwrap_or(day) };
            Booking { session: dated.session, group, span, date, with_children, at }
        })
    }

    /// Their spans, as far as they share a time with this one: most are passed over by their seconds alone.
    pub fn spans_in(&self, within: Span) -> impl Iterator<Item = Span> + '_ {
        let (first, last) = (within.from.timestamp(), within.until.timestamp());
        let touches = move |dated: &&Dated| {
            let Setting { length, rest: (over, _), .. } = self.settings[dated.setting as usize];
            let from = over << 32 | i64::from(dated.from);
            from <= last && first <= from + length.num_seconds() + 2
        };
        self.dates.iter().filter(touches).map(|dated| self.span(dated)).filter(move |span| span.overlaps(within))
    }

    fn span(&self, dated: &Dated) -> Span {
        let Setting { length, rest: (over, part), .. } = self.settings[dated.setting as usize];
        // All are there, for they were once; what could panic would be worked out where nobody asks for it, too.
        let from = DateTime::from_timestamp(over << 32 | i64::from(dated.from), part).unwrap_or_default();
        Span { from, until: from.checked_add_signed(length).unwrap_or(from) }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.dates.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.dates.is_empty()
    }

    /// One more.
    pub fn push(&mut self, booking: Booking) {
        let Booking { session, group, span, date, with_children, at } = booking;
        let Span { from, until } = span;
        let rest = (from.timestamp() >> 32, from.timestamp_subsec_nanos());
        let setting = Setting { group, with_children, at, length: until - from, shift: date - from.date_naive(), rest };
        let known = self.settings.iter().position(|one| *one == setting).unwrap_or_else(|| {
            self.settings.push(setting);
            self.settings.len() - 1
        });
        self.dates.push(Dated { session, from: from.timestamp() as u32, setting: known as u32 });
    }

    /// Lets go of those that are not to be kept.
    pub fn retain(&mut self, keep: impl FnMut(&Booking) -> bool) {
        *self = self.iter().filter(keep).collect();
    }
}

impl PartialEq for Bookings {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Extend<Booking> for Bookings {
    fn extend<I: IntoIterator<Item = Booking>>(&mut self, bookings: I) {
        bookings.into_iter().for_each(|booking| self.push(booking));
    }
}

impl FromIterator<Booking> for Bookings {
    fn from_iter<I: IntoIterator<Item = Booking>>(bookings: I) -> Self {
        let mut all = Self::default();
        all.extend(bookings);
        all
    }
}

impl From<Vec<Booking>> for Bookings {
    fn from(bookings: Vec<Booking>) -> Self {
        bookings.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_booking() -> impl Strategy<Value = Booking> {
        let at = prop_oneof![Just(None), (0..3_i32).prop_map(|n| Some(Point { latitude: 53.4 + f64::from(n), longitude: -2.1 }))];
        (0..9_u128, 0..3_u128, 0..40_i64, any::<bool>(), at).prop_map(|(session, group, day, with_children, at)| {
            let from = DateTime::from_timestamp(1_790_000_000 + day * 86_400 - (day % 5 / 4) * (9 << 32), 7).expect("an instant");
            let span = Span { from, until: from + TimeDelta::minutes(90 - day % 3) };
            let (session, group) = (SessionId(uuid::Uuid::from_u128(session)), GroupId(uuid::Uuid::from_u128(group)));
            Booking { session, group, span, date: from.date_naive() + TimeDelta::days(day % 2), with_children, at }
        })
    }

    proptest! {
        /// They are told as they were, whatever is kept of them.
        #[test]
        fn nothing_is_lost(all in prop::collection::vec(any_booking(), 0..30), first in 0..40_i64) {
            let mut bookings = Bookings::from(all.clone());
            prop_assert_eq!(bookings.iter().collect::<Vec<_>>(), all.clone());
            prop_assert_eq!((bookings.len(), bookings.is_empty()), (all.len(), all.is_empty()));
            let day = DateTime::from_timestamp(1_790_000_000 + first * 86_400, 0).expect("an instant");
            let within = Span { from: day, until: day + TimeDelta::minutes(first * 90) };
            let shared: Vec<Span> = all.iter().map(|b| b.span).filter(|span| span.overlaps(within)).collect();
            prop_assert_eq!(bookings.spans_in(within).collect::<Vec<_>>(), shared);
            let since = chrono::DateTime::from_timestamp(1_790_000_000 + first * 86_400, 0).expect("an instant").date_naive();
            bookings.retain(|b| b.date >= since);
            let kept: Vec<Booking> = all.into_iter().filter(|b| b.date >= since).collect();
            prop_assert_eq!(bookings.iter().collect::<Vec<_>>(), kept.clone());
            prop_assert_eq!(bookings, Bookings::from(kept));
        }
    }
}
