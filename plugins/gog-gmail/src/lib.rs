//! wingman-gog-gmail
