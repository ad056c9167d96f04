//! Message ids made of several parts.

/// Joins parts into one id that no other parts give: `/` between them, and every byte but letters, digits, `-`, `.`, `_`, `~`, `@` and
/// `+` written as `%XX`. Who controls one part cannot make the id of another message with it.
pub fn join(parts: &[&str]) -> String {
    let mut id = String::with_capacity(parts.iter().map(|part| part.len() + 1).sum());
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            id.push('/');
        }
        for byte in part.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~@+".contains(&byte) {
                id.push(char::from(byte));
            } else {
                id.push('%');
                id.push(hex(byte >> 4));
                id.push(hex(byte & 15));
            }
        }
    }
    id
}

/// Reads one percent-encoded segment of a URL's path. None when an escape is broken or the bytes are not UTF-8.
pub fn decode_segment(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => digit(rest.next()?)? << 4 | digit(rest.next()?)?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(nibble: u8) -> char {
    char::from(b"0123456789ABCDEF"[usize::from(nibble & 15)])
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn different_parts_give_different_ids(a in ".{0,12}", b in ".{0,12}", c in ".{0,12}", d in ".{0,12}") {
            prop_assert_eq!(join(&[&a, &b]) == join(&[&c, &d]), a == c && b == d);
        }

        #[test]
        fn a_part_comes_back(part in ".{0,20}") {
            let encoded = join(&[&part]);
            prop_assert_eq!(decode_segment(&encoded), Some(part));
        }

        #[test]
        fn a_slash_cannot_be_smuggled_in(a in "[a/%]{0,6}", b in "[a/%]{0,6}") {
            prop_assert_eq!(join(&[&a, &b]).matches('/').count(), 1);
        }
    }

    #[test]
    fn broken_escapes_are_none() {
        for segment in ["%", "%4", "%zz", "%ff", "%+1"] {
            assert_eq!(decode_segment(segment), None, "{segment}");
        }
    }
}
