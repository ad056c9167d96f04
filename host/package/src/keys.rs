//! Key pairs: an author's secret key, and the public keys that an operator trusts. Both in minisign's format.

use crate::disk;
use crate::error::PackageError;
use crate::signature::{KeyId, UNTRUSTED_COMMENT};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use minisign::{KeyPair, SecretKeyBox};
use secrecy::{ExposeSecret as _, SecretString};
use std::fmt;
use std::path::{Path, PathBuf};

const MAX_KEY_FILE: usize = 4096;
const EXTENSION: &str = ".pub";
/// Two bytes of algorithm, eight of id, the Ed25519 key.
const PUBLIC_KEY_LEN: usize = 42;
const SCRYPT: &[u8] = b"Sc";

/// Makes a key pair: the secret key at `path`, readable by its owner alone, the public one beside it with `.pub` appended.
/// Without a password the secret key lies there in the clear. Nothing is overwritten.
///
/// # Errors
/// One of the files exists or cannot be written, or the system has no randomness.
pub fn keygen(path: &Path, password: Option<&SecretString>) -> Result<KeyId, PackageError> {
    let failed = |error: minisign::PError| PackageError::key(path, error.to_string());
    let pair = match password {
        Some(password) => KeyPair::generate_encrypted_keypair(Some(password.expose_secret().to_owned())),
        None => KeyPair::generate_unencrypted_keypair(),
    }
    .map_err(failed)?;
    let secret = pair.sk.to_box(Some("secret key for wingman plugins")).map_err(failed)?;
    let public = pair.pk.to_box().map_err(failed)?.into_string();
    let id = parse_public(&public).ok_or_else(|| PackageError::key(path, "the new key cannot be read back"))?.0;
    let public_path = with_extension(path);
    if disk::exists(&public_path) {
        return Err(PackageError::KeyExists { path: public_path });
    }
    if disk::exists(path) {
        return Err(PackageError::KeyExists { path: path.to_owned() });
    }
    disk::create_file(path, secret.into_string().as_bytes(), disk::OWNER_ONLY)?;
    disk::create_file(&public_path, public.as_bytes(), disk::EVERYONE_READS)?;
    Ok(id)
}

/// A secret key, ready to sign. Does not print.
pub struct SecretKey(minisign::SecretKey);

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey")
    }
}

impl SecretKey {
    /// Reads a secret key that [`keygen`] or minisign wrote. Never asks for a password.
    ///
    /// # Errors
    /// The file is no secret key, or the password is missing or wrong.
    pub fn load(path: &Path, password: Option<&SecretString>) -> Result<Self, PackageError> {
        let text = read_key_file(path)?;
        let decoded = text.lines().nth(1).and_then(|line| BASE64_STANDARD.decode(line).ok());
        let decoded = decoded.ok_or_else(|| PackageError::key(path, "it is not a minisign secret key"))?;
        let is_encrypted = decoded.get(2..4) == Some(SCRYPT);
        let boxed = SecretKeyBox::from(text);
        let key = match (is_encrypted, password) {
            (false, _) => boxed.into_unencrypted_secret_key().map_err(|error| PackageError::key(path, error.to_string()))?,
            (true, None) => return Err(PackageError::PasswordNeeded { path: path.to_owned() }),
            (true, Some(password)) => {
                let opened = boxed.into_secret_key(Some(password.expose_secret().to_owned()));
                opened.map_err(|_| PackageError::WrongPassword { path: path.to_owned() })?
            }
        };
        Ok(Self(key))
    }

    /// Signs a text. The comment is signed as well; it tells people what this is.
    pub(crate) fn sign(&self, text: &str, comment: &str) -> Result<String, PackageError> {
        let signature = minisign::sign(None, &self.0, text.as_bytes(), Some(comment), Some(UNTRUSTED_COMMENT));
        Ok(signature.map_err(|error| PackageError::Signing { why: error.to_string() })?.into_string())
    }
}

