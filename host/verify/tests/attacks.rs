//! What a stranger sends to get in, one story an attack. Not here: repetition (`replay`), random bits (`laws`).
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{NOW, Post, SECRET, hmac_hex, rule, signed_rule, try_rules};
use wingman_verify::{Refusal, ReplayGuard, Rules};

fn body_rule() -> Rules {
    rule("scheme = \"hmac-sha256\"\nheader = \"x-signature\"\nprefix = \"sha256=\"")
}

fn body_signed() -> Post {
    let signature = hmac_hex(SECRET.as_bytes(), b"hello");
    Post::new("hello").with("x-signature", &format!("sha256={signature}"))
}

#[track_caller]
fn malformed(post: &Post, rules: &Rules) {
    let result = post.check(rules);
    assert!(matches!(result, Err(Refusal::Malformed { .. })), "{result:?}");
}

#[test]
fn no_rule_for_the_method_means_no_entry() {
    assert_eq!(body_signed().check(&try_rules("").unwrap()).unwrap_err(), Refusal::NoRule);
    let rules = rule("scheme = \"shared-secret\"\nheader = \"x-token\"\nmethods = [\"POST\"]");
    let post = Post::new("").with("x-token", SECRET);
    post.check(&rules).unwrap();
    for method in ["GET", "post", "PUT", ""] {
        assert_eq!(post.clone().at(method, "/").check(&rules).unwrap_err(), Refusal::NoRule, "{method}");
    }
}

#[test]
fn every_rule_for_the_method_must_pass() {
    let rules = try_rules(
        r#"[[verification]]
           scheme = "shared-secret"
           query = "token"
           [[verification]]
           scheme = "hmac-sha256"
           header = "x-signature"
           prefix = "sha256=""#,
    );
    let rules = rules.unwrap();
    let token = "/hook?token=correct+horse%20battery+staple";
    body_signed().at("POST", token).check(&rules).unwrap();
    assert!(body_signed().check(&rules).is_err(), "without the token");
    assert!(body_signed().without("x-signature").at("POST", token).check(&rules).is_err(), "without the signature");
}

#[test]
fn a_secret_that_is_not_set_lets_nobody_in() {
    let token = rule("scheme = \"shared-secret\"\nheader = \"x-token\"");
    for blank in ["", " ", "\n"] {
        let signed = Post::new("hello").with("x-signature", &format!("sha256={}", hmac_hex(blank.as_bytes(), b"hello")));
        let refused = signed.check_with(&body_rule(), blank, &ReplayGuard::new(1), NOW);
        assert!(matches!(refused, Err(Refusal::NoSecret { .. })), "{refused:?}");
        let refused = Post::new("").with("x-token", blank).check_with(&token, blank, &ReplayGuard::new(1), NOW);
        assert!(refused.is_err());
    }
    let rules = rule(
        r#"scheme = "hmac-sha256"
           header = "x-signature"
           prefix = "sha256="
           key = { prefix = "whsec_", encoding = "base64" }"#,
    );
    for bad in ["whsec_", "whsec_not base 64"] {
        let refused = body_signed().check_with(&rules, bad, &ReplayGuard::new(1), NOW).unwrap_err();
        assert!(matches!(refused, Refusal::BadSecret { .. }), "{refused:?}");
        assert!(!refused.to_string().contains("whsec_"), "a refusal repeats the secret: {refused}");
    }
}

