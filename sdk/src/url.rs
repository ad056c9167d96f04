//! Percent-encoding (RFC 3986) and query strings, as far as plugins need them.

/// A text as one segment of a path or one value of a query: every byte but the unreserved ones becomes `%XX`.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// The first parameter of this name in a URL's query, decoded as a form encodes it (`+` is a blank). None when it is
/// missing or broken.
pub fn query(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let query = query.split('#').next()?;
    let decode = |text: &str| crate::id::decode_segment(&text.replace('+', " "));
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(key)? == name).then(|| decode(value))?
    })
}

/// Adds a parameter to a URL's query.
pub(crate) fn push_query(url: &mut String, name: &str, value: &str) {
    let fragment = url.find('#').map(|start| url.split_off(start)).unwrap_or_default();
    url.push(if url.contains('?') { '&' } else { '?' });
    url.push_str(&encode(name));
    url.push('=');
    url.push_str(&encode(value));
    url.push_str(&fragment);
}

/// A body as forms send it, `application/x-www-form-urlencoded`.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_parameter_comes_back(name in ".{1,8}", value in ".{0,16}", other in "[a-z]{0,4}") {
            let mut url = format!("https://example.com/x?{other}-nobody-asks=1#part");
            push_query(&mut url, &name, &value);
            prop_assert_eq!(query(&url, &name), Some(value));
            prop_assert!(url.ends_with("#part"));
        }
    }

    #[test]
    fn a_form_is_read_as_forms_are_written() {
        assert_eq!(query("/hook?hub.mode=subscribe&hub.challenge=a+b%21", "hub.challenge").as_deref(), Some("a b!"));
        assert_eq!(query("/hook?flag", "flag").as_deref(), Some(""));
        assert_eq!(query("/hook?a=%zz", "a"), None);
        assert_eq!(form(&[("a b", "c&d"), ("e", "")]), "a%20b=c%26d&e=");
    }
}
