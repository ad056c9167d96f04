//! Time and size: whatever the other side does, a call ends and stays small.

use crate::server::{Answer, Server, response};
use crate::world::{PATIENCE, World, get, grant, local};
use std::time::{Duration, Instant};
use wingman_egress::{Body, EgressError, GrantSpec, Request};

#[tokio::test]
async fn an_endless_body_is_cut_and_its_connection_closed() {
    let world = World::new();
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = [b"10000\r\n".to_vec(), vec![b'x'; 0x10000], b"\r\n".to_vec()].concat();
    let mut server = Server::start(move |_| Answer::Endless(head.into(), chunk.clone())).await;
    let port = server.address.port();
    let grants = [GrantSpec { max_response_kib: Some(256), ..grant("api.test", port) }];
    let error = world.get(&grants, format!("http://api.test:{port}/")).await.unwrap_err();
    assert!(matches!(error, EgressError::TooLarge { .. }), "{error}");
    assert!(error.to_string().contains("256 KiB (`max-response-kib`"), "{error}");
    server.until(|seen| seen.closed == 1).await;
    // What the kernel and one read-ahead hold, and not a stream's worth.
    assert!(server.seen().written < 16 * 1024 * 1024, "{}", server.seen().written);
}

#[tokio::test]
async fn a_body_of_exactly_the_cap_comes_and_one_byte_more_does_not() {
    let world = World::new();
    for (size, comes) in [(1024, true), (1025, false)] {
        let server = Server::start(move |_| Answer::Whole(response("200 OK", "", &"x".repeat(size)))).await;
        let port = server.address.port();
        let grants = [GrantSpec { max_response_kib: Some(1), ..grant("api.test", port) }];
        assert_eq!(world.get(&grants, format!("http://api.test:{port}/")).await.is_ok(), comes, "{size}");
    }
}

#[tokio::test]
async fn a_body_that_stalls_or_a_head_that_never_comes_meets_the_deadline() {
    let world = World::new();
    for stall in ["", "HTTP/1.1 200 OK\r\ncontent-le", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nslow"] {
        let mut server = Server::start(move |_| Answer::Stall(stall.into())).await;
        let port = server.address.port();
        let request = Request { timeout: Some(Duration::from_millis(200)), ..get(format!("http://api.test:{port}/")) };
        let began = Instant::now();
        let error = world.egress.send(&local(&[grant("api.test", port)]), &request).await.unwrap_err();
        assert_eq!(error.to_string(), "api.test took longer than 200 ms");
        assert!(error.is_temporary() && began.elapsed() < PATIENCE);
        server.until(|seen| seen.closed == 1).await;
    }
}

#[tokio::test]
async fn a_body_that_drips_for_ever_meets_the_deadline() {
    let world = World::new();
    // A new chunk keeps coming, so that no single read ever waits long.
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let server = Server::start(move |_| Answer::Endless(head.into(), b"1\r\nx\r\n".to_vec())).await;
    let port = server.address.port();
    let grants = [GrantSpec { max_response_kib: Some(32 * 1024), ..grant("api.test", port) }];
    let request = Request { timeout: Some(Duration::from_millis(300)), ..get(format!("http://api.test:{port}/")) };
    let error = world.egress.send(&local(&grants), &request).await.unwrap_err();
    assert!(matches!(error, EgressError::Timeout { .. }), "{error}");
}

#[tokio::test]
async fn more_time_than_the_grant_has_is_not_given() {
    let (world, server) = (World::new(), Server::ok().await);
    let port = server.address.port();
    let policy = local(&[GrantSpec { max_timeout_ms: Some(60_000), ..grant("api.test", port) }]);
    let asks = |ms| Request { timeout: Some(Duration::from_millis(ms)), ..get(format!("http://api.test:{port}/")) };
    assert!(world.egress.send(&policy, &asks(60_000)).await.is_ok());
    let error = world.egress.send(&policy, &asks(60_001)).await.unwrap_err();
    assert!(error.to_string().contains("`max-timeout-ms = 60001`"), "{error}");
}

#[tokio::test]
async fn a_flood_of_headers_is_refused() {
    let world = World::new();
    for flood in ["x: y\r\n".repeat(10_000), format!("x: {}\r\n", "y".repeat(1024 * 1024))] {
        let mut server = Server::start(move |_| Answer::Last(response("200 OK", &flood, ""))).await;
        let port = server.address.port();
        let error = world.get(&[grant("api.test", port)], format!("http://api.test:{port}/")).await.unwrap_err();
        assert!(matches!(error, EgressError::TooLarge { .. }), "{error:?}");
        server.until(|seen| seen.closed == 1).await;
    }
}

#[tokio::test]
async fn a_guests_own_flood_is_refused_before_it_is_sent() {
    let (world, server) = (World::new(), Server::ok().await);
    let port = server.address.port();
    let plain = get(format!("http://api.test:{port}/"));
    let header = |value: &str| ("x".to_owned(), value.to_owned());
    let body = Body::Bytes(bytes::Bytes::from(vec![0; 32 * 1024 * 1024 + 1]));
    for request in [
        Request { headers: vec![header("y"); 65], ..plain.clone() },
        Request { headers: vec![header(&"y".repeat(20_000))], ..plain.clone() },
        Request { body, ..plain.clone() },
    ] {
        let refused = world.egress.send(&local(&[grant("api.test", port)]), &request).await;
        assert!(matches!(refused, Err(EgressError::TooLarge { .. })), "{refused:?}");
    }
    let url = format!("http://api.test:{port}/{}", "x".repeat(8 * 1024));
    let refused = world.get(&[grant("api.test", port)], url).await;
    assert!(matches!(refused, Err(EgressError::BadRequest(_))), "{refused:?}");
    assert_eq!(server.seen().opened, 0);
}
