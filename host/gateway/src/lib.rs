//! wingman-gateway
