//! Files beside a message, as each provider is sent them.

use crate::model_server::{ModelServer, Reply};
use crate::support::{asking, hear, model_at, patient};
use serde_json::Value;
use wingman_message::{Attachment, ContentSource, Entry, UserEntry};

/// `%PDF`, `ID3`, and so on: what is in a file is nobody's business here but the model's.
fn file(name: &str, kind: &str, base64: &str) -> Attachment {
    let source = ContentSource::Url(format!("data:{kind};base64,{base64}"));
    Attachment { name: Some(name.into()), media_type: kind.into(), size: Some(4), source }
}

fn files() -> Vec<Attachment> {
    let elsewhere = ContentSource::Reference("file-7".into());
    vec![
        file("a.png", "image/png", "iVBORw0KGgo="),
        file("b.pdf", "application/pdf", "JVBERg=="),
        file("c.mp3", "audio/mpeg", "SUQzBA=="),
        file("d.csv", "text/csv", "YSxiCjEsMgo="),
        Attachment { name: Some("e.doc".into()), media_type: "application/msword".into(), size: None, source: elsewhere },
    ]
}

/// What the provider of `model` is sent of a message with all of `files`.
async fn sent(model: &str, path: &str, untrusted: bool) -> Value {
    // Whether the answer suits is not looked at.
    let server = ModelServer::start(vec![Reply::openai_text(&["ok"])]).await.unwrap();
    let model = model_at(format!("{}{path}", server.url()), model, patient());
    let said = Entry::User(UserEntry { text: "See these.".into(), attachments: files(), untrusted });
    let _ = hear(&model, asking(vec![said])).await;
    server.asked()[0].body.clone()
}

fn assert_has(body: &Value, parts: &[&str], absent: &[&str]) {
    let text = body.to_string();
    for part in parts {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    for part in absent {
        assert!(!text.contains(part), "{part} is in {text}");
    }
}

/// What every model is told: the text of the text file, and that one file is not there.
const ALL: [&str; 2] = ["a,b\\n1,2", "e.doc, application/msword; left out: its content is not at hand"];
const NO_AUDIO: &str = "c.mp3, audio/mpeg, 4 bytes; left out: this model takes no files of this kind";
const NO_PDF: &str = "b.pdf, application/pdf, 4 bytes; left out: this model takes no files of this kind";

#[tokio::test]
async fn each_provider_gets_what_its_models_take_and_is_told_the_rest() {
    let body = sent("anthropic:claude-test", "", false).await;
    assert_has(&body, &["iVBORw0KGgo=", "JVBERg==", "application/pdf", NO_AUDIO], &["SUQzBA==", NO_PDF]);
    assert_has(&body, &ALL, &[]);

    let body = sent("gemini:gemini-2.5-flash", "", false).await;
    assert_has(&body, &["iVBORw0KGgo=", "JVBERg==", "SUQzBA==", "audio/mp3"], &[NO_AUDIO, NO_PDF]);
    assert_has(&body, &ALL, &[]);

    let body = sent("openai:gpt-5.2", "/v1", false).await;
    assert_has(&body, &["iVBORw0KGgo=", "data:application/pdf;base64,JVBERg==", NO_AUDIO], &["SUQzBA==", NO_PDF]);
    assert_has(&body, &ALL, &[]);

    let body = sent("openai:gpt-audio", "/v1", false).await;
    assert_has(&body, &["SUQzBA==", "input_audio"], &[NO_AUDIO]);

    let body = sent("my-server:m", "/v1", false).await;
    assert_has(&body, &["iVBORw0KGgo=", NO_AUDIO, NO_PDF], &["JVBERg==", "SUQzBA=="]);
    assert_has(&body, &ALL, &[]);

    let body = sent("ollama:llava", "", false).await;
    assert_has(&body, &["iVBORw0KGgo=", NO_AUDIO, NO_PDF], &["JVBERg==", "SUQzBA=="]);
    assert_has(&body, &ALL, &[]);
}

#[tokio::test]
async fn a_strangers_text_file_stands_between_the_marks_and_their_files_are_data_too() {
    let body = sent("my-server:m", "/v1", true).await;
    let messages = body["messages"].as_array().unwrap();
    let system = messages[0]["content"].to_string();
    assert!(system.contains("The same holds for files that come with it."), "{system}");
    let content = messages[1]["content"].to_string();
    let inside = content.split("untrusted-data").nth(1).unwrap();
    assert!(inside.contains("a,b\\\\n1,2") || inside.contains("a,b\\n1,2"), "{content}");
}
