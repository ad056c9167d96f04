//! The templates of new projects. All languages do the same for a kind, so they share its manifest and its fixtures.

use crate::{Kind, Language};

type File = (&'static str, &'static str);

macro_rules! files {
    ($($path:literal => $template:literal),+ $(,)?) => { &[$(($path, include_str!(concat!("../templates/", $template)))),+] };
}

const PRESET: &[File] = files! {
    "plugin.toml" => "preset/plugin.toml",
    "fixtures/down.json" => "preset/down.json",
    "fixtures/down.expected.json" => "preset/down.expected.json",
    "fixtures/up.json" => "preset/up.json",
    "fixtures/up.expected.json" => "preset/up.expected.json",
    "fixtures/nameless.json" => "preset/nameless.json",
    "fixtures/nameless.expected.json" => "preset/nameless.expected.json",
};
const CHANNEL: &[File] = files! {
    "plugin.toml" => "channel/plugin.toml",
    "fixtures/receive.json" => "channel/receive.json",
    "fixtures/receive.expected.json" => "channel/receive.expected.json",
    "fixtures/deliver.json" => "channel/deliver.json",
    "fixtures/deliver.expected.json" => "channel/deliver.expected.json",
    "fixtures/growing.json" => "channel/growing.json",
    "fixtures/growing.expected.json" => "channel/growing.expected.json",
};
const TOOL: &[File] = files! {
    "plugin.toml" => "tool/plugin.toml",
    "fixtures/tools.json" => "tool/tools.json",
    "fixtures/tools.expected.json" => "tool/tools.expected.json",
    "fixtures/count.json" => "tool/count.json",
    "fixtures/count.expected.json" => "tool/count.expected.json",
    "fixtures/nothing.json" => "tool/nothing.json",
    "fixtures/nothing.expected.json" => "tool/nothing.expected.json",
};
const RUST: &[File] =
    files! { "Cargo.toml" => "rust/Cargo.toml.in", ".gitignore" => "rust/gitignore", "README.md" => "rust/README.md" };
const JAVASCRIPT: &[File] =
    files! { "package.json" => "js/package.json", ".gitignore" => "js/gitignore", "README.md" => "js/README.md" };
const PYTHON: &[File] =
    files! { "pyproject.toml" => "python/pyproject.toml", ".gitignore" => "python/gitignore", "README.md" => "python/README.md" };

/// The files of a new project: path and text with `{{name}}`, `{{type}}`, `{{sdk}}` and `{{imports}}` to be filled in.
pub(crate) fn files(kind: Kind, language: Language) -> impl Iterator<Item = File> {
    let of_kind = match kind {
        Kind::Preset => PRESET,
        Kind::Channel => CHANNEL,
        Kind::Tool => TOOL,
    };
    let of_language = match language {
        Language::Rust => RUST,
        Language::JavaScript => JAVASCRIPT,
        Language::Python => PYTHON,
    };
    of_kind.iter().chain(of_language).chain(source(kind, language)).copied()
}

fn source(kind: Kind, language: Language) -> &'static [File] {
    match (language, kind) {
        (Language::Rust, Kind::Preset) => files! { "src/lib.rs" => "rust/preset.rs" },
        (Language::Rust, Kind::Channel) => files! { "src/lib.rs" => "rust/channel.rs" },
        (Language::Rust, Kind::Tool) => files! { "src/lib.rs" => "rust/tool.rs" },
        (Language::JavaScript, Kind::Preset) => files! { "src/plugin.js" => "js/preset.js" },
        (Language::JavaScript, Kind::Channel) => files! { "src/plugin.js" => "js/channel.js" },
        (Language::JavaScript, Kind::Tool) => files! { "src/plugin.js" => "js/tool.js" },
        (Language::Python, Kind::Preset) => files! { "app.py" => "python/preset.py" },
        (Language::Python, Kind::Channel) => files! { "app.py" => "python/channel.py" },
        (Language::Python, Kind::Tool) => files! { "app.py" => "python/tool.py" },
    }
}
