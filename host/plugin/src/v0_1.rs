//! Contract 0.1: its bindings, what it lets plugins import, and the way between its words and the gateway's.
//!
//! A later contract gets a file like this one beside it, and converts to the same gateway types.

use crate::check::{Check, Unusable};
use crate::guest_log::{Level, printable};
use crate::limits::Limits;
use crate::manifest::Kind;
use crate::sandbox::CallState;
use crate::wasi;
use bindings::exports::wingman::plugin::{channel, preset, tool};
use bindings::wingman::plugin::{clock, config, log, types};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use wasmtime::Store;
use wasmtime::component::{Component, HasSelf, InstancePre, Linker};
use wingman_message::{
    Attachment, ChannelName, ContentSource, Header, HttpReply, HttpRequest, Inbound, Peer, PeerKind, Place, PluginFailure,
    Received, Sender, WebhookDelivery,
};

/// Versions of this contract, as semver says it.
pub(crate) const SPOKEN: (u64, u64) = (0, 1);

const MAX_ERROR: usize = 2_000;

#[allow(dead_code, missing_docs, reason = "generated from the contract, of which the host does not call everything yet")]
mod bindings {
    wasmtime::component::bindgen!({
        // The host's own view: everything that it offers or calls, whatever the kind of the plugin.
        inline: "
            package wingman:host;
            world calls {
                import wingman:plugin/log@0.1.0;
                import wingman:plugin/clock@0.1.0;
                import wingman:plugin/config@0.1.0;
                export wingman:plugin/preset@0.1.0;
                export wingman:plugin/channel@0.1.0;
                export wingman:plugin/tool@0.1.0;
            }
        ",
        path: "../../wit",
        world: "wingman:host/calls",
        exports: { default: async },
    });
}

/// The interfaces (of `wingman:plugin`) that a plugin of this kind may import today.
pub(crate) fn offered(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Preset => &["types", "log"],
        Kind::Channel | Kind::Tool => &["types", "log", "clock", "config"],
    }
}

/// What a plugin of this kind may use, for the operator.
pub(crate) fn grants(kind: Kind) -> Vec<String> {
    offered(kind).iter().filter(|interface| **interface != "types").map(|&interface| interface.to_owned()).collect()
}

/// A component that fits the contract, ready to be instantiated at will.
pub(crate) struct Entry {
    pre: InstancePre<CallState>,
    export: Export,
}

enum Export {
    Preset(preset::GuestIndices),
    Channel(channel::GuestIndices),
    Tool(tool::GuestIndices),
}

impl Entry {
    /// Resolves the component's imports and finds its exports.
    pub(crate) fn link(component: &Component, kind: Kind) -> wasmtime::Result<Self> {
        let mut linker = Linker::new(component.engine());
        log::add_to_linker::<_, HasSelf<CallState>>(&mut linker, |state| state)?;
        if kind != Kind::Preset {
            clock::add_to_linker::<_, HasSelf<CallState>>(&mut linker, |state| state)?;
            config::add_to_linker::<_, HasSelf<CallState>>(&mut linker, |state| state)?;
        }
        if component.component_type().imports(component.engine()).any(|(name, _)| wasi::is_offered(name)) {
            wasi::add_to_linker(&mut linker)?;
        }
        let pre = linker.instantiate_pre(component)?;
        let export = match kind {
            Kind::Preset => Export::Preset(preset::GuestIndices::new(&pre)?),
            Kind::Channel => Export::Channel(channel::GuestIndices::new(&pre)?),
            Kind::Tool => Export::Tool(tool::GuestIndices::new(&pre)?),
        };
        Ok(Self { pre, export })
    }

    /// Instantiates once and compares the types of the exports: a record that differs shows here and nowhere earlier.
    /// The outer result is about starting, the inner one about the types.
    pub(crate) async fn try_out(&self, store: &mut Store<CallState>) -> wasmtime::Result<wasmtime::Result<()>> {
        let instance = self.pre.instantiate_async(&mut *store).await?;
        Ok(match &self.export {
            Export::Preset(indices) => indices.load(store, &instance).map(drop),
            Export::Channel(indices) => indices.load(store, &instance).map(drop),
            Export::Tool(indices) => indices.load(store, &instance).map(drop),
        })
    }

