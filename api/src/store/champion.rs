//! Champions, what they speak and help with, and their consents.

use std::collections::BTreeSet;

use entity::{champion, champion_area, champion_language, champion_topic, email_token, emergency_contact};
use rules::champion::Membership;
use rules::id::ChampionId;
use rules::input::Topic;
use sea_orm::sea_query::{Expr, LikeExpr};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

use super::paging::Sort;
use super::row;

/// Champions, by reference.
pub const BY_REFERENCE: Sort<champion::Column> = Sort { key: champion::Column::Number, id: champion::Column::Id, descending: false };

/// A champion.
pub async fn find(conn: &impl ConnectionTrait, id: ChampionId) -> Result<Option<champion::Model>, DbErr> {
    champion::Entity::find_by_id(id).one(conn).await
}

/// A champion, locked until the transaction ends: facts about them don't change under it.
pub async fn lock(conn: &impl ConnectionTrait, id: ChampionId) -> Result<Option<champion::Model>, DbErr> {
    champion::Entity::find_by_id(id).lock_exclusive().one(conn).await
}

/// Champions, locked in the order of their ids.
pub async fn lock_all(conn: &impl ConnectionTrait, ids: &[ChampionId]) -> Result<Vec<champion::Model>, DbErr> {
    champion::Entity::find()
        .filter(champion::Column::Id.is_in(ids.iter().copied()))
        .order_by_asc(champion::Column::Id)
        .lock_exclusive()
        .all(conn)
        .await
}

/// A champion by e-mail key.
pub async fn by_email(conn: &impl ConnectionTrait, key: &str) -> Result<Option<champion::Model>, DbErr> {
    champion::Entity::find().filter(champion::Column::EmailKey.eq(key)).one(conn).await
}

/// A champion by number.
pub async fn by_number(conn: &impl ConnectionTrait, number: i32) -> Result<Option<champion::Model>, DbErr> {
    champion::Entity::find().filter(champion::Column::Number.eq(number)).one(conn).await
}

/// Which champions to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// With one of these memberships.
    pub memberships: Vec<Membership>,
    /// Whose name holds this text; for those who may read names.
    pub name_holds: Option<String>,
    /// Not those who have gone.
    pub open_only: bool,
}

/// Champions that pass a filter.
pub fn select(filter: &Filter) -> Select<champion::Entity> {
    let mut select = champion::Entity::find().filter(champion::Column::Membership.ne(Membership::Merged));
    if !filter.memberships.is_empty() {
        select = select.filter(champion::Column::Membership.is_in(filter.memberships.iter().copied()));
    }
    if filter.open_only {
        let gone = Membership::ALL.iter().copied().filter(|m| !m.is_open());
        select = select.filter(champion::Column::Membership.is_not_in(gone));
    }
    if let Some(text) = &filter.name_holds {
        let pattern = format!("%{}%", text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
        select = select.filter(champion::Column::NameKey.like(LikeExpr::new(pattern).escape('\\')));
    }
    select
}

/// Keeps whom to call for a champion, instead of whoever was there.
pub async fn set_emergency_contact(conn: &impl ConnectionTrait, contact: emergency_contact::Model) -> Result<(), DbErr> {
    remove_emergency_contact(conn, contact.champion_id).await?;
    row::insert(conn, contact).await
}

/// Deletes whom to call for a champion.
pub async fn remove_emergency_contact(conn: &impl ConnectionTrait, id: ChampionId) -> Result<(), DbErr> {
    emergency_contact::Entity::delete_by_id(id).exec(conn).await.map(|_| ())
}

/// All champions that pass a filter.
pub async fn all(conn: &impl ConnectionTrait, filter: &Filter) -> Result<Vec<champion::Model>, DbErr> {
    select(filter).all(conn).await
}

/// These champions.
pub fn these(ids: Vec<ChampionId>) -> Select<champion::Entity> {
    champion::Entity::find().filter(champion::Column::Id.is_in(ids))
}

/// What a champion brings, and where to.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// ISO 639-3 codes.
    pub languages: BTreeSet<String>,
    /// Topics.
    pub topics: BTreeSet<Topic>,
    /// Areas served in person.
    pub areas: BTreeSet<String>,
}

/// Replaces the languages, topics and areas of a champion.
pub async fn set_profile(conn: &impl ConnectionTrait, id: ChampionId, profile: Profile) -> Result<(), DbErr> {
    champion_language::Entity::delete_many().filter(champion_language::Column::ChampionId.eq(id)).exec(conn).await?;
    champion_topic::Entity::delete_many().filter(champion_topic::Column::ChampionId.eq(id)).exec(conn).await?;
    champion_area::Entity::delete_many().filter(champion_area::Column::ChampionId.eq(id)).exec(conn).await?;
    let Profile { languages, topics, areas } = profile;
    row::insert_all(conn, languages.into_iter().map(|language| champion_language::Model { champion_id: id, language }).collect()).await?;
    row::insert_all(conn, topics.into_iter().map(|topic| champion_topic::Model { champion_id: id, topic }).collect()).await?;
    row::insert_all(conn, areas.into_iter().map(|area| champion_area::Model { champion_id: id, area }).collect()).await
}

/// The languages, topics and areas of a champion.
pub async fn profile(conn: &impl ConnectionTrait, id: ChampionId) -> Result<Profile, DbErr> {
    let languages = champion_language::Entity::find().filter(champion_language::Column::ChampionId.eq(id)).all(conn).await?;
    let topics = champion_topic::Entity::find().filter(champion_topic::Column::ChampionId.eq(id)).all(conn).await?;
    let areas = champion_area::Entity::find().filter(champion_area::Column::ChampionId.eq(id)).all(conn).await?;
    Ok(Profile {
        languages: languages.into_iter().map(|row| row.language).collect(),
        topics: topics.into_iter().map(|row| row.topic).collect(),
        areas: areas.into_iter().map(|row| row.area).collect(),
    })
}

/// An e-mail link, locked.
pub async fn lock_token(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<email_token::Model>, DbErr> {
    email_token::Entity::find_by_id(id).lock_exclusive().one(conn).await
}

/// Remembers that champions were asked.
pub async fn asked(conn: &impl ConnectionTrait, ids: &[ChampionId], at: chrono::DateTime<chrono::Utc>) -> Result<(), DbErr> {
    champion::Entity::update_many()
        .col_expr(champion::Column::LastAskedAt, Expr::value(at))
        .filter(champion::Column::Id.is_in(ids.iter().copied()))
        .exec(conn)
        .await
        .map(|_| ())
}
