//! The table that the tuned SQL reads: a champion a row, with modules and topics as bits, half hours of the week as bits by day, a
//! cell of a grid and a place in metres. Made anew at every start, as a job would keep it.

use std::collections::HashMap;
use std::fmt::Write;

use anyhow::Result;
use api::app::App;
use chrono::{NaiveDate, NaiveTime, Timelike};
use rules::champion::display_name;
use rules::geo::Point;
use rules::id::{ChampionId, ModuleId};
use rules::input::Topic;
use rules::matching::ChampionRecord;
use rules::session::Modality;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, QueryOrder};

use super::{Matched, next};

/// Metres of a degree of latitude.
const DEGREE: f64 = 111_195.0;
/// Degrees of a cell's side, north to south and west to east: no champion goes further than a cell.
const CELL: (f64, f64) = (0.12, 0.2);

const TABLE: &str = "CREATE TABLE yard_candidate (champion_id {uuid} PRIMARY KEY, name TEXT NOT NULL, languages TEXT NOT NULL, windows TEXT NOT NULL, \
    cell BIGINT NOT NULL, x DOUBLE PRECISION NOT NULL, y DOUBLE PRECISION NOT NULL, reach DOUBLE PRECISION NOT NULL, modules BIGINT NOT NULL, \
    good_until BIGINT NOT NULL, topics BIGINT NOT NULL, d0 BIGINT NOT NULL, d1 BIGINT NOT NULL, d2 BIGINT NOT NULL, d3 BIGINT NOT NULL, \
    d4 BIGINT NOT NULL, d5 BIGINT NOT NULL, d6 BIGINT NOT NULL)";

/// A place in metres, from a point west and south of all.
pub fn metres(at: Point) -> (f64, f64) {
    ((at.longitude + 10.0) * DEGREE * 0.6, at.latitude * DEGREE)
}

/// The cell of a place.
fn cell(at: Point) -> i64 {
    ((at.latitude / CELL.0).floor() as i64) * 1_000 + ((at.longitude + 10.0) / CELL.1).floor() as i64
}

/// The cells around a place.
pub fn cells(at: Point) -> [i64; 9] {
    let middle = cell(at);
    [-1001, -1000, -999, -1, 0, 1, 999, 1000, 1001].map(|step| middle + step)
}

/// Bits of topics.
pub fn topics(topics: impl Iterator<Item = Topic>) -> i64 {
    topics.fold(0, |bits, topic| bits | 1 << (topic as u32))
}

/// Half hours that lie inside a span of a day.
fn inside(starts: NaiveTime, ends: NaiveTime) -> i64 {
    let half = |time: NaiveTime| time.hour() * 2 + time.minute() / 30;
    let last = if ends == NaiveTime::MIN { 48 } else { half(ends) };
    (half(starts)..last).fold(0, |bits, at| bits | 1 << at)
}

/// Half hours that a session touches.
pub fn touched(starts: NaiveTime, minutes: i32) -> i64 {
    let from = starts.hour() * 2 + starts.minute() / 30;
    let until = (starts.hour() * 60 + starts.minute() + minutes.unsigned_abs()).div_ceil(30).min(48);
    (from..until).fold(0, |bits, at| bits | 1 << at)
}

/// Days of the calendar as a number.
pub fn day(date: NaiveDate) -> i64 {
    date.signed_duration_since(NaiveDate::default()).num_days()
}

/// Which bit each module has, by its code.
pub async fn bits(app: &App) -> Result<HashMap<ModuleId, (u32, String)>> {
    let modules = entity::training_module::Entity::find().order_by_asc(entity::training_module::Column::Code).all(app.db.read()).await?;
    Ok((0..).zip(modules).map(|(bit, module)| (module.id, (bit, module.code))).collect())
}

/// Fills the table.
pub async fn fill(app: &App, records: &[ChampionRecord]) -> Result<()> {
    let conn = app.db.single();
    let backend = conn.get_database_backend();
    let (uuid, quoted): (_, fn(ChampionId) -> String) = match backend {
        DbBackend::Postgres => ("UUID", |id| format!("'{}'", id.0)),
        _ => ("BLOB", |id| format!("X'{}'", id.0.simple())),
    };
    let names: HashMap<ChampionId, String> = entity::champion::Entity::find()
        .all(conn)
        .await?
        .into_iter()
        .map(|row| (row.id, display_name(&row.full_name, row.known_as.as_deref()).replace('\'', "''")))
        .collect();
    let bits = bits(app).await?;
    conn.execute_unprepared("DROP TABLE IF EXISTS yard_candidate").await?;
    conn.execute_unprepared(&TABLE.replace("{uuid}", uuid)).await?;
    let may: Vec<&ChampionRecord> = records.iter().filter(|r| r.clearance.membership.is_member() && r.home.is_some()).collect();
    for some in may.chunks(500) {
        let mut sql = String::from("INSERT INTO yard_candidate VALUES ");
        for (at, record) in some.iter().enumerate() {
            if at > 0 {
                sql.push(',');
            }
            let name = names.get(&record.id).cloned().unwrap_or_default();
            row(&mut sql, record, &quoted(record.id), &name, &bits)?;
        }
        conn.execute_unprepared(&sql).await?;
    }
    conn.execute_unprepared("CREATE INDEX yard_candidate_cell ON yard_candidate (cell)").await?;
    if backend == DbBackend::Postgres {
        conn.execute_unprepared("VACUUM ANALYZE yard_candidate").await?;
    } else {
        conn.execute_unprepared("ANALYZE yard_candidate").await?;
    }
    Ok(())
}