    /// Calls `preset.normalize` in a fresh instance.
    pub(crate) async fn normalize(
        &self,
        store: &mut Store<CallState>,
        delivery: &preset::Delivery,
    ) -> Returned<Vec<types::Inbound>> {
        let Export::Preset(indices) = &self.export else { return Ok(Err(other_kind("normalize"))) };
        let instance = self.pre.instantiate_async(&mut *store).await?;
        indices.load(&mut *store, &instance)?.call_normalize(store, delivery).await
    }

    /// Calls `channel.receive` in a fresh instance.
    pub(crate) async fn receive(
        &self,
        store: &mut Store<CallState>,
        request: &types::HttpRequest,
    ) -> Returned<channel::Received> {
        let Export::Channel(indices) = &self.export else { return Ok(Err(other_kind("receive"))) };
        let instance = self.pre.instantiate_async(&mut *store).await?;
        indices.load(&mut *store, &instance)?.call_receive(store, request).await
    }
}

/// What a call gave back, as far as it came back at all.
pub(crate) type Returned<R> = wasmtime::Result<Result<R, types::PluginError>>;

fn other_kind(function: &str) -> types::PluginError {
    types::PluginError::Unsupported(format!("a plugin of this kind has no `{function}`"))
}

impl types::Host for CallState {}

impl log::Host for CallState {
    fn write(&mut self, level: log::Level, message: String, fields: Vec<(String, String)>) {
        let level = match level {
            log::Level::Trace => Level::Trace,
            log::Level::Debug => Level::Debug,
            log::Level::Info => Level::Info,
            log::Level::Warn => Level::Warn,
            log::Level::Error => Level::Error,
        };
        self.log.write(level, &message, &fields);
    }
}

impl clock::Host for CallState {
    fn now(&mut self) -> u64 {
        u64::try_from(self.clock.now_ms()).unwrap_or(0)
    }
}

// Plugins have neither accounts nor settings of their own yet, and this is how the contract says so.
impl config::Host for CallState {
    fn account(&mut self) -> Option<String> {
        None
    }

    fn settings(&mut self) -> String {
        "{}".to_owned()
    }
}

/// A delivery in the contract's words.
pub(crate) fn delivery(delivery: WebhookDelivery, now_ms: i64) -> preset::Delivery {
    preset::Delivery {
        webhook: delivery.webhook.to_string(),
        label: delivery.label,
        content_type: delivery.content_type,
        headers: headers_in(delivery.headers),
        digest: hex::encode(Sha256::digest(&delivery.body)),
        body: delivery.body.into(),
        received_at: u64::try_from(now_ms).unwrap_or(0),
        settings: if delivery.settings.trim().is_empty() { "{}".to_owned() } else { delivery.settings },
    }
}

/// A request in the contract's words.
pub(crate) fn request(request: HttpRequest) -> types::HttpRequest {
    types::HttpRequest {
        method: request.method,
        url: request.url,
        headers: headers_in(request.headers),
        body: request.body.into(),
    }
}

fn headers_in(headers: Vec<Header>) -> Vec<types::Header> {
    headers.into_iter().map(|Header { name, value }| types::Header { name, value }).collect()
}

/// What a preset returned, checked.
pub(crate) fn normalized(
    returned: Result<Vec<types::Inbound>, types::PluginError>,
    channel: &ChannelName,
    limits: &Limits,
) -> Result<Vec<Inbound>, PluginFailure> {
    let mut check = Check::new(limits.output_bytes());
    Ok(messages(returned.map_err(failure)?, channel, &mut check)?)
}

/// What a channel returned, checked.
pub(crate) fn received(
    returned: Result<channel::Received, types::PluginError>,
    channel: &ChannelName,
    limits: &Limits,
) -> Result<Received, PluginFailure> {
    let mut check = Check::new(limits.output_bytes());
    let channel::Received { reply, messages: said } = returned.map_err(failure)?;
    check.status(reply.status)?;
    check.count("headers", reply.headers.len())?;
    for header in &reply.headers {
        check.header(&header.name, &header.value)?;
    }
    check.bytes(&reply.body)?;
    let headers = reply.headers.into_iter().map(|header| Header { name: header.name, value: header.value }).collect();
    let reply = HttpReply { status: reply.status, headers, body: Bytes::from(reply.body) };
    Ok(Received { reply, messages: messages(said, channel, &mut check)? })
}

