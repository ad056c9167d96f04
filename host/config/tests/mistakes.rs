//! Mistakes as a person makes them, and what is said about them: as values, and as text to read at 2 am.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test may fail it")]

use std::path::Path;

use secrecy::SecretString;
use wingman_config::{Code, ConfigError, Environment, Look, Overrides, Place, Report, parse};

fn environment() -> Environment {
    let model_providers = ["demo", "alpha", "beta"].map(str::to_owned).to_vec();
    Environment { home: "/home/ada".into(), cwd: "/data".into(), model_providers, ..Default::default() }
}

fn report_with(text: &str, overrides: &Overrides) -> Report {
    match parse(Path::new("wingman.config.json"), text.as_bytes(), &environment(), overrides) {
        Err(ConfigError::Invalid(report)) => report,
        Err(other) => panic!("{other}"),
        Ok(loaded) => loaded.warnings,
    }
}

fn report(text: &str) -> Report {
    report_with(text, &Overrides::default())
}

/// What `text` is told: code, path and the text at the place of each problem, warnings about models aside.
fn told(text: &str) -> Vec<(Code, String, String)> {
    let report = report(text);
    let problems = report.problems().iter().filter(|problem| problem.code != Code::NoModel);
    problems
        .map(|problem| {
            let at = match &problem.place {
                Place::Span(span) => text[span.clone()].to_owned(),
                Place::File => String::new(),
                Place::Option(option) => (*option).to_owned(),
            };
            (problem.code, problem.path.clone(), at)
        })
        .collect()
}

fn one(text: &str) -> (Code, String, String) {
    let mut told = told(text);
    assert_eq!(told.len(), 1, "{told:?}");
    told.remove(0)
}

fn expect(text: &str, code: Code, path: &str, at: &str) {
    assert_eq!(one(text), (code, path.to_owned(), at.to_owned()), "{text}");
}

fn help(text: &str) -> String {
    let report = report(text);
    let problem = report.problems().iter().find(|problem| problem.code != Code::NoModel);
    problem.map(|problem| problem.help.clone()).unwrap_or_default()
}

