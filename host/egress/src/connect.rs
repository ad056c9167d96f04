//! From a URL's host to a stream of bytes: one lookup, every address judged, and a connection to a judged address.

use crate::error::innermost;
use crate::target::Target;
use crate::{EgressConfig, EgressError, Host, Policy, Resolve, Result};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls_platform_verifier::Verifier;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// How many addresses of a host are tried.
const MAX_ADDRESSES: usize = 8;
/// How long one address is waited for before the next is tried beside it (RFC 8305 says 250 ms).
const STAGGER: Duration = Duration::from_millis(250);

/// A connection, in the clear or not.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// Makes connections.
pub(crate) struct Connector {
    resolver: Arc<dyn Resolve>,
    tls: TlsConnector,
    connect_timeout: Duration,
}

impl Connector {
    /// Reads the system's roots, which takes some milliseconds.
    pub(crate) fn new(config: &EgressConfig, resolver: Arc<dyn Resolve>) -> Result<Self> {
        let roots = |error: rustls::Error| EgressError::Roots(error.to_string());
        let provider = Arc::new(ring::default_provider());
        let verifier = Verifier::new_with_extra_roots(config.extra_roots.clone(), Arc::clone(&provider)).map_err(roots)?;
        // "Dangerous" is the name of the door; the verifier behind it is the system's.
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(roots)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { resolver, tls: TlsConnector::from(Arc::new(tls)), connect_timeout: config.connect_timeout })
    }

    /// Looks the host up, once, and keeps the addresses that the policy admits; at least one.
    pub(crate) async fn addresses(&self, policy: &Policy, target: &Target) -> Result<Vec<SocketAddr>> {
        let found = match &target.host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => self.lookup(name).await.map_err(|error| unreachable(target, error.to_string()))?,
        };
        let admitted = policy.admitted(&target.host, &found)?;
        if admitted.is_empty() {
            return Err(unreachable(target, "its name has no address".into()));
        }
        Ok(admitted.into_iter().take(MAX_ADDRESSES).map(|address| SocketAddr::new(address, target.port)).collect())
    }

    async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let lookup = timeout(self.connect_timeout, self.resolver.lookup(name));
        lookup.await.unwrap_or_else(|_| Err(io::Error::other("its name was not found in time")))
    }

    /// Connects to the first of these addresses that answers, and to no other. Returns which one it was.
    pub(crate) async fn dial(&self, target: &Target, addresses: &[SocketAddr]) -> Result<(Box<dyn Wire>, SocketAddr)> {
        match timeout(self.connect_timeout, self.dial_any(target, addresses)).await {
            Ok(dialled) => dialled,
            Err(_) => Err(unreachable(target, format!("no connection within {} ms", self.connect_timeout.as_millis()))),
        }
    }

    async fn dial_any(&self, target: &Target, addresses: &[SocketAddr]) -> Result<(Box<dyn Wire>, SocketAddr)> {
        let (stream, address) = race(addresses).await.map_err(|error| unreachable(target, error.to_string()))?;
        // Requests are written in one piece; waiting for more would only delay them.
        stream.set_nodelay(true).map_err(|error| unreachable(target, error.to_string()))?;
        if !target.scheme.is_encrypted() {
            return Ok((Box::new(stream), address));
        }
        let tls = |why: String| EgressError::Tls { host: target.host.to_string(), why };
        let name = match &target.host {
            Host::Address(address) => ServerName::from(*address),
            Host::Name(name) => ServerName::try_from(name.clone()).map_err(|error| tls(error.to_string()))?,
        };
        match self.tls.connect(name, stream).await {
            Ok(stream) => Ok((Box::new(stream), address)),
            Err(error) if is_tls(&error) => Err(tls(innermost(&error))),
            Err(error) => Err(unreachable(target, error.to_string())),
        }
    }
}

/// Tries the addresses in order, the next one as soon as one fails or is slow; the first connection wins.
async fn race(addresses: &[SocketAddr]) -> io::Result<(TcpStream, SocketAddr)> {
    let mut waiting = addresses.iter().copied();
    let mut attempts = FuturesUnordered::new();
    let mut failure = io::Error::other("no address");
    loop {
        let next = waiting.next();
        attempts.extend(next.map(|address| async move { TcpStream::connect(address).await.map(|stream| (stream, address)) }));
        let first = match next {
            Some(_) => timeout(STAGGER, attempts.next()).await,
            None => Ok(attempts.next().await),
        };
        match first {
            Ok(Some(Ok(connected))) => return Ok(connected),
            Ok(Some(Err(error))) => failure = error,
            Ok(None) => return Err(failure),
            Err(_) => {}
        }
    }
}

fn is_tls(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>())
}

fn unreachable(target: &Target, why: String) -> EgressError {
    EgressError::Unreachable { host: target.host.to_string(), why }
}
