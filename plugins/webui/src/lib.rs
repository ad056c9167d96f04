//! The channel of the gateway's own clients: what a client asks becomes one message.
//!
//! Answers do not pass here: clients watch their session's events. Which agent is asked, queueing and cancelling are the gateway's.

mod ask;
mod attachment;

use ask::{Address, Ask};
use wingman_sdk::{Channel, HttpRequest, HttpResponse, Inbound, Received, Result, Sender, id};

struct WebUi;

impl Channel for WebUi {
    fn receive(request: HttpRequest) -> Result<Received> {
        let address = Address::of(&request)?;
        let ask = Ask::of(&request)?;
        let message_id = id::join(&[&address.client, &address.request]);
        let mut message = Inbound::new(message_id, ask.text).at(ask.place).from_sender(Sender::person(address.client));
        message.attachments = ask.files.attachments;
        message.facts = ask.files.texts;
        Ok(Received::new(HttpResponse::status(200), vec![message]))
    }
}

wingman_sdk::export_channel!(WebUi);

/// The component's function, for native tests.
pub fn receive(request: HttpRequest) -> Result<Received> {
    WebUi::receive(request)
}
