//! Rules across settings: ids that must exist or be unique, hosts that need authentication, settings without effect.
//!
//! Works on the tree, not on the typed file, so that its findings are shown together with those of `shape` even when
//! something else is wrong. It therefore looks at values leniently: what has the wrong type was reported already.

use std::collections::HashMap;

use crate::{
    agent_file::AgentFiles,
    check_agent_files, check_mcp, check_plugins,
    file::AuthMode,
    load::Environment,
    nearest::nearest,
    overrides::{Overrides, parse_mode},
    problem::{Code, Place, Problem},
    text::{Host, ModelName},
    tree::{Node, at_index, at_key},
};

/// Shortest token or webhook secret, in characters, that is not warned about: 16 random letters are beyond guessing.
const SHORT_SECRET: usize = 16;
/// The same for a password that a person types; attempts are throttled.
const SHORT_PASSWORD: usize = 8;

/// Checks everything that one setting alone cannot show.
pub(crate) fn check(
    root: &Node,
    files: &AgentFiles,
    overrides: &Overrides,
    environment: &Environment,
    problems: &mut Vec<Problem>,
) {
    exposure(root, overrides, problems);
    unused_options(root, overrides, problems);
    agents(root, files, environment, problems);
    check_agent_files::check(root, files, problems);
    providers(root, environment, problems);
    bindings(root, files, problems);
    webhooks(root, files, problems);
    check_plugins::check(root, problems);
    check_mcp::check(root, problems);
    short_secrets(root, problems);
    without_effect(root, problems);
}

fn mode_in_file(root: &Node) -> AuthMode {
    root.at(&["gateway", "auth", "mode"]).and_then(Node::text).and_then(parse_mode).unwrap_or_default()
}

fn exposure(root: &Node, overrides: &Overrides, problems: &mut Vec<Problem>) {
    let in_file = root.at(&["gateway", "host"]);
    let host = match &overrides.host {
        Some(_) => overrides.host(),
        None => in_file.and_then(Node::text).and_then(|host| Host::parse(host).ok()),
    };
    let Some(host) = host.filter(|host| !host.is_loopback()) else { return };
    if overrides.mode().unwrap_or_else(|| mode_in_file(root)) != AuthMode::None {
        return;
    }
    let place = match (&overrides.host, &overrides.auth_mode, in_file) {
        (Some(_), _, _) => Place::Option("--host"),
        (_, Some(_), _) => Place::Option("--auth-mode"),
        (_, _, Some(node)) => node.place(),
        (_, _, None) => Place::File,
    };
    let message = format!("everyone who reaches {host} could use the gateway: authentication is off");
    let open = Problem::new(Code::OpenToAll, "gateway.host", place, message);
    problems.push(
        open.label("reachable from other machines")
            .help("set the authentication mode to \"token\" or \"password\", or listen on \"127.0.0.1\" only"),
    );
}

fn unused_options(root: &Node, overrides: &Overrides, problems: &mut Vec<Problem>) {
    if overrides.auth_mode.is_some() && overrides.mode().is_none() {
        return;
    }
    let mode = overrides.mode().unwrap_or_else(|| mode_in_file(root));
    let given = [
        ("--token", "token", overrides.token.is_some(), AuthMode::Token),
        ("--password", "password", overrides.password.is_some(), AuthMode::Password),
    ];
    for (option, what, given, needed) in given {
        if given && mode != needed {
            let message = format!("a {what} is given, but the authentication mode does not use it");
            let unused = Problem::new(Code::UnusedOption, "gateway.auth.mode", Place::Option(option), message);
            problems.push(unused.help(format!("add `--auth-mode {what}`")));
        }
    }
}

fn list<'a>(root: &'a Node, keys: &[&str]) -> &'a [Node] {
    root.at(keys).map(Node::elements).unwrap_or_default()
}

/// Ids of the agents, in order, and of those that have files of their own; where there are none, the implied one.
fn agent_ids<'a>(root: &'a Node, files: &'a AgentFiles) -> Vec<&'a str> {
    let agents = list(root, &["agents", "list"]);
    let ids: Vec<&str> = agents.iter().filter_map(|agent| agent.get("id")?.text()).chain(files.ids()).collect();
    if ids.is_empty() { vec!["main"] } else { ids }
}

