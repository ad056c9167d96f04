//! One plugin on the real host, called one fixture at a time, each time in a world of its own.

use crate::failure;
use crate::fixture::{Call, Fixture, ToolCall};
use crate::log::{self, LogLine};
use crate::script::{HttpCall, Script};
use crate::setup::Setup;
use crate::store::FreshStore;
use crate::words::{self, PluginError};
use crate::{Result, WorkbenchError};
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use wingman_manifest::{Kind, Manifest};
use wingman_message::{
    AccountName, ChannelName, Clock as _, Components as _, ManualClock, PluginFailure, PluginScope, RunId, SessionKey, Tool,
    ToolInvocation, ToolProgress, ToolSource as _, ToolSpec,
};
use wingman_plugin::{BuiltIn, PluginHost, PluginHostConfig, Quarantine};

/// A plugin, ready to be called.
pub struct Bench {
    host: PluginHost,
    manifest: Manifest,
    /// Bytes of `plugin.wasm`.
    size: usize,
    script: Arc<Script>,
    store: Arc<FreshStore>,
    clock: ManualClock,
    /// What the host was told last.
    setup: Setup,
}

/// What one call did.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// `{"ok": ...}` in the contract's words, `{"error": {"kind": ..., "text": ...}}`, or `{"crash": {...}}` for a plugin that
    /// trapped, came too late, wanted too much memory or returned what the host cannot take.
    pub result: Value,
    /// The failure, if it is one.
    pub failure: Option<PluginFailure>,
    /// From the call to the result: a fresh instance is part of it, loading the plugin is not.
    pub took: Duration,
    /// What it logged.
    pub log: Vec<LogLine>,
    /// Its calls out, in order.
    pub http: Vec<HttpCall>,
    /// Calls out that the fixture has no answer to, and answers that were not asked for.
    pub complaints: Vec<String>,
    /// What it keeps afterwards.
    pub state: BTreeMap<String, Bytes>,
    /// What a tool told of its progress.
    pub progress: Vec<String>,
}

impl Bench {
    /// Loads the plugin in a folder with `plugin.toml` and `plugin.wasm`, as a gateway would. Compiled code is kept in
    /// `cache_dir`, which must be used for nothing else: compiling a script's interpreter takes seconds.
    ///
    /// # Errors
    /// [`WorkbenchError::File`], [`WorkbenchError::Manifest`], [`WorkbenchError::Refused`]
    pub async fn open(dir: &Path, cache_dir: &Path) -> Result<Self> {
        let (toml, wasm) = (dir.join("plugin.toml"), dir.join("plugin.wasm"));
        let text = std::fs::read_to_string(&toml).map_err(WorkbenchError::file(&toml))?;
        let wasm = std::fs::read(&wasm).map_err(WorkbenchError::file(&wasm))?;
        Self::load(text, wasm, cache_dir).await
    }

    /// The same from a manifest's text and a component.
    ///
    /// # Errors
    /// [`WorkbenchError::Manifest`], [`WorkbenchError::Refused`]
    pub async fn load(manifest: String, wasm: Vec<u8>, cache_dir: &Path) -> Result<Self> {
        let text = manifest;
        let manifest = Manifest::parse(&text)?;
        let (script, store, clock) =
            (Arc::<Script>::default(), Arc::<FreshStore>::default(), ManualClock::at(crate::fixture::NOW));
        let size = wasm.len();
        let mut config = PluginHostConfig::new(cache_dir.join("no-plugins-here"), cache_dir);
        config.built_in = vec![BuiltIn { name: manifest.name.to_string().into(), manifest: text.into(), wasm: wasm.into() }];
        // Every failure is to be seen as it is, however many there are.
        config.quarantine = Quarantine { after: u32::MAX, ..Quarantine::default() };
        let setup = Setup::of(&manifest, &crate::fixture::World::empty(), None);
        config.operator = setup.operator(&manifest);
        config.slots.pooled = false;
        config.exchange = Some(Arc::clone(&script) as Arc<dyn wingman_plugin::Exchange>);
        config.store = Arc::clone(&store) as Arc<dyn wingman_message::PluginStore>;
        config.clock = Arc::new(clock.clone());
        script.begin(None);
        let host = PluginHost::open(config).await?;
        let status = host.list().into_iter().find(|status| status.name == manifest.name.as_str());
        match status.and_then(|status| status.last_error) {
            Some(why) => Err(WorkbenchError::Refused { why }),
            None => Ok(Self { host, manifest, size, script, store, clock, setup }),
        }
    }

