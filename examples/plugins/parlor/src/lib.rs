//! A chat network, whole: messages in by webhook or by long poll, replies that grow, signs of life, set-up.
//!
//! `wire.rs` has the network's words. What HTTP says goes through `api`, and nothing else knows addresses.

mod wire;

use serde::de::DeserializeOwned;
use serde_json::json;
use std::time::Duration;
use wingman_sdk::host::{config, http};
use wingman_sdk::{
    Channel, Growing, Health, HttpRequest, HttpResponse, Lifecycle, Outbound, Part, Peer, Place, PluginError, Poll, Polled,
    Presence, Receipt, Received, Result, SecretUse, log, split::Limit, url,
};
use wire::{Delivery, Me, Posted, Settings, Updates};

/// The network's limit, and how often it likes a message to be edited.
const GROWING: Growing = Growing::new(Limit::chars(2_000)).edit_every(Duration::from_millis(800));
/// How long the network holds a question for updates.
const LONG_POLL: Duration = Duration::from_secs(25);
/// How long it shows that somebody is writing, in milliseconds.
const TYPING_MS: u32 = 6_000;

/// The channel.
pub struct Parlor;

/// A call of the network's API, with the bot's token in its place.
fn api(method: &str, path: &str) -> Result<http::Request> {
    let settings: Settings = config::settings()?;
    let address = format!("{}{path}", settings.base_url.trim_end_matches('/'));
    Ok(http::request(method, address).secret(SecretUse::bearer("bot-token")))
}

fn answer<T: DeserializeOwned>(request: http::Request) -> Result<T> {
    request.send()?.error_for_status()?.json()
}

fn done(request: http::Request) -> Result<()> {
    request.send()?.error_for_status().map(drop)
}

fn room(place: &Place) -> Result<&str> {
    let peer: Option<&Peer> = place.peer.as_ref();
    peer.map(|peer| peer.id.as_str()).ok_or_else(|| PluginError::invalid_input("the place has no room"))
}

impl Channel for Parlor {
    fn receive(request: HttpRequest) -> Result<Received> {
        match request.json()? {
            Delivery::Ping { challenge } => Ok(Received::reply(HttpResponse::json(200, &json!({ "challenge": challenge }))?)),
            Delivery::Message { message } => {
                Ok(Received::new(HttpResponse::status(204), vec![message.into_inbound(config::account())]))
            }
        }
    }

    fn deliver(outbound: Outbound) -> Result<Receipt> {
        if !outbound.attachments.is_empty() {
            log::warn("this network takes no files from bots", &[("reply", &outbound.id)]);
        }
        let room = url::encode(room(&outbound.place)?);
        let send = |part: Part<'_>| {
            let message = json!({
                "text": part.text,
                "thread": outbound.place.thread,
                "reply_to": part.reply_to(),
                "nonce": part.nonce(),
            });
            answer::<Posted>(api("POST", &format!("/rooms/{room}/messages"))?.json(&message)?).map(|posted| posted.id)
        };
        let edit = |id: &str, part: Part<'_>| {
            let path = format!("/messages/{}", url::encode(id));
            done(api("PATCH", &path)?.json(&json!({ "text": part.text }))?)
        };
        GROWING.deliver(&outbound, send, edit)
    }
}

impl Poll for Parlor {
    fn poll(cursor: Option<String>) -> Result<Polled> {
        let wait = LONG_POLL.as_secs().to_string();
        let request = api("GET", "/updates")?.query("after", cursor.as_deref().unwrap_or("")).query("wait", &wait);
        let updates: Updates = answer(request.timeout(LONG_POLL + Duration::from_secs(10)))?;
        let account = config::account();
        let messages = updates.updates.into_iter().map(|message| message.into_inbound(account.clone())).collect();
        Ok(Polled::new(messages, Some(updates.next)))
    }
}

impl Presence for Parlor {
    fn typing(place: Place, _: Option<String>) -> Result<u32> {
        done(api("POST", &format!("/rooms/{}/typing", url::encode(room(&place)?)))?)?;
        Ok(TYPING_MS)
    }

    fn react(_: Place, message: String, emoji: Option<String>) -> Result<()> {
        done(api("PUT", &format!("/messages/{}/reaction", url::encode(&message)))?.json(&json!({ "emoji": emoji }))?)
    }
}

impl Lifecycle for Parlor {
    fn register(public_url: String) -> Result<()> {
        let webhook = json!({ "url": public_url, "secret": "" });
        done(api("PUT", "/webhook")?.json(&webhook)?.secret(SecretUse::in_json("signing-secret", "/secret")))
    }

    fn unregister() -> Result<()> {
        let response = api("DELETE", "/webhook")?.send()?;
        // There was none: that is what was wanted.
        if response.status() == 404 { Ok(()) } else { response.error_for_status().map(drop) }
    }

    fn probe() -> Result<Health> {
        let me: Me = answer(api("GET", "/me")?)?;
        Ok(Health { ok: true, detail: format!("signed in as {}", me.name), account: Some(me.name) })
    }
}

wingman_sdk::export_channel!(Parlor: poll, presence, lifecycle);
