//! MCP servers: how each is reached, and what is refused.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test may fail it")]

use std::{path::Path, time::Duration};

use secrecy::ExposeSecret;
use wingman_config::{Code, Config, ConfigError, EnvName, Environment, Look, McpEndpoint, Overrides, SecretSource, parse};

const WHOLE: &str = r#"{
  "mcp": {
    "servers": {
      "files": {
        "command": "npx", "args": ["-y", "a b"], "cwd": "~/files", "toolSeconds": 5,
        "env": { "TOKEN": { "env": "FILES_TOKEN" }, "KEY": { "file": "key" }, "PLAIN": "in-the-file-itself" }
      },
      "own": { "command": "./server.sh" },
      "tracker": {
        "url": "https://mcp.example.com/mcp",
        "headers": { "x-team": "written-out" },
        "headerEnv": { "Authorization": "TRACKER_AUTHORIZATION" }
      },
      "off": { "command": "x", "enabled": false }
    }
  }
}"#;

fn read(text: &str) -> Result<Config, ConfigError> {
    let environment = Environment { home: "/home/ada".into(), cwd: "/data".into(), ..Default::default() };
    let loaded = parse(Path::new("/etc/wingman/wingman.config.json"), text.as_bytes(), &environment, &Overrides::default())?;
    Ok(loaded.config)
}

