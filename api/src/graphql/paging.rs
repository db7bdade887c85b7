//! Connections: `first`/`after` or `last`/`before`, 25 by default, 100 at most, keyset cursors.

use async_graphql::{Context, Error, InputObject, SimpleObject};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, Select};

use super::code::Code;
use super::context::Ctx;
use super::problem::{broken, coded};
use crate::store::paging::{Cursor, Page, Slice, Sort, page};

/// The most rows of a page.
pub const MOST: i32 = 100;
/// The rows of a page, if the caller does not say.
pub const USUAL: i32 = 25;

/// Where a page lies in its list.
#[derive(SimpleObject, Clone, Debug)]
pub struct PageInfo {
    /// Whether rows follow.
    pub has_next_page: bool,
    /// Whether rows come before.
    pub has_previous_page: bool,
    /// Cursor of the first row; null on an empty page.
    pub start_cursor: Option<String>,
    /// Cursor of the last row; null on an empty page.
    pub end_cursor: Option<String>,
}

impl PageInfo {
    /// Where this page lies, given how a row is pointed at.
    pub fn of<T>(page: &Page<T>, cursor: impl Fn(&T) -> String) -> Self {
        Self {
            has_next_page: page.has_next,
            has_previous_page: page.has_previous,
            start_cursor: page.rows.first().map(&cursor),
            end_cursor: page.rows.last().map(&cursor),
        }
    }
}

/// A span of instants, half-open.
#[derive(InputObject, Clone, Copy, Debug)]
pub struct DateTimeRangeInput {
    /// First instant inside.
    pub from: super::scalar::DateTime,
    /// First instant after.
    pub until: super::scalar::DateTime,
}

/// The four paging arguments.
#[derive(Clone, Debug, Default)]
pub struct Args {
    /// See the schema.
    pub first: Option<i32>,
    /// See the schema.
    pub after: Option<String>,
    /// See the schema.
    pub last: Option<i32>,
    /// See the schema.
    pub before: Option<String>,
}

impl Args {
    /// The slice they ask for, or what is wrong with them.
    pub fn slice(self) -> Result<Slice, Error> {
        let wrong = |message: &str| coded(Code::BadUserInput, message);
        if self.first.is_some() && self.last.is_some() {
            return Err(wrong("Argument \"last\": give either first or last, not both."));
        }
        let asked = self.first.or(self.last).unwrap_or(USUAL);
        if !(0..=MOST).contains(&asked) {
            let name = if self.last.is_some() { "last" } else { "first" };
            return Err(wrong(&format!("Argument {name:?}: ask for between 0 and {MOST} rows.")));
        }
        let cursor = |name: &str, text: Option<String>| match text {
            Some(text) => {
                Cursor::decode(&text).map(Some).ok_or_else(|| wrong(&format!("Argument {name:?}: this is not a cursor of this list.")))
            }
            None => Ok(None),
        };
        Ok(Slice {
            limit: u64::try_from(asked).unwrap_or(0),
            after: cursor("after", self.after)?,
            before: cursor("before", self.before)?,
            backward: self.last.is_some(),
        })
    }
}

trait OfList {
    /// Refuses cursors that another list gave out.
    fn of(&self, fits: impl Fn(&Cursor) -> bool) -> Result<(), Error>;
}

impl OfList for Slice {
    fn of(&self, fits: impl Fn(&Cursor) -> bool) -> Result<(), Error> {
        let strange = |cursor: &Option<Cursor>| cursor.as_ref().is_some_and(|c| !fits(c));
        let name = match (strange(&self.after), strange(&self.before)) {
            (true, _) => "after",
            (_, true) => "before",
            _ => return Ok(()),
        };
        Err(coded(Code::BadUserInput, &format!("Argument {name:?}: this is not a cursor of this list.")))
    }
}

