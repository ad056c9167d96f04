//! wingman-webui
