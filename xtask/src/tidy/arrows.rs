//! The crate graph: which crate may depend on which, who alone may name a big library, and what a crate is called.

use super::{Finding, Tree, tree::File};
use toml::{Table, Value};

/// `(crate, crates of ours that it may depend on)`; all names without the `wingman-` prefix. The same table stands in the
/// README as the architecture's arrows.
const HOST: [(&str, &[&str]); 20] = [
    ("message", &[]),
    ("config", &["message"]),
    ("route", &["message"]),
    ("protocol", &["message"]),
    ("store", &["message"]),
    ("verify", &[]),
    ("egress", &[]),
    ("manifest", &["message", "verify", "egress"]),
    ("package", &["message", "manifest"]),
    ("plugin", &["message", "manifest", "verify", "egress"]),
    ("workbench", &["egress", "guest", "manifest", "message", "plugin"]),
    ("agent", &["message"]),
    ("mcp", &["message"]),
    ("nodes", &["message"]),
    ("tools", &["message"]),
    ("guest", &[]),
    ("client", &["protocol"]),
    ("dispatch", &["store", "route", "message"]),
    ("server", &["dispatch", "nodes", "protocol", "message"]),
    (
        "gateway",
        &[
            "agent",
            "client",
            "config",
            "dispatch",
            "guest",
            "manifest",
            "mcp",
            "message",
            "package",
            "plugin",
            "protocol",
            "route",
            "server",
            "store",
            "tools",
            "workbench",
        ],
    ),
];

/// `(crate of the host, library that it alone may name)`. A library's satellites (`wasmtime-wasi`) are meant too.
const OWNERS: [(&str, &str); 5] =
    [("plugin", "wasmtime"), ("store", "rusqlite"), ("server", "axum"), ("agent", "rig"), ("mcp", "rmcp")];

/// Where a crate lives decides what it may see.
enum Area<'a> {
    Host(&'a str),
    Sdk,
    Plugin(&'a str),
    /// Tests and tasks may see everything.
    Free(&'a str),
}

impl<'a> Area<'a> {
    /// None for files that are not a crate's manifest.
    fn of(path: &'a str) -> Option<Self> {
        let dir = path.strip_suffix("/Cargo.toml")?;
        Some(match dir.split('/').collect::<Vec<_>>()[..] {
            ["host", name] => Self::Host(name),
            ["sdk"] => Self::Sdk,
            ["plugins", name] | ["examples", "plugins", name] => Self::Plugin(name),
            _ => Self::Free(dir.rsplit('/').next().unwrap_or(dir)),
        })
    }

    /// The folder, which is the crate's name.
    fn folder(&self) -> &'a str {
        match *self {
            Self::Host(name) | Self::Plugin(name) | Self::Free(name) => name,
            Self::Sdk => "sdk",
        }
    }

    /// None when anything is allowed.
    fn allowed(&self) -> Option<&'static [&'static str]> {
        match self {
            Self::Host(name) => {
                let known = HOST.iter().find(|(host, _)| host == name);
                Some(known.map_or(&[], |(_, allowed)| *allowed))
            }
            Self::Sdk => Some(&[]),
            Self::Plugin(_) => Some(&["sdk"]),
            Self::Free(_) => None,
        }
    }
}

/// A dependency that ends up in the product: `[dependencies]` and `[build-dependencies]`, for every target.
struct Dependency {
    /// The package, whatever it is renamed to.
    package: String,
    line: usize,
}

pub(crate) fn dependencies(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, area, manifest) in manifests(tree) {
        let Some(allowed) = area.allowed() else { continue };
        for Dependency { package, line } in product_dependencies(file, &manifest) {
            let Some(ours) = package.strip_prefix("wingman-") else { continue };
            if !allowed.contains(&ours) {
                let may = if allowed.is_empty() { "none of ours".to_owned() } else { allowed.join(", ") };
                let why = format!("`{}` must not depend on `{ours}`; it may depend on: {may}", area.folder());
                findings.push(file.finding(line, "arrow", why));
            }
        }
    }
    findings
}

pub(crate) fn owners(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, area, manifest) in manifests(tree) {
        if area.allowed().is_none() {
            continue;
        }
        for Dependency { package, line } in product_dependencies(file, &manifest) {
            let owner = OWNERS.iter().find(|(_, library)| is_of(&package, library));
            if let Some((owner, _)) = owner.filter(|(owner, _)| !matches!(area, Area::Host(name) if name == *owner)) {
                findings.push(file.finding(line, "owner", format!("only `host/{owner}` may name `{package}`")));
            }
        }
    }
    findings
}

fn is_of(package: &str, library: &str) -> bool {
    package.strip_prefix(library).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
}

/// A crate is called as its folder, its name is found in the table above, and it takes the workspace's lints.
pub(crate) fn crate_names(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, area, manifest) in manifests(tree) {
        let folder = area.folder();
        let name = manifest.get("package").and_then(|package| package.get("name")).and_then(Value::as_str).unwrap_or_default();
        if name.strip_prefix("wingman-").unwrap_or(name) != folder {
            let line = line_of(&file.text, "package", "name");
            findings.push(file.finding(
                line,
                "crate-name",
                format!("`{name}` lives in the folder `{folder}`: call both the same"),
            ));
        }
        if matches!(area, Area::Host(name) if HOST.iter().all(|(host, _)| *host != name)) {
            let why = format!("`{folder}` is not in the architecture: add it to the table of arrows and to the README");
            findings.push(file.finding(1, "arrow", why));
        }
        if manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(Value::as_bool) != Some(true) {
            findings.push(file.finding(1, "lints", "`[lints] workspace = true` is missing"));
        }
    }
    findings
}

