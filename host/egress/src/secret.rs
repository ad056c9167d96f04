//! Secrets: where each may go, how it is filled in, and how its value stays out of texts.

use crate::headers::checked_name;
use crate::hop::Hop;
use crate::path::{MARKER, is_dots};
use crate::{EgressError, Host, HostPattern, Result, json_place};
use hyper::header::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

/// What a path's segment may hold unencoded (RFC 3986 `pchar`), without the `;` that begins parameters.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');
/// What a query's value may hold unencoded; `+` is not among it, since forms read it as a blank.
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':');

/// Where a secret goes; the same as `secret-place` of the plugin contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The header of this name; it replaces what the guest put there.
    Header(String),
    /// The query parameter of this name, which the guest must not have set.
    Query(String),
    /// The single `{secret}` of the URL's path. It cannot make a new segment: its `/` is encoded.
    Path,
    /// The existing string at this JSON Pointer (RFC 6901) of a JSON body or text frame.
    Json(String),
}

/// One secret for one request or frame.
#[derive(Debug, Clone)]
pub struct Injection {
    /// Its name in the manifest, for texts.
    pub name: String,
    /// Its value.
    pub value: SecretString,
    /// The hosts that may get it. Redirects to others do not.
    pub hosts: Vec<HostPattern>,
    /// Where it goes.
    pub place: Place,
    /// Text in front of it, such as `Bearer `; often empty.
    pub prefix: String,
}

impl Injection {
    fn refused(&self, why: impl Into<String>) -> EgressError {
        EgressError::SecretNotAllowed { secret: self.name.clone(), why: why.into() }
    }

    fn check_host(&self, host: &Host) -> Result<()> {
        if self.value.expose_secret().is_empty() {
            return Err(self.refused("it is empty; set it in the gateway's configuration"));
        }
        if self.hosts.iter().any(|pattern| pattern.matches(host)) {
            return Ok(());
        }
        let declared = self.hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        Err(self
            .refused(format!("it is declared for [{declared}] and not for {host}; add the host to its `hosts` in plugin.toml")))
    }

    /// The value as the place needs it.
    fn filled(&self) -> String {
        format!("{}{}", self.prefix, self.value.expose_secret())
    }

    fn place_in(&self, hop: &mut Hop) -> Result<()> {
        match &self.place {
            Place::Header(name) => {
                let name = checked_name(name)?;
                let mut value = HeaderValue::from_str(&self.filled()).map_err(|_| {
                    self.refused("it has a character that no header can carry; is there a line break at its end?")
                })?;
                value.set_sensitive(true);
                hop.headers.insert(name.clone(), value);
                hop.secret_headers.push(name);
            }
            Place::Query(name) => self.place_in_query(name, hop)?,
            Place::Path => self.place_in_path(hop)?,
            Place::Json(pointer) => {
                let text = std::str::from_utf8(&hop.body).map_err(|_| self.refused("the body is no JSON"))?;
                hop.body = json_place::replace(text, pointer, &self.filled()).map_err(|why| self.refused(why))?.into();
                hop.secret_body = true;
            }
        }
        Ok(())
    }

    fn place_in_query(&self, name: &str, hop: &mut Hop) -> Result<()> {
        let query = hop.target.query.take().unwrap_or_default();
        if url::form_urlencoded::parse(query.as_bytes()).any(|(own, _)| own == name) {
            return Err(self.refused(format!("the URL has a query parameter `{name}` already; leave it out")));
        }
        let separator = if query.is_empty() { "" } else { "&" };
        let name = utf8_percent_encode(name, QUERY_VALUE);
        let filled = self.filled();
        let value = utf8_percent_encode(&filled, QUERY_VALUE);
        hop.target.query = Some(format!("{query}{separator}{name}={value}"));
        Ok(())
    }

    fn place_in_path(&self, hop: &mut Hop) -> Result<()> {
        if hop.target.markers() != 1 {
            return Err(self.refused(format!("the URL's path must hold `{MARKER}` exactly once")));
        }
        let filled = self.filled();
        let value = utf8_percent_encode(&filled, SEGMENT).to_string();
        let path = hop.target.path.replace(MARKER, &value);
        // The only dot segment that can be here is one that the secret made.
        if path.split('/').any(is_dots) {
            return Err(self.refused("it would make a `.` or `..` segment of the path"));
        }
        hop.target.path = path;
        Ok(())
    }
}

/// Puts every secret into the first hop. The others get what the redirect rules leave.
pub(crate) fn fill(hop: &mut Hop, secrets: &[Injection]) -> Result<()> {
    check_all(&hop.target.host, secrets)?;
    let fills_path = secrets.iter().any(|secret| secret.place == Place::Path);
    if !fills_path && hop.target.markers() > 0 {
        let why = format!("the URL's path holds `{MARKER}`, and no secret has its place there");
        return Err(EgressError::BadRequest(why));
    }
    secrets.iter().try_for_each(|secret| secret.place_in(hop))
}

/// Fills secrets into a text frame for the socket at `host`.
///
/// # Errors
///
/// [`EgressError::SecretNotAllowed`] when the host may not get one, its place is not a JSON Pointer, or nothing is there.
pub fn fill_frame(host: &Host, text: &str, secrets: &[Injection]) -> Result<String> {
    check_all(host, secrets)?;
    secrets.iter().try_fold(text.to_owned(), |text, secret| match &secret.place {
        Place::Json(pointer) => json_place::replace(&text, pointer, &secret.filled()).map_err(|why| secret.refused(why)),
        _ => Err(secret.refused("a frame has no header, query or path; its place must be a JSON Pointer")),
    })
}

fn check_all(host: &Host, secrets: &[Injection]) -> Result<()> {
    for (index, secret) in secrets.iter().enumerate() {
        secret.check_host(host)?;
        if secrets[..index].iter().any(|other| other.place == secret.place) {
            return Err(secret.refused("another secret has the same place"));
        }
    }
    Ok(())
}

/// `text` with every secret, as it is or percent-encoded, replaced.
pub(crate) fn scrubbed(text: &str, secrets: &[Injection]) -> String {
    let mut clean = text.to_owned();
    for secret in secrets {
        let value = secret.value.expose_secret();
        let spellings = [
            value.to_owned(),
            utf8_percent_encode(value, SEGMENT).to_string(),
            utf8_percent_encode(value, QUERY_VALUE).to_string(),
            url::form_urlencoded::byte_serialize(value.as_bytes()).collect(),
        ];
        for spelling in spellings.iter().filter(|spelling| !spelling.is_empty()) {
            clean = clean.replace(spelling.as_str(), "[secret]");
        }
    }
    clean
}
