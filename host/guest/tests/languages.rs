//! New projects of every kind in every language, from the template to the component. Compilers that are fetched are kept in the
//! target folder, so that only the first run needs a network.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use wingman_guest::{Allow, Built, GuestError, Kind, Language, Project, SdkSource, Tools, scaffold};

fn tools() -> Tools {
    Tools::new(Path::new(env!("CARGO_TARGET_TMPDIR")).join("guest-tools"), Allow::Nothing)
}

fn sdk() -> SdkSource {
    SdkSource::Path(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk"))
}

fn new(name: &str, kind: Kind, language: Language) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    scaffold(name, kind, language, &sdk(), dir.path()).unwrap();
    dir
}

/// What a component imports, and what it exports of the contract: interfaces by their full names. Python's toolchain exports an
/// instance of its own beside, which no host asks for.
fn world(built: &Built) -> (Vec<String>, Vec<String>) {
    let bytes = fs::read(built.dir.join("plugin.wasm")).unwrap();
    let decoded = wit_component::decode(&bytes).unwrap();
    let resolve = decoded.resolve();
    let wit_component::DecodedWasm::Component(_, world) = decoded else { panic!("{} is no component", built.name) };
    let world = &resolve.worlds[world];
    let name = |key: &wit_parser::WorldKey| resolve.name_world_key(key);
    let exports = world.exports.keys().map(name).filter(|name| name.starts_with("wingman:")).collect();
    (world.imports.keys().map(name).collect(), exports)
}

/// Builds a project and looks at what came out.
fn builds(kind: Kind, language: Language) {
    let dir = new("first-try", kind, language);
    let project = Project::open(dir.path()).unwrap();
    assert_eq!((project.name.as_str(), project.kind, project.language), ("first-try", kind, language));
    // Inside the project, as people do: it must not count as a source.
    let out = dir.path().join("out");
    let built = project.build(&tools(), &out).unwrap();
    assert!(!built.fresh && built.dir == out.join("first-try"), "{built:?}");

    let (imports, exports) = world(&built);
    assert_eq!(exports, [format!("wingman:plugin/{kind}@0.1.0")]);
    // Each template names what it uses of the host; a world has the types beside.
    let expected: &[&str] = if kind == Kind::Channel { &["http", "log", "types"] } else { &["log", "types"] };
    let unexpected = imports.iter().find(|import| expected.iter().all(|name| **import != format!("wingman:plugin/{name}@0.1.0")));
    assert_eq!(unexpected, None, "{imports:?}");

    assert!(project.build(&tools(), &out).unwrap().fresh, "nothing changed");
}

/// The author's own folders that a component names.
fn told_of_the_author(built: &Built, project: &Path) -> Vec<String> {
    let component = fs::read(built.dir.join("plugin.wasm")).unwrap();
    let home = std::env::home_dir().unwrap();
    let folders = [home.as_path(), project].map(|folder| format!("{}/", folder.display()));
    let names = |folder: &String| component.windows(folder.len()).any(|bytes| bytes == folder.as_bytes());
    folders.into_iter().filter(names).collect()
}

/// All Rust projects in one folder with one target folder: the standard library is compiled once.
#[test]
fn rust_projects_of_every_kind_become_components() {
    let root = tempfile::tempdir().unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rust-templates");
    fs::create_dir(root.path().join(".cargo")).unwrap();
    fs::write(root.path().join(".cargo/config.toml"), format!("[build]\ntarget-dir = {target:?}\n")).unwrap();
    for kind in Kind::ALL {
        let dir = root.path().join(kind.as_str());
        let name = format!("first-{kind}");
        scaffold(&name, kind, Language::Rust, &sdk(), &dir).unwrap();
        let project = Project::open(&dir).unwrap();
        let built = project.build(&tools(), &root.path().join("out")).unwrap();
        let (imports, exports) = world(&built);
        assert_eq!(exports, [format!("wingman:plugin/{kind}@0.1.0")]);
        assert!(imports.iter().all(|import| import.starts_with("wingman:plugin/")), "{imports:?}");
        assert_eq!(told_of_the_author(&built, root.path()), Vec::<String>::new());
        assert!(project.build(&tools(), &root.path().join("out")).unwrap().fresh);
    }

    // Another compiler makes all of them old, in whichever folder they lie.
    let project = Project::open(root.path().join(Kind::Preset.as_str())).unwrap();
    let folders = ["out", "elsewhere"].map(|folder| root.path().join(folder));
    let fresh = || folders.each_ref().map(|folder| project.build(&tools(), folder).unwrap().fresh);
    assert_eq!(fresh(), [true, false]);
    fs::write(target.join("guest/toolchain.txt"), "another compiler").unwrap();
    assert_eq!(fresh(), [false, false]);
    assert_eq!(fresh(), [true, true]);
}

#[test]
fn a_javascript_preset_becomes_a_component() {
    builds(Kind::Preset, Language::JavaScript);
}

#[test]
fn a_javascript_channel_becomes_a_component() {
    builds(Kind::Channel, Language::JavaScript);
}

