//! Names that must not appear under `host/`: adding a channel or a vendor touches no file there.

use super::{Finding, Tree, tree::File};

const VENDORS: [&str; 7] = ["discord", "slack", "telegram", "whatsapp", "gmail", "github", "stripe"];
const PROVIDERS: [&str; 4] = ["openai", "anthropic", "gemini", "ollama"];
/// Models are this crate's business.
const PROVIDERS_HOME: &str = "host/agent/";

pub(crate) fn vendors(tree: &Tree) -> Vec<Finding> {
    let host = tree.files().filter(|file| is_host_source(file));
    search(host, &VENDORS, "vendor", "channels and vendors are plugins, the host knows none of them")
}

pub(crate) fn providers(tree: &Tree) -> Vec<Finding> {
    let host = tree.files().filter(|file| is_host_source(file) && !file.path.starts_with(PROVIDERS_HOME));
    search(host, &PROVIDERS, "provider", "only `host/agent` names a model provider")
}

/// Lock files name what others wrote.
fn is_host_source(file: &File) -> bool {
    file.path.starts_with("host/") && !file.path.ends_with("package-lock.json")
}

fn search<'a>(files: impl Iterator<Item = &'a File>, names: &[&str], rule: &'static str, why: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        let in_path = names.iter().filter(|name| has_word(&file.path, name)).map(|name| (1, *name));
        let in_text =
            file.lines().flat_map(|(line, text)| names.iter().filter(move |name| has_word(text, name)).map(move |n| (line, *n)));
        findings.extend(in_path.chain(in_text).map(|(line, name)| file.finding(line, rule, format!("`{name}`: {why}"))));
    }
    findings
}

/// Whether a name occurs in any case, as a word or as a part of an identifier, but not within another word: `striped` is fine,
/// `StripeEvent` and `STRIPE_KEY` are not.
fn has_word(text: &str, name: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.match_indices(name).any(|(at, _)| {
        let is_lower = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_lowercase);
        let bytes = text.as_bytes();
        let end = at + name.len();
        let runs_on = is_lower(bytes.get(end)) && !bytes[end - 1].is_ascii_uppercase();
        let runs_in = at > 0 && is_lower(bytes.get(at - 1)) && bytes[at].is_ascii_lowercase();
        !runs_on && !runs_in
    })
}

#[cfg(test)]
mod tests {
    use super::super::tree::found;
    use super::*;

    #[test]
    fn a_vendor_is_found_in_any_case_and_in_identifiers() {
        let text = "fn a() {}\nstruct DiscordChannel;\nlet x = SLACK_TOKEN;\n// like gog-gmail does\nlet my_github_url = 1;\n";
        assert_eq!(found(vendors, "host/plugin/src/lib.rs", text), [2, 3, 4, 5]);
        assert_eq!(found(vendors, "host/ui/src/places/Telegram.svelte", "<p/>"), [1]);
        assert!(found(vendors, "plugins/discord/src/lib.rs", text).is_empty());
        assert!(found(vendors, "host/ui/package-lock.json", text).is_empty());
    }

    #[test]
    fn words_that_only_contain_a_name_are_fine() {
        assert!(found(vendors, "host/ui/src/a.css", ".striped { }\n.pinstripe { }\n/* slacker */\n").is_empty());
    }

    #[test]
    fn a_model_provider_is_named_in_its_crate_only() {
        let text = "\"OPENAI_API_KEY\"\nollama\n";
        assert_eq!(found(providers, "host/config/src/lib.rs", text), [1, 2]);
        assert!(found(providers, "host/agent/src/lib.rs", text).is_empty());
        assert!(found(providers, "README.md", text).is_empty());
    }
}
