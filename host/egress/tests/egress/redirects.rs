//! Redirects: each hop is a call of its own.

use crate::server::{Answer, Server, response};
use crate::world::{World, get, grant, local, policy, post, secret};
use wingman_egress::{EgressError, GrantSpec, Place, Request};

/// Sends every request to `location` with this status.
async fn sends_to(status: &'static str, location: String) -> Server {
    Server::start(move |_| Answer::Whole(response(status, &format!("location: {location}\r\n"), ""))).await
}

#[tokio::test]
async fn a_redirect_within_the_grants_is_followed() {
    let world = World::new();
    let server = Server::routes(&[
        ("/a/b", "HTTP/1.1 302 Found\r\nlocation: ../c?x=1\r\ncontent-length: 0\r\n\r\n"),
        ("/c?x=1", "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nhere"),
    ])
    .await;
    let port = server.address.port();
    let response = world.get(&[grant("api.test", port)], format!("http://api.test:{port}/a/b")).await.unwrap();
    assert_eq!(&response.body[..], b"here");
}

#[tokio::test]
async fn a_redirect_cannot_leave_the_grants() {
    let (world, inner) = (World::new(), Server::ok().await);
    world.name("inner.test", &["10.0.0.1"]);
    let port = inner.address.port();
    for (location, refused_as) in [
        (format!("http://127.0.0.1:{port}/"), "NotGranted"),
        (format!("http://other.test:{port}/"), "NotGranted"),
        ("/admin".into(), "NotGranted"),
        ("/v1/../admin".into(), "NotGranted"),
        ("http://169.254.169.254/latest/meta-data".into(), "NotGranted"),
        ("http://inner.test/".into(), "PrivateAddress"),
        ("https://api.test/v1".into(), "NotGranted"),
        ("file:///etc/passwd".into(), "BadResponse"),
        ("wss://api.test/".into(), "BadResponse"),
        ("/v1/%2e%2e%2fadmin".into(), "BadResponse"),
        ("http://user:pass@api.test/v1".into(), "BadResponse"),
    ] {
        let server = sends_to("302 Found", location.clone()).await;
        let outer = server.address.port();
        let grants = [GrantSpec { paths: vec!["/v1".into()], ..grant("api.test", outer) }, grant("inner.test", 80)];
        let error = world.get(&grants, format!("http://api.test:{outer}/v1")).await.unwrap_err();
        assert!(format!("{error:?}").starts_with(refused_as), "{location}: {error:?}");
    }
    assert_eq!(inner.seen().opened, 0);
}

