//! What a frame of an agent's run says, found without reading its JSON: the text in it is the scripted model's, and ours.

use crate::error::{BenchError, Result};
use crate::link::{Reply, excerpt};
use crate::model::TOKEN;
use memchr::memmem;

/// What a frame is to one who counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// So many tokens of the answer.
    Tokens(usize),
    /// The whole run so far, sent instead of what was missed.
    Snapshot,
    /// The end of the run.
    Complete,
    /// Something else.
    Other,
}

/// What `frame` is; a run that failed and a refusal are errors.
pub(crate) fn see(frame: &[u8]) -> Result<Seen> {
    let has = |what: &str| memmem::find(frame, what.as_bytes()).is_some();
    if has("\"agent-stream\"") {
        return Ok(Seen::Tokens(memmem::find_iter(frame, TOKEN.trim_end()).count()));
    }
    if has("\"agent-complete\"") {
        return Ok(Seen::Complete);
    }
    if has("\"agent-snapshot\"") {
        return Ok(Seen::Snapshot);
    }
    if has("\"agent-error\"") {
        return Err(BenchError::Refused(excerpt(frame)));
    }
    if has("\"error\"") {
        Reply::parse(frame)?.accepted()?;
    }
    Ok(Seen::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_counted_however_they_are_put_together() {
        let stream = |text: &str| format!(r#"{{"payload":{{"type":"agent-stream","chunk":{{"content":"{text}"}}}}}}"#);
        assert_eq!(see(stream("~w ").as_bytes()).unwrap(), Seen::Tokens(1));
        assert_eq!(see(stream("~w ~w ~w ").as_bytes()).unwrap(), Seen::Tokens(3));
        assert_eq!(see(br#"{"payload":{"type":"agent-complete","result":{"response":"~w "}}}"#).unwrap(), Seen::Complete);
        assert!(see(br#"{"payload":{"type":"agent-error","error":"no key"}}"#).is_err());
        assert!(see(br#"{"type":"error","payload":{"code":"FORBIDDEN","message":"no"}}"#).is_err());
    }
}