    /// The plugin's manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Bytes of the component.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// Makes the fixture's call in a fresh world. What the plugin does wrong is in the outcome.
    ///
    /// # Errors
    /// [`WorkbenchError::Call`] for a call that this plugin does not have, [`WorkbenchError::Host`]
    pub async fn run(&mut self, fixture: &Fixture) -> Result<Outcome> {
        self.settle(fixture).await?;
        let progress = Arc::<Mutex<Vec<String>>>::default();
        let reported = Arc::clone(&progress);
        let sink = ToolProgress::new(move |chunk| reported.lock().unwrap_or_else(PoisonError::into_inner).push(chunk));
        let began = Instant::now();
        let (made, log) = log::caught(async {
            let made = self.make(fixture, sink).await;
            (made, began.elapsed())
        })
        .await;
        let (made, took) = made;
        let played = self.script.end();
        let (result, failure) = match made? {
            Ok(value) => (json!({ "ok": value }), None),
            Err(failure) => {
                let key = if failure.is_misbehaviour() { "crash" } else { "error" };
                (json!({ key: as_json(&PluginError::from(&failure)) }), Some(failure))
            }
        };
        let progress = std::mem::take(&mut *progress.lock().unwrap_or_else(PoisonError::into_inner));
        let state = self.store.state();
        Ok(Outcome { result, failure, took, log, http: played.calls, complaints: played.complaints, state, progress })
    }

    /// The tools that the plugin offers, as it calls them.
    pub(crate) fn tools(&self) -> Vec<(ToolSpec, Arc<dyn Tool>)> {
        let plugin = self.manifest.name.as_str().replace('.', "-");
        let own_name = |name: &str| name.strip_prefix(&format!("{plugin}_")).unwrap_or(name).to_owned();
        let own = |tool: Arc<dyn Tool>| (ToolSpec { name: own_name(&tool.spec().name), ..tool.spec().clone() }, tool);
        self.host.tools().into_iter().map(own).collect()
    }

    /// Makes the world around the call.
    async fn settle(&mut self, fixture: &Fixture) -> Result<()> {
        let Fixture { file, world, http, call, .. } = fixture;
        let setup = Setup::of(&self.manifest, world, http.as_deref());
        if setup != self.setup {
            self.script.begin(None);
            self.host.reconfigure(setup.operator(&self.manifest)).await?;
            self.setup = setup;
        }
        self.clock.advance_ms(world.now - self.clock.now_ms());
        let scope = PluginScope { plugin: self.manifest.name.clone(), account: world.account.clone() };
        let kept = self.store.begin(&scope, &world.state).await;
        kept.map_err(|error| WorkbenchError::written(file, "state", error.to_string()))?;
        self.script.begin(http.clone());
        let fits = match call {
            Call::Normalize(_) => Kind::Preset,
            Call::Tools | Call::Tool(_) => Kind::Tool,
            _ => Kind::Channel,
        };
        if fits == self.manifest.kind {
            return Ok(());
        }
        Err(self.cannot(fixture, format!("the plugin is a {}, and only a {fits} has this call", self.manifest.kind)))
    }

    fn cannot(&self, fixture: &Fixture, why: String) -> WorkbenchError {
        WorkbenchError::Call { file: fixture.file.clone(), call: fixture.call(), why }
    }

