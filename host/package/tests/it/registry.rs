//! Packages in an OCI registry, told against a real registry process.

use crate::support::{Author, Home, package, unsigned};
use oci_client::Reference;
use oci_client::client::{Client, ClientConfig, ClientProtocol, Config, ImageLayer};
use oci_client::secrets::RegistryAuth;
use secrecy::SecretString;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;
use wingman_package::{Credentials, Options, PackageError, Source, fetch, push, read};

const BINARY: &str = "docker-registry";

/// A registry on a free port, with nothing in it.
struct Registry {
    process: Child,
    address: String,
    dir: TempDir,
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Registry {
    fn start() -> Self {
        Self::start_with(|_| String::new())
    }

    /// A registry that wants a name and a password.
    fn with_password() -> Self {
        Self::start_with(|dir| {
            let users = dir.join("htpasswd");
            // "open sesame", by bcrypt with the least rounds there are.
            fs::write(&users, "ada:$2b$04$0zAI1W61gc.TAmb/.Yqw2eRFkjS8B27ZsF1.Ba76sxsYfEgpH431.\n").unwrap();
            format!("auth:\n  htpasswd:\n    realm: plugins\n    path: {}\n", users.display())
        })
    }

    fn start_with(more: impl Fn(&Path) -> String) -> Self {
        let dir = TempDir::new().unwrap();
        let config = dir.path().join("config.yml");
        let storage = dir.path().join("storage");
        let text = format!(
            "version: 0.1\nlog:\n  level: info\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: 127.0.0.1:0\n",
            storage.display()
        );
        fs::write(&config, text + &more(dir.path())).unwrap();
        let spawned = Command::new(BINARY).arg("serve").arg(&config).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let Ok(mut process) = spawned else {
            panic!("these tests need the program `{BINARY}`: install Debian's package `{BINARY}`, or run `cargo xtask setup`");
        };
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let said = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, rest) = line.split_once("listening on ")?;
            Some(rest.split(['"', ',']).next()?.to_owned())
        });
        // Read on, so that the registry never waits for its log.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address: said.unwrap(), dir }
    }

    fn reference(&self, rest: &str) -> Reference {
        format!("{}/{rest}", self.address).parse().unwrap()
    }

    /// Replaces a stored blob behind the registry's back.
    fn tamper(&self, content: &[u8], with: &[u8]) {
        let mut folders = vec![self.dir.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if fs::read(&path).unwrap() == content {
                    fs::write(&path, with).unwrap();
                }
            }
        }
    }
}

async fn pull(reference: &str) -> Result<Vec<u8>, PackageError> {
    fetch(&Source::parse(&format!("oci://{reference}")).unwrap(), &Credentials::Anonymous).await
}

#[tokio::test]
async fn a_signed_package_is_pushed_pulled_and_installed() {
    let (registry, home, ada) = (Registry::start(), Home::new(), Author::new());
    home.trust(&ada, "ada");
    let bytes = ada.sign(&package("mail", "1.0.0", "code"));
    let tagged = registry.reference("plugins/mail:1.0.0");
    let pinned = push(&bytes, &tagged, &Credentials::Anonymous).await.unwrap();
    assert!(pinned.digest().unwrap().starts_with("sha256:"));
    for reference in [tagged.to_string(), format!("{}/plugins/mail@{}", registry.address, pinned.digest().unwrap())] {
        let pulled = pull(&reference).await.unwrap();
        assert_eq!(pulled, bytes);
        home.open().install(&pulled, &format!("oci://{reference}"), &Options::default(), 0).unwrap();
    }
    assert_eq!(home.open().verify_installed().unwrap(), []);
}

#[tokio::test]
async fn a_tag_that_moves_is_found_by_the_lock_file() {
    let (registry, home) = (Registry::start(), Home::new());
    let tagged = registry.reference("mail:1.0.0");
    for (code, is_same) in [("one", true), ("two", false)] {
        push(&package("mail", "1.0.0", code), &tagged, &Credentials::Anonymous).await.unwrap();
        let installed = home.install(&pull(&tagged.to_string()).await.unwrap(), &unsigned());
        assert_eq!(installed.is_ok(), is_same);
        assert!(is_same || matches!(installed, Err(PackageError::ContentChanged { .. })));
    }
}

#[tokio::test]
async fn a_registry_cannot_give_something_else_than_the_digest_says() {
    let registry = Registry::start();
    let (bytes, evil) = (package("mail", "1.0.0", "good"), package("mail", "1.0.0", "evil"));
    let tagged = registry.reference("mail:1.0.0");
    push(&bytes, &tagged, &Credentials::Anonymous).await.unwrap();
    assert!(read(&evil).is_ok() && evil.len() == bytes.len());
    registry.tamper(&bytes, &evil);
    let Err(PackageError::Fetch { why, .. }) = pull(&tagged.to_string()).await else { panic!("it was taken") };
    assert!(why.to_lowercase().contains("digest"), "{why}");
}

#[tokio::test]
async fn what_is_no_plugin_or_not_there_is_told() {
    // An error says that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let registry = Registry::start();
    let client =
        Client::new(ClientConfig { protocol: ClientProtocol::HttpsExcept(vec![registry.address.clone()]), ..Default::default() });
    let image = registry.reference("some/image:1");
    let layer = ImageLayer::oci_v1(b"a layer".to_vec(), None);
    client.push(&image, &[layer], Config::oci_v1(b"{}".to_vec(), None), &RegistryAuth::Anonymous, None).await.unwrap();
    let Err(PackageError::Fetch { why, .. }) = pull(&image.to_string()).await else { panic!("it was taken") };
    assert!(why.contains("not a plugin"), "{why}");
    let missing = registry.reference("some/thing:1").to_string();
    assert!(matches!(pull(&missing).await, Err(PackageError::Fetch { .. })));
    assert!(matches!(
        push(b"no package", &registry.reference("some/thing:1"), &Credentials::Anonymous).await,
        Err(PackageError::Truncated)
    ));
}

#[tokio::test]
async fn a_registry_that_wants_a_password_gets_it_and_nobody_sees_it() {
    let registry = Registry::with_password();
    let reference = registry.reference("mail:1.0.0");
    let password = |text: &str| Credentials::Password { user: "ada".to_owned(), password: SecretString::from(text) };
    let bytes = package("mail", "1.0.0", "code");
    for refused in [Credentials::Anonymous, password("open barley")] {
        assert!(matches!(push(&bytes, &reference, &refused).await, Err(PackageError::Push { .. })), "{refused:?}");
    }
    let right = password("open sesame");
    assert!(!format!("{right:?}").contains("sesame"));
    push(&bytes, &reference, &right).await.unwrap();
    let source = Source::parse(&format!("oci://{reference}")).unwrap();
    assert_eq!(fetch(&source, &right).await.unwrap(), bytes);
    let Err(error) = fetch(&source, &password("open barley")).await else { panic!("it was let in") };
    assert!(!error.to_string().contains("barley"), "{error}");
}
