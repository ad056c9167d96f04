//! Files that are written and changed by program.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test may fail it")]

use std::{fs, path::PathBuf};

use secrecy::SecretString;
use tempfile::TempDir;
use wingman_config::{
    AgentEntry, AgentId, Code, ConfigError, Document, EditError, EnvName, Environment, ModelName, Overrides, PathText, Provider,
    StarterOptions, StarterProvider, WebhookEntry, WebhookId, WriteError, load, starter, write_new,
};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn environment() -> Environment {
    Environment { home: "/home/ada".into(), cwd: "/data".into(), model_providers: vec!["demo".into()], ..Default::default() }
}

fn started() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".wingman").join("wingman.config.json");
    write_new(&file, &starter(&StarterOptions::new(SecretString::from(TOKEN)))).unwrap();
    (folder, file)
}

#[cfg(unix)]
fn mode(file: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}

fn agent(id: &str) -> AgentEntry {
    AgentEntry { model: Some(ModelName::demo()), ..AgentEntry::new(AgentId::parse(id).unwrap()) }
}

#[test]
fn the_starter_is_private_loads_without_a_warning_and_is_never_overwritten() {
    let (_folder, file) = started();
    #[cfg(unix)]
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    let loaded = load(&file, &environment(), &Overrides::default()).unwrap();
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    assert_eq!(loaded.config.agents.default.as_str(), "main");
    loaded.config.credentials().unwrap();
    assert!(matches!(write_new(&file, "{}"), Err(WriteError::Exists { .. })));
    let entries = fs::read_dir(file.parent().unwrap()).unwrap().count();
    assert_eq!(entries, 1, "no temporary file is left");
    insta::assert_snapshot!(fs::read_to_string(&file).unwrap());
}

#[test]
fn no_option_breaks_out_of_the_starter() {
    let options = StarterOptions {
        agent: AgentId::parse("a.b").unwrap(),
        model: ModelName::parse("mine:a\"b\\c").unwrap(),
        token: SecretString::from("\", \"mode\": \"none\nxxxxxxxxxx"),
        state_dir: Some("~/a \"b\"".to_owned()),
        providers: vec![StarterProvider {
            name: "mine".to_owned(),
            base_url: Some("http://127.0.0.1:9/v1".parse().unwrap()),
            api_key_env: Some(EnvName::parse("MINE_KEY").unwrap()),
        }],
    };
    let text = starter(&options);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wingman.config.json");
    write_new(&file, &text).unwrap();
    let config = load(&file, &environment(), &Overrides::default()).unwrap_or_else(|error| panic!("{error}\n{text}")).config;
    assert_eq!(config.agents.list[0].model.model(), "a\"b\\c");
    assert_eq!(config.gateway.state_dir, PathBuf::from("/home/ada/a \"b\""));
    assert_eq!(config.providers["mine"].api_key_env.as_ref().unwrap().as_str(), "MINE_KEY");
}

#[test]
fn an_agent_comes_changes_and_goes_and_comments_stay() {
    let (_folder, file) = started();
    let before = fs::read_to_string(&file).unwrap();
    let mut document = Document::open(&file).unwrap();

    let mut support = agent("support");
    support.workspace = Some(PathText::parse("~/support").unwrap());
    support.tools = Some(vec!["read_file".to_owned()]);
    document.put_agent(&support).unwrap();
    document.save(&environment()).unwrap();
    insta::assert_snapshot!("agent_added", fs::read_to_string(&file).unwrap());
    #[cfg(unix)]
    assert_eq!(mode(&file), 0o600);

    support.workspace = None;
    support.name = Some("Support".to_owned());
    document.put_agent(&support).unwrap();
    document.save(&environment()).unwrap();
    let config = load(&file, &environment(), &Overrides::default()).unwrap().config;
    let changed = config.agents.get("support").unwrap();
    assert_eq!((changed.name.as_str(), changed.tools.as_ref().map(Vec::len)), ("Support", Some(1)));
    assert_eq!(changed.workspace, PathBuf::from("/home/ada/.wingman/workspaces/support"));

    assert!(document.remove_agent("support").unwrap());
    assert!(!document.remove_agent("support").unwrap());
    document.save(&environment()).unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), before, "what came and went leaves no trace");
}

#[test]
fn a_change_touches_what_differs_alone() {
    let text = "{\n  \"agents\": {\n    \"list\": [\n      // The first.\n      { \"id\": \"main\", /* why */ \"model\": \"demo:echo\", \"tools\": [ \"a\",  \"b\" ] }, // kept\n    ],\n    \"bindings\": [\n      { \"agentId\": \"main\", \"match\": { \"channel\": \"c\" } }\n    ]\n  }\n}\n";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wingman.config.json");
    write_new(&file, text).unwrap();
    let mut document = Document::open(&file).unwrap();
    let mut main = agent("main");
    main.tools = Some(vec!["a".to_owned(), "b".to_owned()]);
    document.put_agent(&main).unwrap();
    assert_eq!(document.text(), text);
    main.model = Some(ModelName::parse("demo:slow").unwrap());
    document.put_agent(&main).unwrap();
    assert_eq!(document.text(), text.replace("demo:echo", "demo:slow"));
}

