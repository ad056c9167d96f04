//! What a request looks like on the wire, and what comes back.

use crate::server::{Answer, Server, response};
use crate::world::{World, get, grant, local, post};
use bytes::Bytes;
use std::io::Write;
use wingman_egress::{Body, EgressError, Part, Request};

#[tokio::test]
async fn a_request_goes_out_as_it_was_written_with_the_hosts_own_headers_beside() {
    let (world, server) = (World::new(), Server::ok().await);
    let port = server.address.port();
    let headers =
        vec![("Content-Type".into(), "text/plain".into()), ("x-twice".into(), "1".into()), ("x-twice".into(), "2".into())];
    let request = Request { headers, ..post(format!("http://api.test:{port}/p\u{e4}th?q=\u{fc}#fragment"), "body") };
    world.egress.send(&local(&[grant("api.test", port)]), &request).await.unwrap();
    let expected = format!(
        "POST /p%C3%A4th?q=%C3%BC HTTP/1.1\r\ncontent-type: text/plain\r\nx-twice: 1\r\nx-twice: 2\r\nuser-agent: wingman/{}\r\n\
         accept: */*\r\naccept-encoding: identity\r\nhost: api.test:{port}\r\ncontent-length: 4\r\n\r\nbody",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(server.request(), expected);
}

#[tokio::test]
async fn a_form_is_sent_with_its_boundary() {
    let (world, server) = (World::new(), Server::ok().await);
    let port = server.address.port();
    let part = Part {
        name: "file".into(),
        file_name: Some("a.png".into()),
        media_type: Some("image/png".into()),
        content: Bytes::from_static(b"PNG"),
    };
    let request = Request {
        headers: vec![("content-type".into(), "text/plain".into())],
        body: Body::Form(vec![part]),
        ..post(format!("http://api.test:{port}/"), "")
    };
    world.egress.send(&local(&[grant("api.test", port)]), &request).await.unwrap();
    let sent = server.request();
    let boundary = sent.split("multipart/form-data; boundary=").nth(1).unwrap().lines().next().unwrap();
    assert!(
        !sent.contains("text/plain") && sent.contains(&format!("--{boundary}\r\ncontent-disposition: form-data; name=\"file\""))
    );
    assert!(sent.ends_with(&format!("PNG\r\n--{boundary}--\r\n")), "{sent}");
}

#[tokio::test]
async fn headers_of_the_connection_and_broken_ones_are_refused() {
    let (world, server) = (World::new(), Server::ok().await);
    let port = server.address.port();
    let policy = local(&[grant("api.test", port)]);
    let reserved = "host content-length transfer-encoding connection keep-alive upgrade te trailer expect proxy-authorization \
        Proxy-X sec-websocket-key";
    let broken = [("x\r\ny", "1"), ("", "1"), ("x y", "1"), ("x", "1\r\ny: 2"), ("x", "1\n"), ("x", "\0")];
    for (name, value) in reserved.split_whitespace().map(|name| (name, "1")).chain(broken) {
        let headers = vec![(name.to_owned(), value.to_owned())];
        let refused = world.egress.send(&policy, &Request { headers, ..get(format!("http://api.test:{port}/")) }).await;
        assert!(matches!(refused, Err(EgressError::BadRequest(_))), "{name:?}: {refused:?}");
    }
    for method in ["", "get", "GE T", "CONNECT", "TRACE", "GET\r\n"] {
        let refused =
            world.egress.send(&policy, &Request { method: method.into(), ..get(format!("http://api.test:{port}/")) }).await;
        assert!(matches!(refused, Err(EgressError::BadRequest(_))), "{method:?}: {refused:?}");
    }
    assert_eq!(server.seen().opened, 0);
}

#[tokio::test]
async fn an_error_status_is_an_answer_and_headers_that_are_no_text_are_dropped() {
    let world = World::new();
    let server = Server::start(|_| {
        let mut bytes =
            b"HTTP/1.1 503 Busy\r\nRetry-After: 3\r\nX-Odd: \xff\xfe\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n".to_vec();
        bytes.extend_from_slice(b"content-length: 4\r\n\r\nbusy");
        Answer::Whole(bytes)
    })
    .await;
    let port = server.address.port();
    let response = world.get(&[grant("api.test", port)], format!("http://api.test:{port}/")).await.unwrap();
    let headers: Vec<_> = response.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    assert_eq!(headers, ["retry-after: 3", "set-cookie: a=1", "set-cookie: b=2", "content-length: 4"]);
    assert_eq!((response.status, &response.body[..]), (503, &b"busy"[..]));
}

#[tokio::test]
async fn a_compressed_answer_comes_as_it_is() {
    let world = World::new();
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&vec![0; 8 * 1024 * 1024]).unwrap();
    let bomb = bomb.finish().unwrap();
    let (size, head) =
        (bomb.len(), format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", bomb.len()));
    let server = Server::start(move |_| Answer::Whole([head.as_bytes(), &bomb].concat())).await;
    let port = server.address.port();
    let response = world.get(&[grant("api.test", port)], format!("http://api.test:{port}/")).await.unwrap();
    assert_eq!(response.body.len(), size);
    assert!(response.headers.contains(&("content-encoding".into(), "gzip".into())));
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_replaced() {
    let world = World::new();
    let mut server = Server::start(|_| Answer::Last(response("200 OK", "", "ok"))).await;
    let port = server.address.port();
    let policy = local(&[grant("api.test", port)]);
    for round in 1..=3 {
        let response = world.egress.send(&policy, &get(format!("http://api.test:{port}/"))).await.unwrap();
        assert_eq!(&response.body[..], b"ok");
        server.until(|seen| seen.closed == round).await;
    }
}

#[tokio::test]
async fn what_is_no_http_is_told_apart_from_a_connection_that_broke() {
    let world = World::new();
    for (answer, kind) in [
        ("SSH-2.0-OpenSSH_9.9\r\n\r\n", "BadResponse"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf", "Interrupted"),
        ("", "Interrupted"),
        ("HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n", "BadResponse"),
        ("HTTP/1.1 600 Odd\r\ncontent-length: 0\r\n\r\n", "BadResponse"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 50\r\n\r\nhello", "BadResponse"),
    ] {
        let server = Server::start(move |_| Answer::Last(answer.into())).await;
        let port = server.address.port();
        let error = world.get(&[grant("api.test", port)], format!("http://api.test:{port}/")).await.unwrap_err();
        assert!(format!("{error:?}").starts_with(kind), "{answer:?}: {error:?}");
    }
}
