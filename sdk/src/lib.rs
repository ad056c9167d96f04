//! wingman-sdk
