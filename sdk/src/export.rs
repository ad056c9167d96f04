//! The macros that make a component of a type. A component exports exactly what the macro names, and imports what it uses.
//!
//! A native library cannot export names such as `wingman:plugin/preset@0.1.0#normalize`: linkers do not take them. So the
//! macros export in a component alone, and natively they check the traits.

use crate::{Channel, Lifecycle, Media, Poll, Presence, Preset, Socket, Tool};

#[doc(hidden)]
pub fn __is_preset<T: Preset>() {}

#[doc(hidden)]
pub fn __is_channel<T: Channel>() {}

#[doc(hidden)]
pub fn __is_tool<T: Tool>() {}

#[doc(hidden)]
pub fn __is_socket<T: Socket>() {}

#[doc(hidden)]
pub fn __is_poll<T: Poll>() {}

#[doc(hidden)]
pub fn __is_presence<T: Presence>() {}

#[doc(hidden)]
pub fn __is_media<T: Media>() {}

#[doc(hidden)]
pub fn __is_lifecycle<T: Lifecycle>() {}

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

/// Exports a [`Channel`] with the capabilities that it has: `export_channel!(Parlor: poll, presence)`. Once for each crate.
///
/// The capabilities are `socket`, `poll`, `presence`, `media` and `lifecycle`, each with the trait of that name. One that
/// another type implements is written `socket = Connection`, which suits the one that has state.
#[macro_export]
macro_rules! export_channel {
    ($plugin:ty $(: $($capability:ident $(= $implementor:ty)?),+ $(,)?)?) => {
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
        $($($crate::__export_capability!($capability, $plugin $(, $implementor)?);)+)?
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __export_capability {
    ($capability:ident, $plugin:ty, $implementor:ty) => { $crate::__export_capability!($capability, $implementor); };
    (socket, $plugin:ty) => {
        const _: fn() = $crate::__is_socket::<$plugin>;
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            // A component has one thread, and the host calls it once at a time.
            ::std::thread_local! {
                static SOCKET: ::std::cell::RefCell<$plugin> = ::std::cell::RefCell::new(<$plugin as ::std::default::Default>::default());
            }
            struct Exported;
            impl $crate::__bindings::socket::exports::wingman::plugin::socket::Guest for Exported {
                fn open(checkpoint: ::std::option::Option<::std::string::String>) -> $crate::Result<$crate::Opening> {
                    $crate::__enter();
                    SOCKET.with_borrow_mut(|socket| $crate::Socket::open(socket, checkpoint))
                }

                fn on_frame(frame: $crate::Frame) -> ::std::vec::Vec<$crate::Action> {
                    $crate::__enter();
                    SOCKET.with_borrow_mut(|socket| $crate::Socket::on_frame(socket, frame))
                }

                fn on_tick() -> ::std::vec::Vec<$crate::Action> {
                    $crate::__enter();
                    SOCKET.with_borrow_mut($crate::Socket::on_tick)
                }

                fn on_close(code: u16, reason: ::std::string::String) -> ::std::vec::Vec<$crate::Action> {
                    $crate::__enter();
                    SOCKET.with_borrow_mut(|socket| $crate::Socket::on_close(socket, code, reason))
                }
            }
    $crate::__bindings::socket::export!(Exported with_types_in $crate::__bindings::socket);
        };
    };
    (poll, $plugin:ty) => {
        const _: fn() = $crate::__is_poll::<$plugin>;
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Exported;
            impl $crate::__bindings::poll::exports::wingman::plugin::poll::Guest for Exported {
                fn poll(cursor: ::std::option::Option<::std::string::String>) -> $crate::Result<$crate::Polled> {
                    $crate::__enter();
                    <$plugin as $crate::Poll>::poll(cursor)
                }
            }
    $crate::__bindings::poll::export!(Exported with_types_in $crate::__bindings::poll);
        };
    };
    (presence, $plugin:ty) => {
        const _: fn() = $crate::__is_presence::<$plugin>;
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Exported;
            impl $crate::__bindings::presence::exports::wingman::plugin::presence::Guest for Exported {
                fn typing(place: $crate::Place, context: ::std::option::Option<::std::string::String>) -> $crate::Result<u32> {
                    $crate::__enter();
                    <$plugin as $crate::Presence>::typing(place, context)
                }

                fn react(
                    place: $crate::Place,
                    message: ::std::string::String,
                    emoji: ::std::option::Option<::std::string::String>,
                ) -> $crate::Result<()> {
                    $crate::__enter();
                    <$plugin as $crate::Presence>::react(place, message, emoji)
                }
            }
    $crate::__bindings::presence::export!(Exported with_types_in $crate::__bindings::presence);
        };
    };
    (media, $plugin:ty) => {
        const _: fn() = $crate::__is_media::<$plugin>;
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Exported;
            impl $crate::__bindings::media::exports::wingman::plugin::media::Guest for Exported {
                fn locate(reference: ::std::string::String) -> $crate::Result<$crate::host::http::Outgoing> {
                    $crate::__enter();
                    <$plugin as $crate::Media>::locate(reference)
                }
            }
    $crate::__bindings::media::export!(Exported with_types_in $crate::__bindings::media);
        };
    };
    (lifecycle, $plugin:ty) => {
        const _: fn() = $crate::__is_lifecycle::<$plugin>;
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Exported;
            impl $crate::__bindings::lifecycle::exports::wingman::plugin::lifecycle::Guest for Exported {
                fn register(public_url: ::std::string::String) -> $crate::Result<()> {
                    $crate::__enter();
                    <$plugin as $crate::Lifecycle>::register(public_url)
                }

                fn unregister() -> $crate::Result<()> {
                    $crate::__enter();
                    <$plugin as $crate::Lifecycle>::unregister()
                }

                fn probe() -> $crate::Result<$crate::Health> {
                    $crate::__enter();
                    <$plugin as $crate::Lifecycle>::probe()
                }
            }
    $crate::__bindings::lifecycle::export!(Exported with_types_in $crate::__bindings::lifecycle);
        };
    };
}