fn agents(root: &Node, files: &AgentFiles, environment: &Environment, problems: &mut Vec<Problem>) {
    let agents = list(root, &["agents", "list"]);
    if agents.is_empty() && files.entries.is_empty() {
        let place = root.at(&["agents", "list"]).map_or(Place::File, Node::place);
        problems.push(
            Problem::new(Code::NoModel, "agents.list", place, "no agent is listed: \"main\" answers with the demo model")
                .label("no agent")
                .help("list one: { \"id\": \"main\", \"model\": \"provider:model-name\" }"),
        );
    }
    unique_ids(agents, "agents.list", "agent", problems);
    let mut first_default = None;
    for (index, agent) in agents.iter().enumerate() {
        let path = at_index("agents.list", index);
        let name = agent.get("id").and_then(Node::text).unwrap_or("?");
        if let Some(default) = agent.get("default").filter(|default| default.is_true())
            && let Some(first) = first_default.replace(name)
        {
            let message = format!("a second agent is the default: \"{first}\" is it already");
            let several = Problem::new(Code::SeveralDefaults, at_key(&path, "default"), default.place(), message);
            problems.push(several.label("only one can be").help("keep one of them"));
        }
        unused_commands(agent, &path, problems);
        match agent.get("model") {
            Some(model) => known_model(root, model, &at_key(&path, "model"), environment, problems),
            None => {
                let message = format!("agent \"{name}\" has no model: it answers with the demo model");
                let lacks = Problem::new(Code::NoModel, at_key(&path, "model"), agent.opening(), message);
                problems.push(lacks.label("no `model` here").help("add \"model\": \"provider:model-name\""));
            }
        }
        let fallbacks = at_key(&path, "fallbackModels");
        for (index, model) in list(agent, &["fallbackModels"]).iter().enumerate() {
            known_model(root, model, &at_index(&fallbacks, index), environment, problems);
        }
        delegates(&agent_ids(root, files), agent, &at_key(&path, "delegates"), problems);
    }
}

/// Tasks can only be handed to agents that there are.
fn delegates(known: &[&str], agent: &Node, path: &str, problems: &mut Vec<Problem>) {
    for (index, delegate) in agent.get("delegates").map(Node::elements).unwrap_or_default().iter().enumerate() {
        if let Some(id) = delegate.text() {
            known_id(known, id, delegate, &at_index(path, index), problems);
        }
    }
}

/// Commands that are allowed in vain, because the agent's tools leave out the one that runs them.
fn unused_commands(agent: &Node, path: &str, problems: &mut Vec<Problem>) {
    let (Some(tools), Some(commands)) = (agent.get("tools"), agent.get("commands")) else { return };
    let runs_commands = |tool: &Node| tool.text().is_some_and(|tool| matches!(tool, "command_execute" | "command"));
    if commands.elements().is_empty() || tools.elements().iter().any(runs_commands) {
        return;
    }
    let message = "commands are allowed, but the tool that runs them is not";
    let unused = Problem::new(Code::UnusedCommands, at_key(path, "commands"), commands.opening(), message);
    problems.push(unused.label("without effect").help("add \"command_execute\" to the agent's `tools`"));
}

fn unique_ids(entries: &[Node], list: &str, what: &str, problems: &mut Vec<Problem>) {
    let mut seen: HashMap<String, &str> = HashMap::new();
    for (index, entry) in entries.iter().enumerate() {
        let Some((node, id)) = entry.get("id").and_then(|node| Some((node, node.text()?))) else { continue };
        // Compared without case, because ids name folders and many file systems do not see a difference.
        let Some(first) = seen.get(&id.to_ascii_lowercase()) else {
            seen.insert(id.to_ascii_lowercase(), id);
            continue;
        };
        let message = if *first == id {
            format!("a second {what} is called \"{id}\"")
        } else {
            format!("the {what}s \"{first}\" and \"{id}\" differ in case alone")
        };
        let path = at_key(&at_index(list, index), "id");
        let twice = Problem::new(Code::DuplicateId, path, node.place(), message);
        problems.push(twice.label("taken already").help("give it an id of its own"));
    }
}

fn known_model(root: &Node, model: &Node, path: &str, environment: &Environment, problems: &mut Vec<Problem>) {
    let Some(name) = model.text().and_then(|text| ModelName::parse(text).ok()) else { return };
    let built_in = environment.model_providers.iter().map(String::as_str);
    let configured = root.get("providers").map(Node::entries).unwrap_or_default().iter().map(|entry| entry.key.as_str());
    let known: Vec<_> = built_in.chain(configured).collect();
    if environment.model_providers.is_empty() || known.contains(&name.provider()) {
        return;
    }
    let help = match nearest(name.provider(), known.iter().copied()) {
        Some(meant) => format!("did you mean \"{meant}:{}\"?", name.model()),
        None => format!(
            "known: {}; any other needs an entry in `providers` with its `baseUrl`",
            environment.model_providers.join(", ")
        ),
    };
    let message = format!("there is no model provider \"{}\"", name.provider());
    let unknown = Problem::new(Code::UnknownProvider, path, model.place(), message);
    problems.push(unknown.label("unknown provider").help(help));
}

