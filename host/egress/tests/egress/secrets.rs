//! Secrets: each place, each refusal, and no text that tells one.

use crate::server::{Answer, Server, response};
use crate::world::{World, get, grant, local, policy, post, secret};
use wingman_egress::{EgressError, GrantSpec, Host, Injection, Place, Request, fill_frame};

const VALUE: &str = "s3cr3t/va:lue+\u{fc}";

fn header(name: &str) -> Place {
    Place::Header(name.into())
}

#[tokio::test]
async fn a_secret_goes_to_each_of_its_places() {
    let (world, server) = (World::new(), Server::ok().await);
    let port = server.address.port();
    let policy = local(&[GrantSpec { paths: vec!["/bot*".into()], ..grant("api.test", port) }]);
    let body = post(format!("http://api.test:{port}/bot{{secret}}/send?chat=1"), r#"{ "b": 1.0, "token": "", "a": 1e99 }"#);
    let request = Request {
        headers: vec![("authorization".into(), "the guest's".into())],
        secrets: vec![
            secret(VALUE, Place::Path),
            secret(VALUE, Place::Query("key".into())),
            Injection { prefix: "Bearer ".into(), ..secret("abc", header("Authorization")) },
            Injection { prefix: "p:".into(), ..secret("q\"", Place::Json("/token".into())) },
        ],
        ..body
    };
    world.egress.send(&policy, &request).await.unwrap();
    let sent = server.request();
    assert!(sent.starts_with("POST /bots3cr3t%2Fva:lue+%C3%BC/send?chat=1&key=s3cr3t%2Fva:lue%2B%C3%BC HTTP/1.1\r\n"), "{sent}");
    assert!(sent.contains("authorization: Bearer abc\r\n") && !sent.contains("guest's"), "{sent}");
    assert!(sent.ends_with(r#"{ "b": 1.0, "token": "p:q\"", "a": 1e99 }"#), "{sent}");
}

#[tokio::test]
async fn what_cannot_be_filled_is_refused_and_nothing_is_sent() {
    let (world, server) = (World::new(), Server::ok().await);
    let port = server.address.port();
    let api = format!("http://api.test:{port}");
    let other = secret(VALUE, header("x-a"));
    let twice = vec![secret(VALUE, header("x-a")), other.clone()];
    for (why, request, secrets) in [
        ("declared for [api.test] and not for other.test", get(format!("http://other.test:{port}/")), vec![other]),
        ("same place", get(format!("{api}/")), twice),
        ("exactly once", get(format!("{api}/{{secret}}/{{secret}}")), vec![secret(VALUE, Place::Path)]),
        ("exactly once", get(format!("{api}/?{{secret}}")), vec![secret(VALUE, Place::Path)]),
        ("no secret has its place there", get(format!("{api}/{{secret}}")), vec![]),
        ("segment of the path", get(format!("{api}/{{secret}}/x")), vec![secret("..", Place::Path)]),
        ("nothing at `/token`", post(format!("{api}/"), "{}"), vec![secret(VALUE, Place::Json("/token".into()))]),
        ("is no string", post(format!("{api}/"), r#"{"token":{}}"#), vec![secret(VALUE, Place::Json("/token".into()))]),
        ("no JSON", get(format!("{api}/")), vec![secret(VALUE, Place::Json("/token".into()))]),
        ("parameter `key` already", get(format!("{api}/?key=1")), vec![secret(VALUE, Place::Query("key".into()))]),
        ("parameter `key` already", get(format!("{api}/?k%65y=1")), vec![secret(VALUE, Place::Query("key".into()))]),
        ("no header can carry", get(format!("{api}/")), vec![secret("a\r\nx: y", header("x-a"))]),
        ("line break at its end", get(format!("{api}/")), vec![secret("a\n", header("x-a"))]),
        ("is the host's", get(format!("{api}/")), vec![secret(VALUE, header("host"))]),
        ("is empty", get(format!("{api}/")), vec![secret("", header("x-a"))]),
    ] {
        let request = Request { secrets, ..request };
        let error = world.egress.send(&local(&[grant("api.test", port), grant("other.test", port)]), &request).await.unwrap_err();
        assert!(error.to_string().contains(why), "{why}: {error}");
        assert!(!error.is_temporary() && !error.to_string().contains("s3cr3t"), "{error}");
    }
    assert_eq!(server.seen().opened, 0);
}

#[tokio::test]
async fn no_text_tells_a_secret() {
    let world = World::new();
    let leaky = Server::start(|request| {
        let path = request.split(' ').nth(1).unwrap_or_default();
        Answer::Whole(response("302 Found", &format!("location: http://api.test:1{path}\r\n"), ""))
    })
    .await;
    let broken = Server::start(|_| Answer::Last("nonsense".into())).await;
    for port in [leaky.address.port(), broken.address.port(), 9] {
        let grants = [grant("api.test", port)];
        for (policy, place) in [
            (local(&grants), Place::Path),
            (local(&grants), Place::Query("key".into())),
            (local(&grants), header("authorization")),
            (policy(&grants, &[]), Place::Path),
            (policy(&[], &[]), Place::Path),
        ] {
            let path = if place == Place::Path { "bot{secret}" } else { "" };
            let secrets = vec![secret(VALUE, place)];
            let request = Request { secrets, ..get(format!("http://api.test:{port}/{path}")) };
            let error = world.egress.send(&policy, &request).await.unwrap_err();
            let texts = format!("{error} {error:?} {request:?}");
            assert!(!texts.contains("s3cr3t") && !texts.contains("va:lue"), "{texts}");
        }
    }
}

#[tokio::test]
async fn a_location_that_repeats_a_secret_is_shown_without_it() {
    let world = World::new();
    let server = Server::start(|request| {
        let path = request.split(' ').nth(1).unwrap_or_default();
        Answer::Whole(response("302 Found", &format!("location: /elsewhere{path}\r\n"), ""))
    })
    .await;
    let port = server.address.port();
    let policy = local(&[GrantSpec { paths: vec!["/bot*".into()], ..grant("api.test", port) }]);
    let secrets = vec![secret("s3cr3t v\u{e4}lue", Place::Path)];
    let request = Request { secrets, ..get(format!("http://api.test:{port}/bot{{secret}}")) };
    let error = world.egress.send(&policy, &request).await.unwrap_err();
    assert!(matches!(error, EgressError::NotGranted { .. }), "{error}");
    let shown = error.to_string();
    assert!(shown.contains("/elsewhere/bot[secret]") && !format!("{error:?}").contains("s3cr3t"), "{error:?}");
}

#[test]
fn a_frame_is_filled_by_the_same_rules() {
    let host = |name: &str| Host::Name(name.into());
    let text = r#"{"op":2,"d":{"token":"","id":9007199254740993}}"#;
    let token = secret("abc", Place::Json("/d/token".into()));
    let filled = fill_frame(&host("api.test"), text, std::slice::from_ref(&token)).unwrap();
    assert_eq!(filled, r#"{"op":2,"d":{"token":"abc","id":9007199254740993}}"#);
    for (host, text, secret) in [
        (host("other.test"), text, token.clone()),
        (host("api.test"), "{}", token),
        (host("api.test"), text, secret("abc", header("authorization"))),
        (host("api.test"), text, secret("abc", Place::Path)),
    ] {
        let refused = fill_frame(&host, text, &[secret]);
        assert!(matches!(refused, Err(EgressError::SecretNotAllowed { .. })), "{refused:?}");
    }
    assert_eq!(fill_frame(&host("other.test"), "not json", &[]).unwrap(), "not json");
}