#[test]
fn each_kind_of_mistake_has_its_code_path_and_place() {
    expect(r#"{ "gatway": {} }"#, Code::UnknownKey, "gatway", "\"gatway\"");
    expect(r#"{ "gateway": { "port": "18789" } }"#, Code::WrongType, "gateway.port", "\"18789\"");
    expect(r#"{ "gateway": { "port": 1.5 } }"#, Code::WrongType, "gateway.port", "1.5");
    expect(r#"{ "gateway": { "port": 65536 } }"#, Code::OutOfRange, "gateway.port", "65536");
    expect(r#"{ "gateway": { "port": -1 } }"#, Code::OutOfRange, "gateway.port", "-1");
    expect(r#"{ "gateway": { "port": null } }"#, Code::WrongType, "gateway.port", "null");
    expect(r#"{ "gateway": { "port": 1, "port": 2 } }"#, Code::DuplicateKey, "gateway.port", "\"port\"");
    expect(r#"{ "gateway": { "host": "http://x:1" } }"#, Code::BadValue, "gateway.host", "\"http://x:1\"");
    expect(r#"{ "gateway": { "fsRoots": "~/x" } }"#, Code::WrongType, "gateway.fsRoots", "\"~/x\"");
    expect(r#"{ "gateway": { "stateDir": "$HOME/x" } }"#, Code::BadValue, "gateway.stateDir", "\"$HOME/x\"");
    expect(r#"{ "gateway": { "auth": { "mode": "tokn" } } }"#, Code::BadValue, "gateway.auth.mode", "\"tokn\"");
    expect(r#"{ "gateway": { "auth": { "token": "" } } }"#, Code::BadValue, "gateway.auth.token", "\"\"");
    expect(r#"{ "agents": { "list": [{ "name": "x" }] } }"#, Code::Missing, "agents.list[0].id", "{");
    expect(r#"{ "agents": { "list": [{ "id": "../x" }] } }"#, Code::BadValue, "agents.list[0].id", "\"../x\"");
    expect(r#"{ "limits": { "frameBytes": 12 } }"#, Code::OutOfRange, "limits.frameBytes", "12");
    expect(r#"{ "nodes": { "approved": [1] } }"#, Code::WrongType, "nodes.approved[0]", "1");
    expect(r#"[]"#, Code::WrongType, "", "[");
    expect("", Code::Syntax, "", "");
    expect("// nothing\n", Code::Syntax, "", "");
    expect(r#"{ "gateway": {} "#, Code::Syntax, "", "{");
    expect(r#"{ gateway: {} }"#, Code::Syntax, "", "gateway");
    expect("{ \"gateway\": {}\n  \"agents\": {} }", Code::Syntax, "", "");
}

#[test]
fn rules_across_settings_are_kept() {
    let two = |a: &str, b: &str| format!(r#"{{ "agents": {{ "list": [{{ {a} }}, {{ {b} }}] }} }}"#);
    expect(&two(r#""id": "a""#, r#""id": "a""#), Code::DuplicateId, "agents.list[1].id", "\"a\"");
    expect(&two(r#""id": "a""#, r#""id": "A""#), Code::DuplicateId, "agents.list[1].id", "\"A\"");
    let both = two(r#""id": "a", "default": true"#, r#""id": "b", "default": true"#);
    expect(&both, Code::SeveralDefaults, "agents.list[1].default", "true");
    let shared = two(r#""id": "a""#, r#""id": "b", "agentDir": "~/.wingman//agents/./a""#);
    expect(&shared, Code::SharedAgentDir, "agents.list[1].agentDir", "\"~/.wingman//agents/./a\"");

    let bound =
        r#"{ "agents": { "list": [{ "id": "main" }], "bindings": [{ "agentId": "mian", "match": { "channel": "c" } }] } }"#;
    expect(bound, Code::UnknownAgent, "agents.bindings[0].agentId", "\"mian\"");
    let sent = r#"{ "agents": { "list": [{ "id": "main", "model": "demo:echo", "delegates": ["mian"] }] } }"#;
    expect(sent, Code::UnknownAgent, "agents.list[0].delegates[0]", "\"mian\"");
    assert_eq!(help(bound), "did you mean \"main\"?");
    let again = r#"{ "agents": { "bindings": [
        { "agentId": "main", "match": { "channel": "c", "teamId": "t" } },
        { "agentId": "main", "match": { "teamId": "t", "channel": "c" } } ] } }"#;
    expect(again, Code::ShadowedBinding, "agents.bindings[1].match", "{");

    let model = |model: &str| format!(r#"{{ "agents": {{ "list": [{{ "id": "a", "model": "{model}" }}] }} }}"#);
    expect(&model("echo"), Code::BadValue, "agents.list[0].model", "\"echo\"");
    expect(&model("alhpa:x"), Code::UnknownProvider, "agents.list[0].model", "\"alhpa:x\"");
    assert_eq!(help(&model("alhpa:x")), "did you mean \"alpha:x\"?");
    expect(r#"{ "providers": { "mine": {} } }"#, Code::UnknownProvider, "providers.mine", "\"mine\"");
    expect(
        r#"{ "webhooks": [{ "id": "w", "agentId": "nobody", "secret": "0123456789abcdef" }] }"#,
        Code::UnknownAgent,
        "webhooks[0].agentId",
        "\"nobody\"",
    );
    expect(r#"{ "gateway": { "host": "0.0.0.0", "auth": { "mode": "none" } } }"#, Code::OpenToAll, "gateway.host", "\"0.0.0.0\"");
}

#[test]
fn commands_are_programs_and_nothing_for_a_shell() {
    let agent = |rest: &str| format!(r#"{{ "agents": {{ "list": [{{ "id": "a", {rest} }}] }} }}"#);
    let place = "agents.list[0].commands[0]";
    expect(&agent(r#""commands": ["git log | cat"]"#), Code::BadValue, place, "\"git log | cat\"");
    expect(&agent(r#""commands": ["./build"]"#), Code::BadValue, place, "\"./build\"");
    expect(&agent(r#""commands": [" "]"#), Code::BadValue, place, "\" \"");
    expect(&agent(r#""commands": "git""#), Code::WrongType, "agents.list[0].commands", "\"git\"");
    assert!(help(&agent(r#""commands": ["git *"]"#)).starts_with("leave `*` out"));
    let vain = agent(r#""commands": ["git"], "tools": ["files"]"#);
    expect(&vain, Code::UnusedCommands, "agents.list[0].commands", "[");
    assert_eq!(told(&agent(r#""commands": ["git status", "/usr/bin/make"], "tools": ["command"]"#)), []);
    assert_eq!(told(&agent(r#""commands": [], "tools": []"#)), []);
}

#[test]
fn what_is_allowed_is_not_reported() {
    for fine in [
        "{}",
        "{ /* a */ \"gateway\": { \"port\": 0, }, } // b",
        r#"{ "gateway": { "port": 18790 } }"#,
        r#"{ "gateway": { "host": "::1", "auth": { "mode": "none" } } }"#,
        r#"{ "providers": { "mine": { "baseUrl": "http://127.0.0.1:9999/v1" } }, "agents": { "list": [{ "id": "a", "model": "mine:m" }] } }"#,
        r#"{ "providers": { "alpha": { "apiKeyEnv": "KEY" } } }"#,
        r#"{ "limits": { "messagesPerMinute": 0 } }"#,
    ] {
        assert_eq!(told(fine), [], "{fine}");
    }
}

#[test]
fn help_says_what_would_be_right() {
    for (text, right) in [
        (r#"{ "gateway": { "state_dir": "x" } }"#, "did you mean `stateDir`?"),
        (r#"{ "port": 1 }"#, "`port` belongs in `gateway`"),
        (r#"{ "gateway": { "limits": {} } }"#, "`limits` belongs in the top level of the file"),
        (r#"{ "gateway": { "port": "80" } }"#, "write it without quotes: 80"),
        (r#"{ "gateway": { "controlUi": { "enabled": "yes" } } }"#, "write it without quotes: true"),
        (
            r#"{ "gateway": { "auth": { "mode": "Token" } } }"#,
            "did you mean \"token\"? Possible: \"token\", \"password\", \"none\"",
        ),
        (r#"{ "nodes": { "approved": [1234567890123456789] } }"#, "put it in quotes: \"1234567890123456789\""),
        (r#"{ "gateway": { "fsRoots": "~/x" } }"#, "put it in a list: [ ... ]"),
        (r#"{ "gateway": { "port": null } }"#, "leave the line out to use the default"),
    ] {
        assert_eq!(help(text), right, "{text}");
    }
}

#[test]
fn options_are_held_to_the_same_rules_and_named() {
    let told = |overrides: Overrides| -> Vec<(Code, Place)> {
        let report = report_with(r#"{ "agents": { "list": [{ "id": "a", "model": "demo:echo" }] } }"#, &overrides);
        report.problems().iter().map(|problem| (problem.code, problem.place.clone())).collect()
    };
    let text = |text: &str| Some(text.to_owned());
    let secret = || Some(SecretString::from("x"));
    let open = Overrides { host: text("0.0.0.0"), auth_mode: text("none"), ..Default::default() };
    assert_eq!(told(open), [(Code::OpenToAll, Place::Option("--host"))]);
    let bad = Overrides { host: text("*"), auth_mode: text("tokn"), name: text(""), ..Default::default() };
    assert_eq!(told(bad), ["--host", "--auth-mode", "--name"].map(|option| (Code::BadValue, Place::Option(option))));
    let unused = Overrides { password: secret(), ..Default::default() };
    assert_eq!(told(unused), [(Code::UnusedOption, Place::Option("--password"))]);
    let used = Overrides { password: secret(), auth_mode: text("password"), host: text("0.0.0.0"), ..Default::default() };
    assert_eq!(told(used), []);
}

#[test]
fn a_mode_without_its_secret_does_not_start() {
    let loaded = parse(Path::new("f.json"), b"{}", &environment(), &Overrides::default()).unwrap();
    let Err(ConfigError::Invalid(report)) = loaded.config.credentials() else { panic!("there is no token") };
    assert_eq!(report.problems()[0].code, Code::NoCredentials);
    insta::assert_snapshot!(report.render(Look::Plain));
}

const NIGHT: &str = r#"{
  // Edited in a hurry.
  "gateway": {
    "prot": 18789,
    "host": "0.0.0.0",
    "auth": { "mode": "none", "token": 12345678901234567890, "pasword": "hunter2-hunter2" }
  },
  "agents": {
    "list": [
      { "id": "main", "default": true, "model": "big" },
      { "id": "code review" },
      { "id": "main", "tools": "all" }
    ],
    "bindings": [
      { "agentId": "suport", "match": { "chanel": "x", "peer": { "kind": "user", "id": 42 } } }
    ]
  },
  "providers": { "alpha": { "apiKeyEnv": "sk-live-0123456789" } },
  "limits": { "runSeconds": 0, "frameBytes": 1e6 },
}
"#;

#[test]
fn many_mistakes_are_shown_in_one_go() {
    insta::assert_snapshot!("night_plain", report(NIGHT).render(Look::Plain));
    insta::assert_snapshot!("night_lines", report(NIGHT).to_string());
}

#[test]
fn the_fancy_look_differs_in_looks_alone() {
    let report = report("{\n  \"ä\": 1,\n  \"gateway\": { \"port\": 99999 }\n}\n");
    let fancy = report.render(Look::Fancy);
    assert!(fancy.contains("\u{1b}["));
    insta::assert_snapshot!("fancy", fancy.replace('\u{1b}', "<ESC>"));
}

#[test]
fn no_report_shows_a_secret() {
    let report = report(NIGHT);
    for text in [report.render(Look::Plain), report.render(Look::Fancy), report.to_string(), format!("{report:?}")] {
        assert!(!["hunter2", "sk-live", "1234567890"].iter().any(|secret| text.contains(secret)), "{text}");
    }
}

#[test]
fn syntax_is_explained_where_it_breaks() {
    let mut shown = String::new();
    for text in [
        "{\n  \"gateway\": {\n    \"port\": 1\n    \"host\": \"x\"\n  }\n}\n",
        "{\n  \"gateway\": {\n    \"port\": 1,\n  \"agents\": {}\n}\n",
        "{\n  'gateway': {}\n}\n",
        "{\n  \"gateway\" {}\n}\n",
        "{\n  \"gateway\": { \"host\": localhost }\n}\n",
        "{\n  \"gateway\": { \"host\": \"localhost }\n}\n",
        "{\n  \"gateway\": { \"stateDir\": \"C:\\wingman\" }\n}\n",
        "{}\n{}\n",
        "{ } }\n",
        "{ \"a\": [1, 2 }\n",
        "{ \"a\": 0x10 }\n",
        "{ /* no end\n}\n",
    ] {
        shown.push_str(&report(text).render(Look::Plain));
        shown.push('\n');
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn a_flood_of_mistakes_is_cut() {
    let flood = format!("{{ {} }}", (0..500).map(|n| format!("\"k{n}\": 1")).collect::<Vec<_>>().join(",\n"));
    let report = report(&flood);
    assert_eq!((report.problems().len(), report.omitted()), (100, 400));
    assert!(report.render(Look::Plain).ends_with("wingman.config.json: 100 mistakes, 400 more not shown\n"));
}

#[test]
fn bytes_that_are_no_text_are_placed() {
    let error = parse(Path::new("f"), b"{\n  \"a\": \"\xff\" }", &environment(), &Overrides::default()).unwrap_err();
    let ConfigError::Invalid(report) = error else { panic!("{error}") };
    assert_eq!(report.problems()[0].code, Code::NotUtf8);
    assert_eq!(report.line_column(&report.problems()[0]), Some((2, 9)));
}
