//! `wingman-floor`: the bare server that measurements are compared with. Serves loopback until killed.

use anyhow::{Context as _, Result};
use clap::Parser;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use tokio::net::TcpListener;
use wingman_bench::{floor, raise_file_limit};

/// The least that a server on this stack can do for the protocol
#[derive(Parser)]
struct Arguments {
    /// The port; 0 chooses one. The address is printed as a JSON line
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// A folder for the database of POST /insert
    #[arg(long)]
    data: Option<PathBuf>,
    /// Threads; as many as processors without it
    #[arg(long)]
    threads: Option<usize>,
}

fn main() -> Result<()> {
    let Arguments { port, data, threads } = Arguments::parse();
    raise_file_limit()?;
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = threads {
        builder.worker_threads(threads.max(1));
    }
    builder.enable_all().build()?.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.context("binding the port")?;
        let address = listener.local_addr()?;
        println!("{}", serde_json::json!({ "url": format!("ws://{address}/ws"), "pid": std::process::id() }));
        Ok(floor::serve(listener, data.as_deref()).await?)
    })
}
