//! Settings that are text with a rule: ids, model names, hosts, paths, origins.
//!
//! Each is a newtype that only `parse` makes, and a [`Rule`] that the shape check finds by the `format` keyword of the
//! JSON Schema. So the schema, the check of the file and the type can never disagree. Rules across settings are in
//! `check`.

use std::{fmt, net::IpAddr, str::FromStr};

use ipnet::IpNet;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Why a text is not what it should be; the message says what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadText(pub(crate) String);

/// One rule for text, known to the JSON Schema by its `format`.
#[derive(Debug)]
pub(crate) struct Rule {
    /// Value of the schema's `format` keyword.
    pub(crate) format: &'static str,
    /// What editors check; coarser than `check` where a pattern cannot say it.
    pub(crate) pattern: &'static str,
    /// Accepts the text or says what would be right.
    pub(crate) check: fn(&str) -> Result<(), BadText>,
    /// Whether an error may repeat the value. False where people paste secrets by mistake.
    pub(crate) may_quote: bool,
}

/// The rule that a schema's `format` names, if it is one of ours.
pub(crate) fn rule(format: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.format == format)
}

static RULES: [Rule; 11] = [
    Rule { format: "wingman-id", pattern: r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$", check: check_id, may_quote: true },
    Rule { format: "wingman-webhook-id", pattern: r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$", check: check_id, may_quote: true },
    Rule { format: "wingman-model", pattern: r"^[A-Za-z0-9_.-]+:\S.*$", check: check_model, may_quote: true },
    Rule { format: "wingman-host", pattern: r"^[A-Za-z0-9.:\[\]_-]+$", check: check_host, may_quote: true },
    Rule { format: "wingman-path", pattern: r"^[^$%]", check: check_path, may_quote: true },
    Rule { format: "wingman-origin", pattern: r"^https?://[^/]+$", check: check_origin, may_quote: true },
    Rule { format: "wingman-env-name", pattern: r"^[A-Za-z_][A-Za-z0-9_]*$", check: check_env_name, may_quote: false },
    Rule { format: "wingman-ip-range", pattern: r"^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$", check: check_ip_range, may_quote: true },
    Rule { format: "wingman-base-url", pattern: r"^https?://", check: check_base_url, may_quote: true },
    Rule { format: "wingman-server-url", pattern: r"^https?://", check: check_server_url, may_quote: false },
    Rule { format: "wingman-command", pattern: r"^\s*[^\s]", check: check_command, may_quote: true },
];

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $format:literal, $check:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks the text and takes it.
            ///
            /// # Errors
            /// [`BadText`], which says what would be right.
            pub fn parse(text: &str) -> Result<Self, BadText> {
                $check(text)?;
                Ok(Self(text.to_owned()))
            }

            /// The text, exactly as written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadText;
            fn try_from(text: String) -> Result<Self, BadText> {
                $check(&text)?;
                Ok(Self(text))
            }
        }

        impl FromStr for $name {
            type Err = BadText;
            fn from_str(text: &str) -> Result<Self, BadText> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let pattern = rule($format).map_or("", |rule| rule.pattern);
                json_schema!({ "type": "string", "format": $format, "pattern": pattern })
            }
        }
    };
}

text_type!(
    /// An agent's id: 1 to 64 of `A-Z a-z 0-9 . _ -`, not starting with a dot, because it names folders.
    AgentId, "wingman-id", check_id
);
text_type!(
    /// A webhook's id: the same alphabet as an agent's, because it is a segment of a URL.
    WebhookId, "wingman-webhook-id", check_id
);
text_type!(
    /// A model, as `provider:model-name`. The name may hold further colons.
    ModelName, "wingman-model", check_model
);
text_type!(
    /// An address to listen on: an IP address or a host name, without scheme and port.
    Host, "wingman-host", check_host
);
text_type!(
    /// A path as written in the file: absolute, from `~`, or relative to the file's folder. Not expanded yet.
    PathText, "wingman-path", check_path
);
text_type!(
    /// A web origin, as a browser sends it: `scheme://host[:port]`.
    Origin, "wingman-origin", check_origin
);
text_type!(
    /// The name of an environment variable.
    EnvName, "wingman-env-name", check_env_name
);
text_type!(
    /// An IP address or a range in CIDR form.
    IpRange, "wingman-ip-range", check_ip_range
);
text_type!(
    /// An `http` or `https` URL without user name, password, query or fragment.
    BaseUrl, "wingman-base-url", check_base_url
);
text_type!(
    /// A command that an agent may run: a program, and the arguments that a call must start with.
    CommandText, "wingman-command", check_command
);

