//! Budgets: how long a file, a function and the program's `main.rs` may be.

use super::{Finding, Tree, mask, tree::File};

/// Lines of a source file, tests aside. What is good is about 450; this is where it stops.
const FILE: usize = 700;
/// Lines of a function, signature and braces included. What is good is about 50.
const FUNCTION: usize = 100;
/// The entry point calls `run()`, prints the error, picks the exit code; nothing else.
const MAIN: (&str, usize) = ("host/gateway/src/main.rs", 40);

const SOURCES: [&str; 5] = [".rs", ".ts", ".mjs", ".svelte", ".css"];

pub(crate) fn files(tree: &Tree) -> Vec<Finding> {
    let sources = tree.files().filter(|file| SOURCES.iter().any(|end| file.path.ends_with(end)) && !is_generated(file));
    sources
        .filter_map(|file| {
            let lines = file.lines().filter(|(line, _)| !file.is_test_line(*line)).count();
            (lines > FILE)
                .then(|| file.finding(1, "file-budget", format!("{lines} lines, tests aside; at most {FILE}: split it")))
        })
        .collect()
}

fn is_generated(file: &File) -> bool {
    file.path.rsplit('/').next().is_some_and(|name| name.starts_with("generated."))
}

pub(crate) fn functions(tree: &Tree) -> Vec<Finding> {
    tree.rust().flat_map(|(file, code)| long_functions(file, code)).collect()
}

fn long_functions(file: &File, code: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, name) in definitions(code) {
        let Some((_, end)) = mask::body(code, at) else { continue };
        let (first, last) = (mask::line_at(code, at), mask::line_at(code, end));
        let lines = last - first + 1;
        if lines > FUNCTION && !file.is_test_line(first) {
            let why = format!("`{name}` has {lines} lines; at most {FUNCTION}: name its parts");
            findings.push(file.finding(first, "function-budget", why));
        }
    }
    findings
}

/// Where functions are defined, and their names. `fn(u8)` as a type is none.
fn definitions(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.match_indices("fn ").filter_map(|(at, word)| {
        let starts_word = at == 0 || !mask::is_word(code.as_bytes()[at - 1]);
        let rest = code[at + word.len()..].trim_start();
        let length = rest.bytes().take_while(|byte| mask::is_word(*byte)).count();
        (starts_word && length > 0).then(|| (at, &rest[..length]))
    })
}

pub(crate) fn main(tree: &Tree) -> Vec<Finding> {
    let (path, budget) = MAIN;
    let found = tree.files().filter(|file| file.path == path && file.lines().count() >= budget);
    found.map(|file| file.finding(budget, "main-budget", format!("the entry point stays under {budget} lines"))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tree::found;
    use super::*;

    fn function(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "    work();\n".repeat(lines - 2))
    }

    #[test]
    fn a_file_may_have_700_lines_tests_aside() {
        let full = "//\n".repeat(FILE);
        assert!(found(files, "host/a/src/lib.rs", &full).is_empty());
        let with_tests = format!("{full}#[cfg(test)]\nmod tests {{\n{full}}}\n");
        assert!(found(files, "host/a/src/lib.rs", &with_tests).is_empty());
        let over = format!("{full}//\n");
        assert_eq!(found(files, "host/a/src/lib.rs", &over), [1]);
        assert_eq!(found(files, "host/ui/src/App.svelte", &over), [1]);
        assert!(found(files, "host/a/tests/story.rs", &over).is_empty());
        assert!(found(files, "host/ui/src/lib/generated.ts", &over).is_empty());
        assert!(found(files, "package-lock.json", &over).is_empty());
    }

    #[test]
    fn a_function_may_have_100_lines() {
        assert!(found(functions, "host/a/src/lib.rs", &function(FUNCTION)).is_empty());
        assert_eq!(found(functions, "host/a/src/lib.rs", &format!("\n{}", function(FUNCTION + 1))), [2]);
        assert!(found(functions, "tests/e2e/tests/a.rs", &function(FUNCTION + 1)).is_empty());
        let test = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", function(FUNCTION + 1));
        assert!(found(functions, "host/a/src/lib.rs", &test).is_empty());
    }

    #[test]
    fn braces_in_strings_and_declarations_without_a_body_do_not_confuse() {
        let short = format!("trait T {{ fn none(&self, f: fn (u8)); }}\nfn a() {{ \"{{\"; }}\n{}", "\n".repeat(2 * FUNCTION));
        assert!(found(functions, "host/a/src/lib.rs", &format!("{short}fn b() {{}}\n")).is_empty());
    }

    #[test]
    fn the_entry_point_stays_small() {
        assert!(found(main, MAIN.0, &"//\n".repeat(39)).is_empty());
        assert_eq!(found(main, MAIN.0, &"//\n".repeat(40)), [40]);
        assert!(found(main, "xtask/src/main.rs", &"//\n".repeat(40)).is_empty());
    }
}
