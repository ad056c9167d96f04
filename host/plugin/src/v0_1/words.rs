//! From the gateway's words to the contract's.

use super::{channel, preset, tool, types};
use sha2::{Digest, Sha256};
use wingman_message::{
    Attachment, ContentSource, Header, HttpRequest, Outbound, PeerKind, Phase, Place, ToolInvocation, WebhookDelivery,
};

/// A delivery; `now_ms` is when it came in. Its settings are empty where the webhook has none of its own.
pub(crate) fn delivery(delivery: WebhookDelivery, now_ms: i64) -> preset::Delivery {
    preset::Delivery {
        webhook: delivery.webhook.to_string(),
        label: delivery.label,
        content_type: delivery.content_type,
        headers: headers(delivery.headers),
        digest: hex::encode(Sha256::digest(&delivery.body)),
        body: delivery.body.into(),
        received_at: u64::try_from(now_ms).unwrap_or(0),
        settings: delivery.settings,
    }
}

/// A request from outside or from one of the gateway's own clients.
pub(crate) fn request(request: HttpRequest) -> types::HttpRequest {
    types::HttpRequest { method: request.method, url: request.url, headers: headers(request.headers), body: request.body.into() }
}

fn headers(headers: Vec<Header>) -> Vec<types::Header> {
    headers.into_iter().map(|Header { name, value }| types::Header { name, value }).collect()
}

/// Where something is said. The channel is the plugin's own and goes without saying.
pub(crate) fn place(place: &Place) -> types::Place {
    types::Place {
        account: place.account.clone(),
        guild: place.guild.clone(),
        team: place.team.clone(),
        peer: place.peer.as_ref().map(|peer| types::Peer {
            kind: match peer.kind {
                PeerKind::Dm => types::PeerKind::Dm,
                PeerKind::Group => types::PeerKind::Group,
                PeerKind::Channel => types::PeerKind::Channel,
            },
            id: peer.id.clone(),
        }),
        thread: place.thread.clone(),
    }
}

/// One message out.
pub(crate) fn outbound(outbound: Outbound) -> channel::Outbound {
    channel::Outbound {
        id: outbound.id,
        place: place(&outbound.place),
        reply_to: outbound.reply_to,
        markdown: outbound.markdown,
        attachments: outbound.attachments.into_iter().map(attachment).collect(),
        phase: match outbound.phase {
            Phase::Start => channel::Phase::Start,
            Phase::Append => channel::Phase::Append,
            Phase::Finish => channel::Phase::Finish,
        },
        previous: outbound.previous,
        context: outbound.context,
    }
}

fn attachment(attachment: Attachment) -> types::Attachment {
    let Attachment { name, media_type, size, source } = attachment;
    let source = match source {
        ContentSource::Url(url) => types::ContentSource::Url(url),
        ContentSource::Blob(blob) => types::ContentSource::Blob(blob),
        ContentSource::Reference(reference) => types::ContentSource::Reference(reference),
    };
    types::Attachment { name, media_type, size, source }
}

/// A call of the tool that the plugin calls `tool`.
pub(crate) fn invocation(tool: &str, invocation: &ToolInvocation) -> tool::Invocation {
    tool::Invocation {
        tool: tool.to_owned(),
        input: invocation.input.to_string(),
        agent: invocation.session.agent().to_string(),
        session: invocation.session.to_string(),
        call_id: invocation.call_id.clone(),
    }
}
