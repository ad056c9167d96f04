//! Rules of the section `mcp` that no schema can say: names that begin those of tools, and what belongs to a program or to an
//! address.

use crate::{
    check_plugins,
    problem::{Code, Place, Problem},
    text::{BadText, EnvName, PathText},
    tree::{Entry, Node, at_key},
};

/// The longest name of a server: half of what a tool's name may have.
const MAX_NAME: usize = 32;
/// Settings of a program, and of an address.
const OF_PROGRAM: [&str; 3] = ["args", "env", "cwd"];
const OF_ADDRESS: [&str; 2] = ["headers", "headerEnv"];

/// Checks all servers.
pub(crate) fn check(root: &Node, problems: &mut Vec<Problem>) {
    for server in check_plugins::entries(root.at(&["mcp", "servers"])) {
        let path = at_key("mcp.servers", &server.key);
        name(root, server, &path, problems);
        endpoint(server, &path, problems);
        check_plugins::secrets(&server.value, &path, "env", problems);
        for variable in check_plugins::entries(server.value.get("env")) {
            if EnvName::parse(&variable.key).is_err() {
                let right = "use letters, digits and `_`, not starting with a digit";
                problems.push(bad_key(variable, &at_key(&path, "env"), "an environment variable", right));
            }
        }
        headers(&server.value, &path, problems);
    }
}

fn bad_key(entry: &Entry, parent: &str, what: &str, right: &str) -> Problem {
    let place = Place::Span(entry.key_span.clone());
    let message = format!("this cannot be the name of {what}");
    Problem::new(Code::BadValue, at_key(parent, &entry.key), place, message).label("not a name").help(right)
}

fn name(root: &Node, server: &Entry, path: &str, problems: &mut Vec<Problem>) {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !(1..=MAX_NAME).contains(&server.key.len()) || !server.key.chars().all(plain) {
        let right = "use 1 to 32 lower-case letters (a-z), digits or `-`: the names of its tools begin with it";
        problems.push(bad_key(server, "mcp.servers", "an MCP server", right));
    } else if root.at(&["plugins", "use", &server.key]).is_some() {
        let place = Place::Span(server.key_span.clone());
        let message = format!("a plugin is called \"{}\" as well", server.key);
        let taken = Problem::new(Code::DuplicateId, path, place, message);
        problems.push(taken.label("taken already").help("give the server another name: `agents.list[].tools` names both"));
    }
}

fn endpoint(server: &Entry, path: &str, problems: &mut Vec<Problem>) {
    let (command, url) = (server.value.get("command"), server.value.get("url"));
    let (stray, whose): (&[&str], _) = match (command, url) {
        (Some(_), None) => (&OF_ADDRESS, "an address (`url`)"),
        (None, Some(_)) => (&OF_PROGRAM, "a program (`command`)"),
        (both, _) => {
            let message = format!("`{path}` must say one of `command` and `url`");
            let label = if both.is_some() { "both" } else { "neither" };
            let help = "write { \"command\": \"npx\", \"args\": [...] } or { \"url\": \"https://...\" }";
            problems.push(Problem::new(Code::BadValue, path, server.value.opening(), message).label(label).help(help));
            return;
        }
    };
    for key in stray {
        if let Some(node) = server.value.get(key) {
            let path = at_key(path, key);
            let message = format!("`{path}` is a setting of {whose}");
            let misplaced = Problem::new(Code::BadValue, path, node.opening(), message);
            problems.push(misplaced.label("without use here").help("take it out"));
        }
    }
    let program = command.and_then(|node| Some((node, node.text()?)));
    if let Some((node, text)) = program.filter(|(_, text)| text.contains('/'))
        && let Err(BadText(right)) = PathText::parse(text)
    {
        let path = at_key(path, "command");
        let message = format!("`{path}` cannot be {}", crate::shape::quoted(text));
        problems.push(Problem::new(Code::BadValue, path, node.place(), message).label("not a path").help(right));
    }
}

fn headers(server: &Node, path: &str, problems: &mut Vec<Problem>) {
    let mut seen: Vec<String> = Vec::new();
    for group in OF_ADDRESS {
        for header in check_plugins::entries(server.get(group)) {
            // A token by RFC 9110, 5.6.2.
            let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
            let group = at_key(path, group);
            if header.key.is_empty() || !header.key.chars().all(token) {
                problems.push(bad_key(header, &group, "a header", "write it as HTTP does, for example \"Authorization\""));
                continue;
            }
            let name = header.key.to_ascii_lowercase();
            if seen.contains(&name) {
                let place = Place::Span(header.key_span.clone());
                let message = format!("the header \"{}\" is there twice", header.key);
                let twice = Problem::new(Code::DuplicateId, at_key(&group, &header.key), place, message);
                problems.push(twice.label("taken already").help("keep one of them"));
            }
            seen.push(name);
        }
    }
}
