//! A model reads the web, and learns why when it cannot.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use wingman_http_fetch::HttpFetch;
use wingman_sdk::testing::{Host, Reply};
use wingman_sdk::{Invocation, PluginError, Result, Tool};

const URL: &str = "https://example.com/page";

fn fetch(input: &Value) -> Result<String> {
    HttpFetch::call(Invocation::for_test("http_fetch", input)).map(|output| output.text)
}

fn read(reply: Reply, input: &Value) -> Result<String> {
    let host = Host::install();
    host.answer("GET", URL, reply);
    fetch(input)
}

#[test]
fn a_page_is_its_text_and_raw_what_it_is() {
    let page = || Reply::body(200, "text/html; charset=utf-8", "<script>x</script><h1>Tea</h1><p>for two</p>");
    assert_eq!(read(page(), &json!({ "url": URL })).unwrap(), "Tea\n\nfor two");
    assert!(read(page(), &json!({ "url": URL, "raw": true })).unwrap().starts_with("<script>"));
}

#[test]
fn json_is_as_it_is_and_a_long_text_says_so() {
    assert_eq!(read(Reply::json(200, &json!({ "a": 1 })), &json!({ "url": URL })).unwrap(), r#"{"a":1}"#);
    let long = Reply::body(200, "text/plain", "é".repeat(50));
    assert_eq!(read(long, &json!({ "url": URL, "max_chars": 3 })).unwrap(), "(the first 3 characters of 50)\n\nééé");
}

#[test]
fn an_error_page_is_read_with_its_status() {
    assert_eq!(read(Reply::body(404, "text/plain", "gone"), &json!({ "url": URL })).unwrap(), "(status 404)\n\ngone");
}

#[test]
fn pictures_are_refused_by_name() {
    let picture = Reply::body(200, "image/png", [0x89, 0x50, 0x00]);
    let Err(PluginError::InvalidInput(reason)) = read(picture, &json!({ "url": URL })) else { panic!("it was read") };
    assert!(reason.contains("image/png") && reason.contains("3 bytes"), "{reason}");
    assert!(read(Reply::body(200, "application/octet-stream", [1, 0]), &json!({ "url": URL })).is_err());
}

#[test]
fn headers_alone() {
    let host = Host::install();
    host.answer("HEAD", URL, Reply::status(200).header("content-type", "text/plain").header("set-cookie", "x=1"));
    assert_eq!(fetch(&json!({ "url": URL, "method": "HEAD" })).unwrap(), "status: 200\ncontent-type: text/plain");
}

#[test]
fn a_host_that_is_not_granted_is_told_to_the_model() {
    let refusal = Reply::failure(PluginError::permanent("example.com is not granted"));
    assert_eq!(read(refusal, &json!({ "url": URL })), Err(PluginError::invalid_input("example.com is not granted")));
    let broken = Reply::failure(PluginError::temporary("no answer"));
    assert_eq!(read(broken, &json!({ "url": URL })), Err(PluginError::temporary("no answer")));
}

#[test]
fn other_schemes_and_unknown_fields_never_go_out() {
    let host = Host::install();
    for input in [json!({ "url": "file:///etc/passwd" }), json!({ "url": URL, "headers": {} }), json!({})] {
        assert!(matches!(fetch(&input), Err(PluginError::InvalidInput(_))), "{input}");
    }
    assert!(host.sent().is_empty());
}

#[test]
fn the_schema_is_a_json_object() {
    let [tool] = &HttpFetch::tools()[..] else { panic!("one tool") };
    assert!(serde_json::from_str::<Value>(&tool.input_schema).unwrap().is_object() && tool.read_only);
}
