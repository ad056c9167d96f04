//! Which IP addresses are not the public internet. What an operator opens beside it is in `policy`.
//!
//! Source: the IANA registries of special-purpose addresses (RFC 6890 and what came after), read strictly: where IANA says
//! "globally reachable" of a protocol's own block, it is refused all the same, because no API lives there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What sort of special address this is, in words for an error; none for a public one.
pub(crate) fn special(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => special_v4(address),
        IpAddr::V6(address) => special_v6(address),
    }
}

/// Where clouds hand out credentials to whoever asks from inside. Each of these needs a grant of its own.
pub(crate) fn is_metadata(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => METADATA_V4.contains(&address.octets()),
        IpAddr::V6(address) => {
            let inside = embedded(address).or_else(|| address.to_ipv4());
            METADATA_V6.contains(&address.segments()) || inside.is_some_and(|inside| is_metadata(inside.into()))
        }
    }
}

const METADATA_V4: [[u8; 4]; 5] = [
    [169, 254, 169, 254],
    // Container credentials on one cloud, link-local as well.
    [169, 254, 170, 2],
    [100, 100, 100, 200],
    [192, 0, 0, 192],
    // One cloud's host agent, on a public address.
    [168, 63, 129, 16],
];
const METADATA_V6: [[u16; 8]; 1] = [[0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254]];

/// `(first address, prefix length, kind)`.
const SPECIAL_V4: [([u8; 4], u32, &str); 16] = [
    ([0, 0, 0, 0], 8, "unspecified"),
    ([10, 0, 0, 0], 8, "private"),
    ([100, 64, 0, 0], 10, "carrier-grade NAT"),
    ([127, 0, 0, 0], 8, "loopback"),
    ([169, 254, 0, 0], 16, "link-local"),
    ([172, 16, 0, 0], 12, "private"),
    ([192, 0, 0, 0], 24, "protocol assignment"),
    ([192, 0, 2, 0], 24, "documentation"),
    ([192, 88, 99, 0], 24, "relay"),
    ([192, 168, 0, 0], 16, "private"),
    ([198, 18, 0, 0], 15, "benchmarking"),
    ([198, 51, 100, 0], 24, "documentation"),
    ([203, 0, 113, 0], 24, "documentation"),
    ([224, 0, 0, 0], 4, "multicast"),
    ([255, 255, 255, 255], 32, "broadcast"),
    ([240, 0, 0, 0], 4, "reserved"),
];

/// The same for IPv6, by the first 64 bits. Only 2000::/3 is given out to the public, so this names what stands inside it, and
/// whatever has a better name than "reserved" outside.
const SPECIAL_V6: [(u64, u32, &str); 9] = [
    (0xfc00 << 48, 7, "unique local"),
    (0xfe80 << 48, 10, "link-local"),
    (0xfec0 << 48, 10, "site-local"),
    (0xff00 << 48, 8, "multicast"),
    (0x0100 << 48, 64, "discard"),
    (0x2001 << 48, 23, "protocol assignment"),
    (0x2001_0db8 << 32, 32, "documentation"),
    (0x3fff << 48, 20, "documentation"),
    (0x5f00 << 48, 16, "segment routing"),
];

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    if METADATA_V4.contains(&address.octets()) {
        return Some("cloud metadata");
    }
    let bits = address.to_bits();
    let in_block = |first: [u8; 4], length: u32| (bits ^ u32::from_be_bytes(first)) >> (32 - length) == 0;
    SPECIAL_V4.iter().find(|(first, length, _)| in_block(*first, *length)).map(|(_, _, kind)| *kind)
}

/// The IPv4 address that NAT64 (RFC 6052) and 6to4 (RFC 3056) lead to.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0x0064, 0xff9b, 0, 0, 0, 0, g, h] => Some(ipv4(g, h)),
        [0x2002, b, c, ..] => Some(ipv4(b, c)),
        _ => None,
    }
}

fn ipv4(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    if let Some(inside) = embedded(address) {
        return special_v4(inside);
    }
    if METADATA_V6.contains(&address.segments()) {
        return Some("cloud metadata");
    }
    let [a, b, c, d, e, f, g, h] = address.segments();
    if (a, b, c, d, e) == (0, 0, 0, 0, 0) {
        return Some(match (f, ipv4(g, h).to_bits()) {
            (0, 0) => "unspecified",
            (0, 1) => "loopback",
            (0xffff, _) => "IPv4-mapped",
            _ => "IPv4-compatible",
        });
    }
    let bits = u64::from(a) << 48 | u64::from(b) << 32 | u64::from(c) << 16 | u64::from(d);
    let in_block = |first: u64, length: u32| (bits ^ first) >> (64 - length) == 0;
    let named = SPECIAL_V6.iter().find(|(first, length, _)| in_block(*first, *length)).map(|(_, _, kind)| *kind);
    named.or_else(|| (a >> 13 != 1).then_some("reserved"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_special_block_is_named_at_both_ends_and_its_neighbours_are_public() {
        let blocks = [
            ("0.0.0.0", "0.255.255.255", "unspecified"),
            ("10.0.0.0", "10.255.255.255", "private"),
            ("100.64.0.0", "100.127.255.255", "carrier-grade NAT"),
            ("127.0.0.0", "127.255.255.255", "loopback"),
            ("169.254.0.0", "169.254.255.255", "link-local"),
            ("169.254.169.254", "100.100.100.200", "cloud metadata"),
            ("168.63.129.16", "fd00:ec2::254", "cloud metadata"),
            ("172.16.0.0", "172.31.255.255", "private"),
            ("192.168.0.0", "192.168.255.255", "private"),
            ("192.0.2.1", "203.0.113.255", "documentation"),
            ("198.18.0.0", "198.19.255.255", "benchmarking"),
            ("224.0.0.0", "239.255.255.255", "multicast"),
            ("240.0.0.0", "255.255.255.254", "reserved"),
            ("255.255.255.255", "255.255.255.255", "broadcast"),
            ("::1", "::1", "loopback"),
            ("::ffff:8.8.8.8", "::ffff:127.0.0.1", "IPv4-mapped"),
            ("::8.8.8.8", "::127.0.0.1", "IPv4-compatible"),
            ("fc00::", "fdff:ffff::", "unique local"),
            ("fe80::1", "febf:ffff::", "link-local"),
            ("ff02::1", "ffff:ffff::", "multicast"),
            ("2001::1", "2001:1ff::1", "protocol assignment"),
            ("2001:db8::1", "3fff:fff::1", "documentation"),
            ("64:ff9b::127.0.0.1", "2002:7f00:1::", "loopback"),
            ("64:ff9b::10.1.2.3", "2002:0a01:0203::1", "private"),
            ("64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "cloud metadata"),
            ("64:ff9b:1::1", "4000::", "reserved"),
        ];
        for (first, last, kind) in blocks {
            for address in [first, last] {
                assert_eq!(special(address.parse().unwrap()), Some(kind), "{address}");
            }
        }
        let public = "1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255 \
            172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255 8.8.8.8 \
            2606:4700::1111 2a00:1450::1 2001:4860:4860::8888 64:ff9b::8.8.8.8 2002:808:808::1";
        for address in public.split_whitespace() {
            assert_eq!(special(address.parse().unwrap()), None, "{address}");
        }
    }
}
