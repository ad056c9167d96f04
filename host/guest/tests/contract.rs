//! The contract parses, each world can be encoded, and what does not fit it is refused with a reason.

use std::path::{Path, PathBuf};
use wingman_guest::{GuestError, componentize};

fn wit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit")
}

/// A preset that traps as soon as it is called.
const TRAPS: &str = r#"(module
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "wingman:plugin/preset@0.1.0#normalize") 
        (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i32) (result i32) unreachable))"#;

#[test]
fn a_module_written_by_hand_becomes_a_component() {
    let component = componentize(&wat::parse_str(TRAPS).unwrap(), &wit(), "preset-plugin").unwrap();
    // The layer that says "component", where a core module says 0.
    assert_eq!(&component[..8], b"\0asm\x0d\0\x01\0");
}

#[test]
fn a_module_without_the_export_is_refused_by_name() {
    let error = componentize(&wat::parse_str("(module)").unwrap(), &wit(), "preset-plugin").unwrap_err();
    assert!(matches!(error, GuestError::Component { .. }), "{error}");
    assert!(error.to_string().contains("normalize"), "{error}");
}

#[test]
fn a_module_that_wants_more_than_the_contract_is_refused_by_name() {
    let greedy = TRAPS.replacen("(module", r#"(module (import "env" "open_file" (func))"#, 1);
    let error = componentize(&wat::parse_str(&greedy).unwrap(), &wit(), "preset-plugin").unwrap_err();
    assert!(error.to_string().contains("env"), "{error}");
}

#[test]
fn an_unknown_world_is_refused_by_name() {
    let error = componentize(&wat::parse_str(TRAPS).unwrap(), &wit(), "teapot-plugin").unwrap_err();
    assert!(matches!(error, GuestError::Wit { .. }), "{error}");
    assert!(error.to_string().contains("teapot-plugin"), "{error}");
}

#[test]
fn the_contract_has_its_worlds_and_every_item_is_documented() {
    let mut resolve = wit_parser::Resolve::default();
    let (package, _) = resolve.push_dir(wit()).unwrap();
    let package = &resolve.packages[package];
    assert_eq!(package.name.to_string(), "wingman:plugin@0.1.0");
    for world in
        ["preset-plugin", "channel-plugin", "socket-channel-plugin", "poll-channel-plugin", "full-channel-plugin", "tool-plugin"]
    {
        let world = &resolve.worlds[package.worlds[world]];
        assert!(world.docs.contents.is_some(), "world {} has no documentation", world.name);
    }
    let mut silent = Vec::new();
    for (name, interface) in &package.interfaces {
        let interface = &resolve.interfaces[*interface];
        let mut items = vec![(name.clone(), &interface.docs)];
        items.extend(interface.functions.iter().map(|(function, item)| (format!("{name}.{function}"), &item.docs)));
        items.extend(interface.types.iter().filter_map(|(ty, id)| {
            let def = &resolve.types[*id];
            // A `use` borrows its documentation from where the type is defined.
            let used = matches!(def.kind, wit_parser::TypeDefKind::Type(_));
            (!used).then(|| (format!("{name}.{ty}"), &def.docs))
        }));
        silent.extend(items.into_iter().filter(|(_, docs)| docs.contents.is_none()).map(|(item, _)| item));
    }
    assert!(silent.is_empty(), "without documentation: {silent:?}");
}
