//! The idempotency key of a creating mutation, the fingerprint of its input, and the answer that is given again.

use std::any::TypeId;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{Context, PathSegment, Pos, Request, Response, Value};
use rules::reason::{Malformed, Reason};
use serde_json::json;

use super::code::Code;
use super::context::Ctx;
use super::problem::coded;
use crate::app::{App, Call};
use crate::error::{Fault, Refusal, malformed};
use crate::service::{Once, kept};

/// Key and fingerprint, if the input has a key; the answer is kept for a retry. The fingerprint is of the whole input as it
/// arrived, keys sorted.
pub fn once<R: Reason>(ctx: &Context<'_>, key: Option<&str>) -> Result<Option<Once>, Refusal<R>> {
    let once = shown_once(ctx, key)?;
    if let (Some(once), Some(answers)) = (&once, ctx.data_opt::<Arc<Answers>>()) {
        let field = ctx.field();
        answers.expect(field.alias().unwrap_or_else(|| field.name()), once);
    }
    Ok(once)
}

/// The same, of an answer with a secret in it: nobody keeps that, and a retry is answered without.
pub fn shown_once<R: Reason>(ctx: &Context<'_>, key: Option<&str>) -> Result<Option<Once>, Refusal<R>> {
    let Some(key) = key else { return Ok(None) };
    if key.is_empty() || key.len() > 128 || !key.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(malformed(Malformed::new("idempotencyKey", "Use 1 to 128 visible ASCII characters; a UUID does well.")));
    }
    let arguments = ctx.field().arguments().map_err(|e| anyhow::anyhow!("the arguments could not be read: {}", e.message))?;
    // serde_json's map sorts by key, so the order in which a client wrote the fields does not matter.
    let input: serde_json::Map<String, serde_json::Value> = arguments
        .into_iter()
        .map(|(name, value)| Ok((name.to_string(), value.into_json()?)))
        .collect::<Result<_, serde_json::Error>>()
        .map_err(anyhow::Error::new)?;
    let text = serde_json::Value::Object(input).to_string();
    Ok(Some(Once::new(key, ctx.app().keys.fingerprint(text.as_bytes()))))
}

/// The answers of one mutation request that are to be given again.
#[derive(Debug)]
pub struct Answers {
    app: Arc<App>,
    call: Call,
    /// Document, operation and variables.
    asked: serde_json::Value,
    /// Which fields of the answer, and by which key.
    expected: Mutex<Vec<(String, Once)>>,
}

impl Answers {
    /// Of a request that [`super::context::prepare`] has made ready: puts itself into it.
    pub fn of(request: Request) -> (Request, Option<Arc<Self>>) {
        let app = request.data.get(&TypeId::of::<Arc<App>>()).and_then(|data| data.downcast_ref::<Arc<App>>()).cloned();
        let call = request.data.get(&TypeId::of::<Call>()).and_then(|data| data.downcast_ref::<Call>()).cloned();
        let (Some(app), Some(call)) = (app, call) else { return (request, None) };
        let asked = json!({ "document": request.query, "operation": request.operation_name, "variables": request.variables });
        let answers = Arc::new(Self { app, call, asked, expected: Mutex::default() });
        (request.data(answers.clone()), Some(answers))
    }

    fn expect(&self, field: &str, once: &Once) {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner).push((field.to_owned(), once.clone()));
    }

    /// Keeps what was made under a key before anybody hears of it, and says again what was said before.
    pub async fn settle(&self, mut response: Response) -> Response {
        let expected = std::mem::take(&mut *self.expected.lock().unwrap_or_else(PoisonError::into_inner));
        for (field, once) in expected.into_iter().filter(|(_, once)| once.is_settled()) {
            let of_it = |path: &[PathSegment]| matches!(path.first(), Some(PathSegment::Field(name)) if *name == field);
            // What broke on the way is no answer to give again.
            if response.errors.iter().any(|error| of_it(&error.path)) {
                continue;
            }
            let Value::Object(data) = &mut response.data else { continue };
            let Some(value) = data.get_mut(field.as_str()) else { continue };
            match self.again(&field, &once, value).await {
                Ok(Some(kept)) => *value = kept,
                Ok(None) => {}
                Err(fault) => {
                    tracing::error!(request_id = self.call.request_id, %fault, "an answer could not be kept");
                    let message = "The answer could not be kept: send the request again, with the same key.";
                    return Response::from_errors(vec![coded(Code::ServiceUnavailable, message).into_server_error(Pos::default())]);
                }
            }
        }
        response
    }

    async fn again(&self, field: &str, once: &Once, value: &Value) -> Result<Option<Value>, Fault> {
        let asked = json!({ "request": self.asked, "field": field });
        let name = kept::name(&self.app, &self.call, &asked);
        // As text: the fields stay in the order in which they were asked for.
        let text = serde_json::to_string(value).map_err(anyhow::Error::new)?;
        let kept = kept::settle(&self.app, &self.call, once, &name, &text).await?;
        Ok(kept.map(|text| serde_json::from_str(&text)).transpose().map_err(anyhow::Error::new)?)
    }
}
