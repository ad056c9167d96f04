//! wingman-plugin
