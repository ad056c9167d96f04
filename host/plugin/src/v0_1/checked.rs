//! What a component returned, every part checked, in the gateway's words. Past these functions nothing is checked again.

use super::imports::injections;
use super::{channel, lifecycle, poll, socket, tool, types};
use crate::actor::{Action, Polled, SocketFrame};
use crate::check::{Check, Unusable};
use crate::guest_log::printable;
use crate::host::Health;
use crate::sandbox::CallState;
use crate::services::MAX_MARK;
use bytes::Bytes;
use std::time::Duration;
use wingman_egress::Opening;
use wingman_manifest::Limits;
use wingman_message::{
    AccountName, Attachment, ChannelName, ContentSource, Header, HttpReply, Inbound, InboundKind, Peer, PeerKind, Place,
    PluginFailure, Receipt, Received, Sender, ToolOutput, ToolSpec,
};

const MAX_ERROR: usize = 2_000;
const MAX_TOOL_NAME: usize = 64;
/// The longest time that a plugin may ask to be left alone: a day.
const MAX_WAIT_MS: u64 = 24 * 60 * 60 * 1000;

/// For whom a component speaks: what it makes is said there and nowhere else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Speaker<'a> {
    pub(crate) channel: &'a ChannelName,
    pub(crate) account: Option<&'a AccountName>,
}

/// What a preset returned, checked.
pub(crate) fn normalized(
    returned: Result<Vec<types::Inbound>, types::PluginError>,
    from: Speaker<'_>,
    limits: &Limits,
) -> Result<Vec<Inbound>, PluginFailure> {
    let mut check = Check::new(limits.output_bytes());
    Ok(messages(returned.map_err(failure)?, from, &mut check)?)
}

/// What a channel returned, checked.
pub(crate) fn received(
    returned: Result<channel::Received, types::PluginError>,
    from: Speaker<'_>,
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
    Ok(Received { reply, messages: messages(said, from, &mut check)? })
}

fn messages(said: Vec<types::Inbound>, from: Speaker<'_>, check: &mut Check) -> Result<Vec<Inbound>, Unusable> {
    check.count("messages", said.len())?;
    said.into_iter().map(|one| inbound(one, from, check)).collect()
}

fn inbound(said: types::Inbound, from: Speaker<'_>, check: &mut Check) -> Result<Inbound, Unusable> {
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
        place: place(said.place, from, check)?,
        sender: said.sender.map(|from| sender(from, check)).transpose()?,
        attachments: attachments(said.attachments, check)?,
        id: said.id,
        kind: match said.kind {
            types::InboundKind::Message => InboundKind::Message,
            types::InboundKind::Edit => InboundKind::Edit,
            types::InboundKind::Deletion => InboundKind::Deletion,
            types::InboundKind::Reaction => InboundKind::Reaction,
        },
        text: said.text,
        mentioned: said.mentioned,
        reply_to: said.reply_to,
        sent_at: said.sent_at,
        facts: said.facts,
        context: said.context,
    })
}

fn place(said: types::Place, from: Speaker<'_>, check: &mut Check) -> Result<Place, Unusable> {
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
    // A named account is the operator's word, which no component can change.
    let account = from.account.map(ToString::to_string).or(account);
    Ok(Place { channel: from.channel.clone(), account, guild, team, peer, thread })
}

fn sender(said: types::Sender, check: &mut Check) -> Result<Sender, Unusable> {
    check.id("sender id", &said.id)?;
    said.name.as_ref().map_or(Ok(()), |name| check.bytes(name))?;
    Ok(Sender { id: said.id, name: said.name, is_bot: said.is_bot })
}

fn attachments(said: Vec<types::Attachment>, check: &mut Check) -> Result<Vec<Attachment>, Unusable> {
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
                ContentSource::Reference(reference)
            }
        };
        attachments.push(Attachment { name, media_type, size, source });
    }
    Ok(attachments)
}

