//! Packages in OCI registries: an artifact of one layer, which is the package.
//!
//! The manifest is as the OCI image specification 1.1 guides artifacts ("Guidelines for Artifact Usage"): `artifactType` and
//! the layer's media type are [`MEDIA_TYPE`], the config is the empty object. Blobs are checked against their digests by the
//! client library. It reads a registry's manifests and error texts without a cap of their own, so those end at the deadline.

use super::{CONNECT, Failure, SILENCE, chain, install_crypto, is_loopback};
use crate::error::PackageError;
use crate::member::MAX_PACKAGE;
use crate::package;
use oci_client::client::{Client, ClientConfig, ClientProtocol, Config, ImageLayer};
use oci_client::errors::OciDistributionError;
use oci_client::manifest::{OCI_IMAGE_MEDIA_TYPE, OciDescriptor, OciImageManifest, OciManifest};
use oci_client::secrets::RegistryAuth;
use oci_client::{Reference, RegistryOperation};
use secrecy::{ExposeSecret as _, SecretString};
use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;
use url::Url;

/// The media type of a package in a registry.
pub const MEDIA_TYPE: &str = "application/vnd.wingman.plugin.v1.tar";
const EMPTY_CONFIG: &str = "application/vnd.oci.empty.v1+json";

/// How a registry knows the operator.
#[derive(Debug, Clone, Default)]
pub enum Credentials {
    /// Not at all.
    #[default]
    Anonymous,
    /// By name and password (or an access token in the password's place), exchanged for a token where the registry wants one.
    Password {
        /// The name.
        user: String,
        /// The password.
        password: SecretString,
    },
    /// By a token that was fetched elsewhere.
    Token(SecretString),
}

impl Credentials {
    fn as_auth(&self) -> RegistryAuth {
        match self {
            Self::Anonymous => RegistryAuth::Anonymous,
            Self::Password { user, password } => RegistryAuth::Basic(user.clone(), password.expose_secret().to_owned()),
            Self::Token(token) => RegistryAuth::Bearer(token.expose_secret().to_owned()),
        }
    }
}

/// The package behind a reference.
pub(super) async fn pull(reference: &Reference, credentials: &Credentials) -> Result<Vec<u8>, Failure> {
    let client = client(reference).map_err(other)?;
    let auth = credentials.as_auth();
    // Asked for first: the library leaves a failed login out of its later errors.
    client.auth(reference, &auth, RegistryOperation::Pull).await.map_err(other)?;
    let (manifest, _) = client.pull_manifest(reference, &auth).await.map_err(other)?;
    let OciManifest::Image(manifest) = manifest else {
        return Err(Failure::Other("it is an index of images, not a plugin".to_owned()));
    };
    let layer = the_layer(&manifest)?;
    let mut package = Capped(Vec::new());
    match client.pull_blob(reference, &layer, &mut package).await {
        Ok(()) => Ok(package.0),
        Err(OciDistributionError::IoError(error)) if error.kind() == io::ErrorKind::FileTooLarge => Err(Failure::TooLarge),
        Err(error) => Err(other(error)),
    }
}

fn the_layer(manifest: &OciImageManifest) -> Result<OciDescriptor, Failure> {
    let [layer] = &manifest.layers[..] else {
        return Err(Failure::Other(format!("a plugin has one layer, and this has {}", manifest.layers.len())));
    };
    if layer.media_type != MEDIA_TYPE {
        return Err(Failure::Other(format!("it is not a plugin: its media type is {:?}, not {MEDIA_TYPE:?}", layer.media_type)));
    }
    if usize::try_from(layer.size).is_ok_and(|size| size > MAX_PACKAGE) {
        return Err(Failure::TooLarge);
    }
    // Without the other places that a manifest may name for a layer: a registry does not choose whom this machine asks.
    Ok(OciDescriptor { urls: None, ..layer.clone() })
}

