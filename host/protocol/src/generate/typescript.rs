//! TypeScript declarations of the wire, for the Control UI.

use super::catalogue::{self, Visit};
use ts_rs::{Config, TS};

struct Declarations {
    config: Config,
    text: String,
}

impl Visit for Declarations {
    fn visit<T: schemars::JsonSchema + TS + 'static>(&mut self) {
        let docs = T::docs().unwrap_or_default();
        let declaration = format!("{docs}export {};", T::decl(&self.config).trim_end_matches(';'));
        self.text.push('\n');
        self.text.push_str(&laid_out(&declaration));
        self.text.push('\n');
    }
}

/// The whole file.
pub(super) fn file() -> String {
    // Sequence numbers and times stay below 2^53: a JavaScript number holds them.
    let config = Config::new().with_large_int("number");
    let text = "// The wire's types. Generated from host/protocol by `cargo xtask generate`; do not edit.\n".to_owned();
    let mut all = Declarations { config, text };
    catalogue::frames(&mut all);
    catalogue::bodies(&mut all);
    all.text
}

/// Lays a declaration out for people: one key a line, indented, comments of one line where one is enough.
fn laid_out(declaration: &str) -> String {
    let mut out = String::new();
    let mut rest = declaration;
    let (mut braces, mut angles) = (0_usize, 0_usize);
    let new_line = |out: &mut String, depth: usize| {
        out.truncate(out.trim_end().len());
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    };
    while let Some(next) = rest.chars().next() {
        if let Some((comment, after)) = rest.strip_prefix("/**").and_then(|rest| rest.split_once("*/")) {
            let words = comment.lines().map(|line| line.trim().trim_start_matches('*').trim()).filter(|line| !line.is_empty());
            out.push_str(&format!("/** {} */", words.collect::<Vec<_>>().join(" ").replace("[`", "`").replace("`]", "`")));
            new_line(&mut out, braces);
            rest = after.trim_start();
            continue;
        }
        rest = &rest[next.len_utf8()..];
        match next {
            '<' => angles += 1,
            '>' => angles = angles.saturating_sub(1),
            '{' => braces += 1,
            '}' => braces = braces.saturating_sub(1),
            _ => {}
        }
        match next {
            '{' => {
                out.push('{');
                new_line(&mut out, braces);
                rest = rest.trim_start();
            }
            '}' => {
                new_line(&mut out, braces);
                out.push('}');
            }
            ',' if angles == 0 && braces > 0 => {
                out.push(';');
                new_line(&mut out, braces);
                rest = rest.trim_start();
            }
            _ => out.push(next),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::laid_out;

    #[test]
    fn a_declaration_has_one_key_a_line() {
        let raw = "/**\n * A thing.\n */\nexport type A = { \n/**\n * Its map.\n */\nmap: Record<string, unknown>, } | { \"type\": \"b\", };";
        let expected = "/** A thing. */\nexport type A = {\n  /** Its map. */\n  map: Record<string, unknown>;\n} | {\n  \"type\": \"b\";\n};";
        assert_eq!(laid_out(raw), expected);
    }
}
