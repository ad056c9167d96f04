//! The samples of the product and of this repository, loaded unchanged.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test may fail it")]

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use wingman_config::{
    Approval, AuthMode, Code, Config, Credentials, Environment, Loaded, Look, Overrides, PeerKind, QueueMode, json_schema, load,
    parse,
};

fn environment() -> Environment {
    Environment { home: "/home/ada".into(), cwd: "/data".into(), model_providers: vec!["demo".into()], ..Default::default() }
}

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/config").join(name)
}

fn loaded(name: &str) -> Loaded {
    load(&sample(name), &environment(), &Overrides::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn codes(loaded: &Loaded) -> Vec<(Code, &str)> {
    let problems = loaded.warnings.problems().iter();
    problems.filter(|problem| problem.code != Code::ReadableByOthers).map(|p| (p.code, p.path.as_str())).collect()
}

#[test]
fn the_gateway_sample_loads_and_says_what_is_not_in_force() {
    let loaded = loaded("gateway.json");
    let gateway = &loaded.config.gateway;
    assert_eq!(gateway.socket_addr().unwrap().to_string(), "127.0.0.1:18789");
    assert_eq!(gateway.state_dir, Path::new("/home/ada/.wingman"));
    assert_eq!(gateway.fs_roots, [Path::new("/home/ada/Projects"), Path::new("/home/ada/.wingman/outputs")]);
    assert_eq!(gateway.auth.mode, AuthMode::Token);
    assert!(gateway.auth.allow_tailscale && gateway.control_ui.pairing_required);
    let Credentials::Token(token) = loaded.config.credentials().unwrap() else { panic!("a token is configured") };
    assert_eq!(token.expose_secret(), "sk-...");
    assert_eq!(
        codes(&loaded),
        [
            (Code::NoModel, "agents.list"),
            (Code::ShortSecret, "gateway.auth.token"),
            (Code::NotYet, "gateway.auth.allowTailscale"),
            (Code::NotYet, "gateway.controlUi.pairingRequired"),
        ]
    );
}

#[test]
fn the_agents_sample_loads_with_folders_of_their_own() {
    let Config { agents, gateway, plugins, .. } = loaded("agents.json").config;
    assert_eq!(agents.default.as_str(), "main");
    let support = agents.get("support").unwrap();
    assert_eq!(support.name, "support");
    assert_eq!(support.workspace, Path::new("/home/ada/wingman-support"));
    assert_eq!(support.agent_dir, Path::new("/home/ada/.wingman/agents/support"));
    assert_eq!(support.outputs, Path::new("/home/ada/.wingman/outputs/support"));
    assert_eq!(support.model.as_str(), "demo:echo");
    let peer = agents.bindings[0].matches.peer.as_ref().unwrap();
    assert_eq!((peer.kind, peer.id.as_str()), (PeerKind::Dm, "user-123"));
    assert_eq!((gateway.port, gateway.control_ui.port), (18789, 18790));
    assert_eq!(plugins.dir, Path::new("/home/ada/.wingman/plugins"));
}

#[test]
fn an_agent_says_what_it_does_while_it_is_busy_whom_it_asks_and_whom_it_sends() {
    let Config { agents, limits, .. } = loaded("everything.jsonc").config;
    let main = agents.get("main").unwrap();
    assert_eq!((main.queue_mode, main.approval["write_file"]), (QueueMode::Steer, Approval::Ask));
    assert_eq!(main.delegates.iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["support"]);
    let support = agents.get("support").unwrap();
    assert_eq!((support.queue_mode, support.approval.len(), support.delegates.len()), (QueueMode::Queue, 0, 0));
    assert_eq!((limits.delegate_depth, limits.delegate_runs), (3, 16));
}

#[test]
fn the_discovery_sample_loads_with_a_warning() {
    let loaded = loaded("discovery.json");
    assert_eq!(loaded.config.discovery.as_ref().unwrap().name.as_deref(), Some("My Gateway"));
    assert_eq!(codes(&loaded), [(Code::NoModel, "agents.list"), (Code::NotYet, "discovery.enabled")]);
}

#[test]
fn the_sample_of_everything_loads_without_a_warning_and_names_every_setting() {
    let loaded = loaded("everything.jsonc");
    assert_eq!(codes(&loaded), []);
    let text = std::fs::read_to_string(sample("everything.jsonc")).unwrap();
    let mut settings = Vec::new();
    keys(&json_schema(), &mut settings);
    assert!(settings.len() > 50, "{settings:?}");
    for setting in settings {
        assert!(text.contains(&format!("\"{setting}\":")), "the sample lacks {setting}");
    }
}

fn keys(schema: &Value, found: &mut Vec<String>) {
    for (keyword, value) in schema.as_object().into_iter().flatten() {
        match keyword.as_str() {
            "properties" => {
                for (name, schema) in value.as_object().unwrap() {
                    found.push(name.clone());
                    keys(schema, found);
                }
            }
            "$defs" => value.as_object().unwrap().values().for_each(|schema| keys(schema, found)),
            "items" | "additionalProperties" => keys(value, found),
            _ => {}
        }
    }
}

#[test]
fn the_token_of_the_environment_stands_above_the_file_and_below_the_option() {
    let token = |environment: &Environment, overrides: &Overrides| {
        let config = load(&sample("gateway.json"), environment, overrides).unwrap().config;
        config.gateway.auth.token.unwrap().expose_secret().to_owned()
    };
    let set = |token: &str| Environment { gateway_token: Some(SecretString::from(token)), ..environment() };
    let option = Overrides { token: Some(SecretString::from("from-the-option")), ..Default::default() };
    assert_eq!(token(&set("from-the-variable"), &Overrides::default()), "from-the-variable");
    assert_eq!(token(&set("from-the-variable"), &option), "from-the-option");
    assert_eq!(token(&set(""), &Overrides::default()), "sk-...");
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_the_reason() {
    let folder = sample("");
    let error = load(&folder, &environment(), &Overrides::default()).unwrap_err();
    let shown = error.render(Look::Plain);
    assert!(shown.starts_with("cannot read the configuration /") && shown.contains("directory"), "{shown}");
    let endless = load(Path::new("/dev/zero"), &environment(), &Overrides::default()).unwrap_err();
    assert!(endless.render(Look::Plain).contains("larger than 4 MiB"));
}

#[test]
fn relative_paths_are_relative_to_the_folder_of_the_file() {
    let text = br#"{ "gateway": { "stateDir": "./state//x" }, "plugins": { "dir": "../p" } }"#;
    let file = Path::new("conf/wingman.config.json");
    let config = parse(file, text, &environment(), &Overrides::default()).unwrap().config;
    assert_eq!(config.file, Path::new("/data/conf/wingman.config.json"));
    assert_eq!(config.gateway.state_dir, Path::new("/data/conf/state/x"));
    assert_eq!(config.gateway.fs_roots, [Path::new("/data/conf/state/x/outputs")]);
    assert_eq!(config.plugins.dir, Path::new("/data/conf/../p"));
}

#[test]
fn debug_output_holds_no_secret() {
    let config = loaded("everything.jsonc").config;
    let shown = format!("{config:?}");
    assert!(!shown.contains("replace-me"), "{shown}");
}
