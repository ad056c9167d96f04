//! wingman-route
