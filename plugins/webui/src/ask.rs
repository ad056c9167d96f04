//! What a client asks, as it writes it, and what that means. Parsed once, here; fields that are not named are the gateway's business
//! or nobody's.

use crate::attachment::{self, File, Sorted};
use serde::Deserialize;
use wingman_sdk::{HttpRequest, Peer, PeerKind, Place, PluginError, Result, id};

/// More text than this is a mistake: what is longer belongs into a file.
const MAX_CONTENT: usize = 1_000_000;
/// More files than this is one too.
const MAX_FILES: usize = 32;
/// No network has longer ids.
const MAX_ID: usize = 256;

/// Who asks, from the request's path `/clients/<clientId>/requests/<requestId>`.
pub(crate) struct Address {
    pub(crate) client: String,
    pub(crate) request: String,
}

impl Address {
    pub(crate) fn of(request: &HttpRequest) -> Result<Self> {
        let wrong = || PluginError::invalid_input("expected POST /clients/<clientId>/requests/<requestId>");
        if request.method != "POST" {
            return Err(wrong());
        }
        let segments: Vec<_> = request.path().split('/').collect();
        let ["", "clients", client, "requests", request] = segments[..] else { return Err(wrong()) };
        let part = |name: &str, segment: &str| {
            let id = id::decode_segment(segment).ok_or_else(wrong)?;
            checked_id(name, id)
        };
        Ok(Self { client: part("the client id", client)?, request: part("the request id", request)? })
    }
}

/// What is asked.
pub(crate) struct Ask {
    pub(crate) text: String,
    pub(crate) place: Place,
    pub(crate) files: Sorted,
}

#[derive(Deserialize)]
struct Payload {
    content: Option<String>,
    attachments: Option<Vec<File>>,
    routing: Option<Routing>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Routing {
    account_id: Option<String>,
    guild_id: Option<String>,
    team_id: Option<String>,
    peer: Option<RoutingPeer>,
    thread_id: Option<String>,
}

#[derive(Deserialize)]
struct RoutingPeer {
    kind: Kind,
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Dm,
    Group,
    Channel,
}

impl Ask {
    pub(crate) fn of(request: &HttpRequest) -> Result<Self> {
        let Payload { content, attachments, routing } = request.json()?;
        let mut text = content.unwrap_or_default();
        if text.len() > MAX_CONTENT {
            let length = text.len();
            return Err(invalid(format!(
                "`content` has {length} bytes; at most {MAX_CONTENT} are taken: send the rest as an attachment"
            )));
        }
        let sent = attachments.unwrap_or_default();
        if sent.len() > MAX_FILES {
            return Err(invalid(format!("there are {} `attachments`; at most {MAX_FILES} are taken at once", sent.len())));
        }
        if text.trim().is_empty() {
            if sent.is_empty() {
                return Err(invalid(
                    "there is nothing to ask: send `content`, a string that is not empty, or `attachments`".to_owned(),
                ));
            }
            // Models refuse an empty turn, and a person who looks at the session wants to see what happened.
            text = format!("Attached: {}", sent.iter().map(File::label).collect::<Vec<_>>().join(", "));
        }
        let place = routing.map(place).transpose()?.unwrap_or_default();
        Ok(Self { text, place, files: attachment::sort(sent)? })
    }
}

fn place(routing: Routing) -> Result<Place> {
    let optional = |name: &str, id: Option<String>| id.map(|id| checked_id(name, id)).transpose();
    let peer = |RoutingPeer { kind, id }| -> Result<Peer> {
        let kind = match kind {
            Kind::Dm => PeerKind::Dm,
            Kind::Group => PeerKind::Group,
            Kind::Channel => PeerKind::Channel,
        };
        Ok(Peer { kind, id: checked_id("`routing.peer.id`", id)? })
    };
    Ok(Place {
        account: optional("`routing.accountId`", routing.account_id)?,
        guild: optional("`routing.guildId`", routing.guild_id)?,
        team: optional("`routing.teamId`", routing.team_id)?,
        peer: routing.peer.map(peer).transpose()?,
        thread: optional("`routing.threadId`", routing.thread_id)?,
    })
}

fn checked_id(name: &str, id: String) -> Result<String> {
    if id.is_empty() || id.len() > MAX_ID {
        return Err(invalid(format!("{name} has {} bytes; it must have 1 to {MAX_ID}", id.len())));
    }
    Ok(id)
}

fn invalid(reason: String) -> PluginError {
    PluginError::invalid_input(reason)
}