fn row(sql: &mut String, record: &ChampionRecord, id: &str, name: &str, bits: &HashMap<ModuleId, (u32, String)>) -> Result<()> {
    let Some(home) = record.home else { return Ok(()) };
    let (x, y) = metres(home);
    let held = &record.clearance.completions;
    let modules: i64 = held.iter().filter_map(|c| bits.get(&c.module)).fold(0, |all, (bit, _)| all | 1 << bit);
    let mut last: HashMap<ModuleId, i64> = HashMap::new();
    for completion in held {
        let until = completion.expires_on.map_or(i64::from(i32::MAX), day);
        let known = last.entry(completion.module).or_insert(until);
        *known = until.max(*known);
    }
    let good_until = last.values().copied().min().unwrap_or_default();
    let mut days = [0_i64; 7];
    for window in &record.windows {
        days[window.weekday as usize] |= inside(window.starts, window.ends);
    }
    let windows: Vec<String> = record.windows.iter().map(|w| format!("{} {} {}", w.weekday as u8, w.starts, w.ends)).collect();
    write!(
        sql,
        "({id},'{name}','{}','{}',{},{x},{y},{},{modules},{good_until},{},{},{},{},{},{},{},{})",
        record.languages.iter().map(|language| language.to_639_3()).collect::<Vec<_>>().join(","),
        windows.join(","),
        cell(home),
        record.reach_metres,
        topics(record.topics.iter().copied()),
        days[0],
        days[1],
        days[2],
        days[3],
        days[4],
        days[5],
        days[6]
    )?;
    Ok(())
}

/// What the two databases are asked: a session's facts first.
pub const SESSION: &str = "SELECT s.local_date, s.local_start, s.minutes, s.starts_at, s.ends_at, s.modality, v.latitude, v.longitude, \
    (SELECT {list}(m.code, ',') FROM place p JOIN place_module pm ON pm.place_id = p.id JOIN training_module m ON m.id = pm.module_id \
     WHERE p.session_id = s.id AND p.kind = 'HELPER'), \
    (SELECT {list}(t.topic, ',') FROM session_topic t WHERE t.session_id = s.id) \
    FROM session s LEFT JOIN venue v ON v.id = s.venue_id WHERE s.id = $1";

/// Then the twenty best: $1 modules, $2 the day, $3 half hours, $4 topics, $5 and $6 the span, $7 and $8 the days around it that count
/// as load, and in person $9 and $10 the place, $11 to $19 the cells.
pub fn best(weekday: u32, modality: Modality) -> String {
    let (away, near) = if modality == Modality::InPerson {
        ("(c.x - $9) * (c.x - $9) + (c.y - $10) * (c.y - $10)", "AND c.cell IN ($11, $12, $13, $14, $15, $16, $17, $18, $19)")
    } else {
        ("0.0", "")
    };
    format!(
        "SELECT b.name, b.languages, b.windows, b.score FROM (SELECT c.name, c.languages, c.windows, c.champion_id, \
           30.0 * (1.0 - {away} / (c.reach * c.reach)) + CASE WHEN c.topics & $4 <> 0 THEN 10.0 ELSE 0.0 END \
           + 15.0 / (1.0 + (SELECT COUNT(*) FROM assignment l WHERE l.champion_id = c.champion_id AND l.status = 'CONFIRMED' \
               AND l.starts_at > $7 AND l.starts_at < $8)) AS score \
         FROM yard_candidate c WHERE c.modules & $1 = $1 AND c.good_until >= $2 AND c.d{weekday} & $3 = $3 {near} \
           AND {away} <= c.reach * c.reach AND NOT EXISTS (SELECT 1 FROM assignment a WHERE a.champion_id = c.champion_id \
             AND a.status = 'CONFIRMED' AND a.starts_at < $6 AND a.ends_at > $5)) b ORDER BY b.score DESC, b.champion_id LIMIT 20"
    )
}

/// A dashboard's sessions, and who is placed at each.
pub const DASHBOARD: &str = "SELECT s.id, s.title, s.starts_at, s.status, a.status AS placed, c.id AS champion, c.full_name, c.known_as \
    FROM (SELECT id, title, starts_at, status FROM session WHERE group_id = $1 AND starts_at >= $2 ORDER BY starts_at, id LIMIT 20) s \
    LEFT JOIN assignment a ON a.session_id = s.id AND a.status = 'CONFIRMED' LEFT JOIN champion c ON c.id = a.champion_id \
    ORDER BY s.starts_at, s.id, a.id";

/// What is held by champions.
pub const TRAINING: &str = "SELECT t.champion_id, t.completed_on, m.code, m.title FROM completion t \
    JOIN training_module m ON m.id = t.module_id WHERE t.revoked_at IS NULL AND t.champion_id ";

/// A row of [`best`].
pub fn matched(name: String, languages: &str, windows: &str, score: f64) -> Matched {
    let parts = windows.split(',').filter_map(|window| {
        let mut parts = window.split(' ');
        let weekday = *rules::availability::Weekday::ALL.get(parts.next()?.parse::<usize>().ok()?)?;
        Some((weekday, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    });
    let next = next(parts, chrono::Utc::now());
    Matched { score, display_name: name, languages: languages.split(',').map(str::to_owned).collect(), next }
}
