//! What a channel may be able to do beside [`Channel`](crate::Channel): one trait for each optional interface of the contract.

use crate::host::http::Outgoing;
use crate::{Action, Frame, Health, Opening, Place, PluginError, Polled, Result};

/// A WebSocket that the host keeps.
///
/// There is one value for each account. It is made before the first [`open`](Socket::open), gets every call after that, one at
/// a time, and is gone when the plugin is replaced or fails: what must outlive that belongs into a checkpoint.
pub trait Socket: Default {
    /// Before each connect. `checkpoint` is the last one that was stored. May use [`host::http`](crate::host::http) to ask
    /// for an address.
    fn open(&mut self, checkpoint: Option<String>) -> Result<Opening>;

    /// After each frame that came in. Actions are done in order, each before the next begins: an acknowledgement after
    /// [`Action::Emit`] is honest, and an [`Action::Checkpoint`] is stored with the messages before it.
    fn on_frame(&mut self, frame: Frame) -> Vec<Action>;

    /// When a time that [`Action::TickAfter`] asked for has passed.
    fn on_tick(&mut self) -> Vec<Action> {
        Vec::new()
    }

    /// After the other side closed, or the connection broke (code 1006). Without [`Action::Reconnect`] or [`Action::Stop`]
    /// the host reconnects with backoff.
    fn on_close(&mut self, code: u16, reason: String) -> Vec<Action> {
        let _ = (code, reason);
        Vec::new()
    }
}

/// Asking the network for news.
pub trait Poll {
    /// Asks once. `cursor` is the last one that was stored, none at the very first call. The host stores messages and
    /// cursor in one step, so the network may be told to forget a message only by the cursor of a later call.
    fn poll(cursor: Option<String>) -> Result<Polled>;
}

/// Signs of life. What a network does not have stays as it is.
pub trait Presence {
    /// Shows that the agent is writing. Returns for how many milliseconds the network shows it; the host repeats it in time.
    fn typing(place: Place, context: Option<String>) -> Result<u32> {
        let _ = (place, context);
        Err(PluginError::unsupported("this network shows no typing"))
    }

    /// Puts the agent's reaction on a message; none takes it away.
    fn react(place: Place, message: String, emoji: Option<String>) -> Result<()> {
        let _ = (place, message, emoji);
        Err(PluginError::unsupported("this network has no reactions"))
    }
}

/// Finding the bytes behind a [`ContentSource::Reference`](crate::ContentSource::Reference).
pub trait Media {
    /// The request that fetches the file: `http::get(..).secret(..).into()`. The host makes it when somebody opens the
    /// file. May use [`host::http`](crate::host::http) to ask for the address.
    fn locate(reference: String) -> Result<Outgoing>;
}

/// The webhook's registration with the network, and whether the account works.
pub trait Lifecycle {
    /// Tells the network to call this address. Repeating it is no error.
    fn register(public_url: String) -> Result<()> {
        let _ = public_url;
        Err(PluginError::unsupported("this network's webhook is set up by hand"))
    }

    /// Takes that back. Repeating it is no error.
    fn unregister() -> Result<()> {
        Err(PluginError::unsupported("this network's webhook is set up by hand"))
    }

    /// Asks the network whether the credentials work, without side effects.
    fn probe() -> Result<Health>;
}
