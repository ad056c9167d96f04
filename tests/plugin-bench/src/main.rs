//! What plugins cost: `cargo xtask bench plugins`. Prints one table, each figure beside the same work done natively where there is
//! such a thing.
//!
//! | file | what |
//! |---|---|
//! | `stage` | hosts, plugins and deliveries |
//! | `calls` | one call, and calls a second |
//! | `start` | compiling, loading, starting with many |
//! | `neighbour` | what a hostile plugin does to another |
//! | `memory` | what waiting instances hold |
//! | `figures` | medians and the table |

mod calls;
mod figures;
mod memory;
mod neighbour;
mod stage;
mod start;

use anyhow::{Context, Result};
use figures::Table;
use std::path::PathBuf;
use tokio::runtime::{Builder, Runtime};

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let usage = "usage: wingman-plugin-bench <first-party plugins> <example plugins>";
    let (plugins, examples) = (arguments.next().context(usage)?, arguments.next().context(usage)?);
    let mut table = Table::default();
    let runtime = runtime(2)?;
    runtime.block_on(calls::measure(&plugins, &mut table))?;
    calls::measure_throughput(&plugins, &mut table)?;
    runtime.block_on(start::measure(&plugins, &mut table))?;
    runtime.block_on(neighbour::measure(&plugins, &mut table))?;
    runtime.block_on(memory::measure(&examples, &mut table))?;
    print!("{table}");
    Ok(())
}

/// As the gateway's, with so many threads.
fn runtime(threads: usize) -> Result<Runtime> {
    Ok(Builder::new_multi_thread().worker_threads(threads).enable_all().build()?)
}
