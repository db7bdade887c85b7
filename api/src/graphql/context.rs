//! What resolvers take from the context.

use std::any::TypeId;
use std::sync::Arc;

use async_graphql::{ContextBase, Request};
use rules::policy::{Action, Relation};

use super::ahead::Ahead;
use super::batch::Loading;
use super::loader::Rows;
use crate::app::{App, Call};

/// Short ways to the app, the call and the loader.
pub trait Ctx {
    /// What the service shares.
    fn app(&self) -> &App;
    /// Who asks, and when.
    fn call(&self) -> &Call;
    /// Batches reads of one request; nothing is kept for the next.
    fn rows(&self) -> &Loading;

    /// Whether the caller may.
    fn may(&self, action: Action, relation: Relation) -> bool {
        self.call().may(action, relation)
    }
}

impl<T> Ctx for ContextBase<'_, T> {
    fn app(&self) -> &App {
        self.data_unchecked::<Arc<App>>()
    }

    fn call(&self) -> &Call {
        self.data_unchecked::<Call>()
    }

    fn rows(&self) -> &Loading {
        self.data_unchecked::<Arc<Loading>>()
    }
}

/// Gives a request what its resolvers will ask for. Run it with [`super::batch::execute`], or nobody reads.
pub fn prepare(request: Request, app: &Arc<App>, call: Call) -> Request {
    let rows = Loading::new(Rows { app: app.clone(), call: call.clone(), ahead: Ahead::default() });
    request.data(app.clone()).data(call).data(Arc::new(rows))
}

/// The reads that [`prepare`] has put into a request, to drive them.
pub fn loading(request: &Request) -> Option<Arc<Loading>> {
    request.data.get(&TypeId::of::<Arc<Loading>>()).and_then(|data| data.downcast_ref::<Arc<Loading>>()).cloned()
}
