//! Holds an inbound HTTP request against rules that are data: who signed it, is it fresh, was it here before.
//!
//! Lives here: the language of `[[verification]]` in `plugin.toml`, its check when a plugin is loaded ([`Rules::new`]), the
//! verification of a request ([`Rules::verify`]), the memory of signatures seen ([`ReplayGuard`]), and the removal of what
//! proved the sender ([`Strip`]). Does not live here: TOML, HTTP, the store of secrets, and any vendor's name.
//!
//! Everything fails closed: no rule for the method, no secret, a value that occurs twice or cannot be read is a [`Refusal`].
//! Signatures cover the bytes as they came; nothing is parsed before it is verified.
//!
//! # The language
//!
//! | key | for | meaning |
//! |---|---|---|
//! | `scheme` | all | `shared-secret`, `hmac-sha256` or `ed25519` |
//! | `secret` | all | name of the secret that is the key (for `ed25519` the public key); left out: the webhook's own secret |
//! | `methods` | all | the HTTP methods that the rule is for; left out: all |
//! | `header` or `query` | all | where the signature (or the shared secret) stands |
//! | `separator`, `prefix` | all | see below |
//! | `encoding` | signatures | `hex` (default), `base64`, `base64url`; padding may be missing, hex may be of either case |
//! | `key.prefix`, `key.encoding` | signatures | how the key's bytes are written in the secret; default: they are its text |
//! | `message` | signatures | what is signed; default `{body}` |
//! | `timestamp` | signatures | where it stands, `unit` (`seconds`, `milliseconds`), `tolerance-s` (default 300, at most a day) |
//! | `id` | signatures | where the message id stands |
//!
//! A request must pass **every** rule for its method, and at least one there must be.
//!
//! **Where a value stands.** The header or query parameter is cut at the `separator`, if there is one, and blanks around the
//! parts go. Of the parts, those count that begin with the `prefix`, which is taken off. This is all that lists need:
//! `t=1492774577,v1=5257a8,v1=6ffbb5` is read with `separator = ","`, `prefix = "v1="` (two signatures, any of which may
//! match) and, in `timestamp`, the same header and separator with `prefix = "t="`; `v1,K5oZ v1a,hnO3` with
//! `separator = " "`, `prefix = "v1,"`. A timestamp or an id must be there exactly once.
//!
//! **What is signed.** Text with the placeholders `{body}`, `{timestamp}` and `{id}` (as they stand in the request), `{url}`
//! ([`Request::url`]), `{method}` and `{header:name}`; braces of the text are doubled. What a rule reads must be signed, or
//! it proves nothing: `timestamp` and `id` are refused unless the message has them, and a message without `{body}` is for
//! requests that have none.
//!
//! # Replay
//!
//! A rule with a timestamp accepts a signature once ([`Refusal::Replayed`]). A vendor's own retry passes: it is signed
//! anew, or it repeats a delivery that was never committed ([`Seen`]). Without a timestamp a replay looks exactly like a
//! vendor's retry, so it is let through, and only the message id that the plugin reads keeps it from being handled twice.
//! The same goes for a fresh signature over an `id` that was here before: [`Verified::id`] is for the caller's own memory,
//! which outlives a process; this one does not.

mod encoding;
mod key;
mod language;
mod parse;
mod refusal;
mod replay;
mod request;
mod rule;
mod rules;
mod source;
mod template;

pub use encoding::Encoding;
pub use language::{RawId, RawKey, RawRule, RawTimestamp, Scheme, Unit};
pub use refusal::Refusal;
pub use replay::{ReplayGuard, Seen};
pub use request::{Request, Strip};
pub use rules::{Rules, Verified};
