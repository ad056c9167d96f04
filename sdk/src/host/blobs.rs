//! Files, kept by the host. A handle is good in this plugin and account, and in the messages that it hands over.

use super::imports;
use crate::{PluginError, Result};

pub use crate::__bindings::tool::wingman::plugin::blobs::BlobInfo;

/// The most that one call of [`read`] asks for, in bytes.
const PIECE: u32 = 256 * 1024;

/// Keeps the bytes and returns a handle.
pub fn write(media_type: &str, bytes: &[u8]) -> Result<String> {
    imports::blobs::write(media_type, bytes).map_err(|reason| PluginError::permanent(format!("cannot keep a file: {reason}")))
}

/// Media type and size of a blob.
pub fn stat(blob: &str) -> Result<BlobInfo> {
    imports::blobs::stat(blob).map_err(unreadable)
}

/// All bytes of a blob. Fails with `invalid-input` when it has more than `limit` bytes.
pub fn read(blob: &str, limit: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let offset = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let piece = imports::blobs::read(blob, offset, PIECE).map_err(unreadable)?;
        if piece.is_empty() {
            return Ok(bytes);
        }
        bytes.extend_from_slice(&piece);
        if bytes.len() > limit {
            return Err(PluginError::invalid_input(format!("the file has more than {limit} bytes")));
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn unreadable(reason: String) -> PluginError {
    PluginError::permanent(format!("cannot read a file: {reason}"))
}
