//! The empty WASI: what components of other toolchains may import without getting anything.
//!
//! No files, no environment, no arguments, no network; a clock and random bytes are there. `wasi:http` is left out, since
//! calls out go through the contract's own `http`, where the grants are.

use wasmtime::component::{Linker, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

/// Handles that one call may have open.
const MAX_HANDLES: usize = 1_000;
/// Random bytes that one request may ask for.
const MAX_RANDOM: u64 = 64 * 1024;
/// Packages that are offered.
const OFFERED: [&str; 6] = ["wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:io/", "wasi:random/", "wasi:sockets/"];

/// Whether the component may import this interface.
pub(crate) fn is_offered(import: &str) -> bool {
    OFFERED.iter().any(|package| import.starts_with(package))
}

/// Makes the empty WASI known to a linker.
pub(crate) fn add_to_linker<T: WasiView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)
}

/// One call's WASI. It is made when the guest first uses it: most never do, and it costs more than their whole call.
#[derive(Default)]
pub(crate) struct EmptyWasi(Option<Box<(WasiCtx, ResourceTable)>>);

impl EmptyWasi {
    pub(crate) fn view(&mut self) -> WasiCtxView<'_> {
        let (ctx, table) = &mut **self.0.get_or_insert_with(|| {
            let mut builder = WasiCtx::builder();
            builder.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false).max_random_size(MAX_RANDOM);
            let mut table = ResourceTable::new();
            table.set_max_capacity(MAX_HANDLES);
            Box::new((builder.build(), table))
        });
        WasiCtxView { ctx, table }
    }
}
