//! `plugin.toml`: any text is a manifest within its limits, or a mistake that can be shown.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wingman_manifest::{Limits, Manifest};

fuzz_target!(|text: &str| match Manifest::parse(text) {
    Ok(manifest) => {
        let Limits { memory_mib, deadline_ms, output_kib, http_calls, state_kib, blobs_mib } = manifest.limits;
        let most = Limits::MAX;
        assert!(memory_mib <= most.memory_mib && deadline_ms <= most.deadline_ms && output_kib <= most.output_kib);
        assert!(http_calls <= most.http_calls && state_kib <= most.state_kib && blobs_mib <= most.blobs_mib);
    }
    Err(mistake) => assert!(!mistake.to_string().is_empty()),
});
