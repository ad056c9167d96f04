//! Where packages come from: a file, an HTTPS address, an OCI registry. Parsed once, then fetched with a cap and a deadline.

mod https;
mod oci;

pub use oci::{Credentials, MEDIA_TYPE, push};

use crate::disk;
use crate::error::PackageError;
use crate::member::MAX_PACKAGE;
use oci_client::Reference;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::{Host, Url};

/// No download takes longer than this, however it trickles.
const DEADLINE: Duration = Duration::from_secs(600);
const CONNECT: Duration = Duration::from_secs(10);
/// How long a server may stay silent in the middle of an answer.
const SILENCE: Duration = Duration::from_secs(30);

/// The place of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file, such as `./mail-1.2.0.wmpkg`.
    File(PathBuf),
    /// `https://...`; plain `http://` for a server on this machine only.
    Web(Url),
    /// `oci://registry/repository:tag`, or better `...@sha256:<digest>`, which no registry can change later.
    Oci(Reference),
}

impl Source {
    /// Reads what an operator writes.
    ///
    /// # Errors
    /// A scheme that is none of these, an address that would be asked in the clear, or a reference without a registry.
    pub fn parse(text: &str) -> Result<Self, PackageError> {
        let wrong = |why| PackageError::BadSource { text: text.chars().take(200).collect(), why };
        let Some((scheme, rest)) = text.split_once("://") else {
            let path = Path::new(text);
            return path.file_name().map(|_| Self::File(path.to_owned())).ok_or(wrong("name a file such as ./mail-1.2.0.wmpkg"));
        };
        match scheme {
            "https" | "http" => {
                let url = Url::parse(text).map_err(|_| wrong("it is not an address"))?;
                if !url.username().is_empty() || url.password().is_some() {
                    return Err(wrong("an address with a password in it ends in logs: leave it out"));
                }
                let is_local = url.host().is_some_and(|host| is_loopback(&host));
                (scheme == "https" || is_local).then_some(Self::Web(url)).ok_or(wrong("only https:// is asked over a network"))
            }
            "oci" => {
                let registry = rest.split('/').next().unwrap_or_default();
                let is_host = registry.contains(['.', ':']) || registry == "localhost";
                if !is_host || !rest.contains('/') {
                    return Err(wrong("write oci://registry/repository:tag, with the registry's host name"));
                }
                rest.parse().map(Self::Oci).map_err(|_| wrong("write oci://registry/repository:tag or ...@sha256:<digest>"))
            }
            _ => Err(wrong("there are files, https:// and oci://")),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            // A query may hold a token, and this text is shown, logged and written into the lock file.
            Self::Web(url) => {
                let mut shown = url.clone();
                shown.set_query(None);
                shown.set_fragment(None);
                shown.fmt(f)
            }
            Self::Oci(reference) => write!(f, "oci://{reference}"),
        }
    }
}

/// Fetches the bytes of a package: at most [`MAX_PACKAGE`], within ten minutes. They are not looked at: [`crate::read`] does.
///
/// # Errors
/// The source cannot be reached, refuses, has too much, or what it sends does not fit the digest that was asked for.
pub async fn fetch(source: &Source, credentials: &Credentials) -> Result<Vec<u8>, PackageError> {
    match source {
        Source::File(path) => {
            let path = path.clone();
            let read = tokio::task::spawn_blocking(move || disk::read_capped(&path, MAX_PACKAGE)).await;
            let read = read.map_err(|error| failed(source, error.to_string()))?;
            read?.ok_or(PackageError::PackageTooLarge { most: MAX_PACKAGE })
        }
        Source::Web(url) => within_deadline(source, https::get(url)).await,
        Source::Oci(reference) => within_deadline(source, oci::pull(reference, credentials)).await,
    }
}

async fn within_deadline(
    source: &Source,
    download: impl Future<Output = Result<Vec<u8>, Failure>>,
) -> Result<Vec<u8>, PackageError> {
    match tokio::time::timeout(DEADLINE, Box::pin(download)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(Failure::TooLarge)) => Err(PackageError::PackageTooLarge { most: MAX_PACKAGE }),
        Ok(Err(Failure::Other(why))) => Err(failed(source, why)),
        Err(_) => Err(failed(source, format!("it took longer than {} s", DEADLINE.as_secs()))),
    }
}

/// Why a download failed, before it is known which one it was.
enum Failure {
    TooLarge,
    Other(String),
}

fn failed(source: &Source, why: String) -> PackageError {
    PackageError::Fetch { from: source.to_string(), why }
}

/// This machine, by an address or by the one name that means it everywhere (RFC 6761, 6.3).
fn is_loopback<S: AsRef<str>>(host: &Host<S>) -> bool {
    match host {
        Host::Domain(name) => name.as_ref() == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// reqwest is built without a crypto provider of its own; fails only where one is installed already, which is as good.
fn install_crypto() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// An error and its causes in one line. reqwest keeps the interesting part in the causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_told_apart() {
        assert_eq!(Source::parse("./a-1.0.0.wmpkg").unwrap(), Source::File("./a-1.0.0.wmpkg".into()));
        for good in ["https://example.com/a.wmpkg", "http://127.0.0.1:8080/a.wmpkg", "http://localhost/a", "http://[::1]:9/a"] {
            assert!(matches!(Source::parse(good).unwrap(), Source::Web(_)), "{good}");
        }
        let digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        for good in ["oci://127.0.0.1:5000/plugins/mail:1.0.0", &format!("oci://registry.example/mail@{digest}")] {
            assert!(matches!(Source::parse(good).unwrap(), Source::Oci(_)), "{good}");
        }
    }

    #[test]
    fn what_would_be_asked_in_the_clear_or_of_a_guessed_registry_is_refused() {
        for bad in [
            "http://example.com/a.wmpkg",
            "http://127.0.0.1.example.com/a",
            "http://localhost.example.com/a",
            "https://user:secret@example.com/a",
            "ftp://example.com/a",
            "file:///etc/passwd",
            "oci://mail:1.0.0",
            "oci://plugins/mail:1.0.0",
            "oci://registry.example/UPPER:1",
            "",
            "..",
        ] {
            assert!(matches!(Source::parse(bad), Err(PackageError::BadSource { .. })), "{bad}");
        }
    }

    #[test]
    fn a_token_in_an_address_is_not_shown() {
        let source = Source::parse("https://example.com/a.wmpkg?token=secret#part").unwrap();
        assert_eq!(source.to_string(), "https://example.com/a.wmpkg");
    }
}
