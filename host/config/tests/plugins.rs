//! What the operator gives plugins: grants, settings, secrets, accounts.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test may fail it")]

use std::{fs, path::Path};

use secrecy::ExposeSecret;
use wingman_config::{
    Code, Config, ConfigError, Document, Environment, Grants, HttpGrant, IpRange, Overrides, SecretError, SecretSource, parse,
};

const WHOLE: &str = r#"{
  "agents": { "list": [{ "id": "main", "model": "demo:echo" }] },
  "plugins": {
    "dir": "~/mine", // by hand
    "allowUnsigned": true,
    "use": {
      "parlor": {
        "grants": { "http": ["api.parlor.example"], "sockets": true, "privateNetworks": ["127.0.0.0/8"] },
        "settings": { "greeting": "hi", "nested": { "rate": 1.5, "list": [1, null, true] } },
        "secrets": { "bot-token": { "env": "PARLOR_TOKEN" }, "literal": "in-the-file-itself", "key": { "file": "secrets/key" } },
        "accounts": { "sales": { "settings": { "n": 1 }, "secrets": { "bot-token": "of-sales" } } }
      },
      "all": { "grants": { "http": true } },
      "off": { "enabled": false, "grants": { "http": false } }
    }
  }
}"#;

fn environment() -> Environment {
    Environment { home: "/home/ada".into(), cwd: "/data".into(), ..Default::default() }
}

fn read(text: &str) -> Result<Config, ConfigError> {
    let loaded = parse(Path::new("/etc/wingman/wingman.config.json"), text.as_bytes(), &environment(), &Overrides::default())?;
    Ok(loaded.config)
}