/// A public key that the operator trusts to sign plugins.
#[derive(Debug, Clone)]
pub struct TrustedKey {
    /// What the operator calls it: the name of its file without `.pub`.
    pub name: String,
    /// Its id.
    pub id: KeyId,
    pub(crate) public: minisign_verify::PublicKey,
}

/// The trusted keys: the files `*.pub` in `<state folder>/trusted-keys`.
#[derive(Debug, Clone)]
pub struct TrustedKeys {
    folder: PathBuf,
    keys: Vec<TrustedKey>,
}

impl TrustedKeys {
    /// Reads all keys. A folder that is not there holds none.
    ///
    /// # Errors
    /// A file cannot be read or is no public key: what was meant to be trusted is never quietly left out.
    pub fn open(state_dir: &Path) -> Result<Self, PackageError> {
        let folder = state_dir.join("trusted-keys");
        let mut keys = Vec::new();
        for file in disk::names(&folder)? {
            if let Some(name) = file.strip_suffix(EXTENSION) {
                let path = folder.join(&file);
                let (id, public) = read_public(&path)?;
                keys.push(TrustedKey { name: name.to_owned(), id, public });
            }
        }
        Ok(Self { folder, keys })
    }

    /// The keys, by name.
    #[must_use]
    pub fn list(&self) -> &[TrustedKey] {
        &self.keys
    }

    /// Trusts the public key in a file from now on, under a name of the operator's.
    ///
    /// # Errors
    /// The file is no public key, the name is taken or cannot be a file name, or the folder cannot be written.
    pub fn add(&mut self, name: &str, public_key: &Path) -> Result<KeyId, PackageError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'@');
        if name.is_empty() || name.len() > 64 || name.starts_with('.') || !name.bytes().all(plain) {
            return Err(PackageError::KeyName { name: name.chars().take(80).collect() });
        }
        let (id, public) = read_public(public_key)?;
        let path = self.folder.join(format!("{name}{EXTENSION}"));
        if disk::exists(&path) {
            return Err(PackageError::KeyExists { path });
        }
        disk::make_folder(&self.folder)?;
        disk::replace_file(&path, read_key_file(public_key)?.as_bytes(), disk::EVERYONE_READS)?;
        let at = self.keys.partition_point(|key| key.name.as_str() < name);
        self.keys.insert(at, TrustedKey { name: name.to_owned(), id, public });
        Ok(id)
    }

    /// Trusts a key no longer. What it signed and was installed before stays.
    ///
    /// # Errors
    /// No key has this name, or its file cannot be removed.
    pub fn remove(&mut self, name: &str) -> Result<(), PackageError> {
        let at = self.keys.iter().position(|key| key.name == name);
        let at = at.ok_or_else(|| PackageError::NoSuchKey { name: name.chars().take(80).collect() })?;
        disk::remove(&self.folder.join(format!("{name}{EXTENSION}")))?;
        self.keys.remove(at);
        Ok(())
    }

    pub(crate) fn with_id(&self, id: KeyId) -> impl Iterator<Item = &TrustedKey> {
        self.keys.iter().filter(move |key| key.id == id)
    }
}

fn read_public(path: &Path) -> Result<(KeyId, minisign_verify::PublicKey), PackageError> {
    parse_public(&read_key_file(path)?).ok_or_else(|| PackageError::key(path, "it is not a minisign public key"))
}

fn parse_public(text: &str) -> Option<(KeyId, minisign_verify::PublicKey)> {
    let decoded = BASE64_STANDARD.decode(text.lines().nth(1)?).ok().filter(|bytes| bytes.len() == PUBLIC_KEY_LEN)?;
    Some((KeyId::within(&decoded)?, minisign_verify::PublicKey::decode(text).ok()?))
}

fn read_key_file(path: &Path) -> Result<String, PackageError> {
    let content = disk::read_capped(path, MAX_KEY_FILE)?.and_then(|content| String::from_utf8(content).ok());
    content.ok_or_else(|| PackageError::key(path, "it is not a text of two lines"))
}

fn with_extension(path: &Path) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(EXTENSION);
    path.into()
}