/// Only messages ask for a turn. Edits, deletions and reactions are checked like them and then left out: the gateway has no use
/// for them yet.
fn messages(said: Vec<types::Inbound>, channel: &ChannelName, check: &mut Check) -> Result<Vec<Inbound>, Unusable> {
    check.count("messages", said.len())?;
    let mut messages = Vec::with_capacity(said.len());
    for one in said {
        let kind = one.kind;
        let message = inbound(one, channel, check)?;
        if kind == types::InboundKind::Message {
            messages.push(message);
        } else {
            tracing::info!(%channel, id = message.id, ?kind, "left out: the gateway does not use messages of this kind yet");
        }
    }
    Ok(messages)
}

fn inbound(said: types::Inbound, channel: &ChannelName, check: &mut Check) -> Result<Inbound, Unusable> {
    check.id("message id", &said.id)?;
    check.optional_id("reply-to", said.reply_to.as_ref())?;
    check.bytes(&said.text)?;
    said.context.as_ref().map_or(Ok(()), |context| check.bytes(context))?;
    said.sent_at.map_or(Ok(()), |sent_at| check.time("sent-at", sent_at))?;
    check.count("facts", said.facts.len())?;
    for (name, value) in &said.facts {
        check.id("fact's name", name)?;
        check.bytes(value)?;
    }
    Ok(Inbound {
        place: place(said.place, channel, check)?,
        sender: said.sender.map(|from| sender(from, check)).transpose()?,
        attachments: attachments(said.attachments, &said.id, check)?,
        id: said.id,
        text: said.text,
        mentioned: said.mentioned,
        reply_to: said.reply_to,
        sent_at: said.sent_at,
        facts: said.facts,
    })
}

fn place(said: types::Place, channel: &ChannelName, check: &mut Check) -> Result<Place, Unusable> {
    check.optional_id("account", said.account.as_ref())?;
    check.optional_id("guild", said.guild.as_ref())?;
    check.optional_id("team", said.team.as_ref())?;
    check.optional_id("thread", said.thread.as_ref())?;
    check.optional_id("peer id", said.peer.as_ref().map(|peer| &peer.id))?;
    let peer = said.peer.map(|types::Peer { kind, id }| Peer {
        kind: match kind {
            types::PeerKind::Dm => PeerKind::Dm,
            types::PeerKind::Group => PeerKind::Group,
            types::PeerKind::Channel => PeerKind::Channel,
        },
        id,
    });
    let types::Place { account, guild, team, thread, .. } = said;
    Ok(Place { channel: channel.clone(), account, guild, team, peer, thread })
}

fn sender(said: types::Sender, check: &mut Check) -> Result<Sender, Unusable> {
    check.id("sender id", &said.id)?;
    said.name.as_ref().map_or(Ok(()), |name| check.bytes(name))?;
    Ok(Sender { id: said.id, name: said.name, is_bot: said.is_bot })
}

/// References need `media.locate`, which the host does not call yet; the message counts more than its file.
fn attachments(said: Vec<types::Attachment>, message: &str, check: &mut Check) -> Result<Vec<Attachment>, Unusable> {
    check.count("attachments", said.len())?;
    let mut attachments = Vec::with_capacity(said.len());
    for types::Attachment { name, media_type, size, source } in said {
        name.as_ref().map_or(Ok(()), |name| check.bytes(name))?;
        check.id("media type", &media_type)?;
        let source = match source {
            types::ContentSource::Url(url) => {
                check.address("URL of an attachment", &url)?;
                ContentSource::Url(url)
            }
            types::ContentSource::Blob(blob) => {
                check.id("blob", &blob)?;
                ContentSource::Blob(blob)
            }
            types::ContentSource::Reference(reference) => {
                check.address("reference of an attachment", &reference)?;
                tracing::info!(message, "an attachment is left out: the gateway does not open references yet");
                continue;
            }
        };
        attachments.push(Attachment { name, media_type, size, source });
    }
    Ok(attachments)
}

/// A component's own words for its failure, cut to a size that fits a log line and an answer.
fn failure(error: types::PluginError) -> PluginFailure {
    let words = |text: String| printable(&text, MAX_ERROR);
    match error {
        types::PluginError::InvalidInput(text) => PluginFailure::InvalidInput(words(text)),
        types::PluginError::Unauthorized(text) => PluginFailure::Unauthorized(words(text)),
        types::PluginError::RateLimited(retry_after_ms) => PluginFailure::RateLimited { retry_after_ms },
        types::PluginError::Temporary(text) => PluginFailure::Temporary(words(text)),
        types::PluginError::Permanent(text) => PluginFailure::Permanent(words(text)),
        types::PluginError::Unsupported(text) => PluginFailure::Unsupported(words(text)),
    }
}
