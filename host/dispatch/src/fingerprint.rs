//! Fingerprints of requests: equal for the same request, however its JSON was written.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Of raw bytes.
pub(crate) fn of_bytes(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Of a JSON text: white space and the order of keys do not count. What is no JSON is taken as bytes.
pub(crate) fn of_json(bytes: &[u8]) -> [u8; 32] {
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else { return of_bytes(bytes) };
    let mut hash = Sha256::new();
    feed(&mut hash, &value);
    hash.finalize().into()
}

fn feed(hash: &mut Sha256, value: &Value) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| key.as_str());
            hash.update(format!("o{}", fields.len()));
            for (key, value) in fields {
                hash.update(format!("k{}:{key}", key.len()));
                feed(hash, value);
            }
        }
        Value::Array(items) => {
            hash.update(format!("a{}", items.len()));
            for item in items {
                feed(hash, item);
            }
        }
        scalar => {
            let text = scalar.to_string();
            hash.update(format!("s{}:{text}", text.len()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_it_is_written_does_not_count() {
        assert_eq!(of_json(br#"{"a":1,"b":[true,null]}"#), of_json(b"{ \"b\": [true, null], \"a\": 1 }"));
    }

    #[test]
    fn what_it_says_counts() {
        for other in [r#"{"a":2}"#, r#"{"a":"1"}"#, r#"{"a":[1]}"#, r#"{"b":1}"#, r#"{"a":1,"b":null}"#, r#"{"a":1"#] {
            assert_ne!(of_json(br#"{"a":1}"#), of_json(other.as_bytes()), "{other}");
        }
    }
}
