//! Training modules, who may mark them, completions; requirements and evidence.

use std::collections::HashMap;
use std::sync::Arc;

use entity::{completion, evidence, module_prerequisite, module_trainer, requirement, training_module};
use rules::id::{ChampionId, CompletionId, ModuleId, RequirementId};
use rules::requirement::Requirement;
use rules::training::Module;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use super::paging::Sort;
use super::{Db, row};

/// Modules, by code.
pub const BY_CODE: Sort<training_module::Column> =
    Sort { key: training_module::Column::Code, id: training_module::Column::Id, descending: false };

/// Every module.
pub fn modules() -> Select<training_module::Entity> {
    training_module::Entity::find()
}

/// A module.
pub async fn module(conn: &impl ConnectionTrait, id: ModuleId) -> Result<Option<training_module::Model>, DbErr> {
    training_module::Entity::find_by_id(id).one(conn).await
}

/// Modules by their ids. A module never changes once it is there, so each is read once in the life of the process.
pub async fn by_ids(db: &Db, ids: &[ModuleId]) -> Result<Vec<Arc<training_module::Model>>, DbErr> {
    let unknown: Vec<ModuleId> = ids.iter().copied().filter(|id| db.module(*id).is_none()).collect();
    if !unknown.is_empty() {
        db.learn(row::holding::<training_module::Entity>(db.read(), training_module::Column::Id, unknown).await?);
    }
    Ok(ids.iter().filter_map(|id| db.module(*id)).collect())
}

/// Every module with its prerequisites, as the rules read them: the catalogue is small.
pub async fn catalogue(conn: &impl ConnectionTrait) -> Result<HashMap<ModuleId, (training_module::Model, Module)>, DbErr> {
    let modules = training_module::Entity::find().all(conn).await?;
    let mut prerequisites: HashMap<ModuleId, Vec<ModuleId>> = HashMap::new();
    for row in module_prerequisite::Entity::find().all(conn).await? {
        prerequisites.entry(row.module_id).or_default().push(row.prerequisite_id);
    }
    let fact = |row: &training_module::Model| Module {
        id: row.id,
        code: row.code.clone(),
        valid_months: row.valid_months.and_then(|m| u32::try_from(m).ok()),
        prerequisites: prerequisites.get(&row.id).cloned().unwrap_or_default(),
    };
    Ok(modules
        .into_iter()
        .map(|row| {
            (row.id, {
                let fact = fact(&row);
                (row, fact)
            })
        })
        .collect())
}

/// Who may mark a module.
pub async fn trainers(conn: &impl ConnectionTrait, module: ModuleId) -> Result<Vec<module_trainer::Model>, DbErr> {
    module_trainer::Entity::find().filter(module_trainer::Column::ModuleId.eq(module)).all(conn).await
}

/// A completion, locked.
pub async fn lock_completion(conn: &impl ConnectionTrait, id: CompletionId) -> Result<Option<completion::Model>, DbErr> {
    completion::Entity::find_by_id(id).lock_exclusive().one(conn).await
}

/// The completions of champions that were not taken back.
pub async fn completions(conn: &impl ConnectionTrait, champions: &[ChampionId]) -> Result<Vec<completion::Model>, DbErr> {
    let of = completion::Entity::find().filter(completion::Column::ChampionId.is_in(champions.iter().copied()));
    let of = of.filter(completion::Column::RevokedAt.is_null());
    of.order_by_asc(completion::Column::CompletedOn).order_by_asc(completion::Column::Id).all(conn).await
}

/// What a completion is of, and its last day; none if it has none, or was taken back.
pub async fn lapsing(conn: &impl ConnectionTrait, id: CompletionId) -> Result<Option<(String, chrono::NaiveDate)>, DbErr> {
    let Some(found) = completion::Entity::find_by_id(id).one(conn).await?.filter(|c| c.revoked_at.is_none()) else { return Ok(None) };
    let title = module(conn, found.module_id).await?.map(|m| m.title);
    Ok(title.zip(found.expires_on))
}

/// Completions in answer to a mutation, in the order of the ids.
pub async fn completions_by_id(conn: &impl ConnectionTrait, ids: &[CompletionId]) -> Result<Vec<completion::Model>, DbErr> {
    completion::Entity::find()
        .filter(completion::Column::Id.is_in(ids.iter().copied()))
        .order_by_asc(completion::Column::Id)
        .all(conn)
        .await
}

/// Every requirement version, in the suggested order.
pub async fn requirements(conn: &impl ConnectionTrait) -> Result<Vec<requirement::Model>, DbErr> {
    requirement::Entity::find().order_by_asc(requirement::Column::Position).order_by_asc(requirement::Column::Id).all(conn).await
}

/// One requirement version.
pub async fn requirement(conn: &impl ConnectionTrait, id: RequirementId) -> Result<Option<requirement::Model>, DbErr> {
    requirement::Entity::find_by_id(id).one(conn).await
}

/// A requirement version, locked.
pub async fn lock_requirement(conn: &impl ConnectionTrait, id: RequirementId) -> Result<Option<requirement::Model>, DbErr> {
    requirement::Entity::find_by_id(id).lock_exclusive().one(conn).await
}

/// A requirement as the rules read it.
pub fn requirement_fact(row: &requirement::Model) -> Requirement {
    Requirement {
        id: row.id,
        kind: row.kind,
        name: row.name.clone(),
        module: row.module_id,
        count: usize::try_from(row.count).unwrap_or(1),
        valid_months: row.valid_months.and_then(|m| u32::try_from(m).ok()),
        in_force_from: row.in_force_from,
        superseded_on: row.superseded_on,
    }
}

/// Deletes a champion's evidence for these versions: it spoke of somebody who is not kept any more.
pub async fn remove_evidence(conn: &impl ConnectionTrait, champion: ChampionId, of: Vec<RequirementId>) -> Result<(), DbErr> {
    let theirs = evidence::Entity::delete_many().filter(evidence::Column::ChampionId.eq(champion));
    theirs.filter(evidence::Column::RequirementId.is_in(of)).exec(conn).await.map(|_| ())
}

/// The evidence of champions, oldest first.
pub async fn evidence(conn: &impl ConnectionTrait, champions: &[ChampionId]) -> Result<Vec<evidence::Model>, DbErr> {
    evidence::Entity::find()
        .filter(evidence::Column::ChampionId.is_in(champions.iter().copied()))
        .order_by_asc(evidence::Column::Id)
        .all(conn)
        .await
}
