//! Reading rows by a column, and writing whole ones.

use std::sync::OnceLock;

use sea_orm::sea_query::{CommonTableExpression, Expr, ExprTrait, InsertStatement, Query, SqliteQueryBuilder, UpdateStatement, WithClause};
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, IntoActiveModel, Iterable,
    ModelTrait, PrimaryKeyToColumn, QueryFilter, QueryTrait, Statement, Update, Value,
};

/// Ids that a statement names at most: PostgreSQL takes 65,535 values, SQLite 32,766.
pub const AT_ONCE: usize = 10_000;

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

/// A state as part of the statement's text. PostgreSQL plans it once, where it would weigh a value anew each time; SQLite plans a
/// statement anew for every value that it held against the condition of a partial index.
pub fn is(column: impl ColumnTrait, code: &'static str) -> Expr {
    Expr::col((column.entity_name(), column)).eq(Expr::cust(format!("'{code}'")))
}

/// The text of a statement that is always built alike, on either database: building it takes longer than all else that is done to
/// send it.
#[derive(Debug, Default)]
pub struct Text([OnceLock<(String, usize)>; 2]);

impl Text {
    /// Not built yet.
    pub const fn new() -> Self {
        Self([OnceLock::new(), OnceLock::new()])
    }

    /// The statement with these values, which are those it is built with, in their order.
    pub fn with(&self, backend: DbBackend, values: Vec<Value>, build: impl Fn() -> Statement) -> Statement {
        let known = self.0[usize::from(backend == DbBackend::Postgres)].get_or_init(|| (build().sql, values.len()));
        let statement = match known {
            (sql, many) if *many == values.len() => Statement::from_sql_and_values(backend, sql, values),
            _ => build(),
        };
        debug_assert_eq!(statement, build());
        statement
    }
}

/// Writes of rows that need not be there for one another, sent at once, which spares a way there and back for each: one statement on
/// PostgreSQL; on SQLite, where a statement writes to one table, one text of several.
#[derive(Default)]
pub struct Writes {
    values: Vec<Value>,
    parts: Vec<Box<dyn Fn() -> Part + Send>>,
}

enum Part {
    Insert(InsertStatement),
    Update(UpdateStatement),
}

impl Writes {
    /// [`insert`] as well.
    pub fn insert<M, A>(mut self, row: M) -> Self
    where
        M: ModelTrait + IntoActiveModel<A>,
        A: ActiveModelTrait<Entity = M::Entity> + ActiveModelBehavior + Send + 'static,
    {
        let row = row.into_active_model().reset_all();
        self.values.extend(columns::<A>().filter_map(|column| row.get(column).into_value()));
        self.parts.push(Box::new(move || Part::Insert(M::Entity::insert(row.clone()).into_query())));
        self
    }

    /// Those columns of a row that are set. The caller holds the row's lock or has judged its version.
    pub fn change<A>(mut self, row: A) -> Result<Self, DbErr>
    where
        A: ActiveModelTrait + Send + 'static,
    {
        Update::one(row.clone()).validate()?;
        let key = |column: &_| PrimaryKey::<A>::from_column(*column).is_some();
        let changed = columns::<A>().filter(|column| !key(column) && row.get(*column).is_set());
        self.values.extend(changed.chain(columns::<A>().filter(key)).filter_map(|column| row.get(column).into_value()));
        self.parts.push(Box::new(move || Part::Update(Update::one(row.clone()).validate().expect("as above").into_query())));
        Ok(self)
    }

    /// Writes them all. What is written together for one purpose has one text.
    pub async fn run(self, conn: &impl ConnectionTrait, text: &Text) -> Result<(), DbErr> {
        let (backend, Self { values, parts }) = (conn.get_database_backend(), self);
        let statement = text.with(backend, values, || together(backend, parts.iter().map(|part| part())));
        drop(parts);
        conn.execute_raw(statement).await.map(drop)
    }
}

type PrimaryKey<A> = <<A as ActiveModelTrait>::Entity as EntityTrait>::PrimaryKey;

fn columns<A: ActiveModelTrait>() -> impl Iterator<Item = <A::Entity as EntityTrait>::Column> {
    <A::Entity as EntityTrait>::Column::iter()
}

fn together(backend: DbBackend, parts: impl Iterator<Item = Part>) -> Statement {
    if backend == DbBackend::Postgres {
        let mut all = WithClause::new();
        for (number, write) in parts.enumerate() {
            let mut part = CommonTableExpression::new();
            match write {
                Part::Insert(statement) => part.query(statement),
                Part::Update(statement) => part.query(statement),
            };
            all.cte(part.table_name(format!("write{number}")).to_owned());
        }
        return backend.build(&all.query(Query::select().expr(Expr::cust("1")).to_owned()));
    }
    let (mut text, mut values) = (String::new(), Vec::new());
    for write in parts {
        let (sql, bound) = match write {
            Part::Insert(statement) => statement.build(SqliteQueryBuilder),
            Part::Update(statement) => statement.build(SqliteQueryBuilder),
        };
        text.push_str(&sql);
        text.push(';');
        values.extend(bound);
    }
    Statement::from_sql_and_values(backend, text, values)
}
