//! Mutations of champions: sign-up, confirmation, profile, membership.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use rules::champion::{
    CannotConfirm, CannotMove, CannotSignUp, CannotUpdate, ChampionEmailConfirmErrorCode, ChampionMembershipChangeErrorCode,
    ChampionSignUpErrorCode, ChampionUpdateErrorCode, Membership, check_consents,
};
use rules::id::ChampionId;
use rules::input::{self, ConsentPurpose, Topic};
use rules::reason::{Malformed, Reason};

use super::availability::{AvailabilityWindowInput, windows};
use super::champion::Champion;
use super::context::Ctx;
use super::id;
use super::once::once;
use super::problem::{Problem, settle};
use super::scalar::LocalDate;
use super::shared::distinct;
use crate::error::Refusal;
use crate::postcodes::Postcodes;
use crate::service::champion::{
    Changes, ConsentGiven, SignUp, change_membership, check_consent, confirm_email, may_sign_up, sign_up, update,
};

/// A consent as ticked on a form.
#[derive(InputObject, Debug)]
pub struct ConsentInput {
    /// What it is for.
    purpose: ConsentPurpose,
    /// The version of the wording that was shown, up to 40 characters.
    wording_version: String,
    /// Ticked or not.
    given: bool,
}

/// Input of `championSignUp`.
#[derive(InputObject, Debug)]
pub struct ChampionSignUpInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// The full name in any script, up to 120 characters; one word will do. No titles.
    full_name: String,
    /// What to be called, if not that.
    known_as: Option<String>,
    /// E-mail address, up to 254 characters; a link to confirm it is sent there.
    email: String,
    /// Telephone number in any spacing.
    phone: Option<String>,
    /// Postcode in any case and spacing; needed for in-person sessions, never shown to others.
    postcode: Option<String>,
    /// Birth date; champions are 16 or over.
    birth_date: LocalDate,
    /// Languages to help in, ISO 639-3: `eng`, `urd`, `bfi` for British Sign Language.
    languages: Vec<String>,
    /// Topics to help with.
    #[graphql(default)]
    topics: Vec<Topic>,
    /// How far to go, in metres, 0 to 50,000.
    #[graphql(default = 8000)]
    max_distance_metres: i32,
    /// Areas to help in however far they are, up to 50: outward codes like `SK4` and wards of Stockport by their ONS code, as in
    /// `Venue.areas`. What is near counts too: to help in these areas alone, give a distance of 0.
    #[graphql(default)]
    areas: Vec<String>,
    /// Phone and video only.
    #[graphql(default)]
    remote_only: bool,
    /// First weekly availability, up to 50 windows.
    #[graphql(default)]
    windows: Vec<AvailabilityWindowInput>,
    /// Consents as ticked, each purpose once; PRIVACY_NOTICE is needed.
    consents: Vec<ConsentInput>,
}

/// Result of `championSignUp`. It is the same whether or not the address is known to us.
#[derive(SimpleObject, Debug)]
pub struct ChampionSignUpPayload {
    /// What happens next, to show to the person; null if there are errors.
    next_step: Option<String>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<ChampionSignUpErrorCode>>,
}

/// Input of `championEmailConfirm`.
#[derive(InputObject, Debug)]
pub struct ChampionEmailConfirmInput {
    /// The token from the link in the message.
    token: String,
    /// A password to sign in with: 12 to 128 characters of any kind.
    password: String,
}

/// Result of `championEmailConfirm`.
#[derive(SimpleObject, Debug)]
pub struct ChampionEmailConfirmPayload {
    /// Whether the address is confirmed.
    confirmed: bool,
    /// An access token for the new account; null if there are errors, or if there was an account with this address before
    /// (sign in with the password it has).
    access_token: Option<String>,
    /// Goes on with the sign-in that the access token belongs to: for `POST /auth/refresh`, once. Null when that is null.
    refresh_token: Option<String>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<ChampionEmailConfirmErrorCode>>,
}

/// Input of `championUpdate`. What is left out stays as it is.
#[derive(InputObject, Debug)]
pub struct ChampionUpdateInput {
    /// Whose profile.
    champion_id: ID,
    /// The version that was read; refused as STALE if there is a newer one.
    expected_version: Option<i64>,
    /// What to be called; null takes it away.
    known_as: MaybeUndefined<String>,
    /// Telephone number; null takes it away.
    phone: MaybeUndefined<String>,
    /// Postcode in any case and spacing.
    postcode: Option<String>,
    /// Languages to help in, ISO 639-3; replaces the list.
    languages: Option<Vec<String>>,
    /// Topics to help with; replaces the list.
    topics: Option<Vec<Topic>>,
    /// How far to go, in metres, 0 to 50,000.
    max_distance_metres: Option<i32>,
    /// Areas to help in however far they are, up to 50, as in `Venue.areas`; replaces the list. What is near counts too: to help in
    /// these areas alone, give a distance of 0.
    areas: Option<Vec<String>>,
    /// Phone and video only.
    remote_only: Option<bool>,
    /// Most sessions in a week, 1 to 14; null for no limit.
    most_per_week: MaybeUndefined<i32>,
}