#[test]
fn a_signature_that_is_missing_empty_short_long_or_of_another_kind_is_refused() {
    let rules = body_rule();
    body_signed().check(&rules).unwrap();
    let missing = body_signed().without("x-signature").check(&rules).unwrap_err();
    assert_eq!(missing, Refusal::Missing { what: "header `x-signature`".to_owned() });
    let good = hmac_hex(SECRET.as_bytes(), b"hello");
    for bad in [
        String::new(),
        "sha256=".to_owned(),
        format!("sha256={}", &good[..62]),
        format!("sha256={}", &good[..2]),
        format!("sha256={good}00"),
        format!("sha256={}", &good[..63]),
        format!("sha1={good}"),
        format!("SHA256={good}"),
        good.clone(),
        format!("sha256= {good}"),
        format!("sha256=sha256={good}"),
        "sha256=V1xz7nfC0q8CIjNWf0b1nlUj5aVYwXkfJ2mC1k0V8xI=".to_owned(),
        format!("sha256={}", "\u{ff10}".repeat(64)),
        format!("sha256=\u{202e}{good}"),
    ] {
        malformed(&body_signed().instead("x-signature", &bad), &rules);
    }
    let zeros = body_signed().instead("x-signature", &format!("sha256={}", "0".repeat(64)));
    assert_eq!(zeros.check(&rules).unwrap_err(), Refusal::WrongSignature);
}

#[test]
fn capitals_are_the_same_hex_and_no_second_chance() {
    let capitals = format!("v1={}", hmac_hex(SECRET.as_bytes(), format!("m1.{NOW}.hi").as_bytes()).to_uppercase());
    let guard = ReplayGuard::new(8);
    Post::signed("hi", NOW).check_with(&signed_rule(), SECRET, &guard, NOW).unwrap().seen.commit();
    let again = Post::signed("hi", NOW).instead("x-signature", &capitals);
    assert_eq!(again.check_with(&signed_rule(), SECRET, &guard, NOW).unwrap_err(), Refusal::Replayed);
    again.check(&signed_rule()).unwrap();
}

#[test]
fn a_value_that_comes_twice_is_refused_whatever_the_second_says() {
    let good = body_signed().headers[0].1.clone();
    for (name, second) in [("x-signature", "sha256=00"), ("x-signature", good.as_str()), ("X-Signature", good.as_str())] {
        malformed(&body_signed().with(name, second), &body_rule());
    }
    malformed(&Post::signed("hi", NOW).with("x-time", "1"), &signed_rule());
    malformed(&Post::signed("hi", NOW).with("x-id", "m2"), &signed_rule());
    let token = rule("scheme = \"shared-secret\"\nquery = \"token\"");
    let secret = "correct+horse+battery+staple";
    Post::new("").at("POST", &format!("/?token={secret}")).check(&token).unwrap();
    malformed(&Post::new("").at("POST", &format!("/?token={secret}&%74oken={secret}")), &token);
    malformed(&Post::new("").at("POST", &format!("/?token=&token={secret}")), &token);
}

#[test]
fn control_characters_never_get_into_what_is_checked_or_signed() {
    let good = body_signed().headers[0].1.clone();
    for bad in [format!("{good}\r\nx-admin: 1"), format!("{good}\n"), format!("{good}\0")] {
        malformed(&body_signed().instead("x-signature", &bad), &body_rule());
    }
    malformed(&Post::signed("hi", NOW).instead("x-id", "m1\r\n"), &signed_rule());
}

#[test]
fn a_timestamp_has_one_spelling() {
    let refused = Post::signed("hi", NOW).without("x-time").check(&signed_rule()).unwrap_err();
    assert_eq!(refused, Refusal::Missing { what: "header `x-time`".to_owned() });
    for bad in [
        "",
        "NaN",
        "-1",
        "+1700000000",
        "01700000000",
        "1700000000.0",
        "1.7e9",
        "0x6553f100",
        " 1700000000",
        "1700000000 ",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999999999",
        "１７００００００００",
        "2023-11-14T22:13:20Z",
    ] {
        let signature = format!("v1={}", hmac_hex(SECRET.as_bytes(), format!("m1.{bad}.hi").as_bytes()));
        let post = Post::signed("hi", NOW).instead("x-time", bad).instead("x-signature", &signature);
        malformed(&post, &signed_rule());
    }
}

#[test]
fn a_time_may_be_off_by_the_tolerance_and_no_more_either_way() {
    for (time, result) in [
        (NOW - 300, Ok(())),
        (NOW + 300, Ok(())),
        (NOW - 301, Err(Refusal::TooOld { age_s: 301 })),
        (NOW + 301, Err(Refusal::FromTheFuture { ahead_s: 301 })),
        (0, Err(Refusal::TooOld { age_s: NOW })),
    ] {
        assert_eq!(Post::signed("hi", time).check(&signed_rule()).map(|_| ()), result, "{time}");
    }
}

