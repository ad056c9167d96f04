//! The boundary: a component returns any memory at all, and the host takes from it only what keeps the contract's rules.
#![no_main]
#![allow(clippy::expect_used, reason = "what is set up here must work, or nothing is fuzzed")]

use bytes::Bytes;
use libfuzzer_sys::{Corpus, fuzz_target};
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use wingman_message::{Components, Inbound, PluginName, WebhookDelivery, WebhookId};
use wingman_plugin::{BuiltIn, PluginHost, PluginHostConfig, Quarantine, Slots};

const MANIFEST: &str = "name = \"echo\"\nversion = \"1.0.0\"\nkind = \"preset\"\ncontract = \"0.1.0\"\n";
/// What lies between the copy of the body and the guest's other data.
const MOST: usize = 32 * 1024;

struct Stage {
    runtime: Runtime,
    host: PluginHost,
    echo: PluginName,
}

static STAGE: LazyLock<Stage> = LazyLock::new(stage);

fuzz_target!(|memory: &[u8]| -> Corpus {
    if memory.len() > MOST {
        return Corpus::Reject;
    }
    let Stage { runtime, host, echo } = &*STAGE;
    if let Ok(messages) = runtime.block_on(host.normalize(echo, delivery(memory))) {
        messages.iter().for_each(check);
    }
    Corpus::Keep
});

fn check(message: &Inbound) {
    let Inbound { id, place, reply_to, .. } = message;
    assert!(!id.is_empty() && id.chars().count() <= 500);
    assert_eq!(place.channel.as_str(), "webhook");
    let peer = place.peer.as_ref().map(|peer| &peer.id);
    let ids = [Some(id), place.account.as_ref(), place.guild.as_ref(), place.team.as_ref(), place.thread.as_ref(), peer];
    for id in ids.into_iter().chain([reply_to.as_ref()]).flatten() {
        assert!(!id.chars().any(char::is_control), "{id:?}");
    }
}

fn delivery(memory: &[u8]) -> WebhookDelivery {
    WebhookDelivery {
        webhook: WebhookId::new("fuzz").expect("a good id"),
        label: None,
        content_type: String::new(),
        headers: Vec::new(),
        body: Bytes::copy_from_slice(memory),
        settings: String::new(),
    }
}

fn stage() -> Stage {
    let core = wat::parse_str(include_str!("echo.wat")).expect("the text is a module");
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    let wasm = wingman_guest::componentize(&core, &wit, "preset-plugin").expect("the module fits the contract");
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let built_in = BuiltIn { name: "echo".into(), manifest: MANIFEST.into(), wasm: wasm.into() };
    let config = PluginHostConfig {
        built_in: vec![built_in],
        slots: Slots { pooled: false, ..Slots::default() },
        // Nearly every call misbehaves, and the next must run all the same.
        quarantine: Quarantine { after: 10_000, window: Duration::ZERO, pause: Duration::ZERO },
        ..PluginHostConfig::new(folder.path().join("plugins"), folder.path().join("cache"))
    };
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
    let host = runtime.block_on(PluginHost::open(config)).expect("the host opens");
    Stage { runtime, host, echo: PluginName::new("echo").expect("a good name") }
}
