//! A tool's output while it comes, for those who watch.

use super::imports;

/// One piece of text. The tool's result stands on its own; nothing of this is added to it.
pub fn emit(chunk: &str) {
    imports::progress::emit(chunk);
}