text_type!(
    /// The `http` or `https` URL of a server that wants its credentials in headers: without user name, password, query or fragment.
    ServerUrl, "wingman-server-url", check_server_url
);

impl AgentId {
    /// The agent of a file that lists none.
    pub(crate) fn main() -> Self {
        Self("main".to_owned())
    }

    /// Whether the two name one folder where a file system does not see the case of letters.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl ModelName {
    /// The model that needs no key and no network.
    #[must_use]
    pub fn demo() -> Self {
        Self("demo:echo".to_owned())
    }

    /// The part before the first colon.
    #[must_use]
    pub fn provider(&self) -> &str {
        self.0.split_once(':').map_or("", |(provider, _)| provider)
    }

    /// The part after the first colon.
    #[must_use]
    pub fn model(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, model)| model)
    }
}

impl Host {
    pub(crate) fn loopback() -> Self {
        Self("127.0.0.1".to_owned())
    }

    /// Whether only this machine can reach it. A name other than `localhost` counts as reachable from outside.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self.ip() {
            Some(ip) => ip.to_canonical().is_loopback(),
            None => self.0.eq_ignore_ascii_case("localhost"),
        }
    }

    /// The address, if the host is one and not a name.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        unbracketed(&self.0).parse().ok()
    }
}

impl IpRange {
    /// The range as a network; a single address is a network of one. `None` never happens for a parsed range.
    #[must_use]
    pub fn net(&self) -> Option<IpNet> {
        network(&self.0)
    }
}

fn bad(right: impl Into<String>) -> Result<(), BadText> {
    Err(BadText(right.into()))
}

fn check_id(text: &str) -> Result<(), BadText> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if (1..=64).contains(&text.len()) && !text.starts_with('.') && text.chars().all(allowed) {
        return Ok(());
    }
    let suggestion: String = text.chars().map(|c| if allowed(c) { c } else { '-' }).collect();
    let suggestion = suggestion.trim_matches(['.', '-']);
    let mut right = "use 1 to 64 letters (a-z, A-Z), digits, `.`, `_` or `-`, not starting with a dot".to_owned();
    if (1..=64).contains(&suggestion.len()) {
        right.push_str(&format!("; for example \"{suggestion}\""));
    }
    bad(right)
}

fn check_model(text: &str) -> Result<(), BadText> {
    let prefix_ok = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let Some((provider, model)) = text.split_once(':') else {
        return bad("write it as \"provider:model-name\", for example \"demo:echo\"");
    };
    if provider.is_empty() || !provider.chars().all(prefix_ok) {
        return bad("the part before the first colon is the provider: letters, digits, `.`, `_` or `-`");
    }
    if model.is_empty() || model.trim() != model || model.chars().any(char::is_control) || text.len() > 256 {
        return bad(format!("put the model's name after \"{provider}:\", without spaces around it"));
    }
    Ok(())
}

fn unbracketed(text: &str) -> &str {
    text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text)
}

fn check_host(text: &str) -> Result<(), BadText> {
    let label_ok = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };
    let looks_like_v4 = text.chars().all(|c| c.is_ascii_digit() || c == '.');
    if unbracketed(text).parse::<IpAddr>().is_ok() {
        return Ok(());
    }
    if text.len() <= 253 && !looks_like_v4 && text.split('.').all(label_ok) {
        return Ok(());
    }
    if text == "*" {
        return bad("write \"0.0.0.0\" for all IPv4 addresses or \"::\" for all addresses");
    }
    if text.contains("://") || text.contains(':') {
        return bad("write the address alone, without scheme and port; the port has a setting of its own");
    }
    bad("write an IP address or a host name, for example \"127.0.0.1\" or \"localhost\"")
}

fn check_path(text: &str) -> Result<(), BadText> {
    if text.is_empty() {
        return bad("write a path, or leave the line out to use the default");
    }
    if text.starts_with(['$', '%']) {
        return bad("environment variables are not expanded here: start with \"~/\" for your home folder");
    }
    if text.starts_with('~') && text != "~" && !text.starts_with("~/") {
        return bad("only \"~/\" (your own home folder) is expanded: write another user's folder in full");
    }
    if text.chars().any(char::is_control) {
        return bad("remove the control character");
    }
    Ok(())
}

