//! The traits that a plugin implements and the macros that export them.

use crate::{Delivery, HttpRequest, Inbound, Invocation, Outbound, PluginError, Receipt, Received, Result, ToolOutput, ToolSpec};

/// A webhook preset: turns deliveries of one sender's shape into messages.
pub trait Preset {
    /// Called once for each delivery, after the host verified it, in an instance that lives for this call alone: statics start
    /// afresh each time. It may log and nothing else. An empty list means that there is nothing to say. An
    /// error puts the delivery among the dead letters, where a person sees its text; [`PluginError::invalid_input`] should name what is
    /// wrong.
    fn normalize(delivery: Delivery) -> Result<Vec<Inbound>>;
}

/// A chat network.
pub trait Channel {
    /// Called once for each verified request from the network, in an instance that lives for this call alone. The reply is sent once
    /// every message is durable, so it must not promise more than that.
    fn receive(request: HttpRequest) -> Result<Received>;

    /// Called for each phase of each message that goes out; a failed call is repeated as its error says.
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

// A native library cannot export names such as `wingman:plugin/preset@0.1.0#normalize`: linkers do not take them. So the macros export
// in a component alone, and natively they check the trait.

#[doc(hidden)]
pub fn __is_preset<T: Preset>() {}

#[doc(hidden)]
pub fn __is_channel<T: Channel>() {}

#[doc(hidden)]
pub fn __is_tool<T: Tool>() {}

/// Exports a [`Preset`] as the component's interface. Once for each crate.
#[macro_export]
macro_rules! export_preset {
    ($plugin:ty) => {
        const _: fn() = $crate::__is_preset::<$plugin>;
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Exported;
            impl $crate::__bindings::preset::exports::wingman::plugin::preset::Guest for Exported {
                fn normalize(delivery: $crate::Delivery) -> $crate::Result<::std::vec::Vec<$crate::Inbound>> {
                    $crate::__enter();
                    <$plugin as $crate::Preset>::normalize(delivery)
                }
            }
    $crate::__bindings::preset::export!(Exported with_types_in $crate::__bindings::preset);
        };
    };
}

/// Exports a [`Channel`] as the component's interface. Once for each crate.
#[macro_export]
macro_rules! export_channel {
    ($plugin:ty) => {
        const _: fn() = $crate::__is_channel::<$plugin>;
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Exported;
            impl $crate::__bindings::channel::exports::wingman::plugin::channel::Guest for Exported {
                fn receive(request: $crate::HttpRequest) -> $crate::Result<$crate::Received> {
                    $crate::__enter();
                    <$plugin as $crate::Channel>::receive(request)
                }

                fn deliver(outbound: $crate::Outbound) -> $crate::Result<$crate::Receipt> {
                    $crate::__enter();
                    <$plugin as $crate::Channel>::deliver(outbound)
                }
            }
    $crate::__bindings::channel::export!(Exported with_types_in $crate::__bindings::channel);
        };
    };
}

/// Exports a [`Tool`] as the component's interface. Once for each crate.
#[macro_export]
macro_rules! export_tool {
    ($plugin:ty) => {
        const _: fn() = $crate::__is_tool::<$plugin>;
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Exported;
            impl $crate::__bindings::tool::exports::wingman::plugin::tool::Guest for Exported {
                fn tools() -> ::std::vec::Vec<$crate::ToolSpec> {
                    $crate::__enter();
                    <$plugin as $crate::Tool>::tools()
                }

                fn call(invocation: $crate::Invocation) -> $crate::Result<$crate::ToolOutput> {
                    $crate::__enter();
                    <$plugin as $crate::Tool>::call(invocation)
                }
            }
    $crate::__bindings::tool::export!(Exported with_types_in $crate::__bindings::tool);
        };
    };
}