fn providers(root: &Node, environment: &Environment, problems: &mut Vec<Problem>) {
    for entry in root.get("providers").map(Node::entries).unwrap_or_default() {
        let place = Place::Span(entry.key_span.clone());
        let path = at_key("providers", &entry.key);
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if entry.key.is_empty() || !entry.key.chars().all(plain) {
            let bad = Problem::new(Code::BadValue, path, place, "this cannot be the name of a provider");
            problems.push(
                bad.label("not a name").help("use letters, digits, `.`, `_` or `-`: it stands before the colon of a model"),
            );
        } else if !environment.model_providers.is_empty()
            && !environment.model_providers.contains(&entry.key)
            && entry.value.get("baseUrl").is_none()
        {
            let help = match nearest(&entry.key, environment.model_providers.iter().map(String::as_str)) {
                Some(meant) => format!("did you mean \"{meant}\"?"),
                None => "add the `baseUrl` of its API".to_owned(),
            };
            let message = format!("\"{}\" is not a built-in provider and has no `baseUrl`", entry.key);
            problems.push(Problem::new(Code::UnknownProvider, path, place, message).label("unknown provider").help(help));
        }
    }
}

fn known_agent(known: &[&str], entry: &Node, path: &str, problems: &mut Vec<Problem>) {
    let Some((node, id)) = entry.get("agentId").and_then(|node| Some((node, node.text()?))) else { return };
    known_id(known, id, node, &at_key(path, "agentId"), problems);
}

fn known_id(known: &[&str], id: &str, node: &Node, path: &str, problems: &mut Vec<Problem>) {
    if known.contains(&id) {
        return;
    }
    let help = match nearest(id, known.iter().copied()) {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => format!("agents: {}", known.join(", ")),
    };
    let message = format!("there is no agent {}", crate::shape::quoted(id));
    let unknown = Problem::new(Code::UnknownAgent, path, node.place(), message);
    problems.push(unknown.label("unknown agent").help(help));
}

fn bindings(root: &Node, files: &AgentFiles, problems: &mut Vec<Problem>) {
    let bindings = list(root, &["agents", "bindings"]);
    let known = agent_ids(root, files);
    let mut seen = HashMap::new();
    for (index, binding) in bindings.iter().enumerate() {
        let path = at_index("agents.bindings", index);
        known_agent(&known, binding, &path, problems);
        let Some(matches) = binding.get("match") else { continue };
        // The order in the file does not matter.
        let mut sorted = matches.to_json();
        sorted.sort_all_objects();
        let sorted = sorted.to_string();
        if let Some(first) = seen.get(&sorted) {
            let message = format!("this binding never wins: `agents.bindings[{first}]` matches the same");
            let shadowed = Problem::new(Code::ShadowedBinding, at_key(&path, "match"), matches.opening(), message);
            problems.push(shadowed.label("the same match again").help("remove one of the two"));
        } else {
            seen.insert(sorted, index);
        }
    }
}

fn webhooks(root: &Node, files: &AgentFiles, problems: &mut Vec<Problem>) {
    let webhooks = list(root, &["webhooks"]);
    unique_ids(webhooks, "webhooks", "webhook", problems);
    let known = agent_ids(root, files);
    for (index, webhook) in webhooks.iter().enumerate() {
        known_agent(&known, webhook, &at_index("webhooks", index), problems);
    }
}

fn short_secrets(root: &Node, problems: &mut Vec<Problem>) {
    let mut check = |node: Option<&Node>, path: String, least: usize| {
        let Some((node, length)) = node.and_then(|node| Some((node, node.text()?.chars().count()))) else { return };
        if (1..least).contains(&length) {
            let message = format!("`{path}` is easy to guess");
            let short = Problem::new(Code::ShortSecret, path, node.place(), message);
            problems
                .push(short.label(format!("fewer than {least} characters")).help("make one: wingman gateway token --generate"));
        }
    };
    let auth = root.at(&["gateway", "auth"]);
    check(auth.and_then(|auth| auth.get("token")), "gateway.auth.token".to_owned(), SHORT_SECRET);
    check(auth.and_then(|auth| auth.get("password")), "gateway.auth.password".to_owned(), SHORT_PASSWORD);
    for (index, webhook) in list(root, &["webhooks"]).iter().enumerate() {
        check(webhook.get("secret"), at_key(&at_index("webhooks", index), "secret"), SHORT_SECRET);
    }
}

/// Settings of the product that this version reads and keeps, but does not act on. Silence would be a lie.
fn without_effect(root: &Node, problems: &mut Vec<Problem>) {
    let switches: [&[&str]; 4] = [
        &["gateway", "auth", "allowTailscale"],
        &["gateway", "controlUi", "pairingRequired"],
        &["discovery", "enabled"],
        &["nodes", "enabled"],
    ];
    for keys in switches {
        if let Some(switch) = root.at(keys).filter(|node| node.is_true()) {
            let path = keys.join(".");
            let message = format!("`{path}` has no effect in this version");
            let not_yet = Problem::new(Code::NotYet, path, switch.place(), message);
            problems.push(not_yet.label("not in force").help("it is kept for a later version; do not rely on it yet"));
        }
    }
}
