//! Where a request comes from: the address that tries are counted by.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};

/// What a proxy adds the caller's address to.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The caller's network: an IPv4 address, or the /64 of an IPv6 one, since a household has the whole of it.
///
/// Behind `proxies` proxies it is the entry that the outermost of ours added to `X-Forwarded-For`; what stands before that was
/// written by the caller and counts for nothing. Without proxies the header is not looked at.
pub fn address(headers: &HeaderMap, extensions: &Extensions, proxies: usize) -> String {
    let socket = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let forwarded = || -> Option<IpAddr> {
        let text = headers.get_all(FORWARDED_FOR).iter().filter_map(|v| v.to_str().ok()).collect::<Vec<_>>().join(",");
        text.split(',').rev().nth(proxies.checked_sub(1)?)?.trim().parse().ok()
    };
    match forwarded().or(socket).map(|ip| ip.to_canonical()) {
        Some(IpAddr::V4(ip)) => ip.to_string(),
        Some(IpAddr::V6(ip)) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        None => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_our_own_proxies_wrote_counts() {
        for (proxies, header, expected) in [
            (0, "203.0.113.9", "192.0.2.1"),
            (1, "203.0.113.9", "203.0.113.9"),
            (1, "198.51.100.7, 203.0.113.9", "203.0.113.9"),
            (2, "198.51.100.7, 203.0.113.9", "198.51.100.7"),
            (3, "198.51.100.7, 203.0.113.9", "192.0.2.1"),
            (1, "nonsense", "192.0.2.1"),
            (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            (1, "::ffff:203.0.113.9", "203.0.113.9"),
        ] {
            let (mut headers, mut extensions) = (HeaderMap::new(), Extensions::new());
            headers.insert(FORWARDED_FOR, header.parse().expect("a value"));
            extensions.insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 4711))));
            assert_eq!(address(&headers, &extensions, proxies), expected, "{proxies} {header}");
        }
    }
}
