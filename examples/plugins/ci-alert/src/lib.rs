//! wingman-ci-alert
