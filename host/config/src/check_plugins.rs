//! Rules of the section `plugins` that no schema can say: names that become folders, and secrets that are in one place.

use crate::{
    problem::{Code, Place, Problem},
    text::{self, BadText},
    tree::{Entry, Kind, Node, at_key},
};

/// Checks names and secrets of all plugins.
pub(crate) fn check(root: &Node, problems: &mut Vec<Problem>) {
    let path = "plugins.use";
    for plugin in entries(root.at(&["plugins", "use"])) {
        name(plugin, path, "plugin", problems);
        let path = at_key(path, &plugin.key);
        secrets(&plugin.value, &path, "secrets", problems);
        let accounts = at_key(&path, "accounts");
        for account in entries(plugin.value.get("accounts")) {
            name(account, &accounts, "account", problems);
            secrets(&account.value, &at_key(&accounts, &account.key), "secrets", problems);
        }
    }
}

/// What stands in a group; nothing where there is none.
pub(crate) fn entries(node: Option<&Node>) -> &[Entry] {
    node.map(Node::entries).unwrap_or_default()
}

fn name(entry: &Entry, parent: &str, what: &str, problems: &mut Vec<Problem>) {
    let Some(Err(BadText(right))) = text::rule("wingman-id").map(|rule| (rule.check)(&entry.key)) else { return };
    let place = Place::Span(entry.key_span.clone());
    let message = format!("this cannot be the name of {} {what}", if what == "account" { "an" } else { "a" });
    problems.push(Problem::new(Code::BadValue, at_key(parent, &entry.key), place, message).label("not a name").help(right));
}

/// Checks the secrets in the group `key` of `owner`.
pub(crate) fn secrets(owner: &Node, path: &str, key: &str, problems: &mut Vec<Problem>) {
    let path = at_key(path, key);
    for secret in entries(owner.get(key)) {
        if !matches!(secret.value.kind, Kind::Map(_)) {
            continue;
        }
        let places = ["env", "file"].iter().filter(|place| secret.value.get(place).is_some()).count();
        if places != 1 {
            let path = at_key(&path, &secret.key);
            let message = format!("`{path}` must say one place, `env` or `file`");
            let unclear = Problem::new(Code::BadValue, path, secret.value.opening(), message);
            let help = "write { \"env\": \"VARIABLE\" } or { \"file\": \"/run/secrets/name\" }, or the secret itself in quotes";
            problems.push(unclear.label(if places == 0 { "neither" } else { "both" }).help(help));
        }
    }
}
