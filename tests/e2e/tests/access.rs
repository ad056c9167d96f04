//! Who may come in: tokens, cookies, foreign pages, rebound names, guessing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use reqwest::{Method, StatusCode};
use serde_json::json;
use wingman_client::{Client, ClientError, ConnectOptions};
use wingman_harness::{Answer, Home, TOKEN};

#[tokio::test(flavor = "multi_thread")]
async fn everything_but_health_is_behind_the_sign_in() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    assert_eq!(Answer::of(gateway.anonymous(Method::GET, "/health")).await.status, StatusCode::OK);
    for path in ["/stats", "/api/sessions", "/api/config", "/api/plugins", "/api/agents", "/api/webhooks", "/api/providers"] {
        assert_eq!(Answer::of(gateway.anonymous(Method::GET, path)).await.status, StatusCode::UNAUTHORIZED, "{path}");
        // The gateway's token is never taken from a query.
        let in_query = gateway.anonymous(Method::GET, &format!("{path}?token={TOKEN}"));
        assert_eq!(Answer::of(in_query).await.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(gateway.get(path).await.status, StatusCode::OK, "{path}");
    }
    let health = gateway.get("/health").await.body;
    assert_eq!(health["status"], "healthy");
    assert!(health["stats"]["uptime"].is_number() && health["stats"]["messagesProcessed"].is_number(), "{health}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_signs_in_with_a_cookie_that_foreign_pages_cannot_use() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    let wrong = Answer::of(gateway.page(Method::POST, "/api/auth/login").json(&json!({"token": "wrong"}))).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    let right = Answer::of(gateway.page(Method::POST, "/api/auth/login").json(&json!({"token": TOKEN}))).await;
    assert_eq!(right.status, StatusCode::NO_CONTENT);
    let cookie = right.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let pair = cookie.split(';').next().unwrap();

    let read = Answer::of(gateway.page(Method::GET, "/api/sessions").header("cookie", pair)).await;
    assert_eq!(read.status, StatusCode::OK);
    let write = || gateway.page(Method::POST, "/api/sessions").header("cookie", pair).json(&json!({}));
    assert_eq!(Answer::of(write()).await.status, StatusCode::FORBIDDEN, "a write without the CSRF header");
    assert_eq!(Answer::of(write().header("x-wingman-csrf", "1")).await.status, StatusCode::CREATED);
    let foreign = write().header("x-wingman-csrf", "1").header("origin", "https://evil.example");
    assert_eq!(Answer::of(foreign).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_page_or_a_rebound_name_gets_no_socket() {
    let home = Home::new(|config| config["gateway"]["auth"] = json!({"mode": "none"}));
    let gateway = home.start().await;
    let foreign = ConnectOptions { origin: Some("https://evil.example".into()), ..gateway.options("evil") };
    assert!(Client::connect(foreign).await.is_err(), "a page of another site was let in");
    let own = ConnectOptions { origin: Some(gateway.url.clone()), ..gateway.options("own") };
    assert!(Client::connect(own).await.is_ok());
    let rebound = gateway.anonymous(Method::GET, "/api/sessions").header("host", "rebound.example");
    assert_eq!(Answer::of(rebound).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_refused_and_guessing_is_slowed_on_this_machine_too() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    let guess = || ConnectOptions::new(format!("{}/ws", gateway.url), "guesser", "cli").with_token("wm-guess");
    let Err(ClientError::Rejected(words)) = Client::connect(guess()).await else { panic!("let in") };
    assert!(words.contains("wrong"), "{words}");
    for _ in 0..12 {
        let _ = Client::connect(guess()).await;
    }
    let throttled = Answer::of(gateway.anonymous(Method::GET, "/api/sessions").bearer_auth(TOKEN)).await;
    assert_eq!(throttled.status, StatusCode::TOO_MANY_REQUESTS, "even the right token must wait, or guessing would go on");
    assert!(throttled.headers.contains_key("retry-after"));
}