/// Result of `championUpdate`.
#[derive(SimpleObject, Debug)]
pub struct ChampionUpdatePayload {
    /// The champion as they are now; null if there are errors.
    champion: Option<Champion>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<ChampionUpdateErrorCode>>,
}

/// Input of `championMembershipChange`.
#[derive(InputObject, Debug)]
pub struct ChampionMembershipChangeInput {
    /// Whose membership.
    champion_id: ID,
    /// The version that was read; refused as STALE if there is a newer one.
    expected_version: Option<i64>,
    /// Where to move it.
    to: Membership,
}

/// Result of `championMembershipChange`.
#[derive(SimpleObject, Debug)]
pub struct ChampionMembershipChangePayload {
    /// The champion as they are now; null if there are errors.
    champion: Option<Champion>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<ChampionMembershipChangeErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct ChampionMutation;

#[Object]
impl ChampionMutation {
    /// Sign up to become a champion, through a partner's website. Works with a publishable client key; sends a link to confirm
    /// the e-mail address.
    async fn champion_sign_up(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The form.")] input: ChampionSignUpInput,
    ) -> Option<Result<ChampionSignUpPayload>> {
        let (done, user_errors) = match settle(submit(ctx, input).await) {
            Ok(settled) => settled,
            Err(error) => return Some(Err(error)),
        };
        let next_step = done.map(|()| {
            "We have sent a message to this address. Open the link in it to confirm the address and choose a password.".to_owned()
        });
        Some(Ok(ChampionSignUpPayload { next_step, user_errors }))
    }

    /// Confirm an e-mail address with the token from the message, and choose a password. Needs no key.
    async fn champion_email_confirm(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Token and password.")] input: ChampionEmailConfirmInput,
    ) -> Option<Result<ChampionEmailConfirmPayload>> {
        let result: Result<_, Refusal<CannotConfirm>> = confirm_email(ctx.app(), ctx.call(), &input.token, input.password).await;
        Some(settle(result).map(|(outcome, user_errors)| {
            let confirmed = outcome.is_some();
            let (access_token, refresh_token) = outcome.flatten().map(|g| (g.access_token, g.refresh_token)).unzip();
            ChampionEmailConfirmPayload { confirmed, access_token, refresh_token, user_errors }
        }))
    }

    /// Change a champion's profile. The champion, or a coordinator.
    async fn champion_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What changes.")] input: ChampionUpdateInput,
    ) -> Option<Result<ChampionUpdatePayload>> {
        Some(update_payload(ctx, input).await)
    }

    /// Move a champion's membership. A champion may pause, come back and leave; coordinators do the rest, and the checklist
    /// has to be done before somebody goes on trial or becomes active.
    async fn champion_membership_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose, and where to.")] input: ChampionMembershipChangeInput,
    ) -> Option<Result<ChampionMembershipChangePayload>> {
        Some(membership_payload(ctx, input).await)
    }
}

async fn update_payload(ctx: &Context<'_>, input: ChampionUpdateInput) -> Result<ChampionUpdatePayload> {
    let (id, user_errors) = settle(change(ctx, input).await)?;
    Ok(ChampionUpdatePayload { champion: ctx.rows().maybe(id).await?.map(Champion), user_errors })
}

