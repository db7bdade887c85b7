//! What the demo says when it is ready.

use std::net::SocketAddr;

use chrono::{DateTime, TimeDelta, Utc};

use super::{CHAMPION_CALENDAR, DEMO_KEY, DEMO_PASSWORD, DOMAIN, GROUP_CALENDAR};

/// Address, a sign-in per role, and three requests to paste.
pub fn welcome(listen: SocketAddr, now: DateTime<Utc>) -> String {
    let (from, until) = (now.format("%FT%TZ"), (now + TimeDelta::days(14)).format("%FT%TZ"));
    let at = format!("http://{listen}");
    format!(
        r#"
DigiKnow demo: an invented Stockport, with real wards and public places.

  Explorer        {at}/explorer      (every request of the tour, as each persona)
  GraphQL         {at}/graphql
  Schema          {at}/schema.graphql
  Messages        {at}/dev/mail      (what would have been sent)
  Calendars       {at}/calendar/{CHAMPION_CALENDAR}.ics   (of champion@)
                  {at}/calendar/{GROUP_CALENDAR}.ics      (of a group of leader@)

Sign in, all with the password {DEMO_PASSWORD}:
  champion@{DOMAIN}      a champion with offers to answer
  leader@{DOMAIN}        speaks for two groups
  trainer@{DOMAIN}       marks training
  coordinator@{DOMAIN}   runs the programme
  safeguarding@{DOMAIN}  sees DBS detail; every read is recorded
  admin@{DOMAIN}         accounts and roles
Partner website key:  {DEMO_KEY}

Try these:

1. Sign in as the group leader
   TOKEN=$(curl -s {at}/auth/sign-in -H 'content-type: application/json' \
     -d '{{"email":"leader@{DOMAIN}","password":"{DEMO_PASSWORD}"}}' | sed 's/.*"accessToken":"\([^"]*\)".*/\1/')

2. Which of my sessions of the next two weeks need somebody, and who could come?
   curl -s {at}/graphql -H 'content-type: application/json' -H "authorization: Bearer $TOKEN" \
     -d '{{"query":"{{ viewer {{ leads {{ name sessions(range: {{from: \"{from}\", until: \"{until}\"}}, uncoveredOnly: true, first: 2) {{ nodes {{ title date startTime cover matches(first: 3) {{ edges {{ score distanceBand node {{ displayName }} }} blocked {{ kind count }} }} }} }} }} }} }}"}}'

3. A partner website reads the directory with its key
   curl -s {at}/graphql -H 'content-type: application/json' -H 'digiknow-client-key: {DEMO_KEY}' \
     -d '{{"query":"{{ groups(first: 3) {{ totalCount nodes {{ name topics venue {{ name postcode }} }} }} }}"}}'

Stop with Ctrl-C; the next start finds the same data.
Contains OS data © Crown copyright and database right 2025. Contains Royal Mail data © Royal Mail copyright and database
right 2025. Contains National Statistics data © Crown copyright and database right 2025.
"#
    )
}
