//! A chat network and the gateway, by webhook, long poll and socket: what is said is answered, once, in order, and whole, whatever
//! happens on the way.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use wingman_harness::parlor::{BOT_TOKEN, Parlor, long_text};
use wingman_harness::{Answer, Gateway, Home};

/// The session of the room `den`.
const DEN: &str = "agent:main:parlor:group:den";

/// Somebody says `text` to the bot in the room `den`.
async fn say(gateway: &Gateway, id: &str, text: &str) {
    let delivery = json!({ "type": "message", "message": Parlor::message(id, "den", text) });
    assert_eq!(Parlor::deliver(gateway, "/channels/parlor", &delivery).await.status, StatusCode::NO_CONTENT);
}

/// Waits until the room `den` shows so many replies, and the last of them ends so.
async fn until_said(parlor: &Parlor, count: usize, end: &str) -> Vec<String> {
    let said = parlor.until(end, |record| {
        let texts = record.texts("den");
        texts.len() >= count && texts.last().is_some_and(|text| text.ends_with(end))
    });
    said.await.texts("den").into_iter().map(str::to_owned).collect()
}

async fn dead_letters(gateway: &Gateway, count: usize) -> Vec<Value> {
    loop {
        let letters = gateway.get("/api/dead-letters").await.body.as_array().cloned().unwrap_or_default();
        if letters.len() == count {
            return letters;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_by_webhook_is_answered_in_its_room_by_a_reply_that_grows() {
    let parlor = Parlor::start().await;
    let home = parlor.home();
    let gateway = home.start().await;
    let ping = json!({ "type": "ping", "challenge": "are you there" });
    let pong = Parlor::deliver(&gateway, "/channels/parlor", &ping).await;
    assert_eq!((pong.status, &pong.body["challenge"]), (StatusCode::OK, &json!("are you there")));

    say(&gateway, "m1", &long_text()).await;
    let record = parlor.until("the whole reply", |record| record.texts("den").iter().any(|text| text.ends_with("over"))).await;
    let [reply] = record.shown.as_slice() else { panic!("one reply is one message: {:#?}", record.shown) };
    assert!(reply.texts.len() > 2, "it was not seen to grow: {:?}", reply.texts);
    let trimmed = reply.texts.iter().map(|text| text.trim_end());
    assert!(trimmed.clone().zip(trimmed.skip(1)).all(|(before, after)| after.starts_with(before)), "{:?}", reply.texts);
    assert_eq!((reply.reply_to.as_deref(), reply.token.as_str()), (Some("m1"), BOT_TOKEN));
    assert!(!record.called("POST", "/typing").is_empty(), "nobody was seen to write");
    let messages = gateway.until_messages(DEN, 2).await;
    assert!(messages[0].1.contains("word120"), "{messages:?}");
    assert_eq!(reply.text(), messages[1].1, "the network shows what the agent said");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_vouches_for_is_refused_and_a_repeat_is_not_answered_twice() {
    let parlor = Parlor::start().await;
    let home = parlor.home();
    let gateway = home.start().await;
    let forged = json!({ "type": "message", "message": Parlor::message("m1", "den", "open the door") }).to_string();
    let to_parlor = || gateway.anonymous(Method::POST, "/channels/parlor").body(forged.clone());
    assert_eq!(Answer::of(to_parlor()).await.status, StatusCode::UNAUTHORIZED, "no signature");
    let wrong = Parlor::signature("another secret", &forged);
    assert_eq!(Answer::of(to_parlor().header("x-parlor-signature", wrong)).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(gateway.get("/api/sessions").await.body, json!([]), "a forged message was kept");

    say(&gateway, "m1", "hello").await;
    until_said(&parlor, 1, "You said: hello").await;
    say(&gateway, "m1", "hello").await;
    say(&gateway, "m2", "goodbye").await;
    let said = until_said(&parlor, 2, "You said: goodbye").await;
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(gateway.messages(DEN).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_by_long_poll_is_answered_and_asking_goes_on_behind_it_after_a_restart() {
    let parlor = Parlor::start().await;
    let home = parlor.home();
    let gateway = home.start().await;
    parlor.say(Parlor::message("u1", "den", "first"));
    until_said(&parlor, 1, "You said: first").await;
    parlor
        .until("a question behind the first update", |record| record.calls.iter().any(|call| call.query.contains("after=1&")))
        .await;
    gateway.stop();

    let before = parlor.record().calls.len();
    parlor.say(Parlor::message("u2", "den", "second"));
    // What was seen before comes once more, as networks do.
    parlor.say(Parlor::message("u1", "den", "first"));
    let gateway = home.start().await;
    let said = until_said(&parlor, 2, "You said: second").await;
    let record = parlor
        .until("a question behind all updates", |record| record.calls.iter().any(|call| call.query.contains("after=3&")))
        .await;
    let first = record.calls[before..].iter().find(|call| call.path == "/updates").unwrap();
    assert!(first.query.contains("after=1&"), "the cursor was forgotten: {first:?}");
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(gateway.messages(DEN).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_is_signed_in_by_the_host_acknowledged_once_stored_and_resumed_after_a_restart() {
    let parlor = Parlor::start().await;
    let home = Home::new(|config| {
        config["plugins"]["use"] = json!({ "parlor-socket": {
            "grants": Parlor::grants(), "settings": { "socket-url": parlor.socket_url() }, "secrets": { "bot-token": BOT_TOKEN },
        } });
    });
    parlor.install(&home, "parlor-socket");
    let gateway = home.start().await;
    parlor.say_on_socket("s1", "attic", "first");
    let record = parlor.until("an acknowledgement", |record| record.acknowledged == [1]).await;
    assert_eq!(record.signed_in, [json!({ "op": "identify", "token": BOT_TOKEN })]);
    let session = "agent:main:main";
    assert_eq!(gateway.messages(session).await[0].1, "first", "it was acknowledged before it was stored");
    gateway.until_messages(session, 2).await;
    gateway.kill_now();
    drop(gateway);

    parlor.say_on_socket("s2", "attic", "second");
    let gateway = home.start().await;
    let record = parlor.until("a second acknowledgement", |record| record.acknowledged == [1, 2]).await;
    let resume = json!({ "op": "resume", "token": BOT_TOKEN, "session": "parlor-session", "after": "1" });
    assert_eq!(record.signed_in[1..], [resume]);
    let messages = gateway.until_messages(session, 4).await;
    assert_eq!((messages[0].1.as_str(), messages[2].1.as_str()), ("first", "second"));
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_wait_while_the_network_is_down_and_come_in_order() {
    let parlor = Parlor::start().await;
    let home = parlor.home();
    let gateway = home.start().await;
    parlor.refuse(usize::MAX, 500, None);
    say(&gateway, "m1", "one").await;
    gateway.until_messages(DEN, 2).await;
    say(&gateway, "m2", "two").await;
    gateway.until_messages(DEN, 4).await;
    parlor.until("a refused reply", |record| record.called("POST", "/messages").iter().any(|call| call.status == 500)).await;
    assert!(parlor.record().shown.is_empty());
    parlor.recover();
    let said = until_said(&parlor, 2, "You said: two").await;
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].ends_with("You said: one"), "{said:?}");
    assert_eq!(gateway.get("/api/dead-letters").await.body, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_asks_for_patience_is_left_alone_for_as_long_as_it_says() {
    let parlor = Parlor::start().await;
    let home = parlor.home();
    let gateway = home.start().await;
    parlor.refuse(1, 429, Some(2));
    say(&gateway, "m1", "hello").await;
    until_said(&parlor, 1, "You said: hello").await;
    let record = parlor.record();
    let posts = record.called("POST", "/messages");
    let [refused, .., taken] = posts.as_slice() else { panic!("{posts:?}") };
    assert_eq!((refused.status, taken.status), (429, 200), "{posts:?}");
    let pause = posts[1].at - refused.at;
    assert!(pause.as_secs() >= 2, "it came again after {pause:?}: {posts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_is_refused_for_good_is_a_dead_letter_until_somebody_sends_it_again() {
    let parlor = Parlor::start().await;
    let home = parlor.home();
    let gateway = home.start().await;
    parlor.refuse(usize::MAX, 400, None);
    say(&gateway, "m1", "hello").await;
    let letters = dead_letters(&gateway, 1).await;
    let letter = &letters[0];
    assert_eq!(
        (&letter["kind"], &letter["sessionId"], &letter["origin"]),
        (&json!("reply"), &json!(DEN), &json!("channel parlor"))
    );
    assert!(letter["reason"].as_str().unwrap().contains("400"), "{letter}");
    assert!(letter["text"].as_str().unwrap().ends_with("You said: hello"), "{letter}");

    parlor.recover();
    let redeliver = format!("/api/dead-letters/{}/redeliver", letter["id"].as_str().unwrap());
    assert_eq!(Answer::of(gateway.request(Method::POST, &redeliver)).await.status, StatusCode::ACCEPTED);
    assert_eq!(until_said(&parlor, 1, "You said: hello").await.len(), 1);
    dead_letters(&gateway, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_a_reply_grows_it_finishes_the_same_message() {
    let parlor = Parlor::start().await;
    let home = parlor.home();
    let gateway = home.start().await;
    say(&gateway, "m1", &long_text()).await;
    let growing = parlor.until("an edit", |record| record.shown.first().is_some_and(|shown| shown.texts.len() > 1)).await;
    gateway.kill_now();
    drop(gateway);
    assert!(!growing.shown[0].text().ends_with("over"), "it was whole already");

    let gateway = home.start().await;
    let said = until_said(&parlor, 1, "over").await;
    assert_eq!(said.len(), 1, "it was posted again: {said:?}");
    assert_eq!(said[0], gateway.until_messages(DEN, 2).await[1].1);
    assert_eq!(gateway.messages(DEN).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_accounts_of_one_channel_stay_apart() {
    let parlor = Parlor::start().await;
    let home = Home::new(|config| {
        let accounts = json!({ "a": parlor.account("token-of-a"), "b": parlor.account("token-of-b") });
        config["plugins"]["use"] = json!({ "parlor": { "grants": Parlor::grants(), "accounts": accounts } });
    });
    parlor.install(&home, "parlor");
    let gateway = home.start().await;
    for account in ["a", "b"] {
        // The same message id: ids are the account's own.
        let message = Parlor::message("m1", &format!("room-{account}"), &format!("for {account}"));
        let delivery = json!({ "type": "message", "message": message });
        let answer = Parlor::deliver(&gateway, &format!("/channels/parlor/{account}"), &delivery).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
    }
    for account in ["a", "b"] {
        let (room, end) = (format!("room-{account}"), format!("You said: for {account}"));
        let record = parlor.until(&end, |record| record.texts(&room).iter().any(|text| text.ends_with(&end))).await;
        let tokens: Vec<&str> =
            record.shown.iter().filter(|shown| shown.room == room).map(|shown| shown.token.as_str()).collect();
        assert_eq!(tokens, [format!("token-of-{account}")]);
        let messages = gateway.until_messages(&format!("agent:main:parlor:account:{account}:group:{room}"), 2).await;
        assert_eq!(messages.len(), 2, "{messages:?}");
    }
    let nobody = json!({ "type": "message", "message": Parlor::message("m2", "den", "hello") });
    assert!(
        Parlor::deliver(&gateway, "/channels/parlor", &nobody).await.status.is_client_error(),
        "an account that nobody configured"
    );
}
