//! Laws that hold for any text and any address.

use crate::world::{grant, policy};
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use wingman_egress::{EgressError, GrantSpec};

/// A naive second opinion: addresses that must never be admitted, by the standard library's words.
fn is_surely_inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_multicast()
                || v4.is_broadcast()
                || v4.is_documentation()
                || shared
                || a == 0
                || a >= 240
        }
        IpAddr::V6(v6) => {
            let inside = v6.to_ipv4().is_some();
            inside
                || v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
        }
    }
}

/// Addresses near the borders, and anywhere.
fn addresses() -> impl Strategy<Value = IpAddr> {
    let near = prop::sample::select(vec![
        "10.0.0.0",
        "127.0.0.0",
        "100.64.0.0",
        "169.254.0.0",
        "172.16.0.0",
        "192.168.0.0",
        "224.0.0.0",
    ]);
    let near_v4 = (near, any::<i32>()).prop_map(|(base, off)| {
        IpAddr::V4(Ipv4Addr::from_bits(base.parse::<Ipv4Addr>().unwrap().to_bits().wrapping_add_signed(off >> 8)))
    });
    let heads = prop::sample::select(vec![0u128, 0xffff << 32, 0xfc00 << 112, 0xfe80 << 112, 0xff00 << 112]);
    let v6 = (heads, any::<u32>()).prop_map(|(head, low)| IpAddr::V6(Ipv6Addr::from_bits(head | u128::from(low))));
    prop_oneof![
        near_v4,
        any::<u32>().prop_map(|bits| Ipv4Addr::from_bits(bits).into()),
        v6,
        any::<u128>().prop_map(|b| Ipv6Addr::from_bits(b).into())
    ]
}

fn in_url(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_is_checked_without_a_panic_and_names_no_inner_address(text in "\\PC{0,60}") {
        let policy = policy(&[grant("127.0.0.1", 80), grant("::1", 80)], &[]);
        for url in [text.clone(), format!("http://{text}"), format!("http://127.0.0.1{text}"), format!("http://[::1]/{text}")] {
            prop_assert!(policy.check("GET", &url).is_err(), "{}", url);
        }
    }

    #[test]
    fn an_inner_address_is_refused_however_it_is_written(address in addresses(), spelling in 0..4) {
        let host = match (address, spelling) {
            (IpAddr::V4(v4), 1) => v4.to_bits().to_string(),
            (IpAddr::V4(v4), 2) => format!("{:#x}", v4.to_bits()),
            (IpAddr::V4(v4), 3) => v4.octets().map(|octet| format!("0{octet:o}")).join("."),
            _ => in_url(address),
        };
        let checked = policy(&[grant(&address.to_string(), 80)], &[]).check("GET", &format!("http://{host}/"));
        if is_surely_inside(address) {
            let refused = matches!(checked, Err(EgressError::PrivateAddress { .. }));
            prop_assert!(refused, "{} {:?}", host, checked);
        }
        let network = format!("{address}/{}", if address.is_ipv4() { 32 } else { 128 });
        let opened = policy(&[grant(&address.to_string(), 80)], &[&network]);
        prop_assert_eq!(opened.check("GET", &format!("http://{host}/")), Ok(()));
    }

    #[test]
    fn a_grant_of_a_folder_never_reaches_outside(path in "[ab./%2eEfF5cC;\\\\?#~]{0,24}") {
        let policy = policy(&[GrantSpec { paths: vec!["/a/b".into()], ..grant("api.test", 80) }], &[]);
        if policy.check("GET", &format!("http://api.test/{path}")).is_ok() {
            let seen = format!("/{}", path.split(['?', '#']).next().unwrap());
            prop_assert!(seen == "/a/b" || seen.starts_with("/a/b/"), "{}", seen);
            let climbs = |segment: &str| matches!(segment.split(';').next(), Some("." | ".."));
            prop_assert!(!seen.split('/').any(climbs), "{}", seen);
        }
    }
}
