//! Reading rows by a column, and writing whole ones.

use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, Iterable, ModelTrait,
    QueryFilter, QueryTrait, Update, Value,
};

/// The rows whose column holds one of these values.
pub async fn holding<E: EntityTrait>(
    conn: &impl ConnectionTrait,
    column: E::Column,
    values: impl IntoIterator<Item = impl Into<Value>>,
) -> Result<Vec<E::Model>, DbErr> {
    E::find().filter(column.is_in(values)).all(conn).await
}

/// Inserts a row.
pub async fn insert<M, A>(conn: &impl ConnectionTrait, row: M) -> Result<(), DbErr>
where
    M: ModelTrait + IntoActiveModel<A>,
    A: ActiveModelTrait<Entity = M::Entity> + ActiveModelBehavior + Send,
{
    insert_all(conn, vec![row]).await
}

/// Inserts rows, a few hundred a statement: SQLite binds 32,766 values at most.
pub async fn insert_all<M, A>(conn: &impl ConnectionTrait, rows: Vec<M>) -> Result<(), DbErr>
where
    M: ModelTrait + IntoActiveModel<A>,
    A: ActiveModelTrait<Entity = M::Entity> + ActiveModelBehavior + Send,
{
    let columns = <M::Entity as EntityTrait>::Column::iter().count();
    let mut rows = rows.into_iter().map(|row| row.into_active_model().reset_all()).peekable();
    while rows.peek().is_some() {
        let chunk: Vec<A> = rows.by_ref().take(30_000 / columns).collect();
        let statement = M::Entity::insert_many(chunk).into_query();
        conn.execute(&statement).await?;
    }
    Ok(())
}

/// Writes every column of a row that is there. The caller holds the row's lock or has judged its version.
pub async fn update<M, A>(conn: &impl ConnectionTrait, row: M) -> Result<(), DbErr>
where
    M: ModelTrait + IntoActiveModel<A>,
    A: ActiveModelTrait<Entity = M::Entity> + ActiveModelBehavior + Send,
{
    Update::one(row.into_active_model().reset_all()).exec_without_returning(conn).await.map(|_| ())
}
