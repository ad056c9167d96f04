//! What the manifest says, and how large the plugin is. That it parses and fits the component was found when it was loaded.

use super::Check;
use crate::bench::Bench;

const KIB: usize = 1024;
/// Components with an interpreter in them have 12 to 19 MiB.
const LARGE: usize = 32 * 1024 * KIB;

pub(super) fn checks(bench: &Bench) -> Vec<Check> {
    let (manifest, size) = (bench.manifest(), bench.size());
    let what = format!("a {} for contract {}, accepted by the gateway", manifest.kind, manifest.contract);
    let mut checks = vec![Check::pass("manifest and component", what)];
    let missing: Vec<_> = [("description", manifest.about.description.is_none()), ("license", manifest.about.license.is_none())]
        .into_iter()
        .filter_map(|(field, is_missing)| is_missing.then_some(field))
        .collect();
    checks.push(if missing.is_empty() {
        Check::pass("description and licence", "both are there")
    } else {
        let says = format!("plugin.toml has no {}: whoever installs the plugin wants to know", missing.join(" and no "));
        Check::warn("description and licence", says)
    });
    let shown = format!("{} KiB", size.div_ceil(KIB));
    checks.push(if size > LARGE {
        Check::warn("size", format!("{shown}: it is slow to load; leave out what is not needed"))
    } else {
        Check::pass("size", shown)
    });
    checks
}
