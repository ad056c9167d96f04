//! Contract 0.1: its bindings, what it lets plugins import, what they may export, and the calls.
//!
//! A later contract gets a file and folder like these beside it, and converts to the same gateway types.
//!
//! | file | what |
//! |---|---|
//! | `bindings` | generated from the contract |
//! | `imports` | what a plugin can ask of the host |
//! | `words` | from the gateway's words to the contract's |
//! | `checked` | back again, with every rule checked |

#[allow(dead_code, missing_docs, unreachable_pub, clippy::pedantic, reason = "generated from the contract")]
mod bindings;
mod checked;
mod imports;
mod words;

pub(crate) use bindings::exports::wingman::plugin::{channel, lifecycle, media, poll, presence, preset, socket, tool};
pub(crate) use bindings::wingman::plugin::{http, types};
pub(crate) use checked::{
    Speaker, actions, failure, frame, health, normalized, opening, polled, receipt, received, tool_output, tools,
};
pub(crate) use imports::{download, refused};
pub(crate) use words::{delivery, invocation, outbound, place, request};

use crate::contract;
use crate::sandbox::CallState;
use crate::wasi;
use wasmtime::Store;
use wasmtime::component::{Component, HasSelf, Instance, InstancePre, Linker};
use wingman_manifest::Kind;

/// The interfaces (of `wingman:plugin`) that a plugin of this kind may import.
pub(crate) fn offered(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Preset => &["types", "log"],
        Kind::Channel => &["types", "log", "clock", "config", "http", "state", "blobs"],
        Kind::Tool => &["types", "log", "clock", "config", "http", "state", "blobs", "progress"],
    }
}

/// A component that fits the contract, ready to be instantiated at will.
pub(crate) struct Entry {
    pre: InstancePre<CallState>,
    pub(crate) imports: Vec<String>,
    exports: Exports,
}

/// What the component exports.
struct Exports {
    preset: Option<preset::GuestIndices>,
    channel: Option<channel::GuestIndices>,
    socket: Option<socket::GuestIndices>,
    poll: Option<poll::GuestIndices>,
    presence: Option<presence::GuestIndices>,
    media: Option<media::GuestIndices>,
    lifecycle: Option<lifecycle::GuestIndices>,
    tool: Option<tool::GuestIndices>,
}

/// Which of the optional interfaces that the host has to know of a channel's component exports.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Skills {
    pub(crate) socket: bool,
    pub(crate) poll: bool,
    pub(crate) presence: bool,
}

/// Finds an interface where it is exported at all; an export that does not fit is an error.
macro_rules! find {
    ($interface:ident, $pre:expr) => {{
        // Found by the rules of semver, as an import is: a component of 0.1.7 exports what 0.1.0 names.
        let name = concat!("wingman:plugin/", stringify!($interface), "@0.1.0");
        let is_there = $pre.component().get_export_index(None, name).is_some();
        is_there.then(|| $interface::GuestIndices::new($pre)).transpose()
    }};
}

/// Loads an interface of an instance, or says that the plugin has none such.
macro_rules! guest {
    ($entry:expr, $interface:ident, $store:expr, $instance:expr) => {
        match &$entry.exports.$interface {
            Some(indices) => indices.load(&mut *$store, $instance)?,
            None => {
                return Ok(Err(types::PluginError::Unsupported(concat!("it has no `", stringify!($interface), "`").to_owned())))
            }
        }
    };
}

impl Entry {
    /// Resolves the component's imports and finds its exports.
    pub(crate) fn link(component: &Component, kind: Kind) -> wasmtime::Result<Self> {
        let engine = component.engine();
        let ty = component.component_type();
        let mut linker = Linker::new(engine);
        imports::add_to_linker(&mut linker, kind)?;
        let imported: Vec<&str> = ty.imports(engine).map(|(name, _)| name).collect();
        if imported.iter().any(|name| wasi::is_offered(name)) {
            wasi::add_to_linker(&mut linker)?;
        }
        let pre = linker.instantiate_pre(component)?;
        let exports = Exports {
            preset: find!(preset, &pre)?,
            channel: find!(channel, &pre)?,
            socket: find!(socket, &pre)?,
            poll: find!(poll, &pre)?,
            presence: find!(presence, &pre)?,
            media: find!(media, &pre)?,
            lifecycle: find!(lifecycle, &pre)?,
            tool: find!(tool, &pre)?,
        };
        let own = imported.iter().filter_map(|name| contract::ours(name)).map(|(interface, _)| interface);
        let imports = own.filter(|interface| *interface != "types").map(str::to_owned).collect();
        Ok(Self { pre, imports, exports })
    }

    pub(crate) fn skills(&self) -> Skills {
        let Exports { socket, poll, presence, .. } = &self.exports;
        Skills { socket: socket.is_some(), poll: poll.is_some(), presence: presence.is_some() }
    }

    /// A fresh instance.
    pub(crate) async fn instantiate(&self, store: &mut Store<CallState>) -> wasmtime::Result<Instance> {
        self.pre.instantiate_async(store).await
    }

    /// Instantiates once and compares the types of the exports: a record that differs shows here and nowhere earlier.
    /// The outer result is about starting, the inner one about the types.
    pub(crate) async fn try_out(&self, store: &mut Store<CallState>) -> wasmtime::Result<wasmtime::Result<()>> {
        let instance = self.instantiate(store).await?;
        Ok(self.load_all(store, &instance))
    }

