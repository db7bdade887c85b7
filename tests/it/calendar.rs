//! Calendars by secret address: what stands in them, how they follow, and who can't read them. Read by a parser that is not the writer.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone, Utc};
use ical::parser::ical::component::IcalCalendar;
use ical::property::Property;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::both;
use crate::harness::booking::{ACCEPT, ASK, CANCEL, DECLINE, GIVE_UP, Volunteer, with};
use crate::harness::{World, uuid};
use crate::series::MOVE;

const CREATE: &str = "mutation($input: CalendarFeedCreateInput!) { calendarFeedCreate(input: $input) {
    feed { id group { id } } url userErrors { code field message } } }";
const RESET: &str =
    "mutation($id: ID!) { calendarFeedReset(input: {feedId: $id}) { feed { id resetAt } url userErrors { code field message } } }";
const REVOKE: &str = "mutation($id: ID!) { calendarFeedRevoke(input: {feedId: $id}) { feed { id } userErrors { code field message } } }";
const SEEK: &str = "mutation($id: ID!) { standInSeek(input: {assignmentId: $id}) { standIn { id } userErrors { code field message } } }";

/// An answer of the feed.
struct Answer {
    status: StatusCode,
    tag: String,
    text: String,
}

/// One event as the parser found it.
#[derive(Clone, Debug, PartialEq)]
struct Event {
    uid: String,
    sequence: i64,
    status: String,
    starts_at: DateTime<Utc>,
    stamp: String,
    summary: String,
    description: String,
}

impl World {
    async fn feed(&self, url: &str, tag: Option<&str>) -> Answer {
        self.feed_from(url, tag, "192.0.2.7").await
    }

    async fn feed_from(&self, url: &str, tag: Option<&str>, address: &str) -> Answer {
        let path = url.find("/calendar/").map(|at| &url[at..]).expect("a path");
        let mut request = Request::get(path).header("x-forwarded-for", address);
        if let Some(tag) = tag {
            request = request.header("if-none-match", tag);
        }
        let response = self.http(request.body(Body::empty()).expect("a request")).await;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        if status == StatusCode::OK {
            assert_eq!(
                (text("content-type"), text("cache-control")),
                ("text/calendar; charset=utf-8".to_owned(), "private, no-cache".to_owned())
            );
        }
        let bytes = axum::body::to_bytes(response.into_body(), 4 << 20).await.expect("a body");
        Answer { status, tag: text("etag"), text: String::from_utf8(bytes.to_vec()).expect("UTF-8") }
    }

    /// The calendar at an address, held to the RFC.
    async fn calendar(&self, url: &str) -> (Answer, Vec<Event>) {
        let answer = self.feed(url, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let events = events(&answer.text);
        (answer, events)
    }
}

/// Checks what every calendar has to be, and finds its events.
fn events(text: &str) -> Vec<Event> {
    assert!(text.ends_with("END:VCALENDAR\r\n"));
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "a line ends by CRLF and nothing else");
    assert!(text.split("\r\n").all(|line| line.len() <= 75), "lines are folded");
    let parsed: Vec<IcalCalendar> = ical::IcalParser::new(text.as_bytes()).collect::<Result<_, _>>().expect("the parser takes it");
    let [calendar] = &parsed[..] else { panic!("one calendar: {parsed:?}") };
    let name = |name: &str| value(&calendar.properties, name);
    assert_eq!((name("VERSION"), name("METHOD")), ("2.0".to_owned(), "PUBLISH".to_owned()));
    assert!(!name("PRODID").is_empty());
    let zones: Vec<String> = calendar.timezones.iter().map(|zone| value(&zone.properties, "TZID")).collect();
    let mut found: Vec<Event> = calendar.events.iter().map(|event| of(&event.properties, &zones)).collect();
    found.sort_by_key(|event| event.starts_at);
    let mut uids: Vec<&String> = found.iter().map(|event| &event.uid).collect();
    uids.sort();
    uids.dedup();
    assert_eq!(uids.len(), found.len(), "each UID once");
    found
}

fn value(properties: &[Property], name: &str) -> String {
    let found: Vec<&Property> = properties.iter().filter(|p| p.name == name).collect();
    assert!(found.len() < 2, "{name} stands once");
    found.first().and_then(|p| p.value.clone()).unwrap_or_default()
}

