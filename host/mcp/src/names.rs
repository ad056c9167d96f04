//! What agents call a server's tools. Pure.
//!
//! A server's name has no `_`, so the first `_` of a tool's name ends the server's: tools of two servers never meet.

use std::collections::BTreeSet;

/// What a model may call a tool: 64 characters, by the rule of every provider.
const MAX_NAME: usize = 64;

/// A name for each of the server's `tools`, in their order. Hangs on the set of the tools alone, not on the order in which a server
/// lists them. Tools whose own names can stand as they are keep them; of others that would meet, the second gets a number.
pub(crate) fn names(server: &str, tools: &BTreeSet<String>) -> Vec<String> {
    let plain = |tool: &&String| shortened(server, &flat(tool), "") == format!("{server}_{tool}");
    let mut taken: BTreeSet<String> = tools.iter().filter(plain).map(|tool| format!("{server}_{tool}")).collect();
    let name = |tool: &String| {
        let own = format!("{server}_{tool}");
        if plain(&tool) {
            return own;
        }
        let base = flat(tool);
        let numbered = (2..).map(|number| shortened(server, &base, &format!("_{number}")));
        let mut candidates = std::iter::once(shortened(server, &base, "")).chain(numbered);
        // The candidates never end, and each is another one.
        let name = candidates.find(|candidate| !taken.contains(candidate)).unwrap_or(own);
        taken.insert(name.clone());
        name
    };
    tools.iter().map(name).collect()
}

fn flat(tool: &str) -> String {
    tool.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' }).collect()
}

/// `server_base` and `suffix`, the middle cut so that the whole fits. All three are ASCII.
fn shortened(server: &str, base: &str, suffix: &str) -> String {
    let room = MAX_NAME.saturating_sub(server.len() + 1 + suffix.len());
    format!("{server}_{}{suffix}", base.get(..room.min(base.len())).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn named(server: &str, tools: &[&str]) -> Vec<String> {
        names(server, &tools.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_tool_is_called_like_its_server_and_itself() {
        assert_eq!(named("files", &["read_file", "list-all"]), ["files_list-all", "files_read_file"]);
        assert_eq!(named("files", &["read.file", "größe"]), ["files_gr__e", "files_read_file"]);
    }

    #[test]
    fn tools_that_would_meet_get_numbers_and_a_good_name_stays() {
        assert_eq!(named("s", &["a.b", "a b", "a_b"]), ["s_a_b_2", "s_a_b_3", "s_a_b"]);
        let (long, longer) = ("x".repeat(70), "x".repeat(80));
        let both = named("s", &[&long, &longer]);
        assert_eq!(both, [format!("s_{}", "x".repeat(62)), format!("s_{}_2", "x".repeat(60))]);
    }

    proptest! {
        #[test]
        fn names_are_valid_unique_and_tell_the_server(
            server in "[a-z0-9-]{1,32}",
            tools in proptest::collection::btree_set(".{0,80}|[ab._ ]{1,4}|x{60,70}", 0..40),
        ) {
            let names = names(&server, &tools);
            prop_assert_eq!(names.len(), tools.len());
            let unique: BTreeSet<_> = names.iter().collect();
            prop_assert_eq!(unique.len(), names.len());
            for name in &names {
                prop_assert!((1..=64).contains(&name.len()));
                prop_assert!(name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'-'));
                prop_assert_eq!(name.split_once('_').unwrap().0, server.as_str());
            }
        }
    }
}
