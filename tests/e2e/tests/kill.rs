//! Killed at any moment: what was acknowledged is answered exactly once.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use reqwest::{Method, StatusCode};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use wingman_harness::{Answer, Gateway, Home};
use wingman_protocol::AgentRequest;

const SECRET: &str = "a-webhook-secret-of-its-own";
const KILLS: u64 = 12;

/// Acknowledged messages, by their number: which session they are in.
type Acknowledged = Arc<Mutex<BTreeMap<u64, &'static str>>>;

/// Posts numbered deliveries until the gateway is gone.
async fn post_webhooks(gateway: Arc<Gateway>, numbers: Arc<AtomicU64>, acknowledged: Acknowledged) {
    loop {
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        let request = gateway.anonymous(Method::POST, "/webhooks/hook").bearer_auth(SECRET).body(format!("message <{number}>"));
        let Ok(response) = request.send().await else { return };
        // The answer's head is the acknowledgement, whether or not the rest arrives.
        assert!([StatusCode::ACCEPTED, StatusCode::TOO_MANY_REQUESTS].contains(&response.status()), "{response:?}");
        if response.status() == StatusCode::ACCEPTED {
            acknowledged.lock().await.insert(number, "agent:main:webhook:hook");
        }
    }
}

/// Asks numbered questions until the gateway is gone. One that has begun to be answered was accepted.
async fn ask(gateway: Arc<Gateway>, numbers: Arc<AtomicU64>, acknowledged: Acknowledged) {
    let number = numbers.fetch_add(1, Ordering::Relaxed);
    let Ok(client) = wingman_client::Client::connect(gateway.options(&format!("client-{number}"))).await else { return };
    loop {
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        let Ok(mut run) = client.request_agent(AgentRequest::new(format!("question <{number}>"))).await else { return };
        while let Some(event) = run.next_event().await {
            if event.is_err() {
                return;
            }
            acknowledged.lock().await.insert(number, "agent:main:main");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_under_load_it_answers_each_acknowledged_message_once() {
    let home = Home::new(|config| {
        config["webhooks"] = json!([{"id": "hook", "name": "Hook", "agentId": "main", "secret": SECRET, "enabled": true}]);
        config["limits"]["queuedPerSession"] = json!(100);
    });
    let (numbers, acknowledged) = (Arc::new(AtomicU64::new(0)), Acknowledged::default());
    // A different moment each time, the same ones in each run of the test.
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..KILLS {
        let gateway = Arc::new(home.start().await);
        let load: Vec<_> = (0..3)
            .map(|_| tokio::spawn(post_webhooks(Arc::clone(&gateway), Arc::clone(&numbers), Arc::clone(&acknowledged))))
            .chain((0..2).map(|_| tokio::spawn(ask(Arc::clone(&gateway), Arc::clone(&numbers), Arc::clone(&acknowledged)))))
            .collect();
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        tokio::time::sleep(Duration::from_millis(100 + random % 500)).await;
        gateway.kill_now();
        for one in load {
            one.await.unwrap();
        }
    }
    let acknowledged = acknowledged.lock().await.clone();
    assert!(acknowledged.len() > 50, "the load was no load: {}", acknowledged.len());

    let gateway = home.start().await;
    for session in ["agent:main:webhook:hook", "agent:main:main"] {
        until_idle(&gateway, session).await;
        let history = all_messages(&gateway, session).await;
        let numbered = |role: &str| -> BTreeMap<u64, usize> {
            let mut counts = BTreeMap::new();
            for (_, content) in history.iter().filter(|(who, _)| who == role) {
                for number in content.split('<').skip(1).filter_map(|rest| rest.split('>').next()?.parse().ok()) {
                    *counts.entry(number).or_default() += 1;
                }
            }
            counts
        };
        let (asked, answered) = (numbered("user"), numbered("assistant"));
        for number in acknowledged.iter().filter(|(_, of)| **of == session).map(|(number, _)| number) {
            assert_eq!(
                asked.get(number),
                Some(&1),
                "message {number} was acknowledged and is there {:?} times",
                asked.get(number)
            );
            let telling = |(_, content): &&(String, String)| content.contains(&format!("<{number}>"));
            let told: Vec<_> = history.iter().filter(telling).collect();
            assert_eq!(answered.get(number), Some(&1), "message {number}: {told:?}");
        }
        assert!(asked.values().chain(answered.values()).all(|count| *count == 1), "something was said twice in {session}");
    }
}

async fn until_idle(gateway: &Gateway, session: &str) {
    loop {
        let history = all_messages(gateway, session).await;
        let (users, assistants) = history.iter().fold((0, 0), |(users, assistants), (role, _)| match role.as_str() {
            "user" => (users + 1, assistants),
            _ => (users, assistants + 1),
        });
        let summary = gateway.get(&format!("/api/sessions/{}", session.replace(':', "%3A"))).await.body;
        if users == assistants && summary["running"].as_bool() != Some(true) && settled(gateway, session, history.len()).await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Nothing more comes: a queue that still held something would have begun it by now.
async fn settled(gateway: &Gateway, session: &str, count: usize) -> bool {
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_millis(30)).await;
        if all_messages(gateway, session).await.len() != count {
            return false;
        }
    }
    true
}

/// All messages of a session, page by page, oldest first.
async fn all_messages(gateway: &Gateway, session: &str) -> Vec<(String, String)> {
    let path = format!("/api/sessions/{}/messages?limit=500", session.replace(':', "%3A"));
    let (mut pages, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let next = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let Answer { body, headers, .. } = gateway.get(&format!("{path}{next}")).await;
        let text = |message: &serde_json::Value, key: &str| message[key].as_str().unwrap_or_default().to_owned();
        let page = body.as_array().cloned().unwrap_or_default();
        pages.push(page.iter().map(|message| (text(message, "role"), text(message, "content"))).collect::<Vec<_>>());
        cursor = headers.get("x-next-cursor").and_then(|cursor| cursor.to_str().ok()).map(str::to_owned);
        if cursor.is_none() {
            pages.reverse();
            return pages.concat();
        }
    }
}
