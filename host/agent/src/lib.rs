//! wingman-agent
