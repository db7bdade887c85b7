//! Pairs of records that may be one person, and moving what hangs on one to the other.

use entity::{
    acceptance, assignment, availability_exception, availability_window, champion, champion_mailbox, champion_pace, cohort_seat,
    completion, consent, dbs_check, duplicate, emergency_contact, evidence, exemption, offer, offer_bundle, referee_reference, rota_line,
    stand_in, swap,
};
use rules::assignment::AssignmentStatus;
use rules::champion::Membership;
use rules::duplicate::{DuplicateReason, DuplicateStatus, MergeConflict, Pair, Traits, mailbox};
use rules::id::{ChampionId, CompletionId, DuplicateId, SessionId};
use rules::offer::OfferStatus;
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use super::paging::Sort;
use super::row::{self, is};

/// Pairs, oldest first.
pub const BY_FINDING: Sort<duplicate::Column> = Sort { key: duplicate::Column::FoundAt, id: duplicate::Column::Id, descending: false };

/// Pairs in these states.
pub fn select(statuses: &[DuplicateStatus]) -> Select<duplicate::Entity> {
    duplicate::Entity::find().filter(duplicate::Column::Status.is_in(statuses.iter().copied()))
}

/// A pair.
pub async fn find(conn: &impl ConnectionTrait, id: DuplicateId) -> Result<Option<duplicate::Model>, DbErr> {
    duplicate::Entity::find_by_id(id).one(conn).await
}

/// A pair, locked.
pub async fn lock(conn: &impl ConnectionTrait, id: DuplicateId) -> Result<Option<duplicate::Model>, DbErr> {
    duplicate::Entity::find_by_id(id).lock_exclusive().one(conn).await
}

/// A pair as the rules read it.
pub fn fact(row: &duplicate::Model) -> Pair {
    Pair { first: row.first_id, second: row.second_id, status: row.status }
}

/// The reasons of a pair.
pub fn reasons(row: &duplicate::Model) -> Vec<DuplicateReason> {
    row.reasons.split(' ').filter_map(DuplicateReason::from_code).collect()
}

/// What tells a champion from others.
pub fn traits(row: &champion::Model) -> Traits {
    Traits {
        mailbox: mailbox(&row.email_key),
        phone: row.phone_e164.clone(),
        name: row.full_name.clone(),
        birth_date: row.birth_date,
        postcode: row.postcode.clone(),
    }
}

/// Writes down which mailbox a champion's address reaches.
pub async fn note_mailbox(conn: &impl ConnectionTrait, champion: &champion::Model) -> Result<(), DbErr> {
    let mailbox = mailbox(&champion.email_key);
    row::insert(conn, champion_mailbox::Model { champion_id: champion.id, mailbox, looked_at: None }).await
}

/// Champions for whom nobody has looked yet, oldest first.
pub async fn to_look_at(conn: &impl ConnectionTrait, most: u64) -> Result<Vec<ChampionId>, DbErr> {
    let new = champion_mailbox::Entity::find().filter(champion_mailbox::Column::LookedAt.is_null());
    let new = new.order_by_asc(champion_mailbox::Column::ChampionId).limit(most).all(conn).await?;
    Ok(new.into_iter().map(|row| row.champion_id).collect())
}

/// Notes that others like a champion were looked for; false if that was done before.
pub async fn looked(conn: &impl ConnectionTrait, id: ChampionId, at: chrono::DateTime<chrono::Utc>) -> Result<bool, DbErr> {
    let done = champion_mailbox::Entity::update_many()
        .col_expr(champion_mailbox::Column::LookedAt, Expr::value(at))
        .filter(champion_mailbox::Column::ChampionId.eq(id))
        .filter(champion_mailbox::Column::LookedAt.is_null())
        .exec(conn)
        .await?;
    Ok(done.rows_affected == 1)
}

/// The pairs a champion is in.
pub async fn of(conn: &impl ConnectionTrait, id: ChampionId) -> Result<Vec<duplicate::Model>, DbErr> {
    let either = Condition::any().add(duplicate::Column::FirstId.eq(id)).add(duplicate::Column::SecondId.eq(id));
    duplicate::Entity::find().filter(either).all(conn).await
}