#[tokio::test]
async fn a_granted_host_cannot_lead_to_this_machine() {
    let (world, inner) = (World::new(), Server::ok().await);
    let target = inner.address.port();
    world.name("inside.test", &["::1"]);
    let server = sends_to("307 Temporary Redirect", format!("http://inside.test:{target}/")).await;
    let port = server.address.port();
    let policy = policy(&[grant("api.test", port), grant("inside.test", target)], &["127.0.0.1/32"]);
    let refused = world.egress.send(&policy, &get(format!("http://api.test:{port}/"))).await;
    assert!(matches!(refused, Err(EgressError::PrivateAddress { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_post_becomes_a_get_where_browsers_make_it_one_and_needs_the_grant_for_it() {
    let world = World::new();
    for (status, method, body) in
        [("303 See Other", "GET", ""), ("302 Found", "GET", ""), ("307 Temporary Redirect", "POST", "hi")]
    {
        let target = Server::ok().await;
        let server = sends_to(status, format!("http://other.test:{}/", target.address.port())).await;
        let (port, to) = (server.address.port(), target.address.port());
        let request = post(format!("http://api.test:{port}/"), "hi");
        let response = world.egress.send(&local(&[grant("api.test", port), grant("other.test", to)]), &request).await.unwrap();
        assert_eq!(response.status, 200);
        assert!(target.request().starts_with(method) && target.request().ends_with(&format!("\r\n\r\n{body}")), "{status}");
        let post_only = GrantSpec { methods: vec!["POST".into()], ..grant("other.test", to) };
        let again = world.egress.send(&local(&[grant("api.test", port), post_only]), &request).await;
        assert_eq!(again.is_ok(), method == "POST", "{status}: {again:?}");
    }
}

#[tokio::test]
async fn a_loop_ends() {
    let (world, server) = (World::new(), sends_to("302 Found", "/".into()).await);
    let port = server.address.port();
    let error = world.get(&[grant("api.test", port)], format!("http://api.test:{port}/")).await.unwrap_err();
    assert!(matches!(error, EgressError::BadResponse { .. }), "{error}");
    assert_eq!(server.seen().requests.len(), 6);
}

#[tokio::test]
async fn credentials_stay_in_their_origin() {
    let world = World::new();
    let target = Server::ok().await;
    let to = target.address.port();
    let server = sends_to("307 Temporary Redirect", format!("http://other.test:{to}/")).await;
    let port = server.address.port();
    let request = Request {
        headers: vec![
            ("authorization".into(), "Basic guest".into()),
            ("cookie".into(), "guest=1".into()),
            ("x-guest".into(), "1".into()),
            ("accept".into(), "text/plain".into()),
        ],
        secrets: vec![
            secret("in-header", Place::Header("x-api-key".into())),
            secret("in-query", Place::Query("key".into())),
            secret("in-agent", Place::Header("user-agent".into())),
        ],
        ..get(format!("http://api.test:{port}/"))
    };
    world.egress.send(&local(&[grant("api.test", port), grant("other.test", to)]), &request).await.unwrap();
    let first = server.request();
    for sent in ["x-api-key: in-header", "?key=in-query", "user-agent: in-agent", "cookie: guest=1"] {
        assert!(first.contains(sent), "{first}");
    }
    let second = target.request();
    for kept_back in ["in-header", "in-query", "in-agent", "guest"] {
        assert!(!second.contains(kept_back), "{second}");
    }
    assert!(second.contains("accept: text/plain"), "{second}");
}

#[tokio::test]
async fn within_an_origin_a_header_secret_goes_along() {
    let world = World::new();
    let server = Server::routes(&[
        ("/old", "HTTP/1.1 308 Permanent Redirect\r\nlocation: /new\r\ncontent-length: 0\r\n\r\n"),
        ("/new", "HTTP/1.1 204 No Content\r\n\r\n"),
    ])
    .await;
    let port = server.address.port();
    let secrets = vec![secret("value", Place::Header("x-api-key".into()))];
    let request = Request { secrets, ..get(format!("http://api.test:{port}/old")) };
    assert_eq!(world.egress.send(&local(&[grant("api.test", port)]), &request).await.unwrap().status, 204);
    assert!(server.seen().requests.iter().all(|request| request.contains("x-api-key: value")));
}

#[tokio::test]
async fn a_redirect_cannot_carry_a_secret_away() {
    let (world, target) = (World::new(), Server::ok().await);
    let to = target.address.port();
    // In the body, which 307 keeps, and in the location, where the other side put it.
    for (suffix, place) in [("", Place::Json("/token".into())), ("v%2Falue", Place::Header("x-api-key".into()))] {
        let server = sends_to("307 Temporary Redirect", format!("http://other.test:{to}/?{suffix}")).await;
        let port = server.address.port();
        let body = post(format!("http://api.test:{port}/"), r#"{"token":""}"#);
        let request = Request { secrets: vec![secret("v/alue", place)], ..body };
        let refused = world.egress.send(&local(&[grant("api.test", port), grant("other.test", to)]), &request).await;
        assert!(matches!(refused, Err(EgressError::SecretNotAllowed { .. })), "{refused:?}");
    }
    assert_eq!(target.seen().opened, 0);
}
