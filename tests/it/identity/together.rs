//! Callers who are looked for at once are found with one statement, and each is who they are.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::door::{post, signed_in, works};
use crate::both;
use crate::harness::Persona;

const WHO: &str = "{ viewer { account { email } champion { fullName } roles leads { name } trains { code } } }";

async fn who(persona: &Persona<'_>) -> Value {
    let (status, body) = persona.send(WHO, json!({})).await;
    // An error names its own request.
    if status.is_success() { body } else { json!({ "status": status.as_u16(), "code": body["errors"][0]["extensions"]["code"] }) }
}

both!(callers_who_come_at_once_are_each_who_they_are, |world| async move {
    let (mut personas, mut good) = (Vec::new(), Vec::new());
    for name in ["champion", "leader", "trainer", "coordinator", "safeguarding", "admin"] {
        let (here, there) = (signed_in(&world, name).await, signed_in(&world, name).await);
        post(&world, "/auth/sign-out", json!({ "refreshToken": here["refreshToken"] })).await;
        personas.extend([world.sign_in(name).await, world.holder(&here["accessToken"]), world.holder(&there["accessToken"])]);
        good.extend([true, false, true]);
    }
    let forged = Persona { headers: vec![("authorization", "Bearer no.such.token".to_owned())], ..world.stranger() };
    personas.extend([forged, world.stranger()]);
    good.extend([false, true]);

    let mut alone = Vec::new();
    for persona in &personas {
        alone.push(who(persona).await);
    }
    let let_in: Vec<bool> = alone.iter().map(|answer| answer.get("data").is_some()).collect();
    assert_eq!(let_in, good, "{alone:#?}");
    let emails: Vec<&Value> = alone.iter().filter_map(|answer| answer.pointer("/data/viewer/account/email")).collect();
    assert_eq!(emails.len(), 12, "two of each");

    for _ in 0..4 {
        let at_once = join_all((0..10).flat_map(|_| personas.iter().map(who))).await;
        for (number, answer) in at_once.iter().enumerate() {
            assert_eq!(answer, &alone[number % personas.len()]);
        }
    }
});

both!(whoever_was_signed_out_before_asking_is_not_let_in_by_those_who_ask_beside, |world| async move {
    let busy = world.sign_in("coordinator").await;
    for _ in 0..6 {
        let session = signed_in(&world, "trainer").await;
        let others = join_all((0..20).map(|_| who(&busy)));
        let ended = async {
            post(&world, "/auth/sign-out", json!({ "refreshToken": session["refreshToken"] })).await;
            works(&world, &session["accessToken"]).await
        };
        let (answers, works) = tokio::join!(others, ended);
        assert!(!works, "let in after signing out");
        assert!(answers.iter().all(|answer| answer["data"]["viewer"]["account"]["email"].is_string()));
    }
});