/// A component's own words for its failure, cut to a size that fits a log line and an answer.
pub(crate) fn failure(error: types::PluginError) -> PluginFailure {
    let words = |text: String| printable(&text, MAX_ERROR);
    match error {
        types::PluginError::InvalidInput(text) => PluginFailure::InvalidInput(words(text)),
        types::PluginError::Unauthorized(text) => PluginFailure::Unauthorized(words(text)),
        // Longer than a day is a mistake, and would be for ever.
        types::PluginError::RateLimited(ms) => PluginFailure::RateLimited { retry_after_ms: ms.min(MAX_WAIT_MS) },
        types::PluginError::Temporary(text) => PluginFailure::Temporary(words(text)),
        types::PluginError::Permanent(text) => PluginFailure::Permanent(words(text)),
        types::PluginError::Unsupported(text) => PluginFailure::Unsupported(words(text)),
    }
}

/// What a channel made of a delivery, checked.
pub(crate) fn receipt(returned: Result<channel::Receipt, types::PluginError>, limits: &Limits) -> Result<Receipt, PluginFailure> {
    let channel::Receipt { ids, edit_after_ms, unfinished } = returned.map_err(failure)?;
    let mut check = Check::new(limits.output_bytes());
    check.count("message ids", ids.len())?;
    for id in &ids {
        check.id("message id", id)?;
    }
    let edit_after = edit_after_ms.map(|ms| wait(ms.into()));
    Ok(Receipt { ids, edit_after, unfinished: unfinished.map(failure) })
}

/// What came of asking the network, checked.
pub(crate) fn polled(
    returned: Result<poll::Polled, types::PluginError>,
    from: Speaker<'_>,
    limits: &Limits,
) -> Result<Polled, PluginFailure> {
    let mut check = Check::new(limits.output_bytes());
    let poll::Polled { messages: said, cursor, wait_ms } = returned.map_err(failure)?;
    cursor.as_ref().map_or(Ok(()), |cursor| mark(&mut check, "cursor", cursor))?;
    Ok(Polled { messages: messages(said, from, &mut check)?, cursor, wait: wait(wait_ms.into()) })
}

/// Where a socket is to be opened.
pub(crate) fn opening(returned: Result<socket::Opening, types::PluginError>, call: &CallState) -> Result<Opening, PluginFailure> {
    let socket::Opening { url, headers, secrets } = returned.map_err(failure)?;
    let headers = headers.into_iter().map(|types::Header { name, value }| (name, value)).collect();
    Ok(Opening { url, headers, secrets: injections(&call.reach(), secrets).map_err(failure)?, timeout: None })
}

/// What a socket's plugin wants done, checked, in its order.
pub(crate) fn actions(
    returned: Result<Vec<socket::Action>, types::PluginError>,
    from: Speaker<'_>,
    call: &CallState,
) -> Result<Vec<Action>, PluginFailure> {
    let said = returned.map_err(failure)?;
    let mut check = Check::new(call.manifest.limits.output_bytes());
    check.count("actions", said.len())?;
    let mut actions = Vec::with_capacity(said.len());
    for action in said {
        actions.push(match action {
            socket::Action::Send(socket::Frame::Text(text)) => {
                check.bytes(&text)?;
                Action::Send(SocketFrame::Text(text))
            }
            socket::Action::Send(socket::Frame::Binary(bytes)) => {
                check.bytes(&bytes)?;
                Action::Send(SocketFrame::Binary(bytes.into()))
            }
            socket::Action::SendSealed(socket::SealedFrame { text, secrets }) => {
                check.bytes(&text)?;
                Action::SendSealed { text, secrets: injections(&call.reach(), secrets).map_err(failure)? }
            }
            socket::Action::Emit(message) => match messages(vec![message], from, &mut check)?.pop() {
                Some(message) => Action::Emit(Box::new(message)),
                None => continue,
            },
            socket::Action::Checkpoint(checkpoint) => {
                mark(&mut check, "checkpoint", &checkpoint)?;
                Action::Checkpoint(checkpoint)
            }
            socket::Action::TickAfter(ms) => Action::TickAfter(wait(ms.into())),
            socket::Action::Reconnect(ms) => Action::Reconnect(wait(ms.into())),
            socket::Action::Stop(error) => Action::Stop(failure(error)),
        });
    }
    Ok(actions)
}