fn mistakes(servers: &str) -> Vec<(Code, String)> {
    match read(&format!(r#"{{ "mcp": {{ "servers": {servers} }} }}"#)) {
        Err(ConfigError::Invalid(report)) => {
            report.problems().iter().map(|problem| (problem.code, problem.path.clone())).collect()
        }
        other => panic!("{servers}: {other:?}"),
    }
}

#[test]
fn a_program_and_an_address_are_read_with_all_that_belongs_to_them() {
    let servers = read(WHOLE).unwrap().mcp;
    assert_eq!(servers.iter().map(|server| server.name.as_str()).collect::<Vec<_>>(), ["files", "own", "tracker"]);
    assert_eq!((servers[0].tool_time, servers[1].tool_time), (Some(Duration::from_secs(5)), None));
    let McpEndpoint::Process { command, args, env, cwd } = &servers[0].endpoint else { panic!("{servers:?}") };
    assert_eq!((command.as_str(), args.as_slice()), ("npx", ["-y".to_owned(), "a b".to_owned()].as_slice()));
    assert_eq!(cwd.as_deref(), Some(Path::new("/home/ada/files")));
    assert!(matches!(&env["TOKEN"], SecretSource::Env(name) if *name == EnvName::parse("FILES_TOKEN").unwrap()));
    assert!(matches!(&env["KEY"], SecretSource::File(file) if file == Path::new("/etc/wingman/key")));
    assert!(matches!(&env["PLAIN"], SecretSource::Literal(text) if text.expose_secret() == "in-the-file-itself"));
    let McpEndpoint::Http { url, headers } = &servers[2].endpoint else { panic!("{servers:?}") };
    assert_eq!(url.as_str(), "https://mcp.example.com/mcp");
    assert!(matches!(&headers["Authorization"], SecretSource::Env(name) if name.as_str() == "TRACKER_AUTHORIZATION"));
    assert!(matches!(&headers["x-team"], SecretSource::Literal(text) if text.expose_secret() == "written-out"));
}

#[test]
fn a_command_that_is_a_path_is_relative_to_the_files_folder() {
    let servers = read(WHOLE).unwrap().mcp;
    let McpEndpoint::Process { command, .. } = &servers[1].endpoint else { panic!("{servers:?}") };
    assert_eq!(command, "/etc/wingman/server.sh");
}

#[test]
fn no_secret_is_printed() {
    let printed = format!("{:?}", read(WHOLE).unwrap());
    for secret in ["in-the-file-itself", "written-out"] {
        assert!(!printed.contains(secret), "{secret}");
    }
}

#[test]
fn mistakes_are_named() {
    for (servers, code, path) in [
        (r#"{ "a_b": { "command": "x" } }"#, Code::BadValue, "a_b"),
        (r#"{ "Files": { "command": "x" } }"#, Code::BadValue, "Files"),
        (r#"{ "a": {} }"#, Code::BadValue, "a"),
        (r#"{ "a": { "command": "x", "url": "https://a.example" } }"#, Code::BadValue, "a"),
        (r#"{ "a": { "command": "" } }"#, Code::BadValue, "a.command"),
        (r#"{ "a": { "command": "$HOME/x" } }"#, Code::BadValue, "a.command"),
        (r#"{ "a": { "command": "x", "arguments": [] } }"#, Code::UnknownKey, "a.arguments"),
        (r#"{ "a": { "command": "x", "args": "y" } }"#, Code::WrongType, "a.args"),
        (r#"{ "a": { "command": "x", "headers": {} } }"#, Code::BadValue, "a.headers"),
        (r#"{ "a": { "command": "x", "env": { "A B": "c" } } }"#, Code::BadValue, "a.env"),
        (r#"{ "a": { "command": "x", "env": { "A": { "env": "B", "file": "c" } } } }"#, Code::BadValue, "a.env.A"),
        (r#"{ "a": { "command": "x", "env": { "A": 1 } } }"#, Code::WrongType, "a.env.A"),
        (r#"{ "a": { "command": "x", "toolSeconds": 0 } }"#, Code::OutOfRange, "a.toolSeconds"),
        (r#"{ "a": { "url": "mcp.example.com" } }"#, Code::BadValue, "a.url"),
        (r#"{ "a": { "url": "https://u:p@mcp.example.com" } }"#, Code::BadValue, "a.url"),
        (r#"{ "a": { "url": "https://mcp.example.com/?key=k" } }"#, Code::BadValue, "a.url"),
        (r#"{ "a": { "url": "https://mcp.example.com", "cwd": "x" } }"#, Code::BadValue, "a.cwd"),
        (r#"{ "a": { "url": "https://a.example", "headers": { "a b": "c" } } }"#, Code::BadValue, "a.headers"),
        (r#"{ "a": { "url": "https://a.example", "headers": { "A": "" } } }"#, Code::BadValue, "a.headers.A"),
        (r#"{ "a": { "url": "https://a.example", "headerEnv": { "A": "Bearer x" } } }"#, Code::BadValue, "a.headerEnv.A"),
        (
            r#"{ "a": { "url": "https://a.example", "headers": { "A": "x" }, "headerEnv": { "a": "Y" } } }"#,
            Code::DuplicateId,
            "a.headerEnv.a",
        ),
    ] {
        let found = mistakes(servers);
        let named = found.iter().any(|(of, at)| *of == code && at.starts_with(&format!("mcp.servers.{path}")));
        assert!(named, "{servers}: {found:?}");
    }
}

#[test]
fn an_empty_name_is_a_mistake_too() {
    assert_eq!(mistakes(r#"{ "": { "command": "x" } }"#)[0].0, Code::BadValue);
}

#[test]
fn a_server_is_not_called_like_a_plugin() {
    let text = r#"{ "plugins": { "use": { "notes": {} } }, "mcp": { "servers": { "notes": { "command": "x" } } } }"#;
    let Err(ConfigError::Invalid(report)) = read(text) else { panic!("it was taken") };
    assert_eq!(report.problems()[0].code, Code::DuplicateId);
}

#[test]
fn a_mistake_is_shown_with_its_line_and_column_and_a_secret_is_not() {
    let text = "{\n  \"mcp\": { \"servers\": {\n    \"a\": { \"url\": \"https://u:pass@a.example\" }\n  } }\n}";
    let shown = read(text).unwrap_err().render(Look::Plain);
    assert!(shown.contains(":3:19") && shown.contains("headerEnv"), "{shown}");
    assert!(!shown.lines().next().unwrap().contains("pass"), "{shown}");
}