/// Champions who share something with these traits: the rule says whether that means anything.
pub async fn candidates(conn: &impl ConnectionTrait, id: ChampionId, traits: &Traits, most: u64) -> Result<Vec<champion::Model>, DbErr> {
    use champion::Column;
    let mailbox = Query::select()
        .column(champion_mailbox::Column::ChampionId)
        .from(champion_mailbox::Entity)
        .and_where(champion_mailbox::Column::Mailbox.eq(traits.mailbox.clone()))
        .to_owned();
    let mut any = Condition::any().add(Column::Id.in_subquery(mailbox));
    if let Some(phone) = &traits.phone {
        any = any.add(Column::PhoneE164.eq(phone.clone()));
    }
    if let Some(birth) = traits.birth_date {
        any = any.add(Column::BirthDate.eq(birth));
    }
    if let Some(postcode) = &traits.postcode {
        any = any.add(Column::Postcode.eq(postcode.clone()));
    }
    let others = champion::Entity::find().filter(Column::Id.ne(id)).filter(Column::Membership.ne(Membership::Merged));
    others.filter(any).order_by_asc(Column::Id).limit(most).all(conn).await
}

/// What hangs on a champion and moves as it is: the table's name for people, its entity and the column that names the champion.
macro_rules! moved {
    ($($name:literal: $entity:ident.$column:ident),+ $(,)?) => {
        /// How many rows of each kind would move, by their name for people.
        pub async fn counts(conn: &impl ConnectionTrait, from: ChampionId) -> Result<Vec<(&'static str, u64)>, DbErr> {
            let mut counts = Vec::new();
            $(counts.push(($name, $entity::Entity::find().filter($entity::Column::$column.eq(from)).count(conn).await?));)+
            counts.retain(|(_, count)| *count > 0);
            Ok(counts)
        }

        async fn move_rows(conn: &impl ConnectionTrait, from: ChampionId, to: ChampionId) -> Result<(), DbErr> {
            $($entity::Entity::update_many()
                .col_expr($entity::Column::$column, Expr::value(to))
                .filter($entity::Column::$column.eq(from))
                .exec(conn)
                .await?;)+
            Ok(())
        }
    };
}

moved! {
    "evidence": evidence.ChampionId,
    "exemptions": exemption.ChampionId,
    "training": completion.ChampionId,
    "DBS checks": dbs_check.ChampionId,
    "consents": consent.ChampionId,
    "references": referee_reference.ChampionId,
    "offers": offer.ChampionId,
    "offers of several dates": offer_bundle.ChampionId,
    "assignments": assignment.ChampionId,
    "searches for a stand-in": stand_in.ChampionId,
    "searches that name them": stand_in.NamedId,
    "swaps proposed": swap.ProposerId,
    "swaps asked for": swap.OtherId,
    "lines of planned rotas": rota_line.ChampionId,
    "leave and extra time": availability_exception.ChampionId,
    "acceptances": acceptance.ChampionId,
}

/// What two records disagree about.
pub async fn conflicts(conn: &impl ConnectionTrait, one: &champion::Model, other: &champion::Model) -> Result<Vec<MergeConflict>, DbErr> {
    let placed = assignments(conn, one.id).await?;
    let others = assignments(conn, other.id).await?;
    let overlap = placed.iter().any(|a| others.iter().any(|b| a.starts_at < b.ends_at && b.starts_at < a.ends_at));
    let (asked, others) = (pending(conn, one.id).await?, pending(conn, other.id).await?);
    let found = [
        (overlap, MergeConflict::SameTime),
        (asked.iter().any(|session| others.contains(session)), MergeConflict::SameOffer),
        (one.birth_date.is_some() && other.birth_date.is_some() && one.birth_date != other.birth_date, MergeConflict::BirthDate),
        (one.account_id.is_some() && other.account_id.is_some(), MergeConflict::Accounts),
        (!twice(conn, one.id, other.id).await?.is_empty(), MergeConflict::Training),
    ];
    Ok(found.into_iter().filter(|(is, _)| *is).map(|(_, conflict)| conflict).collect())
}

async fn assignments(conn: &impl ConnectionTrait, id: ChampionId) -> Result<Vec<assignment::Model>, DbErr> {
    let of = assignment::Entity::find().filter(assignment::Column::ChampionId.eq(id));
    of.filter(is(assignment::Column::Status, AssignmentStatus::Confirmed.code())).all(conn).await
}

async fn pending(conn: &impl ConnectionTrait, id: ChampionId) -> Result<Vec<SessionId>, DbErr> {
    let of = offer::Entity::find().filter(offer::Column::ChampionId.eq(id)).filter(is(offer::Column::Status, OfferStatus::Pending.code()));
    Ok(of.all(conn).await?.into_iter().map(|offer| offer.session_id).collect())
}