#[test]
fn a_javascript_tool_becomes_a_component() {
    builds(Kind::Tool, Language::JavaScript);
}

#[test]
fn a_python_preset_becomes_a_component() {
    builds(Kind::Preset, Language::Python);
}

#[test]
fn a_python_channel_becomes_a_component() {
    builds(Kind::Channel, Language::Python);
}

#[test]
fn a_python_tool_becomes_a_component() {
    builds(Kind::Tool, Language::Python);
}

#[test]
fn a_channel_exports_the_capabilities_that_its_package_names() {
    let dir = new("pager", Kind::Channel, Language::JavaScript);
    let edit = |file: &str, from: &str, to: &str| {
        let path = dir.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replace(from, to)).unwrap();
    };
    edit("package.json", "\"exports\": []", "\"exports\": [\"poll\"]");
    let source = "export const poll = plugin({ poll: () => ({ messages: [], waitMs: 1000 }) });\n\nexport const channel";
    edit("src/plugin.js", "export const channel", source);
    let built = Project::open(dir.path()).unwrap().build(&tools(), &dir.path().join("out")).unwrap();
    let (_, mut exports) = world(&built);
    exports.sort();
    assert_eq!(exports, ["wingman:plugin/channel@0.1.0", "wingman:plugin/poll@0.1.0"]);

    edit("package.json", "\"poll\"", "\"pole\"");
    let error = Project::open(dir.path()).unwrap().build(&tools(), &dir.path().join("out")).unwrap_err();
    assert!(matches!(&error, GuestError::Project { detail, .. } if detail.contains("\"pole\"")), "{error}");
}

#[test]
fn a_mistake_in_a_script_is_told_in_the_compilers_words_and_nothing_is_written() {
    let dir = new("broken", Kind::Preset, Language::JavaScript);
    fs::write(dir.path().join("src/plugin.js"), "export const preset = {").unwrap();
    let error = Project::open(dir.path()).unwrap().build(&tools(), &dir.path().join("out")).unwrap_err();
    assert!(matches!(&error, GuestError::Tool { what, .. } if what == "componentize-js"), "{error}");
    assert!(!dir.path().join("out/broken/plugin.wasm").exists());
}

#[test]
fn a_new_project_is_complete_and_nothing_is_left_to_fill_in() {
    for language in Language::ALL {
        for kind in Kind::ALL {
            let dir = new("my-plugin", kind, language);
            let again = scaffold("my-plugin", kind, language, &sdk(), dir.path()).unwrap_err();
            assert!(matches!(again, GuestError::NotEmpty { .. }), "{again}");
            let mut seen = Vec::new();
            let fresh = tempfile::tempdir().unwrap();
            for file in scaffold("my-plugin", kind, language, &sdk(), &fresh.path().join("new")).unwrap() {
                let text = fs::read_to_string(fresh.path().join("new").join(&file)).unwrap();
                let left = ["{{name}}", "{{type}}", "{{sdk}}", "{{imports}}"].into_iter().find(|blank| text.contains(blank));
                assert_eq!(left, None, "{language} {kind} {}", file.display());
                if file.extension().is_some_and(|extension| extension == "json") {
                    serde_json::from_str::<serde_json::Value>(&text).unwrap();
                }
                seen.push(file);
            }
            for needed in ["plugin.toml", ".gitignore", "README.md"] {
                assert!(seen.contains(&PathBuf::from(needed)), "{language} {kind} lacks {needed}");
            }
            let cases = seen.iter().filter(|file| file.starts_with("fixtures")).count();
            assert!(cases >= 2 && cases % 2 == 0, "each case has an input and an expectation: {seen:?}");
        }
    }
}

#[test]
fn names_that_are_good_for_no_package_are_refused() {
    for bad in ["", "Upper", "1st", "-x", "a b", "../a", "a_b", "caf\u{e9}", &"x".repeat(65)] {
        let dir = tempfile::tempdir().unwrap();
        let error = scaffold(bad, Kind::Tool, Language::Python, &sdk(), dir.path()).unwrap_err();
        assert!(matches!(error, GuestError::Name { .. }), "{bad:?}: {error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is written");
    }
}

#[test]
fn a_folder_that_is_no_project_is_refused_with_what_it_lacks() {
    let dir = tempfile::tempdir().unwrap();
    let refusal = || Project::open(dir.path()).unwrap_err().to_string();
    assert!(refusal().contains("no plugin.toml"), "{}", refusal());
    fs::write(dir.path().join("plugin.toml"), "name = \"x\"\nkind = \"preset\"\n").unwrap();
    assert!(refusal().contains("app.py"), "{}", refusal());
    fs::write(dir.path().join("app.py"), "").unwrap();
    assert_eq!(Project::open(dir.path()).unwrap().language, Language::Python);
    fs::write(dir.path().join("package.json"), "{}").unwrap();
    assert!(refusal().contains("js, python"), "{}", refusal());
    fs::write(dir.path().join("plugin.toml"), "name = \"../x\"\nkind = \"preset\"\n").unwrap();
    assert!(refusal().contains("no folder's name"), "{}", refusal());
}
