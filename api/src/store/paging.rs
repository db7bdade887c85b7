//! Keyset pages: a row is found again by its sort key and id, so pages stay right while rows come and go.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, ColumnType, ConnectionTrait, DbErr, EntityTrait, ModelTrait, Order, QueryFilter, QueryOrder, QuerySelect, Select, Value,
};
use uuid::Uuid;

/// Where a row stands in an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Cursor {
    key: Value,
    id: Uuid,
}

impl Cursor {
    /// The cursor of a row.
    pub fn of(key: impl Into<Value>, id: impl Into<Uuid>) -> Self {
        Self { key: key.into(), id: id.into() }
    }

    /// The cursor of a line of a list in memory.
    pub fn at(index: usize) -> Self {
        Self { key: i32::try_from(index).unwrap_or(i32::MAX).into(), id: Uuid::nil() }
    }

    /// The line it stands at, if it is of a list in memory.
    pub fn index(&self) -> Option<usize> {
        match self.key {
            Value::Int(Some(index)) if self.id.is_nil() => usize::try_from(index).ok(),
            _ => None,
        }
    }

    /// Whether it can stand in an order by this column: a cursor of another list can't.
    pub fn fits(&self, column: &impl ColumnTrait) -> bool {
        let of = column.def().get_column_type().clone();
        match self.key {
            Value::Int(_) => matches!(of, ColumnType::Integer),
            Value::ChronoDateTimeUtc(_) => matches!(of, ColumnType::TimestampWithTimeZone | ColumnType::Timestamp | ColumnType::DateTime),
            Value::String(_) => matches!(of, ColumnType::String(_) | ColumnType::Text),
            _ => false,
        }
    }

    /// Opaque to clients.
    pub fn encode(&self) -> String {
        let key = match &self.key {
            Value::Int(Some(n)) => format!("i{n}"),
            Value::ChronoDateTimeUtc(Some(at)) => format!("t{}", at.timestamp_micros()),
            Value::String(Some(text)) => format!("s{text}"),
            _ => "n".to_owned(),
        };
        URL_SAFE_NO_PAD.encode([self.id.as_bytes().as_slice(), key.as_bytes()].concat())
    }

    /// A cursor as it was given out, of any order.
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (id, key) = bytes.split_at_checked(16)?;
        let key = std::str::from_utf8(key).ok()?;
        let rest = key.get(1..)?;
        let key: Value = match key.as_bytes()[0] {
            b'i' => rest.parse::<i32>().ok()?.into(),
            b't' => DateTime::from_timestamp_micros(rest.parse().ok()?)?.into(),
            b's' => rest.to_owned().into(),
            _ => return None,
        };
        Some(Self { key, id: Uuid::from_slice(id).ok()? })
    }
}

/// Which rows of an order are wanted.
#[derive(Clone, Debug)]
pub struct Slice {
    /// How many.
    pub limit: u64,
    /// After this row.
    pub after: Option<Cursor>,
    /// Before this row.
    pub before: Option<Cursor>,
    /// The last of them instead of the first.
    pub backward: bool,
}

/// A page of rows.
#[derive(Clone, Debug)]
pub struct Page<M> {
    /// The rows, in order.
    pub rows: Vec<M>,
    /// Whether rows follow.
    pub has_next: bool,
    /// Whether rows come before.
    pub has_previous: bool,
}

/// An order: a key column, then the id.
#[derive(Clone, Copy, Debug)]
pub struct Sort<C> {
    /// What rows are sorted by.
    pub key: C,
    /// What breaks ties.
    pub id: C,
    /// Largest first.
    pub descending: bool,
}

/// Narrows a selection to a page and one row more, which says whether there is a next.
pub fn narrowed<E: EntityTrait>(mut select: Select<E>, sort: Sort<E::Column>, slice: &Slice) -> Select<E> {
    let beyond = |select: Select<E>, cursor: &Cursor, greater: bool| {
        let row = Expr::tuple([Expr::col(sort.key), Expr::col(sort.id)]);
        let at = Expr::tuple([Expr::value(cursor.key.clone()), Expr::value(cursor.id)]);
        select.filter(if greater { row.gt(at) } else { row.lt(at) })
    };
    if let Some(after) = &slice.after {
        select = beyond(select, after, !sort.descending);
    }
    if let Some(before) = &slice.before {
        select = beyond(select, before, sort.descending);
    }
    let order = sort.order(slice);
    select.order_by(sort.key, order.clone()).order_by(sort.id, order).limit(slice.limit + 1)
}

impl<C> Sort<C> {
    /// How rows of a slice are read.
    pub fn order(&self, slice: &Slice) -> Order {
        if self.descending != slice.backward { Order::Desc } else { Order::Asc }
    }
}

impl<M> Page<M> {
    /// The page, of the rows of a selection that was [`narrowed`] to it.
    pub fn of(mut rows: Vec<M>, slice: &Slice) -> Self {
        let more = rows.len() as u64 > slice.limit;
        rows.truncate(slice.limit as usize);
        if slice.backward {
            rows.reverse();
            return Self { rows, has_next: slice.before.is_some(), has_previous: more };
        }
        Self { rows, has_next: more, has_previous: slice.after.is_some() }
    }

    /// The same page of something else.
    pub fn map<T>(self, of: impl FnMut(M) -> T) -> Page<T> {
        Page { rows: self.rows.into_iter().map(of).collect(), has_next: self.has_next, has_previous: self.has_previous }
    }
}

/// Reads one page of a selection.
pub async fn page<E>(conn: &impl ConnectionTrait, select: Select<E>, sort: Sort<E::Column>, slice: &Slice) -> Result<Page<E::Model>, DbErr>
where
    E: EntityTrait,
    E::Model: ModelTrait,
{
    Ok(Page::of(narrowed(select, sort, slice).all(conn).await?, slice))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back_as_they_went() {
        let at = DateTime::from_timestamp_micros(1_763_000_000_123_456).expect("an instant");
        for cursor in
            [Cursor::of(42, Uuid::from_u128(7)), Cursor::of(at, Uuid::from_u128(8)), Cursor::of("Łódź drop-in", Uuid::from_u128(9))]
        {
            assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        }
        for wrong in ["", "AAAA", "not base64!", "AAAAAAAAAAAAAAAAAAAAAHh4"] {
            assert_eq!(Cursor::decode(wrong), None, "{wrong}");
        }
    }
}