#[test]
fn who_has_no_key_learns_nothing_of_the_clock() {
    let forged = Post::signed("hi", 1).instead("x-signature", &format!("v1={}", "ab".repeat(32)));
    assert_eq!(forged.check(&signed_rule()).unwrap_err(), Refusal::WrongSignature);
}

#[test]
fn an_old_signature_does_not_cover_a_new_time_or_id() {
    let post = Post::signed("hi", NOW - 1000);
    assert_eq!(post.instead("x-time", &NOW.to_string()).check(&signed_rule()).unwrap_err(), Refusal::WrongSignature);
    assert_eq!(Post::signed("hi", NOW).instead("x-id", "m2").check(&signed_rule()).unwrap_err(), Refusal::WrongSignature);
}

#[test]
fn a_list_is_read_to_its_end_and_no_further_than_sixteen() {
    let good = Post::signed("hi", NOW).headers[2].1.clone();
    let wrong = format!("v1={}", "ab".repeat(32));
    let list = |count| format!("{},{good}", vec![wrong.as_str(); count].join(", "));
    Post::signed("hi", NOW).instead("x-signature", &list(15)).check(&signed_rule()).unwrap();
    malformed(&Post::signed("hi", NOW).instead("x-signature", &list(16)), &signed_rule());
    let noise = format!("v0=zz,,v1=not hex, {good} ,v2=x=y");
    Post::signed("hi", NOW).instead("x-signature", &noise).check(&signed_rule()).unwrap();
}

#[test]
fn a_body_that_no_rule_signs_is_refused() {
    let rules = rule("scheme = \"hmac-sha256\"\nheader = \"x-signature\"\nmethods = [\"GET\"]\nmessage = \"{url}\"");
    let signature = hmac_hex(SECRET.as_bytes(), b"/hook?a=1");
    let get = Post::new("").at("GET", "/hook?a=1").with("x-signature", &signature);
    get.check(&rules).unwrap();
    let mut smuggled = get.clone();
    smuggled.body = b"x".to_vec();
    malformed(&smuggled, &rules);
    assert_eq!(get.at("GET", "/hook?a=2").check(&rules).unwrap_err(), Refusal::WrongSignature);
}

#[test]
fn a_weak_public_key_is_no_key() {
    let rules = rule("scheme = \"ed25519\"\nheader = \"x-signature\"");
    let post = Post::new("hi").with("x-signature", &format!("01{}", "0".repeat(126)));
    for weak in [format!("01{}", "0".repeat(62)), "0".repeat(64), "abcd".to_owned(), "no key".to_owned()] {
        let refused = post.check_with(&rules, &weak, &ReplayGuard::new(1), NOW).unwrap_err();
        assert!(matches!(refused, Refusal::BadSecret { .. }), "{refused:?}");
    }
}

#[test]
fn stripping_keeps_everything_else_to_the_byte() {
    let rules = rule("scheme = \"shared-secret\"\nquery = \"token\"");
    let url = "/hook?a=%2F+b&%74oken=correct+horse+battery+staple&c&=d&&e=1";
    let verified = Post::new("").at("POST", url).check(&rules).unwrap();
    assert_eq!(verified.strip.strip_url(url), "/hook?a=%2F+b&c&=d&&e=1");
    assert_eq!(verified.strip.strip_url("/hook?token=x"), "/hook");
    assert_eq!(verified.strip.strip_url("/hook"), "/hook");
    let mut headers = vec![("X-Token".to_owned(), "a".to_owned()), ("x-other".to_owned(), "b".to_owned())];
    let in_header = rule("scheme = \"shared-secret\"\nheader = \"x-token\"");
    Post::new("").with("x-token", SECRET).check(&in_header).unwrap().strip.strip_headers(&mut headers);
    assert_eq!(headers, [("x-other".to_owned(), "b".to_owned())]);
}
