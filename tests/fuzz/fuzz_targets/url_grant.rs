//! Grants and URLs: whatever a guest writes, what passes is what was granted, read by another parser; and an address that is not
//! public never passes, even where its very text is granted.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};
use wingman_egress::{Grant, GrantSpec, Policy};

fuzz_target!(|text: &str| -> Corpus {
    within_the_grant(text);
    if let Ok(url) = Url::parse(text) {
        no_special_address(text, &url);
        return Corpus::Keep;
    }
    Corpus::Reject
});

fn within_the_grant(text: &str) {
    let Some(policy) = policy("*.example.com", None, "/api") else { unreachable!("the grant is right") };
    if policy.check("GET", text).is_err() {
        return;
    }
    let Ok(url) = Url::parse(text) else { panic!("{text:?} passed and is no URL") };
    assert_eq!((url.scheme(), url.port()), ("https", None), "{text:?}");
    assert_eq!((url.username(), url.password()), ("", None), "{text:?}");
    assert!(url.host_str().is_some_and(|host| host.ends_with(".example.com")), "{text:?}");
    assert!(url.path() == "/api" || url.path().starts_with("/api/"), "{text:?}");
}

fn no_special_address(text: &str, url: &Url) {
    let address = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => IpAddr::V6(address),
        _ => return,
    };
    // The operator's own port is part of the grant: the address alone must be what refuses.
    let Some(policy) = policy(&address.to_string(), url.port(), "/") else { return };
    let passes = policy.check("GET", text).is_ok();
    assert!(!(passes && is_special(address)), "{text:?} leads to {address}");
}

fn policy(host: &str, port: Option<u16>, path: &str) -> Option<Policy> {
    let spec = GrantSpec {
        host: host.to_owned(),
        port,
        paths: vec![path.to_owned()],
        methods: vec!["GET".to_owned()],
        ..GrantSpec::default()
    };
    Some(Policy::new(vec![Grant::new(&spec).ok()?], Vec::new()))
}

/// As the standard library tells them, which knows nothing of the table under test.
fn is_special(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_special_v4(address),
        IpAddr::V6(address) => is_special_v6(address),
    }
}

fn is_special_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_unspecified()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || (first == 100 && second & 0xc0 == 64)
        || first == 0
        || first >= 240
}

fn is_special_v6(address: Ipv6Addr) -> bool {
    address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        || address.to_ipv4().is_some_and(is_special_v4)
}
