//! The idempotency key of a creating mutation, and the fingerprint of its input.

use async_graphql::Context;
use rules::reason::{Malformed, Reason};

use super::context::Ctx;
use crate::error::{Refusal, malformed};
use crate::service::Once;

/// Key and fingerprint, if the input has a key. The fingerprint is of the whole input as it arrived, keys sorted.
pub fn once<R: Reason>(ctx: &Context<'_>, key: Option<&str>) -> Result<Option<Once>, Refusal<R>> {
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
    Ok(Some(Once { key: key.to_owned(), input_hash: ctx.app().keys.fingerprint(text.as_bytes()) }))
}
