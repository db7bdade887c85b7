//! Whom to call in an emergency.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::emergency_contact;
use rules::champion::{CannotSetEmergencyContact, EmergencyContactSetErrorCode};
use rules::id::ChampionId;
use rules::input::{line, person_name, phone};

use super::champion::Champion;
use super::context::Ctx;
use super::id;
use super::problem::{Problem, settle};
use crate::error::{Refusal, malformed};
use crate::service::emergency::{Contact, set};

/// Whom to call in an emergency. Deleted as soon as the champion leaves.
#[derive(SimpleObject, Debug)]
pub struct EmergencyContact {
    /// Their name.
    full_name: String,
    /// Who they are to the champion.
    relation: String,
    /// Their telephone number in E.164 form.
    phone: String,
}

impl From<emergency_contact::Model> for EmergencyContact {
    fn from(row: emergency_contact::Model) -> Self {
        Self { full_name: row.full_name, relation: row.relation, phone: row.phone_e164 }
    }
}

/// Input of `emergencyContactSet`.
#[derive(InputObject, Debug)]
pub struct EmergencyContactSetInput {
    /// Whose.
    champion_id: ID,
    /// Whom to call.
    full_name: String,
    /// Who they are to the champion, up to 60 characters: partner, neighbour.
    relation: String,
    /// Their telephone number.
    phone: String,
}

/// Result of `emergencyContactSet`.
#[derive(SimpleObject, Debug)]
pub struct EmergencyContactSetPayload {
    /// The champion; null if there are errors.
    champion: Option<Champion>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<EmergencyContactSetErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct EmergencyMutation;

#[Object]
impl EmergencyMutation {
    /// Say whom to call in an emergency, instead of whoever was there. For the champion and coordinators.
    async fn emergency_contact_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose, and whom to call.")] input: EmergencyContactSetInput,
    ) -> Option<Result<EmergencyContactSetPayload>> {
        Some(payload(ctx, input).await)
    }
}

async fn payload(ctx: &Context<'_>, input: EmergencyContactSetInput) -> Result<EmergencyContactSetPayload> {
    let (id, user_errors) = settle(submit(ctx, input).await)?;
    Ok(EmergencyContactSetPayload { champion: ctx.rows().maybe(id).await?.map(Champion), user_errors })
}

async fn submit(ctx: &Context<'_>, input: EmergencyContactSetInput) -> Result<ChampionId, Refusal<CannotSetEmergencyContact>> {
    let champion = id::at(&input.champion_id, "championId")?;
    let contact = Contact {
        full_name: person_name("fullName", &input.full_name).map_err(malformed)?,
        relation: line("relation", &input.relation, 60).map_err(malformed)?,
        phone: phone("phone", &input.phone).map_err(malformed)?,
    };
    set(ctx.app(), ctx.call(), champion, contact).await
}