fn of(properties: &[Property], zones: &[String]) -> Event {
    let start = properties.iter().find(|p| p.name == "DTSTART").expect("a start");
    let zone = start.params.iter().flatten().find(|(name, _)| name == "TZID").map(|(_, values)| values[0].clone()).expect("a zone");
    assert!(zones.contains(&zone), "{zone} is described");
    let local = NaiveDateTime::parse_from_str(start.value.as_deref().expect("a time"), "%Y%m%dT%H%M%S").expect("a local time");
    let tz: chrono_tz::Tz = zone.parse().expect("a zone");
    let stamp = value(properties, "DTSTAMP");
    assert!(NaiveDateTime::parse_from_str(&stamp, "%Y%m%dT%H%M%SZ").is_ok(), "{stamp} is UTC");
    assert!(value(properties, "DURATION").starts_with("PT"));
    Event {
        uid: value(properties, "UID"),
        sequence: value(properties, "SEQUENCE").parse().expect("a number"),
        status: value(properties, "STATUS"),
        starts_at: tz.from_local_datetime(&local).earliest().expect("a time that is").to_utc(),
        stamp,
        summary: value(properties, "SUMMARY"),
        description: value(properties, "DESCRIPTION"),
    }
}

/// The addresses of a champion's calendar and of the leader's group's.
async fn addresses(world: &World, who: &Volunteer) -> (String, String) {
    let (group, _) = world.group("stockroom-digital-desk").await;
    let own = world.sign_in(&who.mailbox).await.done(CREATE, json!({ "input": {} })).await;
    let groups = world.sign_in("leader").await.done(CREATE, json!({ "input": { "groupId": group } })).await;
    assert_eq!((&own["feed"]["group"], &groups["feed"]["group"]["id"]), (&json!(null), &group));
    let url = |made: &Value| made["url"].as_str().expect("an address").to_owned();
    (url(&own), url(&groups))
}

/// The event of a session in a calendar.
fn at<'e>(events: &'e [Event], session: &Value) -> Option<&'e Event> {
    let id = uuid(session).to_string();
    events.iter().find(|event| event.uid.contains(&id))
}

both!(a_calendar_follows_its_session_from_the_offer_to_the_end, |world| async move {
    let volunteers = world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let title = "Tea; cake, and \\ more: Überraschung für alle, die schon immer wissen wollten, wie das geht";
    let asked = leader.ask_for(&with(world.free_session().await, json!({ "title": title }))).await;
    let who = world.matched(&asked.session, &volunteers).await.remove(0);
    let (own, groups) = addresses(&world, &who).await;
    assert!(at(&world.calendar(&own).await.1, &asked.session).is_none());
    let offer = leader.offer(&asked.request, std::slice::from_ref(&who)).await.remove(0);
    let champion = world.sign_in(&who.mailbox).await;

    let mut seen: Vec<Event> = Vec::new();
    let mut look = |events: &[Event], status: &str| {
        let event = at(events, &asked.session).unwrap_or_else(|| panic!("no event that is {status}")).clone();
        assert_eq!(event.status, status);
        if let Some(last) = seen.last() {
            assert_eq!(event.uid, last.uid);
            assert!(event.sequence > last.sequence && event.stamp >= last.stamp, "{event:?} after {last:?}");
        }
        seen.push(event.clone());
        event
    };
    let event = look(&world.calendar(&own).await.1, "TENTATIVE");
    assert_eq!(event.summary.replace("\\\\", "\u{1}").replace('\\', "").replace('\u{1}', "\\"), title, "escaped, and nothing lost");
    world.pass(TimeDelta::minutes(5));
    let place = champion.done(ACCEPT, json!({ "id": offer })).await["assignment"]["id"].clone();
    look(&world.calendar(&own).await.1, "CONFIRMED");
    let before = at(&world.calendar(&groups).await.1, &asked.session).expect("in the group's").clone();
    assert!(before.description.contains("Champions wanted: 1") && !before.description.contains("Nobody"), "{before:?}");

    world.pass(TimeDelta::minutes(5));
    leader.done(MOVE, json!({ "input": { "sessionId": asked.session, "date": "2027-03-28", "startTime": "18:00" } })).await;
    let moved = look(&world.calendar(&own).await.1, "CONFIRMED");
    assert_eq!(moved.starts_at.to_rfc3339(), "2027-03-28T17:00:00+00:00", "six o'clock in summer time");
    let after = at(&world.calendar(&groups).await.1, &asked.session).expect("in the group's").clone();
    assert!(after.uid == before.uid && after.sequence > before.sequence && after.starts_at == moved.starts_at, "{after:?}");

    champion.done(SEEK, json!({ "id": place })).await;
    let sought = at(&world.calendar(&own).await.1, &asked.session).expect("still there").clone();
    assert!(sought.status == "CONFIRMED" && sought.description.contains("stand-in"), "{sought:?}");
    world.pass(TimeDelta::minutes(5));
    leader.done(CANCEL, json!({ "input": { "sessionId": asked.session } })).await;
    look(&world.calendar(&own).await.1, "CANCELLED");
    assert_eq!(at(&world.calendar(&groups).await.1, &asked.session).expect("kept").status, "CANCELLED");
    world.pass(TimeDelta::days(29));
    assert!(at(&world.calendar(&own).await.1, &asked.session).is_some());
    world.pass(TimeDelta::days(1));
    for url in [&own, &groups] {
        assert!(at(&world.calendar(url).await.1, &asked.session).is_none(), "and gone after thirty days");
    }
});