fn mistakes(entry: &str) -> Vec<(Code, String)> {
    let text = format!(r#"{{ "plugins": {{ "use": {{ "parlor": {entry} }} }} }}"#);
    match read(&text) {
        Err(ConfigError::Invalid(report)) => {
            let problems = report.problems().iter().filter(|problem| problem.code != Code::NoModel);
            problems.map(|problem| (problem.code, problem.path.clone())).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn everything_that_is_written_is_there() {
    let plugins = read(WHOLE).unwrap().plugins;
    assert!(plugins.allow_unsigned);
    let parlor = &plugins.uses["parlor"];
    let networks: Vec<_> = parlor.grants.private_networks.iter().map(IpRange::as_str).collect();
    assert_eq!((parlor.enabled, parlor.grants.sockets, networks), (true, true, vec!["127.0.0.0/8"]));
    assert_eq!(parlor.grants.http, HttpGrant::Only(vec!["api.parlor.example".to_owned()]));
    assert_eq!(parlor.account.settings["nested"], serde_json::json!({ "rate": 1.5, "list": [1, null, true] }));
    assert!(matches!(&parlor.account.secrets["bot-token"], SecretSource::Env(name) if name.as_str() == "PARLOR_TOKEN"));
    assert!(matches!(&parlor.account.secrets["key"], SecretSource::File(file) if file == Path::new("/etc/wingman/secrets/key")));
    assert_eq!(parlor.accounts["sales"].settings["n"], 1);
    assert_eq!(plugins.uses["all"].grants.http, HttpGrant::All);
    assert_eq!((plugins.uses["off"].enabled, &plugins.uses["off"].grants), (false, &Grants::default()));
}

#[test]
fn no_secret_is_printed() {
    let printed = format!("{:?}", read(WHOLE).unwrap());
    for secret in ["in-the-file-itself", "of-sales"] {
        assert!(!printed.contains(secret), "{secret}");
    }
}

#[test]
fn mistakes_are_named() {
    for (entry, code, path) in [
        (r#"{ "grant": {} }"#, Code::UnknownKey, "grant"),
        (r#"{ "grants": { "htp": true } }"#, Code::UnknownKey, "grants.htp"),
        (r#"{ "grants": { "http": "all" } }"#, Code::WrongType, "grants.http"),
        (r#"{ "grants": { "http": [7] } }"#, Code::WrongType, "grants.http[0]"),
        (r#"{ "grants": { "privateNetworks": ["lan"] } }"#, Code::BadValue, "grants.privateNetworks[0]"),
        (r#"{ "settings": [] }"#, Code::WrongType, "settings"),
        (r#"{ "secrets": { "token": 7 } }"#, Code::WrongType, "secrets.token"),
        (r#"{ "secrets": { "token": "" } }"#, Code::BadValue, "secrets.token"),
        (r#"{ "secrets": { "token": { "var": "X" } } }"#, Code::UnknownKey, "secrets.token.var"),
        (r#"{ "secrets": { "token": { "env": "A", "file": "/b" } } }"#, Code::BadValue, "secrets.token"),
        (r#"{ "secrets": { "token": { "env": "NOT A NAME" } } }"#, Code::BadValue, "secrets.token.env"),
        (r#"{ "accounts": { "a": { "secrets": { "token": {} } } } }"#, Code::BadValue, "accounts.a.secrets.token"),
        (r#"{ "accounts": { "../up": {} } }"#, Code::BadValue, "accounts"),
    ] {
        let found = mistakes(entry);
        let named = found.iter().any(|(of, at)| *of == code && at.starts_with(&format!("plugins.use.parlor.{path}")));
        assert!(named, "{entry}: {found:?}");
    }
}

#[test]
fn a_secret_is_looked_up_when_it_is_needed_and_an_absent_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    let at = SecretSource::File(file.clone());
    assert!(matches!(at.read(|_| None), Err(SecretError::Read { .. })));
    fs::write(&file, "from the file\r\n").unwrap();
    assert_eq!(at.read(|_| None).unwrap().expose_secret(), "from the file");
    fs::write(&file, "\n").unwrap();
    assert!(matches!(at.read(|_| None), Err(SecretError::Empty(_))));
    fs::write(&file, vec![b'x'; 70_000]).unwrap();
    assert!(matches!(at.read(|_| None), Err(SecretError::NoSecret(_))));

    let plugins = read(WHOLE).unwrap().plugins;
    let env = &plugins.uses["parlor"].account.secrets["bot-token"];
    let set = |name: &str| (name == "PARLOR_TOKEN").then(|| "from the environment".to_owned());
    assert_eq!(env.read(set).unwrap().expose_secret(), "from the environment");
    for unset in [None, Some(String::new())] {
        let refused = env.read(|_| unset.clone()).unwrap_err().to_string();
        assert!(refused.contains("PARLOR_TOKEN is not set"), "{refused}");
    }
}

#[test]
fn grants_are_changed_and_comments_stay() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wingman.config.json");
    fs::write(&file, WHOLE).unwrap();
    let mut document = Document::open(&file).unwrap();
    let grants = Grants {
        http: HttpGrant::Only(vec!["a.example".to_owned(), "b.example".to_owned()]),
        sockets: false,
        private_networks: vec![],
    };
    document.grant_plugin("parlor", &grants).unwrap();
    document.grant_plugin("new", &Grants { http: HttpGrant::All, ..Grants::default() }).unwrap();
    document.enable_plugin("off", true).unwrap();
    document.enable_plugin("all", false).unwrap();
    document.save(&environment()).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("// by hand") && text.contains("in-the-file-itself"), "{text}");
    let plugins = read(&text).unwrap().plugins;
    assert_eq!(plugins.uses["parlor"].grants, grants);
    assert_eq!(plugins.uses["new"].grants.http, HttpGrant::All);
    assert_eq!((plugins.uses["off"].enabled, plugins.uses["all"].enabled), (true, false));

    assert!(document.remove_plugin("parlor").unwrap());
    assert!(!document.remove_plugin("parlor").unwrap());
    document.save(&environment()).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    assert!(!text.contains("of-sales") && text.contains("// by hand"), "{text}");
}

#[test]
fn a_plugin_is_granted_something_where_the_file_has_no_plugins_yet() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wingman.config.json");
    fs::write(&file, "{}").unwrap();
    let mut document = Document::open(&file).unwrap();
    document.grant_plugin("parlor", &Grants { sockets: true, ..Grants::default() }).unwrap();
    document.save(&environment()).unwrap();
    assert!(read(&fs::read_to_string(&file).unwrap()).unwrap().plugins.uses["parlor"].grants.sockets);
}
