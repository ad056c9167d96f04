//! What a component says about itself: which contract it was made with, what it exports, what it wants to import. Read from its
//! names alone, before anything of it runs.

use crate::error::LoadError;
use crate::v0_1;
use crate::wasi;
use wasmtime::component::Component;
use wingman_manifest::Manifest;

const PACKAGE: &str = "wingman:plugin/";

/// Compares the component with its manifest and with what the gateway offers.
pub(crate) fn check(component: &Component, manifest: &Manifest) -> Result<(), LoadError> {
    let ty = component.component_type();
    let imports: Vec<&str> = ty.imports(component.engine()).map(|(name, _)| name).collect();
    let exports: Vec<&str> = ty.exports(component.engine()).map(|(name, _)| name).collect();

    let kind = manifest.kind;
    if !exports.iter().any(|name| ours(name).is_some_and(|(interface, _)| interface == kind.as_str())) {
        return Err(LoadError::WrongWorld { kind, exports: owned(&exports) });
    }
    let contract = manifest.contract.to_string();
    let versions = imports.iter().chain(&exports).filter_map(|name| ours(name)).map(|(_, version)| version);
    if let Some(other) = versions.into_iter().find(|version| *version != contract) {
        return Err(LoadError::ContractMismatch { manifest: contract, component: other.to_owned() });
    }
    let unknown: Vec<&str> = imports.into_iter().filter(|name| !is_offered(name, manifest)).collect();
    if !unknown.is_empty() {
        return Err(LoadError::UnknownImports { kind, imports: owned(&unknown) });
    }
    Ok(())
}

fn is_offered(import: &str, manifest: &Manifest) -> bool {
    match ours(import) {
        Some((interface, _)) => v0_1::offered(manifest.kind).contains(&interface),
        None => wasi::is_offered(import),
    }
}

/// Interface and version of a name of the contract: `wingman:plugin/log@0.1.0`.
pub(crate) fn ours(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix(PACKAGE)?.split_once('@')
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}
