//! From a rule as it is written to one that can be checked. Every sentence here is read by the author of a plugin: it says
//! what to write. Not here: requests.

use crate::key::{Derivation, Written};
use crate::rule::{Algorithm, Check, Rule, Signed, Timestamp};
use crate::source::{Place, Source};
use crate::template::{Template, is_header_name};
use crate::{RawId, RawRule, RawTimestamp, Scheme};

/// A day: whoever needs more has no clock, and the guard would have to remember for as long.
const MAX_TOLERANCE_S: u64 = 86_400;
/// Requests by these methods have no body that anyone may rely on (RFC 9110, section 9.3).
const BODILESS: [&str; 2] = ["GET", "HEAD"];

/// A raw rule, checked; or what its author should write instead.
pub(crate) fn rule(raw: &RawRule) -> Result<Rule, String> {
    let credential = source("the rule", [&raw.header, &raw.query, &raw.separator, &raw.prefix])?;
    if raw.secret.as_deref().is_some_and(str::is_empty) {
        return Err("`secret` is empty; name a secret of the manifest, or leave it out for the webhook's own".to_owned());
    }
    if let Some(methods) = &raw.methods {
        check_methods(methods)?;
    }
    let check = match raw.scheme {
        Scheme::SharedSecret => {
            check_nothing_is_signed(raw)?;
            Check::SharedSecret
        }
        Scheme::HmacSha256 => Check::Signed(Box::new(signed(raw, Algorithm::HmacSha256, &credential)?)),
        Scheme::Ed25519 => Check::Signed(Box::new(signed(raw, Algorithm::Ed25519, &credential)?)),
    };
    Ok(Rule { methods: raw.methods.clone(), secret: raw.secret.clone(), credential, check })
}

fn check_methods(methods: &[String]) -> Result<(), String> {
    if methods.is_empty() {
        return Err("`methods` is empty, so the rule is for nothing; name some, or leave it out for all".to_owned());
    }
    match methods.iter().find(|method| method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase())) {
        Some(method) => Err(format!("`methods` has `{method}`; HTTP methods are written in capitals, such as `POST`")),
        None => Ok(()),
    }
}

fn check_nothing_is_signed(raw: &RawRule) -> Result<(), String> {
    let RawRule { key, encoding, message, timestamp, id, .. } = raw;
    let given = [
        ("key", key.is_some()),
        ("encoding", encoding.is_some()),
        ("message", message.is_some()),
        ("timestamp", timestamp.is_some()),
        ("id", id.is_some()),
    ];
    match given.iter().find(|(_, is_given)| *is_given) {
        Some((name, _)) => Err(format!("`{name}` is for signatures; a `shared-secret` is compared as text: leave it out")),
        None => Ok(()),
    }
}

fn signed(raw: &RawRule, algorithm: Algorithm, credential: &Source) -> Result<Signed, String> {
    let message = Template::parse(raw.message.as_deref().unwrap_or("{body}"))?;
    check_body(&message, raw.methods.as_deref())?;
    if message.has_url() && matches!(credential.place, Place::Query(_)) {
        return Err("`message` has {url}, which cannot hold its own signature: give the signature's `header`".to_owned());
    }
    check_pair("timestamp", raw.timestamp.is_some(), message.has_timestamp())?;
    check_pair("id", raw.id.is_some(), message.has_id())?;
    Ok(Signed {
        algorithm,
        key: derivation(raw, algorithm),
        encoding: raw.encoding.unwrap_or_default(),
        message,
        timestamp: raw.timestamp.as_ref().map(timestamp).transpose()?,
        id: raw.id.as_ref().map(id).transpose()?,
    })
}

/// What nobody signed, anybody may have written.
fn check_body(message: &Template, methods: Option<&[String]>) -> Result<(), String> {
    let bodiless = methods.is_some_and(|methods| methods.iter().all(|method| BODILESS.contains(&method.as_str())));
    if message.has_body() || bodiless {
        return Ok(());
    }
    Err("`message` lacks {body}, so anybody could change the body; add it, or limit the rule to `methods = [\"GET\"]`".to_owned())
}

fn check_pair(name: &str, has_table: bool, has_placeholder: bool) -> Result<(), String> {
    match (has_table, has_placeholder) {
        (true, false) => Err(format!("`{name}` is read but not signed; add {{{name}}} to `message`, or leave `{name}` out")),
        (false, true) => Err(format!("`message` has {{{name}}}; say where it stands: `{name} = {{ header = \"...\" }}`")),
        _ => Ok(()),
    }
}

fn derivation(raw: &RawRule, algorithm: Algorithm) -> Derivation {
    let key = raw.key.as_ref();
    let written = match (key.and_then(|key| key.encoding), algorithm) {
        (Some(encoding), _) => Written::Encoded(encoding),
        (None, Algorithm::HmacSha256) => Written::Text,
        (None, Algorithm::Ed25519) => Written::PublicKey,
    };
    Derivation { prefix: key.and_then(|key| key.prefix.clone()).unwrap_or_default(), written }
}

fn timestamp(raw: &RawTimestamp) -> Result<Timestamp, String> {
    let RawTimestamp { header, query, separator, prefix, unit, tolerance_s } = raw;
    if !(1..=MAX_TOLERANCE_S).contains(tolerance_s) {
        return Err(format!("`timestamp.tolerance-s` is {tolerance_s}; write 1 to {MAX_TOLERANCE_S}, such as 300"));
    }
    let source = source("`timestamp`", [header, query, separator, prefix])?;
    Ok(Timestamp { source, unit: *unit, tolerance_ms: tolerance_s * 1000 })
}

fn id(raw: &RawId) -> Result<Source, String> {
    let RawId { header, query, separator, prefix } = raw;
    source("`id`", [header, query, separator, prefix])
}

fn source(owner: &str, [header, query, separator, prefix]: [&Option<String>; 4]) -> Result<Source, String> {
    let place = match (header, query) {
        (Some(header), None) if is_header_name(header) => Place::Header(header.clone()),
        (Some(header), None) => {
            return Err(format!("`{header}` is no header's name in lower case, such as `x-signature`"));
        }
        (None, Some(query)) if !query.is_empty() => Place::Query(query.clone()),
        (None, Some(_)) => return Err(format!("{owner} has an empty `query`; write the parameter's name")),
        (Some(_), Some(_)) => return Err(format!("{owner} has both `header` and `query`; give one")),
        (None, None) => return Err(format!("{owner} does not say where to look; give `header` or `query`")),
    };
    if separator.as_deref().is_some_and(str::is_empty) {
        return Err(format!("{owner} has an empty `separator`; leave it out when there is one value"));
    }
    Ok(Source { place, separator: separator.clone(), prefix: prefix.clone().unwrap_or_default() })
}
