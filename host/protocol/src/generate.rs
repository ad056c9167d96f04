//! Files that are made from the types: JSON Schema, TypeScript, the reference page. Nothing is written here; whoever asks
//! gets paths and contents.

mod catalogue;
mod examples;
mod reference;
mod schema;
mod typescript;

/// The generated files: path relative to the root of the repository, and content. The same on every call.
#[must_use]
pub fn generated_files() -> Vec<(&'static str, String)> {
    vec![
        ("host/protocol/generated/protocol.schema.json", schema::file()),
        ("host/ui/src/lib/protocol/generated.ts", typescript::file()),
        ("docs/protocol.md", reference::file()),
    ]
}