/// The manifests of crates; the workspace's own is none.
fn manifests(tree: &Tree) -> impl Iterator<Item = (&File, Area<'_>, Table)> {
    tree.files().filter_map(|file| {
        let area = Area::of(&file.path)?;
        let manifest: Table = file.text.parse().ok()?;
        manifest.contains_key("package").then_some((file, area, manifest))
    })
}

fn product_dependencies(file: &File, manifest: &Table) -> Vec<Dependency> {
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let places = targets.filter_map(Value::as_table).chain([manifest]);
    let mut found = Vec::new();
    for place in places {
        for section in ["dependencies", "build-dependencies"] {
            for (key, value) in place.get(section).and_then(Value::as_table).into_iter().flatten() {
                let package = value.get("package").and_then(Value::as_str).unwrap_or(key).to_owned();
                found.push(Dependency { package, line: line_of(&file.text, section, key) });
            }
        }
    }
    found
}

/// The line of a key in a section, counted from one; the first line when it cannot be told.
fn line_of(text: &str, section: &str, key: &str) -> usize {
    let mut inside = false;
    for (index, line) in text.lines().map(str::trim).enumerate() {
        if let Some(header) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let own = header.strip_suffix(key).and_then(|header| header.strip_suffix('.')).unwrap_or(header);
            inside = own.rsplit('.').next() == Some(section);
            if inside && own != header {
                return index + 1;
            }
        } else if inside && line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(['.', '='])) {
            return index + 1;
        }
    }
    1
}

#[cfg(test)]
mod tests {
    use super::super::tree::found;
    use super::*;

    fn manifest(name: &str, rest: &str) -> String {
        format!("[package]\nname = \"wingman-{name}\"\n[lints]\nworkspace = true\n{rest}")
    }

    #[test]
    fn an_arrow_that_is_not_in_the_table_is_found_with_its_line() {
        let bad = manifest("agent", "[dependencies]\nserde.workspace = true\nwingman-store.workspace = true\n");
        assert_eq!(found(dependencies, "host/agent/Cargo.toml", &bad), [7]);
        let good = manifest("agent", "[dependencies]\nwingman-message.workspace = true\n");
        assert!(found(dependencies, "host/agent/Cargo.toml", &good).is_empty());
    }

    #[test]
    fn no_disguise_hides_an_arrow() {
        for hidden in [
            "[dependencies.wingman-store]\nworkspace = true\n",
            "[dependencies]\ndb = { package = \"wingman-store\", path = \"../store\" }\n",
            "[build-dependencies]\nwingman-store.workspace = true\n",
            "[target.'cfg(unix)'.dependencies]\nwingman-store.workspace = true\n",
        ] {
            let text = manifest("agent", hidden);
            assert_eq!(found(dependencies, "host/agent/Cargo.toml", &text).len(), 1, "{hidden}");
        }
    }

    #[test]
    fn tests_may_see_more_than_the_product() {
        let dev = manifest("agent", "[dev-dependencies]\nwingman-store.workspace = true\naxum.workspace = true\n");
        assert!(found(dependencies, "host/agent/Cargo.toml", &dev).is_empty());
        assert!(found(owners, "host/agent/Cargo.toml", &dev).is_empty());
        let harness = manifest("harness", "[dependencies]\nwingman-store.workspace = true\naxum.workspace = true\n");
        assert!(found(dependencies, "tests/harness/Cargo.toml", &harness).is_empty());
        assert!(found(owners, "tests/harness/Cargo.toml", &harness).is_empty());
    }

    #[test]
    fn the_sdk_and_plugins_never_see_the_host() {
        let text = manifest("sdk", "[dependencies]\nwingman-message.workspace = true\n");
        assert_eq!(found(dependencies, "sdk/Cargo.toml", &text), [6]);
        let text = manifest("webui", "[dependencies]\nwingman-sdk.workspace = true\nwingman-message.workspace = true\n");
        assert_eq!(found(dependencies, "plugins/webui/Cargo.toml", &text), [7]);
        assert_eq!(found(dependencies, "examples/plugins/webui/Cargo.toml", &text), [7]);
    }

    #[test]
    fn a_big_library_has_one_owner() {
        for (owner, library) in
            [("plugin", "wasmtime-wasi"), ("store", "rusqlite"), ("server", "axum-extra"), ("agent", "rig-core"), ("mcp", "rmcp")]
        {
            let text = manifest("x", &format!("[dependencies]\n{library}.workspace = true\n"));
            assert!(found(owners, &format!("host/{owner}/Cargo.toml"), &text).is_empty());
            assert_eq!(found(owners, "host/gateway/Cargo.toml", &text), [6], "{library}");
        }
        let text = manifest("x", "[dependencies]\nright.workspace = true\n");
        assert!(found(owners, "host/gateway/Cargo.toml", &text).is_empty());
    }

    #[test]
    fn a_crate_is_called_as_its_folder_and_is_in_the_table() {
        assert!(found(crate_names, "host/store/Cargo.toml", &manifest("store", "")).is_empty());
        assert_eq!(found(crate_names, "host/store/Cargo.toml", &manifest("database", "")), [2]);
        assert_eq!(found(crate_names, "host/hub/Cargo.toml", &manifest("hub", "")), [1]);
        assert!(found(crate_names, "xtask/Cargo.toml", "[package]\nname = \"xtask\"\n[lints]\nworkspace = true\n").is_empty());
        assert_eq!(found(crate_names, "xtask/Cargo.toml", "[package]\nname = \"xtask\"\n"), [1], "no lints");
        assert!(found(crate_names, "Cargo.toml", "[workspace]\n").is_empty());
    }
}
