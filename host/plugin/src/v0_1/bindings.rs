//! The contract's own words, generated: the host's view of everything that it offers or calls, whatever the kind of the plugin.

wasmtime::component::bindgen!({
    inline: "
        package wingman:host;
        world calls {
            import wingman:plugin/log@0.1.0;
            import wingman:plugin/clock@0.1.0;
            import wingman:plugin/config@0.1.0;
            import wingman:plugin/http@0.1.0;
            import wingman:plugin/state@0.1.0;
            import wingman:plugin/blobs@0.1.0;
            import wingman:plugin/progress@0.1.0;
            export wingman:plugin/preset@0.1.0;
            export wingman:plugin/channel@0.1.0;
            export wingman:plugin/socket@0.1.0;
            export wingman:plugin/poll@0.1.0;
            export wingman:plugin/presence@0.1.0;
            export wingman:plugin/media@0.1.0;
            export wingman:plugin/lifecycle@0.1.0;
            export wingman:plugin/tool@0.1.0;
        }
    ",
    path: "../../wit",
    world: "wingman:host/calls",
    imports: {
        "wingman:plugin/http@0.1.0.send": async,
        "wingman:plugin/http@0.1.0.download": async,
        "wingman:plugin/state@0.1.0.get": async,
        "wingman:plugin/state@0.1.0.set": async,
        "wingman:plugin/state@0.1.0.delete": async,
        "wingman:plugin/blobs@0.1.0.write": async,
        "wingman:plugin/blobs@0.1.0.stat": async,
        "wingman:plugin/blobs@0.1.0.read": async,
    },
    exports: { default: async },
});
