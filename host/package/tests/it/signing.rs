//! Keys and signatures: who signed what, and everything that is not that.

use crate::support::{Author, Home, mail, package, unsigned};
use secrecy::SecretString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use tempfile::TempDir;
use wingman_package::{
    Options, Outcome, PackageError, SecretKey, Signed, Trust, TrustedKeys, inspect, keygen, read, sign, sign_file, verify,
};

#[test]
fn a_signed_package_of_a_trusted_author_is_installed() {
    let (home, ada) = (Home::new(), Author::new());
    home.trust(&ada, "ada");
    let bytes = ada.sign(&package("mail", "1.0.0", "code"));
    let installed = home.install(&bytes, &Options::default()).unwrap();
    assert_eq!(installed.outcome, Outcome::New);
    let keys = TrustedKeys::open(&home.state_dir()).unwrap();
    assert_eq!(installed.pin.signer, Some(keys.list()[0].id));
    let package = read(&bytes).unwrap();
    assert_eq!(inspect(&package, &keys), Signed::By { key: keys.list()[0].id, name: "ada".to_owned() });
}

#[test]
fn an_unsigned_package_needs_a_word_of_the_operator() {
    let home = Home::new();
    let bytes = package("mail", "1.0.0", "code");
    assert!(matches!(home.install(&bytes, &Options::default()), Err(PackageError::Unsigned)));
    assert!(!home.plugin("mail").exists());
    assert_eq!(home.install(&bytes, &unsigned()).unwrap().pin.signer, None);
}

#[test]
fn a_signature_that_cannot_be_checked_is_no_better_for_being_optional() {
    let (home, ada, mallory) = (Home::new(), Author::new(), Author::new());
    home.trust(&ada, "ada");
    let bytes = mallory.sign(&package("mail", "1.0.0", "code"));
    for trust in [Trust::Required, Trust::AllowUnsigned] {
        let options = Options { trust, ..Options::default() };
        assert!(matches!(home.install(&bytes, &options), Err(PackageError::UnknownSigner { .. })), "{trust:?}");
    }
}

#[test]
fn a_signature_does_not_fit_another_package() {
    let (home, ada) = (Home::new(), Author::new());
    home.trust(&ada, "ada");
    let keys = TrustedKeys::open(&home.state_dir()).unwrap();
    // Same sizes, so that the signature's member can be cut out of the one and put into the other.
    let (signed, other) = (ada.sign(&package("mail", "1.0.0", "good")), ada.sign(&package("mail", "1.0.0", "evil")));
    let at = |bytes: &[u8]| bytes.windows(14).position(|name| name == b"plugin.minisig").unwrap();
    let mut forged = other.clone();
    forged[at(&other)..at(&other) + 1024].copy_from_slice(&signed[at(&signed)..at(&signed) + 1024]);
    let forged = read(&forged).unwrap();
    for trust in [Trust::Required, Trust::AllowUnsigned] {
        assert!(matches!(verify(&forged, &keys, trust), Err(PackageError::WrongSignature { .. })));
    }
}

#[test]
fn every_flipped_bit_of_a_signed_package_is_refused() {
    let (home, ada) = (Home::new(), Author::new());
    home.trust(&ada, "ada");
    let keys = TrustedKeys::open(&home.state_dir()).unwrap();
    let mut bytes = ada.sign(&package("mail", "1.0.0", "code"));
    let accepted = |bytes: &[u8]| read(bytes).is_ok_and(|package| verify(&package, &keys, Trust::AllowUnsigned).is_ok());
    assert!(accepted(&bytes));
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(!accepted(&bytes), "bit {bit} of {} is not protected", bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn signing_again_replaces_the_signature_and_nothing_else() {
    let dir = TempDir::new().unwrap();
    let (ada, bob) = (Author::new(), Author::new());
    let unsigned = package("mail", "1.0.0", "code");
    let path = dir.path().join("mail-1.0.0.wmpkg");
    fs::write(&path, ada.sign(&unsigned)).unwrap();
    keygen(&dir.path().join("key"), None).unwrap();
    let key = SecretKey::load(&dir.path().join("key"), None).unwrap();
    let signed = sign_file(&path, &key).unwrap();
    let bytes = fs::read(&path).unwrap();
    assert_eq!(read(&bytes).unwrap().digest(), signed.digest);
    assert_eq!(read(&bytes).unwrap().signed_text(), read(&unsigned).unwrap().signed_text());
    assert_eq!(bytes.len(), bob.sign(&bytes).len());
}

/// Made with minisign 0.11: `minisign -G -W`, and `minisign -S -c 'signature of a wingman plugin package' -t mail-1.0.0.wmpkg`
/// over what `signed_text` gives for the package below.
mod by_minisign {
    pub(super) const PUBLIC_KEY: &str = include_str!("by-minisign.pub");
    pub(super) const SIGNATURE: &str = include_str!("by-minisign.minisig");
}

#[test]
fn a_signature_of_the_minisign_program_is_as_good() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("ada.pub"), by_minisign::PUBLIC_KEY).unwrap();
    let mut keys = TrustedKeys::open(dir.path()).unwrap();
    keys.add("ada", &dir.path().join("ada.pub")).unwrap();

    // A placeholder's signature has the same length, so its text can be replaced by that of the program.
    let mut bytes = Author::new().sign(&package("mail", "1.0.0", "code"));
    let at = bytes.windows(17).position(|text| text == b"untrusted comment").unwrap();
    bytes[at..at + by_minisign::SIGNATURE.len()].copy_from_slice(by_minisign::SIGNATURE.as_bytes());
    assert!(verify(&read(&bytes).unwrap(), &keys, Trust::Required).unwrap().is_some());
}

