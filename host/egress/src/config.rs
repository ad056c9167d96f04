//! What an operator sets once for all calls out.

use crate::{EgressError, Result};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::time::Duration;

/// Settings that hold for every call.
#[derive(Debug, Clone)]
pub struct EgressConfig {
    /// For one address to accept the connection and finish TLS. It is a part of the whole time, never beside it.
    pub connect_timeout: Duration,
    /// For a call that asks for no time of its own.
    pub default_timeout: Duration,
    /// How long an unused connection is kept for the next call.
    pub idle_timeout: Duration,
    /// Trusted beside the system's roots, in DER: a company's own authority, or a test's.
    pub extra_roots: Vec<CertificateDer<'static>>,
}

impl Default for EgressConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            default_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(30),
            extra_roots: Vec::new(),
        }
    }
}

/// The certificates of a PEM file, for [`EgressConfig::extra_roots`].
///
/// # Errors
///
/// [`EgressError::Roots`] when there is none, or one cannot be read.
pub fn roots_from_pem(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let roots = CertificateDer::pem_slice_iter(pem).collect::<std::result::Result<Vec<_>, _>>();
    match roots {
        Ok(roots) if !roots.is_empty() => Ok(roots),
        Ok(_) => Err(EgressError::Roots("the PEM text has no `BEGIN CERTIFICATE`".into())),
        Err(error) => Err(EgressError::Roots(error.to_string())),
    }
}
