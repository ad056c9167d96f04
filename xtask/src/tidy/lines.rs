//! Single lines: the header of a source file, a reason for an exception, what must not be written anywhere.

use super::{Finding, Tree, mask, tree::numbered};

/// Every Rust file opens with what lives in it and what does not.
pub(crate) fn headers(tree: &Tree) -> Vec<Finding> {
    let bare = tree.rust().filter(|(file, _)| {
        let first = file.text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        !first.starts_with("//! ")
    });
    bare.map(|(file, _)| file.finding(1, "header", "opens without `//!`: say what lives here and what does not")).collect()
}

/// An exception from a lint says why.
pub(crate) fn reasons(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, code) in tree.rust() {
        for (at, attribute) in attributes(code) {
            let is_exception = attribute.contains("allow(") || attribute.contains("expect(");
            if is_exception && !attribute.contains("reason") {
                findings.push(file.finding(mask::line_at(code, at), "reason", "an exception from a lint has a `reason`"));
            }
        }
    }
    findings
}

/// The attributes in masked code, from `#` to the bracket that closes them.
fn attributes(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.match_indices('#').filter_map(|(at, _)| {
        let rest = &code[at..];
        if !rest.starts_with("#[") && !rest.starts_with("#![") {
            return None;
        }
        let mut depth = 0_i32;
        let end = rest.find(|c| {
            depth += match c {
                '[' => 1,
                ']' => -1,
                _ => 0,
            };
            c == ']' && depth == 0
        })?;
        Some((at, &rest[..end]))
    })
}

/// Nothing names a folder of the machine that it was written on. A test may make up homes of people.
pub(crate) fn machine_paths(tree: &Tree) -> Vec<Finding> {
    // Put together here, so that this file does not find itself.
    let [root, work, shared, home] =
        [["root", ""], ["work", "main"], ["..", "shared"], ["home", ""]].map(|parts| parts.join("/"));
    let always = [format!("/{root}"), format!("/{work}"), format!("{shared}/")];
    let home = format!("/{home}");
    let mut findings = Vec::new();
    for file in tree.files() {
        for (line, text) in file.lines() {
            let own = always.iter().find(|path| text.contains(path.as_str()));
            let path = own.or_else(|| Some(&home).filter(|home| text.contains(home.as_str()) && !file.is_test_line(line)));
            if let Some(path) = path {
                let why = format!("`{path}` is a folder of one machine: use a relative path, or `~`");
                findings.push(file.finding(line, "machine-path", why));
            }
        }
    }
    findings
}

/// Words that may not stand in a kind of file.
pub(crate) fn forbidden(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, code) in tree.rust() {
        for (line, text) in numbered(code) {
            let unbounded = ["unbounded_channel", "mpsc::unbounded", "UnboundedSender", "mpsc::channel()"];
            if unbounded.iter().any(|word| text.contains(word)) {
                findings.push(file.finding(line, "unbounded", "every queue is bounded: take a channel with a capacity"));
            }
        }
    }
    for file in tree.files().filter(|file| file.path.ends_with("package-lock.json")) {
        let addresses = file.lines().filter(|(_, text)| text.trim_start().starts_with("\"resolved\""));
        let why = "a download address of one registry: run npm with `omit-lockfile-registry-resolved`";
        findings.extend(addresses.map(|(line, _)| file.finding(line, "resolved", why)));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::tree::found;
    use super::*;

    #[test]
    fn a_source_file_opens_with_a_header() {
        assert!(found(headers, "a/src/lib.rs", "\n//! Lives here.\n").is_empty());
        assert_eq!(found(headers, "a/src/lib.rs", "use std::fs;\n//! Too late.\n"), [1]);
        assert_eq!(found(headers, "a/src/lib.rs", ""), [1]);
        assert!(found(headers, "a/notes.txt", "hello").is_empty());
    }

    #[test]
    fn an_exception_has_a_reason() {
        let good =
            "#[allow(dead_code, reason = \"used by one platform\")]\nfn a() { allow(1); }\n#![expect(x, reason = \"y\")]\n";
        assert!(found(reasons, "a/src/lib.rs", good).is_empty());
        let bad = "// a\n#[allow(dead_code)]\nfn a() {}\n#![expect(unused)]\n#[cfg_attr(test, allow(a[0]))]\n";
        assert_eq!(found(reasons, "a/src/lib.rs", bad), [2, 4, 5]);
        assert!(found(reasons, "a/src/lib.rs", "// #[allow(dead_code)]\n").is_empty());
    }

    #[test]
    fn a_folder_of_a_machine_is_found_anywhere_but_a_made_up_home_may_be_in_a_test() {
        let ours = format!("see /{}/notes and /{}/main and ../{}/x\n", "root", "work", "shared");
        assert_eq!(found(machine_paths, "README.md", &ours), [1]);
        assert_eq!(found(machine_paths, "host/a/tests/a.rs", &ours), [1]);
        let home = format!("a\n\"/{}/ada/x\"\n", "home");
        assert_eq!(found(machine_paths, "host/a/src/lib.rs", &home), [2]);
        assert!(found(machine_paths, "host/a/tests/a.rs", &home).is_empty());
    }

    #[test]
    fn a_queue_without_a_bound_is_found_in_code_only() {
        let bad = "// unbounded_channel\nlet a = mpsc::unbounded_channel();\nlet b = std::sync::mpsc::channel();\nlet c = mpsc::channel(8);\n";
        assert_eq!(found(forbidden, "host/a/src/lib.rs", bad), [2, 3]);
    }

    #[test]
    fn a_lock_file_names_no_registry() {
        let lock = "{\n  \"integrity\": \"sha512-a\",\n  \"resolved\": \"https://registry.example/a.tgz\"\n}\n";
        assert_eq!(found(forbidden, "host/ui/package-lock.json", lock), [3]);
        assert!(found(forbidden, "host/ui/package.json", lock).is_empty());
    }
}
