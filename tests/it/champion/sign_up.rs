//! The form on a partner's website.

use serde_json::{Value, json};

use super::{SIGN_UP, form, joined, own, with};
use crate::both;
use crate::harness::Persona;

/// Code and dotted field of each problem of a form.
async fn problems(partner: &Persona<'_>, input: Value) -> Vec<(String, String)> {
    partner.problems(SIGN_UP, json!({ "input": input })).await
}

fn invalid(field: &str) -> (String, String) {
    ("INVALID".to_owned(), field.to_owned())
}

both!(everything_on_the_form_is_kept_as_the_person_meant_it, |world| async move {
    let champion = joined(&world, form("zoe.nwosu@example.org")).await;
    let kept = own(&champion, "reference displayName fullName membership languages { code name } topics contact { email emailConfirmed phone postcode ward birthDate } availability { windows { weekday startTime endTime timeZone everyWeeks validFrom validUntil } mostPerWeek maxDistanceMetres remoteOnly } onboarding { consents { purpose wordingVersion given withdrawnAt } }").await;
    assert_eq!(kept["fullName"], "Zoë O’Brien-Nwosu");
    assert_eq!(kept["displayName"], "Zoë O.");
    assert_eq!(kept["reference"], "DC-0061", "the demo has sixty");
    assert_eq!(kept["membership"], "APPLIED");
    assert_eq!(kept["languages"], json!([{ "code": "bfi", "name": "British Sign Language" }, { "code": "eng", "name": "English" }]));
    assert_eq!(kept["topics"], json!(["NHS_APP", "EMAIL"]), "each once");
    assert_eq!(
        kept["contact"],
        json!({ "email": "zoe.nwosu@example.org", "emailConfirmed": true, "phone": "+441614960123", "postcode": "SK4 4DP", "ward": kept["contact"]["ward"], "birthDate": "1968-02-29" })
    );
    assert!(
        kept["contact"]["ward"]
            .as_str()
            .is_some_and(|ward| ward.starts_with("E0501503") || ward.starts_with("E0501502") || ward.starts_with("E0501501"))
    );
    assert_eq!(
        kept["availability"],
        json!({
            "windows": [{ "weekday": "TUESDAY", "startTime": "09:30:00", "endTime": "12:30:00", "timeZone": "Europe/London", "everyWeeks": 1, "validFrom": "2026-11-21", "validUntil": null }],
            "mostPerWeek": null, "maxDistanceMetres": 6000, "remoteOnly": false,
        })
    );
    let consents = kept["onboarding"]["consents"].as_array().expect("consents");
    assert_eq!(consents.len(), 2);
    for (purpose, given) in [("PRIVACY_NOTICE", true), ("NEWSLETTER", false)] {
        assert!(
            consents.contains(&json!({ "purpose": purpose, "wordingVersion": "2026-01", "given": given, "withdrawnAt": null })),
            "{purpose}"
        );
    }
});

both!(names_of_any_script_and_postcodes_of_any_spacing_are_welcome, |world| async move {
    let people = [
        ("محمد علی", "SK5 8NY", "SK5 8NY"),
        ("李小龍", "sk84qs", "SK8 4QS"),
        ("Þórdís Kolbrún Reykfjörð Gylfadóttir", " s K 1 4 d L ", "SK1 4DL"),
        ("Sukarno", "m19 1rr", "M19 1RR"),
        ("Nguyễn Thị Hương", "SK6\u{a0}8BX", "SK6 8BX"),
    ];
    for (index, (name, typed, postcode)) in people.into_iter().enumerate() {
        let mut form = with(&format!("person{index}@example.org"), "fullName", json!(format!("  {name} ")));
        form["postcode"] = json!(typed);
        let kept = own(&joined(&world, form).await, "fullName contact { postcode }").await;
        assert_eq!((&kept["fullName"], &kept["contact"]["postcode"]), (&json!(name), &json!(postcode)));
    }
});

both!(what_may_be_left_out_may_be_left_out, |world| async move {
    let least = json!({
        "fullName": "Ada Lovelace", "email": "ada@example.org", "birthDate": "2010-11-21", "languages": ["eng"],
        "consents": [{ "purpose": "PRIVACY_NOTICE", "wordingVersion": "2026-01", "given": true }],
    });
    let kept = own(
        &joined(&world, least).await,
        "contact { phone postcode ward } topics availability { windows { id } maxDistanceMetres remoteOnly }",
    )
    .await;
    assert_eq!(
        kept,
        json!({
            "contact": { "phone": null, "postcode": null, "ward": null }, "topics": [],
            "availability": { "windows": [], "maxDistanceMetres": 8000, "remoteOnly": false },
        }),
        "sixteen today is old enough"
    );
});