    fn load_all(&self, store: &mut Store<CallState>, instance: &Instance) -> wasmtime::Result<()> {
        let Exports { preset, channel, socket, poll, presence, media, lifecycle, tool } = &self.exports;
        preset.as_ref().map(|indices| indices.load(&mut *store, instance)).transpose()?;
        channel.as_ref().map(|indices| indices.load(&mut *store, instance)).transpose()?;
        socket.as_ref().map(|indices| indices.load(&mut *store, instance)).transpose()?;
        poll.as_ref().map(|indices| indices.load(&mut *store, instance)).transpose()?;
        presence.as_ref().map(|indices| indices.load(&mut *store, instance)).transpose()?;
        media.as_ref().map(|indices| indices.load(&mut *store, instance)).transpose()?;
        lifecycle.as_ref().map(|indices| indices.load(&mut *store, instance)).transpose()?;
        tool.as_ref().map(|indices| indices.load(&mut *store, instance)).transpose()?;
        Ok(())
    }
}

/// What a call gave back, as far as it came back at all.
pub(crate) type Returned<R> = wasmtime::Result<Result<R, types::PluginError>>;

type CallStore<'a> = &'a mut Store<CallState>;

/// The calls. Each is made on an instance that the caller keeps for one call, or for an actor's life.
impl Entry {
    pub(crate) async fn normalize(
        &self,
        store: CallStore<'_>,
        at: &Instance,
        delivery: &preset::Delivery,
    ) -> Returned<Vec<types::Inbound>> {
        guest!(self, preset, store, at).call_normalize(store, delivery).await
    }

    pub(crate) async fn receive(
        &self,
        store: CallStore<'_>,
        at: &Instance,
        request: &types::HttpRequest,
    ) -> Returned<channel::Received> {
        guest!(self, channel, store, at).call_receive(store, request).await
    }

    pub(crate) async fn deliver(
        &self,
        store: CallStore<'_>,
        at: &Instance,
        outbound: &channel::Outbound,
    ) -> Returned<channel::Receipt> {
        guest!(self, channel, store, at).call_deliver(store, outbound).await
    }

    pub(crate) async fn open(&self, store: CallStore<'_>, at: &Instance, checkpoint: Option<&str>) -> Returned<socket::Opening> {
        guest!(self, socket, store, at).call_open(store, checkpoint).await
    }

    pub(crate) async fn on_frame(
        &self,
        store: CallStore<'_>,
        at: &Instance,
        frame: &socket::Frame,
    ) -> Returned<Vec<socket::Action>> {
        guest!(self, socket, store, at).call_on_frame(store, frame).await.map(Ok)
    }

    pub(crate) async fn on_tick(&self, store: CallStore<'_>, at: &Instance) -> Returned<Vec<socket::Action>> {
        guest!(self, socket, store, at).call_on_tick(store).await.map(Ok)
    }

    pub(crate) async fn on_close(
        &self,
        store: CallStore<'_>,
        at: &Instance,
        code: u16,
        why: &str,
    ) -> Returned<Vec<socket::Action>> {
        guest!(self, socket, store, at).call_on_close(store, code, why).await.map(Ok)
    }

    pub(crate) async fn poll(&self, store: CallStore<'_>, at: &Instance, cursor: Option<&str>) -> Returned<poll::Polled> {
        guest!(self, poll, store, at).call_poll(store, cursor).await
    }

    pub(crate) async fn typing(
        &self,
        store: CallStore<'_>,
        at: &Instance,
        place: &types::Place,
        context: Option<&str>,
    ) -> Returned<u32> {
        guest!(self, presence, store, at).call_typing(store, place, context).await
    }

    pub(crate) async fn react(
        &self,
        store: CallStore<'_>,
        at: &Instance,
        (place, message, emoji): (&types::Place, &str, Option<&str>),
    ) -> Returned<()> {
        guest!(self, presence, store, at).call_react(store, place, message, emoji).await
    }

    pub(crate) async fn locate(&self, store: CallStore<'_>, at: &Instance, reference: &str) -> Returned<http::Outgoing> {
        guest!(self, media, store, at).call_locate(store, reference).await
    }

    pub(crate) async fn register(&self, store: CallStore<'_>, at: &Instance, url: &str) -> Returned<()> {
        guest!(self, lifecycle, store, at).call_register(store, url).await
    }

    pub(crate) async fn unregister(&self, store: CallStore<'_>, at: &Instance) -> Returned<()> {
        guest!(self, lifecycle, store, at).call_unregister(store).await
    }

    pub(crate) async fn probe(&self, store: CallStore<'_>, at: &Instance) -> Returned<lifecycle::Health> {
        guest!(self, lifecycle, store, at).call_probe(store).await
    }

    pub(crate) async fn tools(&self, store: CallStore<'_>, at: &Instance) -> Returned<Vec<tool::ToolSpec>> {
        guest!(self, tool, store, at).call_tools(store).await.map(Ok)
    }

    pub(crate) async fn call(
        &self,
        store: CallStore<'_>,
        at: &Instance,
        invocation: &tool::Invocation,
    ) -> Returned<tool::ToolOutput> {
        guest!(self, tool, store, at).call_call(store, invocation).await
    }
}

/// The state itself implements what the host offers.
type Own = HasSelf<CallState>;