fn check_origin(text: &str) -> Result<(), BadText> {
    let right = "write it as browsers send it, for example \"https://wingman.example.net\" or \"http://localhost:5173\"";
    let Ok(url) = url::Url::parse(text) else { return bad(right) };
    let origin = url.origin().ascii_serialization();
    match url.scheme() {
        "http" | "https" if origin == text => Ok(()),
        "http" | "https" => bad(format!("write only scheme, host and port: \"{origin}\"")),
        _ => bad(right),
    }
}

fn check_env_name(text: &str) -> Result<(), BadText> {
    let first_ok = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if first_ok && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Ok(());
    }
    bad("write the name of the environment variable that holds the key (letters, digits, `_`), not the key itself")
}

fn network(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

fn check_ip_range(text: &str) -> Result<(), BadText> {
    if network(text).is_some() {
        return Ok(());
    }
    bad("write an IP address or a range, for example \"192.0.2.7\" or \"192.0.2.0/24\"")
}

fn check_base_url(text: &str) -> Result<(), BadText> {
    let right = "write an http or https URL, for example \"http://127.0.0.1:9999/v1\"";
    check_url(text, right, "leave user name and password out of the URL; name the key's variable in `apiKeyEnv`")
}

fn check_server_url(text: &str) -> Result<(), BadText> {
    let right = "write an http or https URL, for example \"https://mcp.example.com/mcp\"";
    check_url(text, right, "leave user name and password out of the URL; name the variable of the header in `headerEnv`")
}

fn check_url(text: &str, right: &str, credentials: &str) -> Result<(), BadText> {
    let Ok(url) = url::Url::parse(text) else { return bad(right) };
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return bad(right);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return bad(credentials);
    }
    if url.query().is_some() || url.fragment().is_some() {
        return bad("leave out everything from `?` or `#` on");
    }
    Ok(())
}

/// The rule of the tool that runs commands, which reads the text again; a test there holds the two together.
fn check_command(text: &str) -> Result<(), BadText> {
    if let Some(shell) = text.chars().find(|c| r#"|&;<>$`"'\(){}*?[]#!"#.contains(*c)) {
        return bad(format!("leave `{shell}` out, because no shell runs; write a program and the arguments that must lead"));
    }
    if text.chars().any(char::is_control) {
        return bad("remove the control character");
    }
    let Some(program) = text.split_whitespace().next() else {
        return bad("write the name of a program, for example \"git\" or \"git status\"");
    };
    let fixed = match program.strip_prefix('/') {
        Some(path) => path.split('/').all(|part| !matches!(part, "" | "." | "..")),
        None => !program.contains('/') && !matches!(program, "." | "..") && !program.starts_with('~'),
    };
    if fixed { Ok(()) } else { bad("write a name that is found in PATH, or an absolute path without `..`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_safe_as_folder_names() {
        for good in ["main", "a", "A.b_c-9", &"x".repeat(64)] {
            assert!(AgentId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "..", ".hidden", "a/b", "a b", "ä", "a\0", &"x".repeat(65)] {
            assert!(AgentId::parse(bad).is_err(), "{bad}");
        }
        let BadText(right) = AgentId::parse("code review").unwrap_err();
        assert!(right.contains("\"code-review\""), "{right}");
    }

    #[test]
    fn a_model_is_split_at_the_first_colon() {
        let model = ModelName::parse("local:big:8b").unwrap();
        assert_eq!((model.provider(), model.model()), ("local", "big:8b"));
        for bad in ["echo", ":echo", "demo:", "demo: echo", "de mo:echo", ""] {
            assert!(ModelName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for local in ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost", "LOCALHOST", "::ffff:127.0.0.1"] {
            assert!(Host::parse(local).unwrap().is_loopback(), "{local}");
        }
        for open in ["0.0.0.0", "::", "192.168.1.4", "localhost.example.net", "gateway"] {
            assert!(!Host::parse(open).unwrap().is_loopback(), "{open}");
        }
        for bad in ["", "*", "http://x", "127.0.0.1:80", "300.1.1.1", "a b", "-a", "127.1"] {
            assert!(Host::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        assert!(Origin::parse("https://a.example").is_ok());
        assert!(Origin::parse("http://localhost:5173").is_ok());
        for bad in ["https://a.example/", "https://a.example:443", "a.example", "*", "file:///x", "null"] {
            assert!(Origin::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ranges_take_single_addresses_too() {
        let one: IpAddr = "192.0.2.7".parse().unwrap();
        assert!(IpRange::parse("192.0.2.7").unwrap().net().unwrap().contains(&one));
        assert!(IpRange::parse("192.0.2.0/24").unwrap().net().unwrap().contains(&one));
        assert!(IpRange::parse("192.0.2.0/33").is_err());
    }
}