/// Pushes a package. Returns the reference with the digest that the registry gave it, which is what others should install.
///
/// # Errors
/// The bytes are no package, or the registry does not take it.
pub async fn push(bytes: &[u8], reference: &Reference, credentials: &Credentials) -> Result<Reference, PackageError> {
    let package = package::read(bytes)?;
    let failed = |error: OciDistributionError| PackageError::Push { to: format!("oci://{reference}"), why: chain(&error) };
    let client = client(reference).map_err(failed)?;
    let auth = credentials.as_auth();
    client.auth(reference, &auth, RegistryOperation::Push).await.map_err(failed)?;

    let title = BTreeMap::from([("org.opencontainers.image.title".to_owned(), package.file_name())]);
    let layer = ImageLayer::new(bytes.to_vec(), MEDIA_TYPE.to_owned(), Some(title));
    let config = Config::new(b"{}".as_slice(), EMPTY_CONFIG.to_owned(), None);
    let version = BTreeMap::from([("org.opencontainers.image.version".to_owned(), package.manifest().version.to_string())]);
    let mut manifest = OciImageManifest::build(std::slice::from_ref(&layer), &config, Some(version));
    manifest.media_type = Some(OCI_IMAGE_MEDIA_TYPE.to_owned());
    manifest.artifact_type = Some(MEDIA_TYPE.to_owned());

    Box::pin(client.push(reference, &[layer], config, &auth, Some(manifest))).await.map_err(failed)?;
    let digest = client.fetch_manifest_digest(reference, &auth).await.map_err(failed)?;
    Ok(reference.clone_with_digest(digest))
}

/// A client for one reference. A registry on this machine is asked in the clear, every other one over TLS.
fn client(reference: &Reference) -> Result<Client, OciDistributionError> {
    install_crypto();
    let registry = reference.resolve_registry();
    let url = Url::parse(&format!("http://{registry}/")).ok();
    let is_local = url.is_some_and(|url| url.host().is_some_and(|host| is_loopback(&host)));
    let protocol = if is_local { ClientProtocol::HttpsExcept(vec![registry.to_owned()]) } else { ClientProtocol::Https };
    Client::try_from(ClientConfig {
        protocol,
        connect_timeout: Some(CONNECT),
        read_timeout: Some(SILENCE),
        platform_resolver: None,
        max_concurrent_download: 1,
        user_agent: concat!("wingman/", env!("CARGO_PKG_VERSION")),
        ..ClientConfig::default()
    })
}

fn other(error: impl std::error::Error) -> Failure {
    Failure::Other(chain(&error))
}

/// Takes what a package may have and not a byte more.
struct Capped(Vec<u8>);

impl AsyncWrite for Capped {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.0.len() + bytes.len() > MAX_PACKAGE {
            return Poll::Ready(Err(io::ErrorKind::FileTooLarge.into()));
        }
        self.0.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt as _;

    fn manifest(size: i64) -> OciImageManifest {
        let layer = OciDescriptor {
            media_type: MEDIA_TYPE.to_owned(),
            size,
            urls: Some(vec!["http://169.254.169.254/latest".to_owned()]),
            ..OciDescriptor::default()
        };
        OciImageManifest { layers: vec![layer], ..OciImageManifest::default() }
    }

    #[test]
    fn a_registry_cannot_send_us_to_another_server_for_a_layer() {
        assert_eq!(the_layer(&manifest(1)).ok().unwrap().urls, None);
    }

    #[test]
    fn a_layer_that_is_too_large_is_not_asked_for() {
        assert!(matches!(the_layer(&manifest(i64::MAX)), Err(Failure::TooLarge)));
        let none = OciImageManifest { layers: Vec::new(), ..manifest(1) };
        assert!(matches!(the_layer(&none), Err(Failure::Other(_))));
    }

    #[tokio::test]
    async fn a_layer_that_is_larger_than_it_says_is_cut_off() {
        let mut capped = Capped(vec![0; MAX_PACKAGE - 2]);
        capped.write_all(&[0; 2]).await.unwrap();
        assert_eq!(capped.write_all(&[0]).await.unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }
}