both!(who_says_no_or_gives_up_sees_it_cancelled_and_who_is_asked_again_sees_it_again, |world| async move {
    let volunteers = world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let made = leader.repeat("FREQ=WEEKLY;COUNT=2", json!({ "startTime": "07:00" })).await;
    let who = world.matched(&made.sessions[0]["id"], &volunteers).await.remove(0);
    let (own, _) = addresses(&world, &who).await;
    let champion = world.sign_in(&who.mailbox).await;
    let mut statuses = Vec::new();
    for (session, answers) in made.sessions.iter().zip([DECLINE, ACCEPT]) {
        let ask = json!({ "input": { "target": { "sessionId": session["id"] } } });
        let request = leader.done(ASK, ask).await["request"]["id"].clone();
        let offer = leader.offer(&request, std::slice::from_ref(&who)).await.remove(0);
        let answered = champion.done(answers, json!({ "id": offer })).await;
        if answers == ACCEPT {
            let sequence = at(&world.calendar(&own).await.1, &session["id"]).expect("there").sequence;
            champion.done(GIVE_UP, json!({ "id": answered["assignment"]["id"] })).await;
            let over = at(&world.calendar(&own).await.1, &session["id"]).expect("kept").clone();
            assert!(over.sequence > sequence, "{over:?}");
        }
        statuses.push(at(&world.calendar(&own).await.1, &session["id"]).expect("kept").status.clone());
    }
    assert_eq!(statuses, ["CANCELLED", "CANCELLED"]);
});

both!(an_unchanged_calendar_is_not_sent_again, |world| async move {
    let (group, _) = world.group("stockroom-digital-desk").await;
    let leader = world.sign_in("leader").await;
    let url = leader.done(CREATE, json!({ "input": { "groupId": group } })).await["url"].as_str().expect("an address").to_owned();
    let (first, events) = world.calendar(&url).await;
    assert!(events.len() > 10, "the demo's sessions stand in it");
    world.pass(TimeDelta::minutes(30));
    for tag in [first.tag.clone(), first.tag.replace("W/", ""), format!("\"other\", {}", first.tag), "*".to_owned()] {
        let again = world.feed(&url, Some(&tag)).await;
        assert_eq!((again.status, again.text.as_str(), &again.tag), (StatusCode::NOT_MODIFIED, "", &first.tag), "{tag}");
    }
    leader.ask_for(&world.free_session().await).await;
    let changed = world.feed(&url, Some(&first.tag)).await;
    assert_eq!(changed.status, StatusCode::OK);
    assert_ne!(changed.tag, first.tag);
});

both!(an_address_is_shown_once_and_ends_when_it_is_reset_revoked_or_no_longer_ones_own, |world| async move {
    let leader = world.sign_in("leader").await;
    let (group, _) = world.group("stockroom-digital-desk").await;
    let keyed = json!({ "input": { "idempotencyKey": "c-1", "groupId": group } });
    let made = leader.done(CREATE, keyed.clone()).await;
    let url = made["url"].as_str().expect("an address").to_owned();
    assert!(url.rsplit('/').next().is_some_and(|name| name.len() > 40), "{url}");
    let retried = leader.done(CREATE, keyed).await;
    assert_eq!((&retried["feed"], &retried["url"]), (&made["feed"], &json!(null)), "shown once");
    let stored = entity::calendar_feed::Entity::find().all(world.app.db.read()).await.expect("rows");
    assert!(stored.iter().all(|feed| !url.contains(&feed.secret_hash)), "the secret is kept nowhere");
    assert_eq!(world.feed(&url, None).await.status, StatusCode::OK);
    let other = world.sign_in("leader2").await;
    assert_eq!(other.fault(CREATE, json!({ "input": { "groupId": group } })).await, "FORBIDDEN");
    assert_eq!(other.refused(RESET, json!({ "id": made["feed"]["id"] })).await, ["NOT_FOUND"]);
    assert_eq!(leader.refused(CREATE, json!({ "input": {} })).await, ["NO_CALENDAR"], "a leader who is no champion has none of their own");
    assert_eq!(world.stranger().fault(CREATE, json!({ "input": {} })).await, "UNAUTHENTICATED");
    let reset = leader.done(RESET, json!({ "id": made["feed"]["id"] })).await;
    let next = reset["url"].as_str().expect("an address").to_owned();
    assert_eq!((world.feed(&url, None).await.status, world.feed(&next, None).await.status), (StatusCode::NOT_FOUND, StatusCode::OK));
    let mine = leader.ask("{ viewer { calendarFeeds { id resetAt } } }", json!({})).await;
    assert_eq!(mine["viewer"]["calendarFeeds"].as_array().map(Vec::len), Some(1));
    leader.done(REVOKE, json!({ "id": made["feed"]["id"] })).await;
    let gone = world.feed(&next, None).await;
    let never = world.feed("/calendar/cal_nothing-like-this.ics", None).await;
    assert_eq!((gone.status, &gone.text), (never.status, &never.text), "what was revoked looks like what never was");
    assert_eq!(leader.refused(REVOKE, json!({ "id": made["feed"]["id"] })).await, ["NOT_FOUND"]);

    let url = world.sign_in("leader2").await.ask("{ viewer { account { id } leads { id } } }", json!({})).await;
    let (account, theirs) = (url["viewer"]["account"]["id"].clone(), url["viewer"]["leads"][0]["id"].clone());
    let made = world.sign_in("leader2").await.done(CREATE, json!({ "input": { "groupId": theirs } })).await;
    let url = made["url"].as_str().expect("an address").to_owned();
    assert_eq!(world.feed(&url, None).await.status, StatusCode::OK);
    let off = "mutation($id: ID!) { accountDeactivate(input: {accountId: $id}) { userErrors { code message } } }";
    world.sign_in("admin").await.done(off, json!({ "id": account })).await;
    assert_eq!(world.feed(&url, None).await.status, StatusCode::NOT_FOUND, "an account that is off reads nothing");
});