/// A frame in the contract's words.
pub(crate) fn frame(frame: SocketFrame) -> socket::Frame {
    match frame {
        SocketFrame::Text(text) => socket::Frame::Text(text),
        SocketFrame::Binary(bytes) => socket::Frame::Binary(bytes.into()),
    }
}

/// How an account is, checked.
pub(crate) fn health(returned: Result<lifecycle::Health, types::PluginError>) -> Result<Health, PluginFailure> {
    let lifecycle::Health { ok, account, detail } = returned.map_err(failure)?;
    let line = |text: String| printable(&text, MAX_ERROR);
    Ok(Health { ok, account: account.map(line), detail: line(detail) })
}

/// The tools of a plugin, checked: the names by the contract's rule and each once, the schemas JSON Schemas of an object.
pub(crate) fn tools(said: Vec<tool::ToolSpec>, limits: &Limits) -> Result<Vec<ToolSpec>, PluginFailure> {
    let mut check = Check::new(limits.output_bytes());
    check.count("tools", said.len())?;
    let mut specs: Vec<ToolSpec> = Vec::with_capacity(said.len());
    for tool::ToolSpec { name, description, input_schema, read_only, idempotent } in said {
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        if name.is_empty() || name.len() > MAX_TOOL_NAME || !name.bytes().all(legal) {
            return Err(PluginFailure::InvalidOutput(format!("the tool's name {name:?}: 1 to 64 of a-z, 0-9, `-` and `_`")));
        }
        if specs.iter().any(|other| other.name == name) {
            return Err(PluginFailure::InvalidOutput(format!("two tools of the name `{name}`")));
        }
        check.bytes(&description)?;
        check.bytes(&input_schema)?;
        let schema = serde_json::from_str::<serde_json::Value>(&input_schema).ok().filter(serde_json::Value::is_object);
        let wrong = || PluginFailure::InvalidOutput(format!("the input schema of `{name}` is no JSON object"));
        let input_schema = schema.ok_or_else(wrong)?;
        if let Err(error) = jsonschema::validator_for(&input_schema) {
            return Err(PluginFailure::InvalidOutput(format!("the input schema of `{name}` is no JSON Schema: {error}")));
        }
        specs.push(ToolSpec { name, description, input_schema, idempotent: read_only || idempotent });
    }
    Ok(specs)
}

/// What a tool gave back, checked. Data is for programs; a model that gets no text gets the data.
pub(crate) fn tool_output(
    returned: Result<tool::ToolOutput, types::PluginError>,
    limits: &Limits,
) -> Result<ToolOutput, PluginFailure> {
    let mut check = Check::new(limits.output_bytes());
    let tool::ToolOutput { text, data, attachments: files } = returned.map_err(failure)?;
    check.bytes(&text)?;
    data.as_ref().map_or(Ok(()), |data| check.bytes(data))?;
    let files = attachments(files, &mut check)?;
    let mut text = if text.is_empty() { data.unwrap_or_default() } else { text };
    for file in files {
        text.push_str(&format!("\n[file: {} ({})]", file.name.as_deref().unwrap_or("without a name"), file.media_type));
    }
    Ok(ToolOutput { text })
}

/// Where a plugin goes on. It says where, and keeps nothing: that is what `state` is for.
fn mark(check: &mut Check, what: &str, mark: &str) -> Result<(), Unusable> {
    if mark.len() > MAX_MARK {
        return Err(Unusable(format!("a {what} of {} bytes; at most {MAX_MARK} are kept", mark.len())));
    }
    check.bytes(mark)
}

fn wait(ms: u64) -> Duration {
    Duration::from_millis(ms.min(MAX_WAIT_MS))
}
