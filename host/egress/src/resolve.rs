//! Names to addresses. What may be done with an address is decided in `policy`.

use async_trait::async_trait;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Most lookups of the system resolver at a time. Each holds a thread until the system gives up on it.
const MAX_LOOKUPS: usize = 16;

/// Looks hosts up. It is asked once for each hop, for names only, and the connection goes to one of the addresses that it gave,
/// so that a name cannot lead elsewhere between check and call. It may be dropped at any await point.
#[async_trait]
pub trait Resolve: Send + Sync + 'static {
    /// All addresses of `host`, the best first.
    ///
    /// # Errors
    ///
    /// When the name is not known or nobody could be asked; the call fails as unreachable.
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's resolver: the hosts file, then DNS, in the order that the system prefers (RFC 6724).
#[derive(Debug, Clone)]
pub struct SystemResolver {
    lookups: Arc<Semaphore>,
}

impl Default for SystemResolver {
    fn default() -> Self {
        Self { lookups: Arc::new(Semaphore::new(MAX_LOOKUPS)) }
    }
}

#[async_trait]
impl Resolve for SystemResolver {
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let permit = Arc::clone(&self.lookups).acquire_owned().await.map_err(io::Error::other)?;
        let name = host.to_owned();
        let lookup = tokio::task::spawn_blocking(move || {
            // Held by the thread itself: a caller that gave up does not make room for another.
            let _permit = permit;
            (name.as_str(), 0).to_socket_addrs().map(|addresses| addresses.map(|address| address.ip()).collect())
        });
        lookup.await.map_err(io::Error::other)?
    }
}