both!(each_rejected_field_names_itself, |world| async move {
    let (partner, before) = (world.partner(), world.champion_count().await);
    let window = |change: Value| {
        let mut window = json!({ "weekday": "MONDAY", "startTime": "09:00", "endTime": "12:00" });
        for (key, value) in change.as_object().cloned().unwrap_or_default() {
            window[key] = value;
        }
        json!([{ "weekday": "MONDAY", "startTime": "09:00", "endTime": "12:00" }, window])
    };
    let consent = |version: &str| json!([{ "purpose": "PRIVACY_NOTICE", "wordingVersion": version, "given": true }]);
    let cases = [
        ("idempotencyKey", json!(""), "idempotencyKey"),
        ("fullName", json!("  "), "fullName"),
        ("fullName", json!("12345"), "fullName"),
        ("fullName", json!("x".repeat(121)), "fullName"),
        ("knownAs", json!("Ada\u{202e}ecalevoL"), "knownAs"),
        ("email", json!("ada@localhost"), "email"),
        ("email", json!(format!("a@{}.org", "b".repeat(260))), "email"),
        ("email", json!("аda@example.org"), "email"),
        ("phone", json!("0770090012345"), "phone"),
        ("postcode", json!("SK1"), "postcode"),
        ("postcode", json!("SW1A 1AA"), "postcode"),
        ("birthDate", json!("2010-11-22"), "birthDate"),
        ("birthDate", json!("2027-01-01"), "birthDate"),
        ("birthDate", json!("1890-01-01"), "birthDate"),
        ("languages", json!([]), "languages"),
        ("languages", json!(["eng", "klingon"]), "languages.1"),
        ("maxDistanceMetres", json!(-1), "maxDistanceMetres"),
        ("maxDistanceMetres", json!(50_001), "maxDistanceMetres"),
        ("windows", window(json!({ "endTime": "08:00" })), "windows.1.endTime"),
        ("windows", window(json!({ "everyWeeks": 0 })), "windows.1.everyWeeks"),
        ("windows", window(json!({ "everyWeeks": 9 })), "windows.1.everyWeeks"),
        ("windows", window(json!({ "validFrom": "2026-12-02", "validUntil": "2026-12-01" })), "windows.1.validUntil"),
        ("windows", json!(vec![window(json!({}))[0].clone(); 51]), "windows"),
        ("consents", consent(""), "consents.0.wordingVersion"),
        ("consents", consent(&"v".repeat(41)), "consents.0.wordingVersion"),
    ];
    for (field, value, named) in cases {
        assert_eq!(problems(&partner, with("new@example.org", field, value.clone())).await, [invalid(named)], "{field}: {value}");
    }
    assert_eq!(world.champion_count().await, before, "nobody was added");
    assert_eq!(world.letters("new@example.org").await, [], "and nobody was written to");
});

both!(everything_that_is_wrong_is_said_at_once, |world| async move {
    let bad = json!({
        "fullName": "7", "email": "ada", "phone": "ring me", "postcode": "nowhere", "birthDate": "2020-02-29", "languages": ["xx"],
        "maxDistanceMetres": 60_000, "windows": [{ "weekday": "MONDAY", "startTime": "12:00", "endTime": "12:00" }], "consents": [],
    });
    let mut fields: Vec<String> = problems(&world.partner(), bad).await.into_iter().map(|(_, field)| field).collect();
    fields.sort();
    assert_eq!(
        fields,
        ["birthDate", "consents", "email", "fullName", "languages.0", "maxDistanceMetres", "phone", "postcode", "windows.0.endTime"]
    );
});