/// The sessions that two records' places and offers are at, in the order of their ids: they are locked before a merge.
pub async fn sessions(conn: &impl ConnectionTrait, of: [ChampionId; 2]) -> Result<Vec<SessionId>, DbErr> {
    let mut all = Vec::new();
    for id in of {
        all.extend(assignments(conn, id).await?.into_iter().map(|a| a.session_id));
        all.extend(pending(conn, id).await?);
    }
    all.sort();
    all.dedup();
    Ok(all)
}

/// Completions of `gone` that `kept` has too, of the same module and day.
async fn twice(conn: &impl ConnectionTrait, kept: ChampionId, gone: ChampionId) -> Result<Vec<CompletionId>, DbErr> {
    let rows = super::training::completions(conn, &[kept, gone]).await?;
    let (kept, gone): (Vec<_>, Vec<_>) = rows.into_iter().partition(|c| c.champion_id == kept);
    let same = |c: &&completion::Model| kept.iter().any(|k| k.module_id == c.module_id && k.completed_on == c.completed_on);
    Ok(gone.iter().filter(same).map(|c| c.id).collect())
}

/// Moves everything that hangs on `gone` to `kept`. What both have, and can be there once, stays as `kept` has it.
pub async fn move_all(
    conn: &impl ConnectionTrait,
    gone: ChampionId,
    kept: ChampionId,
    at: chrono::DateTime<chrono::Utc>,
) -> Result<(), DbErr> {
    let twice = twice(conn, kept, gone).await?;
    completion::Entity::update_many()
        .col_expr(completion::Column::RevokedAt, Expr::value(at))
        .col_expr(completion::Column::RevokeReason, Expr::value("recorded twice, in two records of one person"))
        .filter(completion::Column::Id.is_in(twice))
        .exec(conn)
        .await?;
    move_rows(conn, gone, kept).await?;
    if availability_window::Entity::find().filter(availability_window::Column::ChampionId.eq(kept)).count(conn).await? == 0 {
        availability_window::Entity::update_many()
            .col_expr(availability_window::Column::ChampionId, Expr::value(kept))
            .filter(availability_window::Column::ChampionId.eq(gone))
            .exec(conn)
            .await?;
    }
    availability_window::Entity::delete_many().filter(availability_window::Column::ChampionId.eq(gone)).exec(conn).await?;
    seats(conn, gone, kept).await?;
    if champion_pace::Entity::find_by_id(kept).one(conn).await?.is_none()
        && let Some(pace) = champion_pace::Entity::find_by_id(gone).one(conn).await?
    {
        row::insert(conn, champion_pace::Model { champion_id: kept, ..pace }).await?;
    }
    champion_pace::Entity::delete_by_id(gone).exec(conn).await?;
    if emergency_contact::Entity::find_by_id(kept).one(conn).await?.is_none()
        && let Some(contact) = emergency_contact::Entity::find_by_id(gone).one(conn).await?
    {
        row::insert(conn, emergency_contact::Model { champion_id: kept, ..contact }).await?;
    }
    emergency_contact::Entity::delete_by_id(gone).exec(conn).await?;
    champion_mailbox::Entity::delete_by_id(gone).exec(conn).await.map(|_| ())
}

/// Moves the seats at training, but for those at a cohort where both have one.
async fn seats(conn: &impl ConnectionTrait, gone: ChampionId, kept: ChampionId) -> Result<(), DbErr> {
    use cohort_seat::Column;
    let theirs = Query::select().column(Column::CohortId).from(cohort_seat::Entity).and_where(Column::ChampionId.eq(kept)).to_owned();
    cohort_seat::Entity::update_many()
        .col_expr(Column::ChampionId, Expr::value(kept))
        .filter(Column::ChampionId.eq(gone))
        .filter(Column::CohortId.not_in_subquery(theirs))
        .exec(conn)
        .await?;
    cohort_seat::Entity::delete_many().filter(Column::ChampionId.eq(gone)).exec(conn).await.map(|_| ())
}

/// Other open pairs that name a record which is gone: there is nothing to look at any more.
pub async fn close_others(conn: &impl ConnectionTrait, gone: ChampionId, at: chrono::DateTime<chrono::Utc>) -> Result<(), DbErr> {
    duplicate::Entity::update_many()
        .col_expr(duplicate::Column::Status, Expr::value(DuplicateStatus::Merged))
        .col_expr(duplicate::Column::DecidedAt, Expr::value(at))
        .filter(Condition::any().add(duplicate::Column::FirstId.eq(gone)).add(duplicate::Column::SecondId.eq(gone)))
        .filter(is(duplicate::Column::Status, DuplicateStatus::Open.code()))
        .exec(conn)
        .await
        .map(|_| ())
}
