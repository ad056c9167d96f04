//! What one plugin may call, and where that may be in the network.

use crate::address::{is_metadata, special};
use crate::target::Target;
use crate::{EgressError, Grant, Host, Result};
use ipnet::IpNet;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The calls that one plugin may make. Cheap to clone; connections are reused among the clones of one policy and with no other.
#[derive(Debug, Clone)]
pub struct Policy {
    grants: Arc<[Grant]>,
    private_networks: Arc<[IpNet]>,
    /// Tells the connections of one policy from those of another.
    pub(crate) id: u64,
}

impl Policy {
    /// `private_networks` is what the *operator* opened to this plugin beside the public internet. A cloud's metadata address is
    /// opened only by a network of that single address, never by a wider one.
    #[must_use]
    pub fn new(grants: Vec<Grant>, private_networks: Vec<IpNet>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { grants: grants.into(), private_networks: private_networks.into(), id }
    }

    /// Whether this call would be sent, as far as that can be told without the network.
    ///
    /// # Errors
    ///
    /// [`EgressError::BadRequest`] for a URL that nobody can send, [`EgressError::NotGranted`], and
    /// [`EgressError::PrivateAddress`] for a URL with an address in it.
    pub fn check(&self, method: &str, url: &str) -> Result<()> {
        let target = Target::parse(url)?;
        let method = (!target.scheme.is_socket()).then_some(method);
        self.grant(method, &target)?;
        match target.host {
            Host::Address(address) => self.admitted(&target.host, &[address]).map(drop),
            Host::Name(_) => Ok(()),
        }
    }

    /// The grant that allows this call. `method` is none for a socket.
    pub(crate) fn grant(&self, method: Option<&str>, target: &Target) -> Result<&Grant> {
        self.grants.iter().find(|grant| grant.allows(method, target)).ok_or_else(|| not_granted(method, target))
    }

    /// Those of a host's addresses that may be dialled, in their order. A host with public and private addresses is dialled at
    /// the public ones.
    pub(crate) fn admitted(&self, host: &Host, addresses: &[IpAddr]) -> Result<Vec<IpAddr>> {
        let admitted: Vec<IpAddr> = addresses.iter().copied().filter(|address| self.refusal(*address).is_none()).collect();
        let refused = addresses.iter().find_map(|address| Some((*address, self.refusal(*address)?)));
        match refused {
            Some((address, kind)) if admitted.is_empty() => {
                Err(EgressError::PrivateAddress { host: host.to_string(), address, kind })
            }
            _ => Ok(admitted),
        }
    }

    fn refusal(&self, address: IpAddr) -> Option<&'static str> {
        let kind = special(address)?;
        let opens = |network: &&IpNet| network.contains(&address) && (!is_metadata(address) || is_single(network));
        self.private_networks.iter().find(opens).is_none().then_some(kind)
    }
}

fn is_single(network: &IpNet) -> bool {
    network.prefix_len() == network.max_prefix_len()
}

fn not_granted(method: Option<&str>, target: &Target) -> EgressError {
    let Target { scheme, host, port, path, .. } = target;
    let port = if *port == scheme.default_port() { String::new() } else { format!("port = {port}, ") };
    let methods = method.map_or(String::new(), |method| format!(", methods = [\"{method}\"]"));
    let host = host.to_string();
    let host = host.trim_matches(['[', ']']);
    EgressError::NotGranted {
        what: method.map_or_else(|| target.to_string(), |method| format!("{method} {target}")),
        missing: format!(
            "to ask for it, plugin.toml needs {{ scheme = \"{scheme}\", host = \"{host}\", {port}paths = [\"{path}\"]{methods} }}"
        ),
    }
}
