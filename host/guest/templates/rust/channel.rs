//! A chat network with rooms: it calls us with each message, and takes ours by POST.

use serde::{Deserialize, Serialize};
use wingman_sdk::host::http;
use wingman_sdk::split::Limit;
use wingman_sdk::{
    Channel, HttpRequest, HttpResponse, Inbound, Outbound, Peer, Place, PluginError, Receipt,
    Received, Result, SecretUse, Sender, deliver_whole, url,
};

/// The network's longest message.
const LIMIT: Limit = Limit::chars(4000);

/// A message as the network calls us with it.
#[derive(Deserialize)]
struct Said {
    id: String,
    room: String,
    user: String,
    text: String,
}

/// A message as the network takes it.
#[derive(Serialize)]
struct Post<'a> {
    text: &'a str,
}

/// What the network answers.
#[derive(Deserialize)]
struct Posted {
    id: String,
}

/// The channel.
pub struct {{type}};

impl Channel for {{type}} {
    fn receive(request: HttpRequest) -> Result<Received> {
        let said: Said = request.json()?;
        let place = Place {
            peer: Some(Peer::group(said.room)),
            ..Place::default()
        };
        let message = Inbound::new(said.id, said.text)
            .at(place)
            .from_sender(Sender::person(said.user));
        Ok(Received::new(HttpResponse::status(200), vec![message]))
    }

    fn deliver(outbound: Outbound) -> Result<Receipt> {
        deliver_whole(&outbound, LIMIT, |part| {
            let room = outbound
                .place
                .peer
                .as_ref()
                .ok_or_else(|| PluginError::permanent("a message to no room"))?;
            let posted: Posted = http::post(format!(
                "https://chat.example.com/rooms/{}/messages",
                url::encode(&room.id)
            ))
            .secret(SecretUse::bearer("bot-token"))
            .json(&Post { text: part.text })?
            .send()?
            .error_for_status()?
            .json()?;
            Ok(posted.id)
        })
    }
}

wingman_sdk::export_channel!({{type}});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_says_in_a_room_is_a_message_from_there() {
        let body = r#"{"id":"m1","room":"hall","user":"ada","text":"hello"}"#;
        let request = HttpRequest {
            method: "POST".into(),
            url: "/".into(),
            headers: Vec::new(),
            body: body.into(),
        };
        let received = {{type}}::receive(request).unwrap();
        assert_eq!(received.messages[0].text, "hello");
        assert_eq!(received.messages[0].place.peer.as_ref().unwrap().id, "hall");
    }
}
