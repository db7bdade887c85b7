//! Identity: promises I1 to I8, and partner clients.

mod client;
mod door;
mod fake;
mod limit;
mod link;
mod mailbox;
mod password;
mod provider;
mod refresh;
mod together;
mod token;

/// Somebody tries the administrator's mailbox with a wrong password.
pub async fn knock(world: &crate::harness::World) {
    let answer = door::From::default().sign_in(world, "admin", "not the password").await;
    assert_eq!(answer.status, axum::http::StatusCode::UNAUTHORIZED);
}
