//! Reading rows by a column, and writing whole ones.

use sea_orm::sea_query::{CommonTableExpression, Expr, InsertStatement, Query, SqliteQueryBuilder, UpdateStatement, WithClause};
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, IntoActiveModel, Iterable,
    ModelTrait, QueryFilter, QueryTrait, Statement, Update, Value,
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

/// Writes of rows that need not be there for one another, sent at once, which spares a way there and back for each: one statement on
/// PostgreSQL; on SQLite, where a statement writes to one table, one text of several.
#[derive(Debug, Default)]
pub struct Writes(Vec<Write>);

#[derive(Debug)]
enum Write {
    Insert(InsertStatement),
    Update(UpdateStatement),
}

impl Writes {
    /// [`insert`] as well.
    pub fn insert<M, A>(mut self, row: M) -> Self
    where
        M: ModelTrait + IntoActiveModel<A>,
        A: ActiveModelTrait<Entity = M::Entity> + ActiveModelBehavior + Send,
    {
        self.0.push(Write::Insert(M::Entity::insert(row.into_active_model().reset_all()).into_query()));
        self
    }

    /// Those columns of a row that are set. The caller holds the row's lock or has judged its version.
    pub fn change<A>(mut self, row: A) -> Result<Self, DbErr>
    where
        A: ActiveModelTrait + Send,
    {
        self.0.push(Write::Update(Update::one(row).validate()?.into_query()));
        Ok(self)
    }

    /// Writes them all.
    pub async fn run(self, conn: &impl ConnectionTrait) -> Result<(), DbErr> {
        if conn.get_database_backend() == DbBackend::Postgres {
            let mut all = WithClause::new();
            for (number, write) in self.0.into_iter().enumerate() {
                let mut part = CommonTableExpression::new();
                match write {
                    Write::Insert(statement) => part.query(statement),
                    Write::Update(statement) => part.query(statement),
                };
                all.cte(part.table_name(format!("write{number}")).to_owned());
            }
            return conn.execute(&all.query(Query::select().expr(Expr::cust("1")).to_owned())).await.map(drop);
        }
        let (mut text, mut values) = (String::new(), Vec::new());
        for write in self.0 {
            let (sql, bound) = match write {
                Write::Insert(statement) => statement.build(SqliteQueryBuilder),
                Write::Update(statement) => statement.build(SqliteQueryBuilder),
            };
            text.push_str(&sql);
            text.push(';');
            values.extend(bound);
        }
        conn.execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, text, values)).await.map(drop)
    }
}
