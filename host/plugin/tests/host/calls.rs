//! What goes into a call and what comes out.

use crate::support::{Folder, NOW_MS, component, component_in, manifest, normalize, receive, status, wit};
use std::io::Write;
use std::sync::{Arc, Mutex};
use wingman_message::{Header, PluginFailure, PluginState};
use wingman_plugin::{PluginHost, PluginHostConfig, Slots};

#[tokio::test]
async fn nothing_is_left_from_one_call_to_the_next() {
    let folder = Folder::new();
    folder.preset("counter", include_str!("wat/counter.wat"), "");
    for pooled in [true, false] {
        let slots = Slots { pooled, ..Slots::default() };
        let host = PluginHost::open(PluginHostConfig { slots, ..folder.config() }).await.unwrap();
        for _ in 0..3 {
            let messages = normalize(&host, "counter", "{}").await.unwrap();
            assert_eq!((messages[0].id.as_str(), messages[0].text.as_str()), ("1", "hello"), "pooled: {pooled}");
        }
    }
}

#[tokio::test]
async fn a_preset_gets_digest_time_and_settings_and_its_messages_are_of_the_webhook_channel() {
    let folder = Folder::new();
    folder.preset("mirror", include_str!("wat/mirror.wat"), "");
    let host = folder.open().await;
    let messages = normalize(&host, "mirror", "abc").await.unwrap();
    let message = &messages[0];
    assert_eq!(message.id, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "SHA-256 of `abc`");
    assert_eq!(message.text, "{}", "no settings are an empty object");
    assert_eq!(message.sent_at, u64::try_from(NOW_MS).ok());
    assert_eq!(message.place.channel.as_str(), "webhook");
}

#[tokio::test]
async fn a_channel_reads_a_request_and_answers_it() {
    let folder = Folder::new();
    let wasm = component(include_str!("wat/channel.wat"), "channel-plugin");
    folder.put("talk", &manifest("talk", "channel", "[channel]\nname = \"talknet\""), &wasm);
    let host = folder.open().await;

    let received = receive(&host, "talknet", "ping").await.unwrap();
    assert_eq!((received.reply.status, &received.reply.body[..]), (202, &b"ping"[..]));
    assert_eq!(received.reply.headers, [Header { name: "x-seen".to_owned(), value: "yes".to_owned() }]);
    let message = &received.messages[0];
    assert_eq!((message.id.as_str(), message.text.as_str(), message.place.channel.as_str()), ("m1", "{}", "talknet"));
    assert_eq!(message.sent_at, u64::try_from(NOW_MS).ok(), "the clock that the plugin reads is the one that was passed in");
    assert_eq!(status(&host, "talk").grants, ["clock", "config"]);
}

#[tokio::test]
async fn a_plugin_of_another_kind_or_name_is_not_found() {
    let folder = Folder::new();
    folder.put("talk", &manifest("talk", "channel", ""), &component(include_str!("wat/channel.wat"), "channel-plugin"));
    folder.preset("counter", include_str!("wat/counter.wat"), "");
    let host = folder.open().await;

    let failure = normalize(&host, "talk", "").await.unwrap_err();
    assert_eq!(failure.to_string(), "no preset plugin `talk` is loaded; `wingman plugin list` shows what is");
    let failure = receive(&host, "counter", "").await.unwrap_err();
    assert_eq!(failure, PluginFailure::NotFound { kind: "channel", name: "counter".to_owned() });
}

#[tokio::test]
async fn a_tool_is_loaded_and_listed() {
    let folder = Folder::new();
    folder.put("hammer", &manifest("hammer", "tool", ""), &component(include_str!("wat/tool.wat"), "tool-plugin"));
    let hammer = status(&folder.open().await, "hammer");
    assert_eq!((hammer.state, hammer.kind.as_str(), hammer.contract.as_str()), (PluginState::Ready, "tool", "0.1.0"));
}

#[tokio::test]
async fn a_plugins_own_words_are_no_misbehaviour() {
    let folder = Folder::new();
    folder.preset("refuses", include_str!("wat/refuses.wat"), "");
    let host = folder.open().await;
    for _ in 0..10 {
        let failure = normalize(&host, "refuses", "").await.unwrap_err();
        assert_eq!(failure, PluginFailure::InvalidInput("no mail".to_owned()));
    }
    assert_eq!((status(&host, "refuses").state, status(&host, "refuses").failures), (PluginState::Ready, 0));
}

#[tokio::test]
async fn a_component_of_another_toolchain_gets_an_empty_wasi() {
    let folder = Folder::new();
    let wit_with_wasi = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(wit()).unwrap().flatten().filter(|file| file.path().extension().is_some_and(|it| it == "wit")) {
        std::fs::copy(file.path(), wit_with_wasi.path().join(file.file_name())).unwrap();
    }
    let random = "package wasi:random@0.2.0;\ninterface random { get-random-u64: func() -> u64; }\n";
    let world = "package wingman:plugin@0.1.0;\nworld with-wasi { include preset-plugin; import wasi:random/random@0.2.0; }\n";
    std::fs::create_dir_all(wit_with_wasi.path().join("deps/random")).unwrap();
    std::fs::write(wit_with_wasi.path().join("deps/random/random.wit"), random).unwrap();
    std::fs::write(wit_with_wasi.path().join("with-wasi.wit"), world).unwrap();
    let wasm = component_in(include_str!("wat/wasi.wat"), wit_with_wasi.path(), "with-wasi");
    folder.put("dice", &manifest("dice", "preset", ""), &wasm);
    let host = folder.open().await;
    assert_eq!(status(&host, "dice").last_error, None);
    assert_eq!(normalize(&host, "dice", "").await, Ok(Vec::new()));
}

/// Where a test's log goes.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn what_a_plugin_logs_stands_in_the_log_under_its_name() {
    let folder = Folder::new();
    folder.preset("logs", include_str!("wat/logs.wat"), "");
    let host = folder.open().await;
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).without_time().with_writer(move || writer.clone()).finish();
    {
        let _guard = tracing::subscriber::set_default(subscriber);
        normalize(&host, "logs", "").await.unwrap();
    }
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("WARN plugin: odd\\nab plugin=logs fields=\"count=\\\"ten\\\"\""), "{log}");
}