async fn membership_payload(ctx: &Context<'_>, input: ChampionMembershipChangeInput) -> Result<ChampionMembershipChangePayload> {
    let result: Result<ChampionId, Refusal<CannotMove>> = async {
        let champion = id::at(&input.champion_id, "championId")?;
        change_membership(ctx.app(), ctx.call(), champion, input.to, input.expected_version).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(ChampionMembershipChangePayload { champion: ctx.rows().maybe(id).await?.map(Champion), user_errors })
}

/// Collects every problem of a form, so that it is corrected once.
struct Form<R>(Vec<R>);

impl<R: Reason> Form<R> {
    fn take<T>(&mut self, value: Result<T, Malformed>) -> Option<T> {
        value.map_err(|problem| self.0.push(R::from(problem))).ok()
    }

    fn take_all<T>(&mut self, values: impl Iterator<Item = Result<T, Malformed>>) -> Vec<T> {
        values.filter_map(|value| self.take(value)).collect()
    }
}

async fn submit(ctx: &Context<'_>, input: ChampionSignUpInput) -> Result<(), Refusal<CannotSignUp>> {
    let once = once(ctx, input.idempotency_key.as_deref())?;
    may_sign_up(ctx.app(), ctx.call()).await?;
    let form = checked(ctx, input).map_err(Refusal::Rule)?;
    sign_up(ctx.app(), ctx.call(), once, form).await
}

fn checked(ctx: &Context<'_>, input: ChampionSignUpInput) -> Result<SignUp, Vec<CannotSignUp>> {
    let mut form = Form(Vec::new());
    let full_name = form.take(input::person_name("fullName", &input.full_name));
    let known_as = form.take(input.known_as.filter(|n| !n.trim().is_empty()).map(|n| input::person_name("knownAs", &n)).transpose());
    let email = form.take(input::email("email", &input.email));
    let phone = form.take(input.phone.filter(|p| !p.trim().is_empty()).map(|p| input::phone("phone", &p)).transpose());
    let home = form.take(input.postcode.filter(|p| !p.trim().is_empty()).map(|p| ctx.app().postcodes.locate("postcode", &p)).transpose());
    let birth_date = form.take(input::birth_date("birthDate", input.birth_date.0, ctx.call().today()));
    let languages = form.take(languages(input.languages));
    let reach = form.take(reach(input.max_distance_metres));
    let areas = form.take(areas(&ctx.app().postcodes, &input.areas));
    let windows = form.take(windows(input.windows, ctx.call().today()));
    form.0.extend(check_consents(&input.consents.iter().map(|c| (c.purpose, c.given)).collect::<Vec<_>>()));
    let consent = |(i, c): (usize, ConsentInput)| {
        Ok(ConsentGiven { purpose: c.purpose, wording_version: check_consent(i, &c.wording_version)?, given: c.given })
    };
    let consents = form.take_all(input.consents.into_iter().enumerate().map(consent));
    let sign_up = (|| {
        Some(SignUp {
            full_name: full_name?,
            known_as: known_as?,
            email: email?,
            phone: phone?,
            home: home?,
            birth_date: birth_date?,
            languages: languages?,
            topics: distinct(input.topics),
            reach_metres: reach?,
            areas: areas?,
            remote_only: input.remote_only,
            windows: windows?,
            consents,
        })
    })();
    match sign_up {
        Some(sign_up) if form.0.is_empty() => Ok(sign_up),
        _ => Err(form.0),
    }
}

fn languages(codes: Vec<String>) -> Result<Vec<String>, Malformed> {
    if codes.is_empty() || codes.len() > 20 {
        return Err(Malformed::new("languages", "Name between 1 and 20 languages, like eng."));
    }
    let checked: Result<Vec<String>, Malformed> =
        codes.iter().enumerate().map(|(i, code)| input::language(&format!("languages.{i}"), code)).collect();
    checked.map(distinct)
}

fn reach(metres: i32) -> Result<i32, Malformed> {
    if (0..=50_000).contains(&metres) {
        Ok(metres)
    } else {
        Err(Malformed::new("maxDistanceMetres", "Give a distance between 0 and 50,000 metres."))
    }
}

fn areas(known: &Postcodes, codes: &[String]) -> Result<Vec<String>, Malformed> {
    if codes.len() > 50 {
        return Err(Malformed::new("areas", "Name 50 areas at most."));
    }
    codes.iter().enumerate().map(|(i, code)| known.area(&format!("areas.{i}"), code)).collect()
}

async fn change(ctx: &Context<'_>, input: ChampionUpdateInput) -> Result<ChampionId, Refusal<CannotUpdate>> {
    let champion = id::at(&input.champion_id, "championId")?;
    let mut form = Form(Vec::new());
    let changes = Changes {
        known_as: form.take(patch(input.known_as, |n| input::person_name("knownAs", &n))).flatten(),
        phone: form.take(patch(input.phone, |p| input::phone("phone", &p))).flatten(),
        home: form.take(input.postcode.map(|p| ctx.app().postcodes.locate("postcode", &p)).transpose()).flatten(),
        languages: form.take(input.languages.map(languages).transpose()).flatten(),
        topics: input.topics.map(distinct),
        reach_metres: form.take(input.max_distance_metres.map(reach).transpose()).flatten(),
        areas: form.take(input.areas.map(|codes| areas(&ctx.app().postcodes, &codes)).transpose()).flatten(),
        remote_only: input.remote_only,
        most_per_week: form.take(patch(input.most_per_week, most_per_week)).flatten(),
    };
    if !form.0.is_empty() {
        return Err(Refusal::Rule(form.0));
    }
    update(ctx.app(), ctx.call(), champion, input.expected_version, changes).await
}

/// Left out: nothing changes. Null: taken away. A value: checked.
fn patch<T, U>(value: MaybeUndefined<T>, check: impl FnOnce(T) -> Result<U, Malformed>) -> Result<Option<Option<U>>, Malformed> {
    match value {
        MaybeUndefined::Undefined => Ok(None),
        MaybeUndefined::Null => Ok(Some(None)),
        MaybeUndefined::Value(value) => check(value).map(|v| Some(Some(v))),
    }
}

/// The most sessions a champion wants in a week.
pub(super) fn most_per_week(most: i32) -> Result<i32, Malformed> {
    if (1..=14).contains(&most) {
        Ok(most)
    } else {
        Err(Malformed::new("mostPerWeek", "Give a number between 1 and 14, or null for no limit."))
    }
}
