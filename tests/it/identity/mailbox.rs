//! I2 and I8: accounts that are switched off, and one account a mailbox.

use axum::http::StatusCode;
use serde_json::json;

use super::door::{From, address, post, refresh, signed_in, works};
use crate::both;

const OFF: &str =
    "mutation($id: ID!) { accountDeactivate(input: {accountId: $id}) { account { active } userErrors { code field message } } }";
const ON: &str =
    "mutation($id: ID!) { accountReactivate(input: {accountId: $id}) { account { active } userErrors { code field message } } }";

both!(i2_an_account_that_is_switched_off_is_out_at_once, |world| async move {
    let trainer = signed_in(&world, "trainer").await;
    let admin = world.sign_in("admin").await;
    let id =
        admin.ask("query($e: String!) { account(email: $e) { id } }", json!({ "e": address("trainer") })).await["account"]["id"].clone();
    assert_eq!(admin.done(OFF, json!({ "id": id })).await["account"]["active"], false);
    assert_eq!(admin.done(OFF, json!({ "id": id })).await["account"]["active"], false, "twice is the same");
    assert!(!works(&world, &trainer["accessToken"]).await);
    assert_eq!(refresh(&world, &trainer["refreshToken"]).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(From::default().sign_in(&world, "trainer", api::demo::DEMO_PASSWORD).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(post(&world, "/auth/link", json!({ "email": address("trainer") })).await.status, StatusCode::ACCEPTED);
    assert_eq!(world.letters(&address("trainer")).await, [], "no link, and the answer does not say");
    admin.done(ON, json!({ "id": id })).await;
    assert!(!works(&world, &trainer["accessToken"]).await, "what was ended stays ended");
    assert_eq!(From::default().sign_in(&world, "trainer", api::demo::DEMO_PASSWORD).await.status, StatusCode::OK);
});

both!(i2_somebody_can_always_give_roles, |world| async move {
    let admin = world.sign_in("admin").await;
    let me = admin.ask("{ viewer { account { id } } }", json!({})).await["viewer"]["account"]["id"].clone();
    assert_eq!(admin.refused(OFF, json!({ "id": me })).await, ["LAST_ADMINISTRATOR"]);
    let trainer =
        admin.ask("query($e: String!) { account(email: $e) { id } }", json!({ "e": address("trainer") })).await["account"]["id"].clone();
    let grant = "mutation($id: ID!) { roleGrant(input: {accountId: $id, role: ADMINISTRATOR}) { userErrors { code } } }";
    admin.done(grant, json!({ "id": trainer })).await;
    admin.done(OFF, json!({ "id": trainer })).await;
    assert_eq!(admin.refused(OFF, json!({ "id": me })).await, ["LAST_ADMINISTRATOR"], "one who can't sign in does not count");
    admin.done(ON, json!({ "id": trainer })).await;
    admin.done(OFF, json!({ "id": me })).await;
});

both!(i8_one_account_a_mailbox_and_no_look_alikes, |world| async move {
    let admin = world.sign_in("admin").await;
    let create =
        "mutation($input: AccountCreateInput!) { accountCreate(input: $input) { account { id } userErrors { code field message } } }";
    let new = |email: &str| json!({ "input": { "email": email, "displayName": "Another", "password": "a-long-enough-one" } });
    for (email, code) in [
        ("TRAINER@demo.digiknow.example", "EMAIL_TAKEN"),
        (" trainer@DEMO.digiknow.example\t", "EMAIL_TAKEN"),
        ("trаiner@demo.digiknow.example", "INVALID"),
        ("trainer@demo.digiknоw.example", "INVALID"),
        ("ｔrainer@demo.digiknow.example", "INVALID"),
        ("trainer＠demo.digiknow.example", "INVALID"),
        ("traıner@demo.digiknow.example", "INVALID"),
        ("trainer\u{200b}@demo.digiknow.example", "INVALID"),
        ("tra\u{00ad}iner@demo.digiknow.example", "INVALID"),
        ("trainer@demo.digi\u{212a}now.example", "INVALID"),
        ("traine\u{301}r@demo.digiknow.example", "INVALID"),
        ("trainer@demo.digiknow.example.", "INVALID"),
        ("\"trainer\"@demo.digiknow.example", "INVALID"),
        ("trainer@demo.digiknow.example,eve@evil.example", "INVALID"),
        ("trainer@demo.digiknow.example\r\nBcc: eve@evil.example", "INVALID"),
    ] {
        assert_eq!(admin.refused(create, new(email)).await, [code], "{email:?}");
        let answer = post(&world, "/auth/sign-in", json!({ "email": email, "password": api::demo::DEMO_PASSWORD })).await;
        assert_eq!(answer.status == StatusCode::OK, code == "EMAIL_TAKEN", "{email:?}");
    }
    // Dots and tags are the mailbox's own business: other providers give them to other people.
    for email in ["trainer+two@demo.digiknow.example", "t.rainer@demo.digiknow.example"] {
        admin.done(create, new(email)).await;
    }
});
