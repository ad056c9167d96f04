//! Requests that come again: replays are refused, a sender's retries are not lost.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{NOW, Post, SECRET, at, hmac_hex, rule, signed_rule};
use secrecy::SecretString;
use wingman_verify::{Refusal, ReplayGuard, Verified};

fn send(post: &Post, guard: &ReplayGuard, now: u64) -> Result<Verified, Refusal> {
    post.check_with(&signed_rule(), SECRET, guard, now)
}

#[test]
fn what_was_committed_is_refused_for_as_long_as_its_time_would_pass() {
    let (guard, post) = (ReplayGuard::new(8), Post::signed("hi", NOW + 300));
    send(&post, &guard, NOW).unwrap().seen.commit();
    for later in [0, 1, 300, 600] {
        assert_eq!(send(&post, &guard, NOW + later).unwrap_err(), Refusal::Replayed, "after {later} s");
    }
    assert_eq!(send(&post, &guard, NOW + 601).unwrap_err(), Refusal::TooOld { age_s: 301 });
}

#[test]
fn a_retry_after_our_failure_is_let_through() {
    let (guard, post) = (ReplayGuard::new(8), Post::signed("hi", NOW));
    drop(send(&post, &guard, NOW).unwrap());
    send(&post, &guard, NOW).unwrap().seen.commit();
    assert_eq!(send(&post, &guard, NOW).unwrap_err(), Refusal::Replayed);
}

#[test]
fn of_two_at_the_same_time_one_waits() {
    let (guard, post) = (ReplayGuard::new(8), Post::signed("hi", NOW));
    let first = send(&post, &guard, NOW).unwrap();
    let second = send(&post, &guard, NOW).unwrap_err();
    assert_eq!(second, Refusal::InFlight);
    assert!(second.is_temporary());
    drop(first);
    send(&post, &guard, NOW).unwrap();
}

#[test]
fn of_many_threads_with_one_request_one_gets_through() {
    let (guard, rules, post) = (ReplayGuard::new(8), signed_rule(), Post::signed("hi", NOW));
    let attempt = || match post.check_with(&rules, SECRET, &guard, NOW) {
        Ok(verified) => {
            verified.seen.commit();
            1
        }
        Err(Refusal::InFlight | Refusal::Replayed) => 0,
        Err(other) => panic!("{other}"),
    };
    let passed: i32 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| (0..50).map(|_| attempt()).sum::<i32>())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(passed, 1);
}

#[test]
fn a_retry_that_is_signed_anew_passes_and_tells_its_id() {
    let guard = ReplayGuard::new(8);
    let first = send(&Post::signed("hi", NOW), &guard, NOW).unwrap();
    assert_eq!((first.id.as_deref(), first.sent_at), (Some("m1"), Some(at(NOW))));
    first.seen.commit();
    let retry = send(&Post::signed("hi", NOW + 5), &guard, NOW + 5).unwrap();
    assert_eq!(retry.id.as_deref(), Some("m1"));
}

#[test]
fn another_scope_has_its_own_memory() {
    let (guard, rules, post) = (ReplayGuard::new(8), signed_rule(), Post::signed("hi", NOW));
    for scope in ["a", "b", ""] {
        let secret = |_: Option<&str>| Some(SecretString::from(SECRET));
        rules.verify(&post.request(), &secret, &guard, scope, at(NOW)).unwrap().seen.commit();
        assert_eq!(rules.verify(&post.request(), &secret, &guard, scope, at(NOW)).unwrap_err(), Refusal::Replayed);
    }
}

#[test]
fn without_a_timestamp_nothing_is_remembered() {
    let rules = rule("scheme = \"hmac-sha256\"\nheader = \"x-signature\"");
    let post = Post::new("hi").with("x-signature", &hmac_hex(SECRET.as_bytes(), b"hi"));
    let guard = ReplayGuard::new(0);
    for _ in 0..3 {
        post.check_with(&rules, SECRET, &guard, NOW).unwrap().seen.commit();
    }
}

#[test]
fn a_full_memory_forgets_what_ends_soonest_and_never_what_is_in_flight() {
    let guard = ReplayGuard::new(2);
    let post = |body: &str, time| Post::signed(body, time);
    send(&post("late", NOW + 9), &guard, NOW).unwrap().seen.commit();
    send(&post("soon", NOW), &guard, NOW).unwrap().seen.commit();
    let third = send(&post("third", NOW + 1), &guard, NOW).unwrap();
    assert_eq!(send(&post("late", NOW + 9), &guard, NOW).unwrap_err(), Refusal::Replayed);
    let fourth = send(&post("soon", NOW), &guard, NOW).unwrap();
    assert_eq!(send(&post("fifth", NOW), &guard, NOW).unwrap_err(), Refusal::InFlight, "both places are in flight");
    drop((third, fourth));
    send(&post("fifth", NOW), &guard, NOW).unwrap();
}

#[test]
fn a_signature_that_two_rules_read_is_one_and_the_longer_window_counts() {
    let rules = common::try_rules(
        r#"[[verification]]
           scheme = "hmac-sha256"
           methods = ["POST"]
           header = "x-signature"
           message = "{timestamp}.{body}"
           timestamp = { header = "x-time", tolerance-s = 10 }
           [[verification]]
           scheme = "hmac-sha256"
           header = "x-signature"
           message = "{timestamp}.{body}"
           timestamp = { header = "x-time" }"#,
    );
    let (rules, guard) = (rules.unwrap(), ReplayGuard::new(1));
    let signature = hmac_hex(SECRET.as_bytes(), format!("{NOW}.hi").as_bytes());
    let post = Post::new("hi").with("x-time", &NOW.to_string()).with("x-signature", &signature);
    post.check_with(&rules, SECRET, &guard, NOW).unwrap().seen.commit();
    assert_eq!(post.check_with(&rules, SECRET, &guard, NOW).unwrap_err(), Refusal::Replayed);
    let put = post.at("PUT", "/webhooks/inbox");
    assert_eq!(put.check_with(&rules, SECRET, &guard, NOW + 20).unwrap_err(), Refusal::Replayed);
}