/// Reads the page that the arguments ask for.
pub async fn read<E>(ctx: &Context<'_>, select: Select<E>, sort: Sort<E::Column>, args: Args) -> Result<Page<E::Model>, Error>
where
    E: EntityTrait,
    E::Model: sea_orm::ModelTrait,
{
    let slice = sliced(sort, args)?;
    ctx.rows().aside(page(ctx.app().db.read(), select, sort, &slice)).await.map_err(broken)
}

/// The slice of a list that the arguments ask for.
pub fn sliced<C: ColumnTrait>(sort: Sort<C>, args: Args) -> Result<Slice, Error> {
    let slice = args.slice()?;
    slice.of(|cursor| cursor.fits(&sort.key))?;
    Ok(slice)
}

/// How many rows from the start of a list have to be there to [`cut`] the page that the arguments ask for.
pub fn needed(args: &Args) -> Result<usize, Error> {
    let slice = args.clone().slice()?;
    let after = slice.after.as_ref().and_then(Cursor::index).map_or(0, |i| i.saturating_add(1));
    let limit = usize::try_from(slice.limit).unwrap_or(usize::MAX);
    // From the end: all of them.
    Ok(if slice.backward { usize::MAX } else { after.saturating_add(limit) })
}

/// A page of rows that are in memory already, by their place in the list; of a list of `total` at least those [`needed`].
pub fn cut<T>(rows: Vec<T>, total: usize, args: Args) -> Result<Page<(usize, T)>, Error> {
    let slice = args.slice()?;
    slice.of(|cursor| cursor.index().is_some())?;
    let place = |cursor: &Option<Cursor>| cursor.as_ref().and_then(Cursor::index);
    let from = place(&slice.after).map_or(0, |i| (i + 1).min(total));
    let until = place(&slice.before).map_or(total, |i| i.min(total)).max(from);
    let limit = usize::try_from(slice.limit).unwrap_or(0);
    let (from, until) = if slice.backward { (until.saturating_sub(limit).max(from), until) } else { (from, (from + limit).min(until)) };
    let rows = rows.into_iter().enumerate().skip(from).take(until - from).collect();
    Ok(Page { rows, has_next: until < total, has_previous: from > 0 })
}

/// Counts a selection.
pub async fn count<E>(ctx: &Context<'_>, select: Select<E>) -> Result<i64, Error>
where
    E: EntityTrait,
    E::Model: Send + Sync,
{
    let count = ctx.rows().aside(select.count(ctx.app().db.read())).await.map_err(broken)?;
    Ok(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Declares the connection and edge of a type over a table: `connection!(Groups, GroupConnection, GroupEdge, Group, "groups", community_group)`.
/// With `[Row]` in place of the type, the rows of a page are of a type of their own, and are the nodes themselves.
macro_rules! connection {
    ($connection:ident, $edge:ident, [$row:ty], $what:literal, $entity:ident, $key:expr) => {
        connection!($connection, $edge, [$row, $row, std::convert::identity], $what, $entity, $key);
    };
    ($connection:ident, $edge:ident, $node:ident, $what:literal, $entity:ident, $key:expr) => {
        connection!($connection, $edge, [entity::$entity::Model, $node, $node], $what, $entity, $key);
    };
    ($connection:ident, $edge:ident, [$row:ty, $node:ty, $make:expr], $what:literal, $entity:ident, $key:expr) => {
        #[doc = concat!("A page of ", $what, ".")]
        #[derive(Debug)]
        pub struct $connection {
            page: $crate::store::paging::Page<$row>,
            all: sea_orm::Select<entity::$entity::Entity>,
        }

        #[doc = concat!("A line of a page of ", $what, ".")]
        #[derive(async_graphql::SimpleObject, Debug)]
        pub struct $edge {
            /// Where the line stands: give it as `after` or `before`.
            cursor: String,
            /// What stands there.
            node: $node,
        }

        impl $connection {
            /// Reads the page that the arguments ask for.
            pub async fn read(
                ctx: &async_graphql::Context<'_>,
                all: sea_orm::Select<entity::$entity::Entity>,
                sort: $crate::store::paging::Sort<entity::$entity::Column>,
                args: $crate::graphql::paging::Args,
            ) -> async_graphql::Result<Self> {
                let page = $crate::graphql::paging::read(ctx, all.clone(), sort, args).await?.map(<$row>::from);
                Ok(Self { page, all })
            }

            fn cursor(row: &$row) -> String {
                let key = $key;
                $crate::store::paging::Cursor::of(key(row), row.id).encode()
            }
        }

        #[doc = concat!("A page of ", $what, ".")]
        #[async_graphql::Object]
        impl $connection {
            /// The lines with their cursors.
            async fn edges(&self) -> Vec<$edge> {
                let node = $make;
                self.page.rows.iter().map(|row| $edge { cursor: Self::cursor(row), node: node(row.clone()) }).collect()
            }

            /// The lines without their cursors.
            async fn nodes(&self) -> Vec<$node> {
                self.page.rows.iter().cloned().map($make).collect()
            }

            /// Where the page lies.
            async fn page_info(&self) -> $crate::graphql::paging::PageInfo {
                $crate::graphql::paging::PageInfo::of(&self.page, Self::cursor)
            }

            /// How many there are in all that the viewer may see; counted only when asked for.
            async fn total_count(&self, ctx: &async_graphql::Context<'_>) -> async_graphql::Result<i64> {
                $crate::graphql::paging::count(ctx, self.all.clone()).await
            }
        }
    };
}
pub(crate) use connection;