both!(who_guesses_has_to_wait_and_who_knows_does_not, |world| async move {
    let (group, _) = world.group("stockroom-digital-desk").await;
    let made = world.sign_in("leader").await.done(CREATE, json!({ "input": { "groupId": group } })).await;
    let url = made["url"].as_str().expect("an address").to_owned();
    let mut statuses = Vec::new();
    for index in 0..31 {
        statuses.push(world.feed(&format!("/calendar/cal_{index}.ics"), None).await.status.as_u16());
        assert_eq!(world.feed_from(&url, None, "198.51.100.9").await.status, StatusCode::OK, "from elsewhere");
    }
    assert_eq!((statuses[..30].iter().all(|s| *s == 404), statuses[30]), (true, 429));
    world.pass(TimeDelta::seconds(20));
    assert_eq!(world.feed(&url, None).await.status, StatusCode::OK);
});

both!(a_weeks_rota_is_a_sheet_that_no_program_takes_for_formulas_and_a_page_that_runs_nothing, |world| async move {
    let leader = world.sign_in("leader").await;
    let title = "=HYPERLINK(\"https://x.example\") <script>alert(1)</script>";
    leader.ask_for(&with(world.free_session().await, json!({ "title": title }))).await;
    let token = leader.headers[0].1.clone();
    let get = async |path: &str, token: Option<&str>| {
        let mut request = Request::get(path);
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        let response = world.http(request.body(Body::empty()).expect("a request")).await;
        let (status, policy) = (response.status(), response.headers().get("content-security-policy").cloned());
        let bytes = axum::body::to_bytes(response.into_body(), 4 << 20).await.expect("a body");
        (status, policy, String::from_utf8(bytes.to_vec()).expect("UTF-8"))
    };
    let (status, _, sheet) = get("/rota/week.csv?from=2026-12-02", Some(&token)).await;
    assert_eq!(status, StatusCode::OK);
    assert!(sheet.starts_with("Date,Start,Minutes,Session,Group,Venue,Status,Place,Champion\r\n"));
    assert!(sheet.contains("\"'=HYPERLINK(\"\"https://x.example\"\")"), "{sheet}");
    let (_, policy, page) = get("/rota/week.html?from=2026-12-02", Some(&token)).await;
    let policy = policy.expect("a policy");
    assert!(policy.to_str().is_ok_and(|policy| policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe")));
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script"), "{page}");
    let (theirs, _) = world.group("heatons-library-monday").await;
    let other = format!("/rota/week.csv?from=2026-12-02&group={}", theirs.as_str().expect("an id"));
    assert_eq!(get(&other, Some(&token)).await.0, StatusCode::NOT_FOUND, "another leader's group");
    let coordinator = world.sign_in("coordinator").await.headers[0].1.clone();
    let (status, _, all) = get("/rota/week.csv?from=2026-12-02", Some(&coordinator)).await;
    assert!(status == StatusCode::OK && all.lines().count() > sheet.lines().count());
    let champion = world.sign_in("champion").await.headers[0].1.clone();
    assert_eq!(get("/rota/week.csv", Some(&champion)).await.0, StatusCode::NOT_FOUND);
    assert_eq!(get("/rota/week.csv", None).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(get("/rota/week.csv?from=9999-01-01", Some(&token)).await.0, StatusCode::BAD_REQUEST);
});
