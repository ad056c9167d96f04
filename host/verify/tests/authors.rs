//! What an author reads when a rule is wrong: which rule, what is wrong, what to write.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::try_rules;

/// Lines of a table, and what the message must say.
const MISTAKES: [(&str, &str); 25] = [
    ("header = \"x-a\"", "scheme"),
    ("scheme = \"hmac-sha1\"\nheader = \"x-a\"", "hmac-sha256"),
    ("scheme = \"hmac-sha256\"", "give `header` or `query`"),
    ("scheme = \"hmac-sha256\"\nheader = \"x-a\"\nquery = \"a\"", "give one"),
    ("scheme = \"hmac-sha256\"\nheader = \"X-A\"", "lower case"),
    ("scheme = \"hmac-sha256\"\nheader = \"\"", "lower case"),
    ("scheme = \"hmac-sha256\"\nquery = \"\"", "empty `query`"),
    ("scheme = \"hmac-sha256\"\nheader = \"x-a\"\nseparator = \"\"", "empty `separator`"),
    ("scheme = \"hmac-sha256\"\nheader = \"x-a\"\nsecret = \"\"", "leave it out for the webhook's own"),
    ("scheme = \"hmac-sha256\"\nheader = \"x-a\"\nmethods = []", "leave it out for all"),
    ("scheme = \"hmac-sha256\"\nheader = \"x-a\"\nmethods = [\"post\"]", "in capitals"),
    ("scheme = \"hmac-sha256\"\nheader = \"x-a\"\nmessage = \"v0\"", "{body}"),
    ("scheme = \"hmac-sha256\"\nheader = \"x-a\"\nmessage = \"{url}\"\nmethods = [\"GET\", \"POST\"]", "{body}"),
    ("scheme = \"hmac-sha256\"\nheader = \"x-a\"\nmessage = \"{body}{payload}\"", "unknown placeholder `{payload}`"),
    ("scheme = \"hmac-sha256\"\nheader = \"x-a\"\nmessage = \"{body}{header:X-B}\"", "lower case"),
    ("scheme = \"hmac-sha256\"\nheader = \"x-a\"\nmessage = \"{body\"", "doubled"),
    ("scheme = \"hmac-sha256\"\nheader = \"x-a\"\nmessage = \"body}\"", "doubled"),
    ("scheme = \"hmac-sha256\"\nheader = \"x-a\"\nmessage = \"{timestamp}{body}\"", "timestamp = { header"),
    ("scheme = \"hmac-sha256\"\nheader = \"x-a\"\ntimestamp = { header = \"x-t\" }", "not signed"),
    ("scheme = \"hmac-sha256\"\nheader = \"x-a\"\nid = { header = \"x-i\" }", "not signed"),
    ("scheme = \"hmac-sha256\"\nquery = \"a\"\nmessage = \"{url}{body}\"", "its own signature"),
    (
        r#"scheme = "hmac-sha256"
           header = "x-a"
           message = "{timestamp}{body}"
           timestamp = { header = "x-t", tolerance-s = 0 }"#,
        "1 to 86400",
    ),
    (
        r#"scheme = "hmac-sha256"
           header = "x-a"
           message = "{timestamp}{body}"
           timestamp = { header = "x-t", tolerance = 5 }"#,
        "unknown field `tolerance`",
    ),
    ("scheme = \"shared-secret\"\nheader = \"x-a\"\nencoding = \"hex\"", "leave it out"),
    ("scheme = \"shared-secret\"\nheader = \"x-a\"\ntolerence = 1", "unknown field `tolerence`"),
];

#[test]
fn each_mistake_is_told_with_its_remedy() {
    for (lines, says) in MISTAKES {
        let error = try_rules(&format!("[[verification]]\n{lines}")).unwrap_err();
        assert!(error.contains(says), "{lines}\nsays: {error}\nshould say: {says}");
    }
}

#[test]
fn the_number_of_the_rule_is_told() {
    let good = "[[verification]]\nscheme = \"shared-secret\"\nheader = \"x-a\"\n";
    let error = try_rules(&format!("{good}{good}[[verification]]\nscheme = \"shared-secret\"\n")).unwrap_err();
    assert!(error.starts_with("`[[verification]]` number 3: "), "{error}");
}

#[test]
fn the_secrets_that_rules_need_are_told() {
    let rules = try_rules(
        r#"[[verification]]
           scheme = "shared-secret"
           header = "x-a"
           secret = "token"
           [[verification]]
           scheme = "hmac-sha256"
           header = "x-b""#,
    );
    assert_eq!(rules.unwrap().secrets().collect::<Vec<_>>(), [Some("token"), None]);
}