#[test]
fn a_secret_key_is_its_owners_and_opens_with_its_password_only() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("key");
    let password = SecretString::from("correct horse");
    keygen(&path, Some(&password)).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(matches!(SecretKey::load(&path, None), Err(PackageError::PasswordNeeded { .. })));
    let wrong = SecretString::from("wrong horse");
    assert!(matches!(SecretKey::load(&path, Some(&wrong)), Err(PackageError::WrongPassword { .. })));
    let key = SecretKey::load(&path, Some(&password)).unwrap();
    assert_eq!(format!("{key:?}"), "SecretKey");
    let mut keys = TrustedKeys::open(dir.path()).unwrap();
    keys.add("me", &dir.path().join("key.pub")).unwrap();
    let signed = sign(&package("mail", "1.0.0", "code"), &key).unwrap();
    assert!(verify(&read(&signed).unwrap(), &keys, Trust::Required).is_ok());

    // A second key of the same name would take the first one's place.
    let before = fs::read(&path).unwrap();
    assert!(matches!(keygen(&path, None), Err(PackageError::KeyExists { .. })));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn trusted_keys_are_added_listed_and_removed() {
    let (home, ada, bob) = (Home::new(), Author::new(), Author::new());
    home.trust(&bob, "bob");
    home.trust(&ada, "ada@example");
    let mut keys = TrustedKeys::open(&home.state_dir()).unwrap();
    assert_eq!(keys.list().iter().map(|key| key.name.as_str()).collect::<Vec<_>>(), ["ada@example", "bob"]);
    assert!(matches!(keys.add("bob", &ada.public_key()), Err(PackageError::KeyExists { .. })));
    for name in ["", "../evil", "a/b", ".hidden"] {
        assert!(matches!(keys.add(name, &ada.public_key()), Err(PackageError::KeyName { .. })), "{name:?}");
    }
    keys.remove("bob").unwrap();
    assert!(matches!(keys.remove("bob"), Err(PackageError::NoSuchKey { .. })));
    let bytes = bob.sign(&package("mail", "1.0.0", "code"));
    assert!(matches!(home.install(&bytes, &Options::default()), Err(PackageError::UnknownSigner { .. })));
}

#[test]
fn a_trusted_key_that_cannot_be_read_is_not_quietly_left_out() {
    let (home, ada) = (Home::new(), Author::new());
    home.trust(&ada, "ada");
    fs::write(home.state_dir().join("trusted-keys/broken.pub"), "untrusted comment: x\nRWQ\n").unwrap();
    let bytes = ada.sign(&package("mail", "1.0.0", "code"));
    let refused = home.install(&bytes, &Options::default());
    assert!(matches!(refused, Err(PackageError::Key { path, .. }) if path.ends_with("broken.pub")));
}

#[test]
fn another_trusted_author_is_still_another_author() {
    let (home, ada, bob) = (Home::new(), Author::new(), Author::new());
    home.trust(&ada, "ada");
    home.trust(&bob, "bob");
    home.install(&ada.sign(&package("mail", "1.0.0", "code")), &Options::default()).unwrap();
    let newer = package("mail", "1.1.0", "code");
    for (bytes, options) in [(bob.sign(&newer), Options::default()), (newer.clone(), unsigned())] {
        assert!(matches!(home.install(&bytes, &options), Err(PackageError::SignerChanged { name, .. }) if name == mail()));
    }
    let accepted = Options { accept_changed: true, ..Options::default() };
    home.install(&bob.sign(&newer), &accepted).unwrap();
}