#[test]
fn a_change_that_the_gateway_would_refuse_is_not_written() {
    let (_folder, file) = started();
    let before = fs::read_to_string(&file).unwrap();
    let mut document = Document::open(&file).unwrap();
    document.put_webhook(&webhook("mail", "nobody")).unwrap();
    let Err(EditError::Config(ConfigError::Invalid(report))) = document.save(&environment()) else { panic!("no such agent") };
    assert_eq!(report.problems()[0].code, Code::UnknownAgent);
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
}

fn webhook(id: &str, agent: &str) -> WebhookEntry {
    WebhookEntry {
        id: WebhookId::parse(id).unwrap(),
        name: None,
        agent_id: AgentId::parse(agent).unwrap(),
        secret: SecretString::from(TOKEN),
        enabled: true,
        preset: Some("some-plugin".to_owned()),
        session_id: None,
        event_label: None,
        allowed_ips: vec!["127.0.0.1".parse().unwrap()],
        created_at: Some(1_767_225_600_000),
    }
}

#[test]
fn webhooks_and_providers_are_set_where_there_were_none() {
    let (_folder, file) = started();
    let mut document = Document::open(&file).unwrap();
    document.put_webhook(&webhook("mail", "main")).unwrap();
    let key = Provider { base_url: None, api_key_env: Some(EnvName::parse("DEMO_KEY").unwrap()), ..Provider::default() };
    document.put_provider("demo", &key).unwrap();
    document.save(&environment()).unwrap();
    let config = load(&file, &environment(), &Overrides::default()).unwrap().config;
    assert_eq!(config.webhooks[0].preset.as_deref(), Some("some-plugin"));
    assert_eq!(config.providers["demo"], key);
    let end = fs::read_to_string(&file).unwrap();
    insta::assert_snapshot!(end.split_once("// Model providers").unwrap().1);

    document.put_webhook(&WebhookEntry { enabled: false, ..webhook("mail", "main") }).unwrap();
    document.save(&environment()).unwrap();
    assert!(!load(&file, &environment(), &Overrides::default()).unwrap().config.webhooks[0].enabled);
    assert!(document.remove_webhook("mail").unwrap());
    document.save(&environment()).unwrap();
    assert!(load(&file, &environment(), &Overrides::default()).unwrap().config.webhooks.is_empty());
}

#[test]
fn to_remove_what_is_not_there_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wingman.config.json");
    write_new(&file, "{ /* mine */ }").unwrap();
    let mut document = Document::open(&file).unwrap();
    assert!(!document.remove_agent("main").unwrap() && !document.remove_webhook("mail").unwrap());
    assert_eq!(document.text(), "{ /* mine */ }");
}

#[test]
fn a_file_of_another_system_keeps_its_mark_and_line_ends() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wingman.config.json");
    write_new(&file, "\u{feff}{\r\n  // mine\r\n  \"agents\": { \"list\": [] }\r\n}\r\n").unwrap();
    let mut document = Document::open(&file).unwrap();
    document.put_agent(&agent("main")).unwrap();
    document.save(&environment()).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("\u{feff}{\r\n  // mine\r\n"), "{text:?}");
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{text:?}");
    assert!(load(&file, &environment(), &Overrides::default()).unwrap().warnings.is_empty());
}

#[test]
fn an_agent_takes_its_bindings_with_it() {
    let text = r#"{ "agents": { "list": [{ "id": "a" }, { "id": "b" }],
      // Who answers where.
      "bindings": [
        { "agentId": "b", "match": { "channel": "c" } },
        // The rest.
        { "agentId": "a", "match": { "channel": "d" } } ] } }"#;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wingman.config.json");
    write_new(&file, text).unwrap();
    let mut document = Document::open(&file).unwrap();
    assert!(document.remove_agent("b").unwrap());
    document.save(&environment()).unwrap();
    insta::assert_snapshot!(fs::read_to_string(&file).unwrap());
}

#[test]
fn two_editors_do_not_undo_each_other() {
    let (_folder, file) = started();
    let (mut first, mut second) = (Document::open(&file).unwrap(), Document::open(&file).unwrap());
    first.put_agent(&agent("one")).unwrap();
    first.save(&environment()).unwrap();
    second.put_agent(&agent("two")).unwrap();
    assert!(matches!(second.save(&environment()), Err(EditError::Changed { .. })));
    assert!(fs::read_to_string(&file).unwrap().contains("\"one\""));
}

#[cfg(unix)]
#[test]
fn a_linked_file_stays_a_link_and_permissions_stay() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, file) = started();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let link = folder.path().join("link.json");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let mut document = Document::open(&link).unwrap();
    document.put_agent(&agent("one")).unwrap();
    document.save(&environment()).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(mode(&file), 0o644);
    let warnings = load(&link, &environment(), &Overrides::default()).unwrap().warnings;
    assert_eq!(warnings.problems()[0].code, Code::ReadableByOthers);
}
