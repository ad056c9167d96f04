//! Where a name or an address may lead.

use crate::server::Server;
use crate::world::{World, get, grant, local, policy};
use wingman_egress::{EgressError, Resolve, SystemResolver};

#[tokio::test]
async fn this_machine_is_refused_until_the_operator_opens_it() {
    let (world, server) = (World::new(), Server::ok().await);
    let port = server.address.port();
    let request = get(format!("http://api.test:{port}/"));
    let closed = policy(&[grant("api.test", port)], &[]);
    let error = world.egress.send(&closed, &request).await.unwrap_err();
    assert!(matches!(error, EgressError::PrivateAddress { kind: "loopback", .. }), "{error}");
    assert_eq!(server.seen().opened, 0);
    let opened = policy(&[grant("api.test", port)], &["127.0.0.1/32"]);
    assert_eq!(world.egress.send(&opened, &request).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_name_with_private_addresses_alone_is_refused() {
    let world = World::new();
    for address in
        ["10.0.0.1", "169.254.169.254", "100.64.0.1", "::1", "::ffff:127.0.0.1", "fd00::1", "64:ff9b::7f00:1", "0.0.0.0"]
    {
        world.name("inner.test", &[address]);
        let refused = world.egress.send(&policy(&[grant("inner.test", 80)], &[]), &get("http://inner.test/".into())).await;
        assert!(matches!(refused, Err(EgressError::PrivateAddress { .. })), "{address}: {refused:?}");
    }
}

#[test]
fn an_address_in_a_url_is_judged_in_every_spelling() {
    let hosts =
        ["127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0"];
    for host in
        hosts.into_iter().chain(["169.254.169.254", "0xa9fea9fe", "[fd00:ec2::254]", "[64:ff9b::a9fe:a9fe]", "1\u{ff12}7.1"])
    {
        let names = ["127.0.0.1", "0.0.0.0", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fd00:ec2::254", "64:ff9b::a9fe:a9fe"];
        let grants: Vec<_> = names.into_iter().map(|name| grant(name, 80)).collect();
        let refused = policy(&grants, &[]).check("GET", &format!("http://{host}/"));
        assert!(matches!(refused, Err(EgressError::PrivateAddress { .. })), "{host}: {refused:?}");
    }
}

#[test]
fn a_metadata_address_is_opened_by_name_only() {
    for (address, wide, exact) in [
        ("169.254.169.254", "169.254.0.0/16", "169.254.169.254/32"),
        ("168.63.129.16", "0.0.0.0/0", "168.63.129.16/32"),
        ("[fd00:ec2::254]", "::/0", "fd00:ec2::254/128"),
        ("[64:ff9b::a9fe:a9fe]", "64:ff9b::/96", "64:ff9b::a9fe:a9fe/128"),
    ] {
        let url = format!("http://{address}/");
        let refused = policy(&[grant(address, 80)], &[wide]).check("GET", &url);
        assert!(matches!(refused, Err(EgressError::PrivateAddress { kind: "cloud metadata", .. })), "{address}: {refused:?}");
        assert_eq!(policy(&[grant(address, 80)], &[exact]).check("GET", &url), Ok(()));
    }
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_asked_once_and_dialled_where_it_was_judged() {
    let (world, server) = (World::new(), Server::ok().await);
    let port = server.address.port();
    // A second lookup would lead to an address that is refused.
    world.name("rebind.test", &["127.0.0.1", "169.254.169.254"]);
    let policy = policy(&[grant("rebind.test", port)], &["127.0.0.1/32"]);
    let request = get(format!("http://rebind.test:{port}/"));
    assert_eq!(world.egress.send(&policy, &request).await.unwrap().status, 200);
    assert_eq!((world.lookups(), server.seen().opened), (1, 1));
    // The connection still waits, but the next call is judged anew.
    let refused = world.egress.send(&policy, &request).await;
    assert!(matches!(refused, Err(EgressError::PrivateAddress { .. })), "{refused:?}");
    assert_eq!((world.lookups(), server.seen().requests.len()), (2, 1));
}

#[tokio::test]
async fn of_mixed_addresses_only_the_admitted_are_dialled() {
    let (world, server) = (World::new(), Server::ok().await);
    let port = server.address.port();
    world.name("mixed.test", &["::1 10.0.0.1 127.0.0.1"]);
    let policy = policy(&[grant("mixed.test", port)], &["127.0.0.1/32"]);
    assert_eq!(world.egress.send(&policy, &get(format!("http://mixed.test:{port}/"))).await.unwrap().status, 200);
    assert_eq!(server.seen().opened, 1);
}

#[tokio::test]
async fn an_unknown_name_and_a_closed_port_are_worth_another_try() {
    let world = World::new();
    // Bound and dropped: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    world.name("empty.test", &["127.0.0.1"]);
    for host in ["unknown.test", "api.test"] {
        let error = world.get(&[grant(host, port)], format!("http://{host}:{port}/")).await.unwrap_err();
        assert!(matches!(error, EgressError::Unreachable { .. }) && error.is_temporary(), "{error}");
    }
}

#[tokio::test]
async fn a_connection_is_reused_within_a_policy_and_never_across() {
    let (world, server) = (World::new(), Server::ok().await);
    let port = server.address.port();
    let request = get(format!("http://api.test:{port}/"));
    let mine = local(&[grant("api.test", port)]);
    for _ in 0..3 {
        world.egress.send(&mine.clone(), &request).await.unwrap();
    }
    assert_eq!(server.seen().opened, 1);
    world.egress.send(&local(&[grant("api.test", port)]), &request).await.unwrap();
    assert_eq!(server.seen().opened, 2);
}

#[tokio::test]
async fn the_systems_own_resolver_finds_this_machine() {
    let found = SystemResolver::default().lookup("localhost").await.unwrap();
    assert!(!found.is_empty() && found.iter().all(std::net::IpAddr::is_loopback), "{found:?}");
}
