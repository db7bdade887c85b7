//! A certificate of hours to print: approved hours alone, for the champion and for coordinators.

use std::collections::BTreeMap;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use rules::attendance::AttendanceStatus;
use rules::champion::{number_of, reference};
use rules::id::GroupId;
use rules::policy::Action;
use serde::Deserialize;

use super::caller::authenticate;
use super::graphql::Rejection;
use super::page::{escape, styled};
use super::{RequestId, Site};
use crate::app::{App, Call};
use crate::error::Fault;
use crate::store;
use crate::store::attendance::{Hours, Of};

const STYLE: &str = "body{max-width:42rem;margin:0 auto;padding:2rem 1rem;font:1.125rem/1.5 system-ui,sans-serif}\
table{width:100%;border-collapse:collapse}th,td{text-align:left;padding:.4rem .5rem;border-bottom:1px solid}\
td+td,th+th{text-align:right}@media print{body{padding:0}}";

fn page(status: StatusCode, body: &str) -> Response {
    (status, styled(STYLE, "Certificate of hours", body, "'none'")).into_response()
}

/// Not there, or not the caller's to see: the two look the same.
fn absent() -> Response {
    page(StatusCode::NOT_FOUND, "<h1>There is no such certificate</h1><p>Check the reference and the dates.</p>")
}

/// The period of a certificate.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct Period {
    from: Option<NaiveDate>,
    until: Option<NaiveDate>,
}

impl Period {
    fn holds(self, date: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= date) && self.until.is_none_or(|until| date <= until)
    }

    fn words(self) -> String {
        let day = |date: NaiveDate| date.format("%-d %B %Y").to_string();
        match (self.from, self.until) {
            (None, None) => "so far".to_owned(),
            (Some(from), None) => format!("since {}", day(from)),
            (None, Some(until)) => format!("until {}", day(until)),
            (Some(from), Some(until)) => format!("from {} to {}", day(from), day(until)),
        }
    }
}

/// What a certificate costs of the caller's budget: about what a list of sessions does.
const COST: u64 = 50;

/// `GET /certificates/{reference}/hours?from=2026-01-01&until=2026-12-31`: the page, with an access token.
pub async fn show(
    State(site): State<Site>,
    Path(which): Path<String>,
    period: Result<Query<Period>, QueryRejection>,
    request: axum::extract::Request,
) -> Response {
    let now = site.app.clock.now();
    let (parts, _) = request.into_parts();
    let caller = async {
        let caller = authenticate(&site.app, &parts.headers, now).await?;
        site.admit(&caller, &site.address(&parts), "", COST, now).await?;
        Ok(caller)
    };
    let caller = match caller.await {
        Ok(caller) => caller,
        Err(rejection) => return refused(rejection),
    };
    let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let call = Call { caller, now, request_id };
    let (Ok(Query(period)), Some(number)) = (period, number_of(&which)) else { return absent() };
    match certificate(&site.app, &call, number, period).await {
        Ok(Some(body)) => page(StatusCode::OK, &body),
        Ok(None) => absent(),
        Err(fault) => {
            tracing::error!(%fault, "a certificate could not be made");
            page(StatusCode::SERVICE_UNAVAILABLE, "<h1>Please try again</h1><p>The certificate could not be made just now.</p>")
        }
    }
}

fn refused(rejection: Rejection) -> Response {
    let (status, _, message, headers) = rejection.into_parts();
    let mut response = page(status, &format!("<h1>This can't be shown</h1><p>{}</p>", escape(&message)));
    response.headers_mut().extend(headers);
    response
}

async fn certificate(app: &App, call: &Call, number: i32, period: Period) -> Result<Option<String>, Fault> {
    let conn = app.db.read();
    let Some(champion) = store::champion::by_number(conn, number).await? else { return Ok(None) };
    let theirs = call.caller.to_champion(champion.id);
    if !(call.may(Action::CertificateRead, theirs) && call.may(Action::ChampionNameRead, theirs)) {
        return Ok(None);
    }
    let mut hours = store::attendance::hours(conn, Of::Champions(&[champion.id])).await?;
    hours.retain(|h| h.stands.approved && h.stands.status == AttendanceStatus::Present && period.holds(h.date));
    let mut groups: BTreeMap<GroupId, (usize, i32)> = BTreeMap::new();
    for Hours { group, stands, .. } in &hours {
        let sum = groups.entry(*group).or_default();
        *sum = (sum.0 + 1, sum.1 + stands.minutes);
    }
    let names =
        store::row::holding::<entity::community_group::Entity>(conn, entity::community_group::Column::Id, groups.keys().copied()).await?;
    let mut rows: Vec<(String, usize, i32)> =
        names.into_iter().filter_map(|group| groups.get(&group.id).map(|(n, minutes)| (group.name, *n, *minutes))).collect();
    rows.sort();
    let lines: String = rows
        .iter()
        .map(|(name, n, minutes)| format!("<tr><td>{}</td><td>{n}</td><td>{}</td></tr>", escape(name), words(*minutes)))
        .collect();
    let total: i32 = rows.iter().map(|(_, _, minutes)| minutes).sum();
    Ok(Some(format!(
        "<h1>Certificate of hours</h1><p><strong>{}</strong> ({}) has given <strong>{}</strong> as a Digital Champion, at {} {}, {}.</p>\
         <table><thead><tr><th>Group</th><th>Sessions</th><th>Hours</th></tr></thead><tbody>{lines}</tbody></table>\
         <p>Hours approved by those who ran the sessions. Printed on {}.</p>",
        escape(&champion.full_name),
        reference(champion.number),
        words(total),
        hours.len(),
        if hours.len() == 1 { "session" } else { "sessions" },
        period.words(),
        call.today().format("%-d %B %Y"),
    )))
}

/// Minutes as people say them.
fn words(minutes: i32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_and_periods_are_said_in_words() {
        assert_eq!((words(45), words(120), words(135)), ("45 min".to_owned(), "2 h".to_owned(), "2 h 15 min".to_owned()));
        let day = |text: &str| text.parse().ok();
        let year = Period { from: day("2026-01-01"), until: day("2026-12-31") };
        assert_eq!(year.words(), "from 1 January 2026 to 31 December 2026");
        assert!(year.holds("2026-12-31".parse().expect("a date")) && !year.holds("2027-01-01".parse().expect("a date")));
        assert_eq!(Period::default().words(), "so far");
    }
}
