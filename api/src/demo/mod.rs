//! The demo: an invented but believable Stockport, the same for everybody who starts on the same day.
//!
//! It goes into an empty database and nowhere else, and the database remembers that it is a demo.

use std::collections::{HashMap, HashSet};

use anyhow::{Result, bail};
use chrono::NaiveDate;
use entity::{account, champion};
use rules::champion::Membership;
use rules::id::ChampionId;
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait};

use crate::app::App;
use crate::clock::local_date;
use crate::error::Fault;
use crate::store::facts::{self, Which};
use crate::store::{self, ledger, row, transact};

mod accounts;
mod availability;
mod champions;
mod dbs;
mod directory;
mod evidence;
pub(crate) mod first_day;
mod life;
mod offer;
mod onboarding;
mod rota;
mod session;
mod sheet;
mod story;
mod taking_part;
#[cfg(test)]
mod tests;
pub(crate) mod town;
mod training;
mod welcome;

use first_day::FirstDay;
pub use life::{CHAMPION_CALENDAR, GROUP_CALENDAR, enliven};
use rota::Rota;
use town::{Baseline, Town};
pub use welcome::welcome;

/// The password of every account of the demo.
pub const DEMO_PASSWORD: &str = "demo-password-1";
/// The publishable key of the demo's partner website.
pub const DEMO_KEY: &str = "dk_pub_demo_stockport_partner_site";

/// Who can sign in to try each role: the part of the address before the @, and what to call them.
pub const PERSONAS: [(&str, &str); 6] = [
    ("champion", "Champion"),
    ("leader", "Group leader"),
    ("trainer", "Trainer"),
    ("coordinator", "Coordinator"),
    ("safeguarding", "Safeguarding lead"),
    ("admin", "Administrator"),
];

/// Where the demo's mailboxes are: a name that never resolves (RFC 2606).
const DOMAIN: &str = "demo.digiknow.example";
/// The volunteer who has the account `champion@`.
const GUEST: &str = "Precious Ncube-Whittle";
/// Marks a database as a demo; its value is the first day.
const MARK: &str = "demo";

/// The e-mail address of a mailbox of the demo.
pub fn address(mailbox: &str) -> String {
    format!("{mailbox}@{DOMAIN}")
}

/// Makes sure that the database holds the demo: starts again on one that does, fills an empty one, and refuses any other.
pub async fn ensure(app: &App) -> Result<()> {
    let db = app.db.read();
    if ledger::setting(db, MARK).await?.is_some() {
        return Ok(());
    }
    if holds_people(db).await? {
        bail!("this database is not a demo: refusing to seed it");
    }
    seed(app).await
}

/// Whether anybody is in a database: then nobody invented is added.
pub(crate) async fn holds_people(conn: &impl ConnectionTrait) -> Result<bool, Fault> {
    Ok(account::Entity::find().count(conn).await? + champion::Entity::find().count(conn).await? > 0)
}

/// Fills an empty database in which the baseline is installed.
pub async fn seed(app: &App) -> Result<()> {
    let first = FirstDay(local_date(app.clock.now()));
    let mut town = build(app, first).await?;
    for check in &mut town.rows.checks {
        let number = check.certificate_number.as_deref().map(|number| app.sealing.seal(check.id.0, number));
        check.certificate_number = number.transpose()?;
    }
    let saved: Result<(), Fault> = async {
        transact!(app.db, |tx| {
            ledger::set(&tx, MARK, &first.0.to_string()).await?;
            town.rows.clone().save(&tx).await?;
            place_champions(&tx, &town).await
        })
    }
    .await;
    Ok(saved?)
}

/// Everything but the rota.
async fn build(app: &App, first: FirstDay) -> Result<Town> {
    let baseline = Baseline::load(app.db.read()).await?;
    let password_hash = app.passwords.hash(DEMO_PASSWORD.to_owned()).await?;
    let mut town = Town::new(first, baseline, password_hash);
    town.add_directory(&app.postcodes)?;
    town.add_client()?;
    let staff = town.add_staff()?;
    town.add_champions(&app.postcodes, staff)?;
    town.add_sessions()?;
    town.add_onboarding(staff)?;
    Ok(town)
}

/// Makes the rota from what was written, by the rules the service itself judges with, and writes it.
async fn place_champions(tx: &impl ConnectionTrait, town: &Town) -> Result<(), Fault> {
    let sessions = facts::needs(tx, town.rows.sessions.clone()).await?;
    let ids: Vec<ChampionId> = town.rows.champions.iter().map(|c| c.id).collect();
    let people = facts::champions(tx, Which::These(&ids)).await?;
    let mut rota = Rota {
        first: town.first,
        ids: town.ids.clone(),
        kept_free: HashSet::new(),
        sessions: &sessions,
        people,
        stopped: stopped(town),
        requests: town.rows.requests.iter().map(|r| (r.session_id, r.id)).collect(),
        senders: &town.leaders,
        offers: Vec::new(),
        assignments: Vec::new(),
        asked: HashMap::new(),
    };
    rota.fill(-session::REACH, 0);
    let reserved = rota.reserve(town.guest);
    rota.fill(0, session::REACH);
    rota.send_pending(reserved);
    let taking_part = rota.taking_part(town.groups.get("stockroom-digital-desk").copied());
    row::insert_all(tx, rota.offers).await?;
    row::insert_all(tx, rota.assignments).await?;
    taking_part.save(tx).await?;
    for (champion, at) in rota.asked {
        store::champion::asked(tx, &[champion], at).await?;
    }
    Ok(())
}

/// Those who helped for a while: until when, and where they stand now.
fn stopped(town: &Town) -> HashMap<ChampionId, (NaiveDate, Membership)> {
    let gone = |membership| matches!(membership, Membership::Paused | Membership::Suspended | Membership::Left);
    let gone = town.rows.champions.iter().filter(|c| gone(c.membership));
    gone.map(|c| (c.id, (local_date(c.membership_changed_at), c.membership))).collect()
}
