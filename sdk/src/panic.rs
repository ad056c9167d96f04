//! What happens on the way into a plugin's function.

/// Makes panics visible: a component's panic is a bare trap, and its message would be lost.
#[cfg(target_arch = "wasm32")]
pub fn enter() {
    static HOOK: std::sync::Once = std::sync::Once::new();
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            let message = info.payload_as_str().unwrap_or("no message");
            crate::log::error("the plugin panicked", &[("message", message), ("place", &place)]);
        }));
    });
}

/// Nothing: native panics speak for themselves.
#[cfg(not(target_arch = "wasm32"))]
pub fn enter() {}