    async fn make(&self, fixture: &Fixture, progress: ToolProgress) -> Result<std::result::Result<Value, PluginFailure>> {
        match &fixture.call {
            Call::Normalize(delivery) => {
                let said = self.host.normalize(&self.manifest.name, delivery.clone()).await;
                Ok(said.map(|messages| messages.into_iter().map(words::Inbound::from).map(|message| as_json(&message)).collect()))
            }
            Call::Tools => Ok(Ok(self.tools().into_iter().map(|(spec, _)| as_json(&words::ToolSpec::from(spec))).collect())),
            Call::Tool(call) => self.call_tool(fixture, call, progress).await,
            _ => {
                let channel = self.manifest.channel.as_ref();
                let channel = channel.ok_or_else(|| self.cannot(fixture, "the plugin has no channel".to_owned()))?;
                Ok(self.ask(channel, fixture.world.account.as_ref(), &fixture.call).await)
            }
        }
    }

    /// The calls of a channel.
    async fn ask(
        &self,
        channel: &ChannelName,
        account: Option<&AccountName>,
        call: &Call,
    ) -> std::result::Result<Value, PluginFailure> {
        let host = &self.host;
        // The account that a fixture names is the one that is configured, so a place without one is in it.
        let at = |place: &words::Place| {
            let mut place = place.clone().at(channel.clone());
            place.account = place.account.or_else(|| account.map(ToString::to_string));
            place
        };
        match call {
            Call::Receive(request) => Ok(as_json(&words::Received::from(host.receive(channel, account, request.clone()).await?))),
            Call::Deliver(delivered) => {
                let mut outbound = delivered.as_ref().clone().outbound(channel.clone());
                outbound.place = at(&delivered.place);
                Ok(as_json(&words::Receipt::from(host.deliver(outbound).await?)))
            }
            Call::Typing(typing) => {
                let shown = host.typing(&at(&typing.place), typing.context.as_deref()).await?;
                Ok(json!(u64::try_from(shown.as_millis()).unwrap_or(u64::MAX)))
            }
            Call::React(reaction) => {
                host.react(&at(&reaction.place), &reaction.message, reaction.emoji.as_deref()).await.map(|()| Value::Null)
            }
            Call::Register(url) => host.register(channel, account, Some(url)).await.map(|()| Value::Null),
            Call::Unregister => host.register(channel, account, None).await.map(|()| Value::Null),
            Call::Fetch(reference) => {
                let file = host.fetch(channel, account, reference).await?;
                Ok(json!({ "media-type": file.media_type, "body": as_json(&words::Raw(file.bytes)) }))
            }
            Call::Probe => {
                let wingman_plugin::Health { ok, account, detail } = host.probe(channel, account).await?;
                Ok(as_json(&words::Health { ok, account, detail }))
            }
            Call::Normalize(_) | Call::Tools | Call::Tool(_) => Ok(Value::Null),
        }
    }

    async fn call_tool(
        &self,
        fixture: &Fixture,
        call: &ToolCall,
        progress: ToolProgress,
    ) -> Result<std::result::Result<Value, PluginFailure>> {
        let mut tools = self.tools();
        let Some(at) = tools.iter().position(|(spec, _)| spec.name == call.tool) else {
            let known: Vec<_> = tools.iter().map(|(spec, _)| spec.name.as_str()).collect();
            return Err(self.cannot(fixture, format!("there is no tool `{}`; there are: {}", call.tool, known.join(", "))));
        };
        let session: SessionKey =
            call.session.parse().map_err(|_| WorkbenchError::written(&fixture.file, "input.session", "it is no session key"))?;
        let invocation = ToolInvocation {
            input: call.input.clone(),
            session,
            run: RunId::new(fixture.world.now),
            call_id: call.call_id.clone(),
            folder: std::env::temp_dir().into(),
            cancel: CancellationToken::new(),
            progress,
        };
        let (_, tool) = tools.swap_remove(at);
        let output = tool.call(invocation).await.map_err(|error| failure::of_tool(error, &self.manifest.limits));
        Ok(output.map(|output| as_json(&words::ToolOutput { text: output.text, data: None, attachments: Vec::new() })))
    }
}

/// The words are plain data with text keys, which JSON always has room for.
pub(crate) fn as_json(words: &impl Serialize) -> Value {
    serde_json::to_value(words).unwrap_or(Value::Null)
}
