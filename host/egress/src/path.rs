//! Paths: which ones may be asked for at all, and which a grant means.

/// Where a secret goes in a path. The guest writes it; nothing fills it but the host.
pub(crate) const MARKER: &str = "{secret}";

/// Why a path is refused that two programs could read in two ways; none for an honest one.
///
/// A grant for `/api` must hold on the far side as well, where a framework may decode `%2e%2e%2f` once or twice, take `\` for
/// `/`, or cut `..;x` down to `..`.
pub(crate) fn ambiguity(path: &str) -> Option<&'static str> {
    let mut decoded = path.to_ascii_lowercase();
    while decoded.contains("%25") {
        decoded = decoded.replace("%25", "%");
    }
    if path.contains('\\') || decoded.contains("%5c") {
        return Some("a backslash");
    }
    if decoded.contains("%2f") || decoded.contains("%2e") {
        return Some("an encoded `/` or `.`");
    }
    if decoded.contains("%00") {
        return Some("an encoded NUL");
    }
    path.split('/').any(is_dots).then_some("a `.` or `..` segment")
}

/// Whether a segment, without its parameters, climbs or stands still.
pub(crate) fn is_dots(segment: &str) -> bool {
    let name = segment.split(';').next().unwrap_or(segment);
    matches!(name, "." | "..")
}

/// A granted path: `/api` means `/api` and all below it, `/bot*` all that begin with `/bot`, `/` everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathRule {
    /// In a URL's spelling, without a slash at the end.
    prefix: String,
    /// Whether a segment may go on after the prefix.
    open: bool,
}

impl PathRule {
    /// Fails with the reason.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let (prefix, open) = text.strip_suffix('*').map_or((text, false), |prefix| (prefix, true));
        if !prefix.starts_with('/') {
            return Err("it must begin with `/`");
        }
        if prefix.contains('*') {
            return Err("`*` may only stand at its end");
        }
        if prefix.contains(['?', '#']) || prefix.chars().any(|c| c.is_control() || c == ' ') {
            return Err("it must be a path alone, without query, fragment, blanks");
        }
        if ambiguity(prefix).is_some() {
            return Err("it must be written without dot segments, backslashes, `%2e` and `%2f`");
        }
        let prefix = if open { prefix } else { prefix.trim_end_matches('/') };
        Ok(Self { prefix: url_spelling(prefix), open })
    }

    /// `path` begins with a slash and is free of [`ambiguity`].
    pub(crate) fn matches(&self, path: &str) -> bool {
        path.strip_prefix(&self.prefix).is_some_and(|rest| self.open || rest.is_empty() || rest.starts_with('/'))
    }
}

/// As a URL spells the path: what is not ASCII is encoded, the marker stands as it is.
fn url_spelling(path: &str) -> String {
    with_marker(&percent_encoding::utf8_percent_encode(path, &PATH).to_string())
}

/// The URL standard's path percent-encode set.
const PATH: percent_encoding::AsciiSet = percent_encoding::CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'}');

/// The marker, which a URL's parser encodes, in its own spelling again.
pub(crate) fn with_marker(path: &str) -> String {
    path.replace("%7Bsecret%7D", MARKER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_ends_at_a_segment_unless_a_star_opens_it() {
        let cases = [
            ("/api", "/api /api/ /api/x /api//x", "/apix / /ap /API /x/api"),
            ("/api/", "/api /api/x", "/apix"),
            ("/bot*", "/bot /bot{secret}/send /bots", "/bo /x/bot"),
            ("/bot{secret}/send", "/bot{secret}/send /bot{secret}/send/x", "/bot{secret} /bot1/send"),
            ("/caf\u{e9}", "/caf%C3%A9/x", "/cafe"),
            ("/", "/ /anything /a/b", ""),
        ];
        for (rule, inside, outside) in cases {
            let rule = PathRule::parse(rule).unwrap();
            assert!(inside.split_whitespace().all(|path| rule.matches(path)), "{rule:?}");
            assert!(!outside.split_whitespace().any(|path| rule.matches(path)), "{rule:?}");
        }
    }

    #[test]
    fn a_rule_that_cannot_mean_anything_is_refused() {
        for rule in ["", "api", "*", "/a*/b", "/a?x=1", "/a#b", "/a b", "/a/../b", "/a/%2e%2e", "/a\\b"] {
            assert!(PathRule::parse(rule).is_err(), "{rule}");
        }
    }

    #[test]
    fn paths_with_two_readings_are_found() {
        for path in [
            "/a/../b",
            "/a/./b",
            "/..",
            "/a/%2e%2E/b",
            "/a%2fb",
            "/a%252fb",
            "/a%25252e",
            "/a%5Cb",
            "/a\\b",
            "/a/..;x/b",
            "/a%00",
        ] {
            assert!(ambiguity(path).is_some(), "{path}");
        }
        for path in ["/", "/a/b", "/a..b", "/...", "/a.json", "/50%25", "/a;x=1"] {
            assert!(ambiguity(path).is_none(), "{path}");
        }
    }
}
