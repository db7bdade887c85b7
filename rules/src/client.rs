//! Partner clients: what a website's key and a program's secret may be made for.

use chrono::TimeDelta;

use crate::policy::{ClientKind, Scope};
use crate::reason::{Malformed, reasons};

/// How long a replaced key goes on working, so that it can be replaced everywhere in time.
pub const OVERLAP: TimeDelta = TimeDelta::days(7);
/// How long an access token of a client is good for, in minutes.
pub const TOKEN_MINUTES: i64 = 10;

reasons! {
    /// Why a client can't be added.
    CannotAddClient => ApiClientCreateErrorCode {
        /// A publishable key has what every key has; a secret one needs scopes.
        ScopesMismatch { kind: ClientKind } at "scopes" => match kind {
            ClientKind::Publishable => "A publishable key may sign up and read the directory, nothing else: leave scopes out.",
            ClientKind::Secret => "Say what its tokens may do: name one scope at least.",
        },
        /// A publishable key is bound to the pages that may use it.
        OriginNeeded at "origins" => "A publishable key sits in web pages: name the origin of each, like https://partner.example.",
    } creates
}

reasons! {
    /// Why a client can't be given a new key.
    CannotRotateKey => ApiClientKeyRotateErrorCode {
        /// The client is switched off.
        Disabled at "clientId" => "This client is switched off: add another.",
        /// Two keys are enough for a change-over.
        TwoKeys at "clientId" => "There are two keys already: revoke one first.",
    } creates
}

reasons! {
    /// Why a key can't be revoked.
    CannotRevokeKey => ApiClientKeyRevokeErrorCode {}
}

reasons! {
    /// Why a client can't be switched off.
    CannotDisableClient => ApiClientDisableErrorCode {}
}

/// Whether kind, scopes and origins go together.
pub fn add(kind: ClientKind, scopes: &[Scope], origins: &[String]) -> Result<(), CannotAddClient> {
    if scopes.is_empty() != (kind == ClientKind::Publishable) {
        return Err(CannotAddClient::ScopesMismatch { kind });
    }
    if kind == ClientKind::Publishable && origins.is_empty() {
        return Err(CannotAddClient::OriginNeeded);
    }
    Ok(())
}

/// What a token may do: the scopes that were asked for, all of the client's if none were; none at all if one is not the client's.
pub fn granted(asked: &[Scope], of_client: &[Scope]) -> Option<Vec<Scope>> {
    let mut granted = if asked.is_empty() { of_client.to_vec() } else { asked.to_vec() };
    granted.sort();
    granted.dedup();
    granted.iter().all(|scope| of_client.contains(scope)).then_some(granted)
}

/// The origin of a web page, as browsers send it: scheme, host and, if unusual, port. Plain http for this machine alone.
pub fn origin(field: &str, text: &str) -> Result<String, Malformed> {
    let wrong = || Malformed::new(field, "This is not the origin of a web page: send it like https://partner.example, without a path.");
    let origin = text.trim().to_ascii_lowercase();
    let (scheme, authority) = origin.split_once("://").ok_or_else(wrong)?;
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    let label = |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let port_ok = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|p| p > 0 && p.to_string() == port));
    let scheme_ok = scheme == "https" || (scheme == "http" && (host == "localhost" || host == "127.0.0.1"));
    if scheme_ok && port_ok && host.len() <= 253 && host.split('.').all(label) { Ok(origin) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_scopes_go_together() {
        let at = vec!["https://partner.example".to_owned()];
        for (kind, scopes, origins, ok) in [
            (ClientKind::Publishable, vec![], at.clone(), true),
            (ClientKind::Publishable, vec![], vec![], false),
            (ClientKind::Publishable, vec![Scope::SignUp], at.clone(), false),
            (ClientKind::Secret, vec![Scope::SignUp], vec![], true),
            (ClientKind::Secret, vec![Scope::SignUp], at, true),
            (ClientKind::Secret, vec![], vec![], false),
        ] {
            assert_eq!(add(kind, &scopes, &origins).is_ok(), ok, "{kind} {scopes:?} {origins:?}");
        }
    }

    #[test]
    fn a_token_has_what_was_asked_for_and_never_more_than_its_client() {
        use Scope::{DirectoryRead as D, SessionsRead as S, SignUp as U};
        for (asked, of_client, expected) in [
            (vec![], vec![D, S], Some(vec![D, S])),
            (vec![S], vec![D, S], Some(vec![S])),
            (vec![S, S], vec![D, S], Some(vec![S])),
            (vec![S, U], vec![D, S], None),
            (vec![U], vec![], None),
        ] {
            assert_eq!(granted(&asked, &of_client), expected, "{asked:?} of {of_client:?}");
        }
    }

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        for good in ["https://partner.example", "https://a.b-c.example:8443", "http://localhost:3000", "http://127.0.0.1:8080"] {
            assert_eq!(origin("origins", good).as_deref(), Ok(good));
        }
        assert_eq!(origin("origins", " https://Partner.Example ").as_deref(), Ok("https://partner.example"));
        for wrong in [
            "",
            "*",
            "null",
            "partner.example",
            "https://",
            "https://*",
            "https://partner.example/",
            "https://partner.example/path",
            "https://user@partner.example",
            "https://partner.example:",
            "https://partner.example:0",
            "https://partner.example:080",
            "https://partner.example:99999",
            "http://partner.example",
            "file://partner.example",
            "https://pаrtner.example",
        ] {
            assert!(origin("origins", wrong).is_err(), "{wrong}");
        }
    }
}
