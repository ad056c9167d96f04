//! The rules that everything a component returns must keep, whatever version of the contract it speaks. Past this check nothing
//! is checked again.

use wingman_message::PluginFailure;

/// Elements of any list.
const MAX_COUNT: usize = 1_000;
/// Characters of an id.
const MAX_ID: usize = 500;
/// 9999-12-31T23:59:59.999Z; later times do not survive most calendars.
const MAX_TIME_MS: u64 = 253_402_300_799_999;

/// What is wrong, in words for the plugin's author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unusable(pub(crate) String);

impl From<Unusable> for PluginFailure {
    fn from(unusable: Unusable) -> Self {
        Self::InvalidOutput(unusable.0)
    }
}

type Checked = Result<(), Unusable>;

/// Checks one returned value, part by part, and counts its bytes.
#[derive(Debug)]
pub(crate) struct Check {
    left: usize,
    limit: usize,
}

impl Check {
    /// At most `limit` bytes in all strings and bodies together.
    pub(crate) fn new(limit: usize) -> Self {
        Self { left: limit, limit }
    }

    /// A list's length.
    pub(crate) fn count(&self, what: &str, count: usize) -> Checked {
        if count <= MAX_COUNT { Ok(()) } else { refuse(format!("{count} {what}, at most {MAX_COUNT} are taken")) }
    }

    /// Free text or bytes: only their size matters.
    pub(crate) fn bytes(&mut self, content: impl AsRef<[u8]>) -> Checked {
        match self.left.checked_sub(content.as_ref().len()) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => refuse(format!("more than the {} KiB that it may return in one call", self.limit / 1024)),
        }
    }

    /// An id of the network: compared byte by byte later, so nothing invisible may be in it.
    pub(crate) fn id(&mut self, what: &str, id: &str) -> Checked {
        if id.is_empty() {
            return refuse(format!("an empty {what}"));
        }
        if id.chars().nth(MAX_ID).is_some() {
            return refuse(format!("a {what} of more than {MAX_ID} characters"));
        }
        if id.chars().any(char::is_control) {
            return refuse(format!("a {what} with a control character in it: {:?}", id.chars().take(80).collect::<String>()));
        }
        self.bytes(id)
    }

    /// An id that may be missing.
    pub(crate) fn optional_id(&mut self, what: &str, id: Option<&String>) -> Checked {
        id.map_or(Ok(()), |id| self.id(what, id))
    }

    /// An address: any length within the output limit (`data:` URLs are long), but one line.
    pub(crate) fn address(&mut self, what: &str, address: &str) -> Checked {
        if address.is_empty() || address.chars().any(char::is_control) {
            return refuse(format!("a {what} that is empty or has a control character in it"));
        }
        self.bytes(address)
    }

    /// A time in milliseconds since the Unix epoch.
    pub(crate) fn time(&self, what: &str, time_ms: u64) -> Checked {
        if time_ms <= MAX_TIME_MS { Ok(()) } else { refuse(format!("a {what} past the year 9999; it counts milliseconds")) }
    }

    /// A final HTTP status.
    pub(crate) fn status(&self, status: u16) -> Checked {
        if (200..=599).contains(&status) { Ok(()) } else { refuse(format!("the status {status}, 200 to 599 are taken")) }
    }

    /// An HTTP header: a lower-case token, and a value that cannot begin another line.
    pub(crate) fn header(&mut self, name: &str, value: &str) -> Checked {
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(legal) {
            return refuse(format!("the header name {name:?}; names are lower-case letters, digits and `-`"));
        }
        if value.bytes().any(|byte| (byte < b' ' && byte != b'\t') || byte == 0x7f) {
            return refuse(format!("a control character in the value of the header `{name}`"));
        }
        self.bytes(name)?;
        self.bytes(value)
    }
}

fn refuse(what: String) -> Checked {
    Err(Unusable(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_visible_and_there() {
        let mut check = Check::new(10_000);
        assert_eq!(check.id("message id", "18c9\u{e9}/==:x y"), Ok(()));
        assert_eq!(check.id("message id", &"\u{e9}".repeat(500)), Ok(()));
        for (bad, why) in [("", "empty"), ("a\nb", "control"), ("a\u{85}", "control"), (&"x".repeat(501), "more than 500")] {
            let Unusable(said) = check.id("message id", bad).unwrap_err();
            assert!(said.contains(why) && said.contains("message id"), "{bad:?}: {said}");
        }
    }

    #[test]
    fn headers_cannot_smuggle_a_line() {
        let mut check = Check::new(1_000);
        assert_eq!(check.header("content-type", "text/plain; charset=utf-8"), Ok(()));
        for (name, value) in
            [("Content-Type", "x"), ("", "x"), ("a b", "x"), ("x:y", "x"), ("x", "a\r\nset-cookie: b"), ("x", "\0")]
        {
            assert!(check.header(name, value).is_err(), "{name:?}: {value:?} was taken");
        }
    }

    #[test]
    fn bytes_are_counted_over_the_whole_value() {
        let mut check = Check::new(10);
        assert_eq!(check.bytes("12345"), Ok(()));
        assert_eq!(check.id("id", "12345"), Ok(()));
        assert!(check.bytes("1").is_err());
    }

    #[test]
    fn counts_statuses_and_times_have_an_end() {
        let check = Check::new(0);
        assert!(check.count("messages", 1_000).is_ok() && check.count("messages", 1_001).is_err());
        assert!(check.status(200).is_ok() && check.status(599).is_ok());
        assert!(check.status(199).is_err() && check.status(600).is_err());
        assert!(check.time("sent-at", 1_790_000_000_000).is_ok() && check.time("sent-at", u64::MAX).is_err());
    }
}
