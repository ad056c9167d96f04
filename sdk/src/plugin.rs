//! The traits that a plugin implements. What a channel may do beside is in `capability.rs`; the macros are in `export.rs`.

use crate::{Delivery, HttpRequest, Inbound, Invocation, Outbound, PluginError, Receipt, Received, Result, ToolOutput, ToolSpec};

/// A webhook preset: turns deliveries of one sender's shape into messages.
pub trait Preset {
    /// Called once for each delivery, after the host verified it, in an instance that lives for this call alone: statics start
    /// afresh each time. It may log and nothing else. An empty list means that there is nothing to say. An
    /// error puts the delivery among the dead letters, where a person sees its text; [`PluginError::invalid_input`] should
    /// name what is wrong.
    fn normalize(delivery: Delivery) -> Result<Vec<Inbound>>;
}

/// A chat network. Export it with [`export_channel!`](crate::export_channel), together with the capabilities that it has.
pub trait Channel {
    /// Called once for each verified request from the network, in an instance that lives for this call alone. The reply is
    /// sent once every message is durable, so it must not promise more than that. A network that calls nobody needs none.
    fn receive(request: HttpRequest) -> Result<Received> {
        let _ = request;
        Err(PluginError::unsupported("this channel takes no requests"))
    }

    /// Called for each phase of each message that goes out; a failed call is repeated as its error says.
    /// [`Growing`](crate::Growing) and [`deliver_whole`](crate::deliver_whole) do what is the same for all networks.
    fn deliver(outbound: Outbound) -> Result<Receipt> {
        let _ = outbound;
        Err(PluginError::unsupported("this channel does not deliver"))
    }
}

/// Tools that agents call.
pub trait Tool {
    /// The tools there are. Called after loading and after each change of settings.
    fn tools() -> Vec<ToolSpec>;

    /// Runs the tool that the invocation names. [`PluginError::invalid_input`] is told to the model, which may try again.
    fn call(invocation: Invocation) -> Result<ToolOutput>;
}