both!(nobody_signs_up_without_the_privacy_notice, |world| async move {
    let ticked = |purpose: &str, given: bool| json!({ "purpose": purpose, "wordingVersion": "2026-01", "given": given });
    for consents in [json!([]), json!([ticked("PRIVACY_NOTICE", false)]), json!([ticked("NEWSLETTER", true)])] {
        let refused = problems(&world.partner(), with("new@example.org", "consents", consents)).await;
        assert_eq!(refused, [("CONSENT_REQUIRED".to_owned(), "consents".to_owned())]);
    }
    let both_ways = json!([ticked("PRIVACY_NOTICE", true), ticked("NEWSLETTER", true), ticked("NEWSLETTER", false)]);
    assert_eq!(problems(&world.partner(), with("new@example.org", "consents", both_ways)).await, [invalid("consents.2.purpose")]);
});

both!(signing_up_again_answers_the_same_and_adds_nobody, |world| async move {
    let partner = world.partner();
    let first = partner.done(SIGN_UP, json!({ "input": form("twice@example.org") })).await;
    let count = world.champion_count().await;
    let again = partner.done(SIGN_UP, json!({ "input": form("Twice@Example.ORG") })).await;
    assert_eq!(first, again);
    let subjects = |letters: Vec<crate::harness::Letter>| letters.into_iter().map(|l| l.subject).collect::<Vec<_>>();
    assert_eq!(
        subjects(world.letters("twice@example.org").await),
        ["Confirm your e-mail address"; 2],
        "one mailbox, one person, two links"
    );
    let member = "champion@demo.digiknow.example";
    let letters_before = world.letters(member).await.len();
    let known = partner.done(SIGN_UP, json!({ "input": form(member) })).await;
    assert_eq!(first, known, "the answer does not tell who is a member");
    let letters = world.letters(member).await;
    assert_eq!(letters.len(), letters_before + 1);
    assert!(letters.iter().any(|letter| letter.subject == "You have signed up before"));
    assert_eq!(world.champion_count().await, count);
    let unchanged = own(&world.sign_in("champion").await, "fullName").await;
    assert_eq!(unchanged["fullName"], "Precious Ncube-Whittle", "somebody else's form changes nothing");
});

both!(one_key_makes_one_champion, |world| async move {
    let (partner, key) = (world.partner(), "0190f7a0-1111-7000-8000-000000000001");
    let mut input = form("once@example.org");
    input["idempotencyKey"] = json!(key);
    let first = partner.done(SIGN_UP, json!({ "input": input })).await;
    let count = world.champion_count().await;
    assert_eq!(partner.done(SIGN_UP, json!({ "input": input })).await, first);
    assert_eq!(world.letters("once@example.org").await.len(), 1, "the retry sends nothing");
    let mut other = form("other@example.org");
    other["idempotencyKey"] = json!(key);
    assert_eq!(problems(&partner, other.clone()).await, [("IDEMPOTENCY_MISMATCH".to_owned(), "idempotencyKey".to_owned())]);
    assert_eq!(world.champion_count().await, count);
    world.pass(chrono::TimeDelta::hours(25));
    partner.done(SIGN_UP, json!({ "input": other })).await;
    assert_eq!(world.letters("other@example.org").await.len(), 1, "after a day the key is free again");
});

both!(twins_in_flight_make_one_champion, |world| async move {
    let partner = world.partner();
    let mut input = form("twins@example.org");
    input["idempotencyKey"] = json!("twins");
    let send = || partner.done(SIGN_UP, json!({ "input": input }));
    let before = world.champion_count().await.as_i64();
    let (a, b, c, d) = tokio::join!(send(), send(), send(), send());
    assert!(a == b && b == c && c == d);
    assert_eq!(world.letters("twins@example.org").await.len(), 1);
    assert_eq!(world.champion_count().await.as_i64(), before.map(|count| count + 1));
    let unkeyed = || partner.done(SIGN_UP, json!({ "input": form("racer@example.org") }));
    tokio::join!(unkeyed(), unkeyed(), unkeyed());
    assert_eq!(world.champion_count().await.as_i64(), before.map(|count| count + 2), "without a key, one mailbox is still one person");
});

both!(signing_up_needs_a_key, |world| async move {
    let input = json!({ "input": form("new@example.org") });
    assert_eq!(world.stranger().fault(SIGN_UP, input.clone()).await, "UNAUTHENTICATED");
    assert_eq!(world.sign_in("coordinator").await.fault(SIGN_UP, input.clone()).await, "FORBIDDEN");
    let forged = Persona { world: &world, headers: vec![("digiknow-client-key", "dk_pub_demo_stockport_partner_sitE".to_owned())] };
    assert_eq!(forged.fault(SIGN_UP, input).await, "UNAUTHENTICATED");
});
