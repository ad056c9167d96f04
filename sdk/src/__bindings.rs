//! The generated bindings: one module for each world, on shared types. Public for the export macros alone.
#![allow(unsafe_code, reason = "the canonical ABI is raw pointers; this code is generated from the WIT files")]
#![allow(missing_docs, unreachable_pub, clippy::all, reason = "generated; the WIT files carry the documentation")]

/// The world with every import, so it is the home of what the other worlds share.
pub mod tool {
    wit_bindgen::generate!({
        path: "../wit",
        world: "tool-plugin",
        runtime_path: "::wingman_sdk::__bindings::rt",
        pub_export_macro: true,
        generate_all,
        generate_unused_types: true,
        additional_derives: [PartialEq],
    });
}

pub mod preset {
    wit_bindgen::generate!({
        path: "../wit",
        world: "preset-plugin",
        runtime_path: "::wingman_sdk::__bindings::rt",
        pub_export_macro: true,
        additional_derives: [PartialEq],
        with: {
            "wingman:plugin/types@0.1.0": super::tool::wingman::plugin::types,
            "wingman:plugin/log@0.1.0": super::tool::wingman::plugin::log,
        },
    });
}

pub mod channel {
    wit_bindgen::generate!({
        path: "../wit",
        world: "channel-plugin",
        runtime_path: "::wingman_sdk::__bindings::rt",
        pub_export_macro: true,
        additional_derives: [PartialEq],
        with: {
            "wingman:plugin/types@0.1.0": super::tool::wingman::plugin::types,
            "wingman:plugin/log@0.1.0": super::tool::wingman::plugin::log,
            "wingman:plugin/clock@0.1.0": super::tool::wingman::plugin::clock,
            "wingman:plugin/config@0.1.0": super::tool::wingman::plugin::config,
            "wingman:plugin/http@0.1.0": super::tool::wingman::plugin::http,
            "wingman:plugin/state@0.1.0": super::tool::wingman::plugin::state,
            "wingman:plugin/blobs@0.1.0": super::tool::wingman::plugin::blobs,
        },
    });
}

/// One optional interface of a channel, for those who have it.
pub mod socket {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "package wingman:sdk; world socket-capability { export wingman:plugin/socket@0.1.0; }",
        world: "wingman:sdk/socket-capability",
        runtime_path: "::wingman_sdk::__bindings::rt",
        pub_export_macro: true,
        generate_all,
        additional_derives: [PartialEq],
        with: {
            "wingman:plugin/types@0.1.0": super::tool::wingman::plugin::types,
        },
    });
}

/// One optional interface of a channel, for those who have it.
pub mod poll {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "package wingman:sdk; world poll-capability { export wingman:plugin/poll@0.1.0; }",
        world: "wingman:sdk/poll-capability",
        runtime_path: "::wingman_sdk::__bindings::rt",
        pub_export_macro: true,
        generate_all,
        additional_derives: [PartialEq],
        with: {
            "wingman:plugin/types@0.1.0": super::tool::wingman::plugin::types,
        },
    });
}

/// One optional interface of a channel, for those who have it.
pub mod presence {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "package wingman:sdk; world presence-capability { export wingman:plugin/presence@0.1.0; }",
        world: "wingman:sdk/presence-capability",
        runtime_path: "::wingman_sdk::__bindings::rt",
        pub_export_macro: true,
        generate_all,
        additional_derives: [PartialEq],
        with: {
            "wingman:plugin/types@0.1.0": super::tool::wingman::plugin::types,
        },
    });
}

/// One optional interface of a channel, for those who have it.
pub mod lifecycle {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "package wingman:sdk; world lifecycle-capability { export wingman:plugin/lifecycle@0.1.0; }",
        world: "wingman:sdk/lifecycle-capability",
        runtime_path: "::wingman_sdk::__bindings::rt",
        pub_export_macro: true,
        generate_all,
        additional_derives: [PartialEq],
        with: {
            "wingman:plugin/types@0.1.0": super::tool::wingman::plugin::types,
        },
    });
}

/// One optional interface of a channel, for those who have it.
pub mod media {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "package wingman:sdk; world media-capability { export wingman:plugin/media@0.1.0; }",
        world: "wingman:sdk/media-capability",
        runtime_path: "::wingman_sdk::__bindings::rt",
        pub_export_macro: true,
        generate_all,
        additional_derives: [PartialEq],
        with: {
            "wingman:plugin/types@0.1.0": super::tool::wingman::plugin::types,
            "wingman:plugin/http@0.1.0": super::tool::wingman::plugin::http,
        },
    });
}

/// The bindings' runtime, under a path that a plugin's crate can see.
pub use wit_bindgen::rt;
