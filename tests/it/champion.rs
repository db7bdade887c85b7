//! Champions: signing up, confirming the address, the profile, who sees what, and where they stand.

mod confirm;
mod membership;
mod privacy;
mod profile;
mod sign_up;

use serde_json::{Value, json};

use crate::harness::{Persona, World};

/// Signs up.
pub const SIGN_UP: &str =
    "mutation($input: ChampionSignUpInput!) { championSignUp(input: $input) { nextStep userErrors { code field message } } }";

/// Confirms the address.
pub const CONFIRM: &str = "mutation($token: String!, $password: String!) { championEmailConfirm(input: {token: $token, password: $password}) { confirmed accessToken refreshToken userErrors { code field message } } }";

/// A password of words, as the service advises.
pub const PASSWORD: &str = "kettle lantern harbour";

/// A form with everything in it.
pub fn form(email: &str) -> Value {
    json!({
        "fullName": "Zoë O’Brien-Nwosu",
        "email": email,
        "phone": "(0161) 496 0123",
        "postcode": "sk4  4dp",
        "birthDate": "1968-02-29",
        "languages": ["eng", "bfi"],
        "topics": ["NHS_APP", "EMAIL", "EMAIL"],
        "maxDistanceMetres": 6000,
        "windows": [{ "weekday": "TUESDAY", "startTime": "09:30", "endTime": "12:30:00" }],
        "consents": [
            { "purpose": "PRIVACY_NOTICE", "wordingVersion": "2026-01", "given": true },
            { "purpose": "NEWSLETTER", "wordingVersion": "2026-01", "given": false },
        ],
    })
}

/// The form with one field changed.
pub fn with(email: &str, field: &str, value: Value) -> Value {
    let mut form = form(email);
    form[field] = value;
    form
}

/// Somebody who signed up with this form and confirmed the address.
pub async fn joined(world: &World, form: Value) -> Persona<'_> {
    let email = form["email"].as_str().expect("an address").to_owned();
    world.partner().done(SIGN_UP, json!({ "input": form })).await;
    let token = world.letters(&email).await[0].token();
    let confirmed = world.stranger().done(CONFIRM, json!({ "token": token, "password": PASSWORD })).await;
    world.holder(&confirmed["accessToken"])
}

/// The champion of whoever asks.
pub async fn own(persona: &Persona<'_>, fields: &str) -> Value {
    persona.ask(&format!("{{ viewer {{ champion {{ {fields} }} }} }}"), json!({})).await["viewer"]["champion"].take()
}
