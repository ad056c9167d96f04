//! The tools that come with the gateway: files of a session's working folder, and commands.
//!
//! [`files`] needs no configuration: its tools see the working folder and nothing else. [`CommandExecute`] runs what an agent's
//! allow-list names, and is there only where the list is. Both speak the port [`Tool`] of `wingman-message`; this crate knows
//! no agent, no model and no configuration.

mod allowed;
mod call;
mod command;
mod edit;
mod environment;
mod file_tool;
mod folder;
mod glob;
mod grep;
mod ignores;
mod kept;
mod list;
mod locks;
mod process;
mod program;
mod read;
mod text;
mod walk;
mod write;

pub use allowed::{AllowedCommand, BadCommand};
pub use command::{CommandExecute, CommandPolicy};

use std::sync::Arc;
use wingman_message::Tool;

/// The tools for files: `read_file`, `write_file`, `edit_file`, `list`, `glob` and `grep`; family `files`.
///
/// Call it once and share the tools: what keeps two edits of one file apart is shared by the tools of one call.
#[must_use]
pub fn files() -> Vec<Arc<dyn Tool>> {
    let locks = Arc::new(locks::Locks::default());
    let tools = [read::tool, write::tool, edit::tool, list::tool, glob::tool, grep::tool];
    tools.into_iter().map(|tool| Arc::new(tool(Arc::clone(&locks))) as Arc<dyn Tool>).collect()
}
