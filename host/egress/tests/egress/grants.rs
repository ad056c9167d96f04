//! What a grant means, each field with a call inside and its neighbours outside.

use crate::server::Server;
use crate::world::{World, get, grant, local, policy};
use wingman_egress::{EgressError, Grant, GrantSpec, Scheme};

fn spec(text: &str) -> Result<GrantSpec, String> {
    toml::from_str(text).map_err(|error| error.to_string())
}

#[test]
fn every_field_narrows_what_may_be_called() {
    let grants = [
        spec("host = 'api.example.com'\npaths = ['/v1', '/bot*']\nmethods = ['GET', 'POST']").unwrap(),
        spec("scheme = 'http'\nhost = '*.lan.example'\nport = 8080\npaths = ['/']\nmethods = ['DELETE']").unwrap(),
        spec("scheme = 'wss'\nhost = 'gateway.example.com'\npaths = ['/']").unwrap(),
    ];
    let policy = policy(&grants, &[]);
    for (method, url) in [
        ("GET", "https://api.example.com/v1"),
        ("POST", "https://API.example.com.:443/v1/x?y=/../z"),
        ("GET", "https://api.example.com/bot123/send"),
        ("DELETE", "http://a.lan.example:8080/"),
        ("", "wss://gateway.example.com/?v=10"),
    ] {
        assert_eq!(policy.check(method, url), Ok(()), "{method} {url}");
    }
    for (method, url) in [
        ("PUT", "https://api.example.com/v1"),
        ("get", "https://api.example.com/v1"),
        ("GET", "http://api.example.com/v1"),
        ("GET", "https://api.example.com:8443/v1"),
        ("GET", "https://api.example.com/v1x"),
        ("GET", "https://api.example.com/V1"),
        ("GET", "https://api.example.com/"),
        ("GET", "https://www.example.com/v1"),
        ("GET", "https://api.example.com.evil.test/v1"),
        ("DELETE", "http://lan.example:8080/"),
        ("DELETE", "http://a.lan.example/"),
        ("", "ws://gateway.example.com/"),
        ("GET", "https://gateway.example.com/"),
    ] {
        let refused = policy.check(method, url);
        assert!(matches!(refused, Err(EgressError::NotGranted { .. })), "{method} {url}: {refused:?}");
    }
}

#[test]
fn a_url_with_two_readings_is_refused_before_any_grant() {
    let policy = policy(&[grant("api.example.com", 80)], &[]);
    for url in [
        "http://api.example.com/v1/../admin",
        "http://api.example.com/v1/%2e%2e/admin",
        "http://api.example.com/v1/%2E./admin",
        "http://api.example.com/v1%2fadmin",
        "http://api.example.com/v1%252fadmin",
        "http://api.example.com/v1\\admin",
        "http://api.example.com/v1%5cadmin",
        "http://api.example.com/..;/admin",
        "http://api.example.com\\@evil.test/",
        "http://user@api.example.com/",
        "http://user:pass@api.example.com/",
        "http://:@evil.test:80@api.example.com/",
        "http://api.example.com/a\r\nx: y",
        "http://api.example.com/a b",
        "http:api.example.com/",
        "http:/api.example.com/",
        "//api.example.com/",
        "/v1",
        "",
        "file:///etc/passwd",
        "ftp://api.example.com/",
        "javascript:alert(1)",
        "data:text/plain,hi",
        "gopher://api.example.com/",
    ] {
        let refused = policy.check("GET", url);
        assert!(matches!(refused, Err(EgressError::BadRequest(_))), "{url}: {refused:?}");
    }
}

#[test]
fn a_refusal_says_what_to_write_and_writing_it_helps() {
    for (method, url) in
        [("PATCH", "https://api.example.com/v2/x?key=1"), ("GET", "http://[2606:4700::1]:8080/"), ("", "wss://g.example/s")]
    {
        let EgressError::NotGranted { missing, .. } = policy(&[], &[]).check(method, url).unwrap_err() else { panic!("{url}") };
        let line = missing.split_once("needs ").unwrap().1;
        let table: toml::Table = format!("grant = {line}").parse().unwrap();
        let spec: GrantSpec = table["grant"].clone().try_into().unwrap();
        assert_eq!(policy(&[spec], &[]).check(method, url), Ok(()), "{missing}");
    }
}

#[test]
fn a_grant_that_cannot_be_meant_says_which_field_and_what_to_write() {
    let good = GrantSpec { port: None, ..grant("api.example.com", 80) };
    let socket = GrantSpec { scheme: Scheme::Wss, methods: vec![], ..good.clone() };
    for (spec, advice) in [
        (GrantSpec { host: "*".into(), ..good.clone() }, "write `api.example.com`"),
        (GrantSpec { paths: vec![], ..good.clone() }, "write `paths = [\"/api\"]`"),
        (GrantSpec { paths: vec!["/a/../b".into()], ..good.clone() }, "dot segments"),
        (GrantSpec { methods: vec![], ..good.clone() }, "write `methods = [\"GET\", \"POST\"]`"),
        (GrantSpec { methods: vec!["get".into()], ..good.clone() }, "upper case"),
        (GrantSpec { methods: vec!["CONNECT".into()], ..good.clone() }, "no method that can be granted"),
        (GrantSpec { methods: vec!["TRACE".into()], ..good.clone() }, "no method that can be granted"),
        (GrantSpec { port: Some(0), ..good.clone() }, "leave `port` out"),
        (GrantSpec { max_timeout_ms: Some(0), ..good.clone() }, "`max-timeout-ms` is 0; write 1 to 300000"),
        (GrantSpec { max_response_kib: Some(32_769), ..good.clone() }, "write 1 to 32768"),
        (GrantSpec { methods: vec!["GET".into()], ..socket.clone() }, "leave `methods` out"),
        (GrantSpec { max_response_kib: Some(1), ..socket.clone() }, "leave `max-response-kib` out"),
    ] {
        let error = Grant::new(&spec).unwrap_err().to_string();
        assert!(error.contains(advice), "{error}");
    }
    assert!(Grant::new(&good).is_ok() && Grant::new(&socket).is_ok());
    assert!(spec("host = 'a.test'\npath = '/'").unwrap_err().contains("unknown field `path`"));
    assert!(spec("host = 'a.test'\nmax-timeout-ms = 5\nmax-response-kib = 7").is_ok());
}

#[tokio::test]
async fn a_granted_call_is_made_and_its_neighbour_is_not() {
    let (world, server) = (World::new(), Server::ok().await);
    let port = server.address.port();
    let policy = local(&[GrantSpec { paths: vec!["/v1".into()], ..grant("api.test", port) }]);
    let response = world.egress.send(&policy, &get(format!("http://api.test:{port}/v1/x?y=1"))).await.unwrap();
    assert_eq!((response.status, &response.body[..]), (200, &b"ok"[..]));
    assert!(server.request().starts_with("GET /v1/x?y=1 HTTP/1.1\r\n"), "{}", server.request());
    assert!(server.request().contains(&format!("host: api.test:{port}\r\n")));
    let refused = world.egress.send(&policy, &get(format!("http://api.test:{port}/v2"))).await;
    assert!(matches!(refused, Err(EgressError::NotGranted { .. })));
    assert_eq!((server.seen().requests.len(), world.lookups()), (1, 1), "a refused call must not even look the name up");
}
