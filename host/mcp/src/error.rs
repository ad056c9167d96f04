//! Why servers cannot be started, and why a secret cannot be had. What goes wrong with a running server is in its status.

/// Why servers cannot be started. Nothing was started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The name cannot begin the names of tools.
    #[error("\"{0}\" cannot be the name of an MCP server; use 1 to 32 lower-case letters (a-z), digits or `-`")]
    Name(String),
    /// Two servers have one name.
    #[error("two MCP servers are called \"{0}\"; give each a name of its own")]
    Duplicate(String),
}

/// Why the variables or headers of a server cannot be had now; they are looked up again with each attempt to connect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LookupError(pub String);
