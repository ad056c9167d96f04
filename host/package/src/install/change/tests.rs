//! The process dies after each step of a change, and the next start makes sense of what lies there.

use super::*;
use crate::archive::{self, Members};
use crate::install::{DriftKind, Options, Outcome, Plugins, Standing};
use crate::member::Member;
use crate::package;
use crate::trust::Trust;
use tempfile::TempDir;

struct Home {
    _dir: TempDir,
    plugins: PathBuf,
    state: PathBuf,
}

impl Home {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        Self { plugins: dir.path().join("plugins"), state: dir.path().join("state"), _dir: dir }
    }

    fn open(&self) -> Plugins {
        Plugins::open(&self.plugins, &self.state).unwrap()
    }

    fn install(&self, version: &str) -> Outcome {
        let options = Options { trust: Trust::AllowUnsigned, ..Options::default() };
        self.open().install(&package_of(version), "./mail.wmpkg", &options, 0).unwrap().outcome
    }

    /// Goes as far as the first `count` steps of a change, and there the process dies.
    fn die_after(&self, count: usize, change: &Change) {
        let (_mutex, mut lock) = self.open().begin().unwrap();
        change.run_first(count, &self.places(), &mut lock).unwrap();
    }

    fn places(&self) -> Places {
        Places { plugins: self.plugins.clone(), state: self.state.clone() }
    }

    /// The version that is installed; all is as the lock file says, and nothing lies around.
    fn settled(&self) -> Option<String> {
        let plugins = self.open();
        assert_eq!(plugins.verify_installed().unwrap(), []);
        let hidden: Vec<_> = disk::names(&self.plugins).unwrap().into_iter().filter(|name| name.starts_with('.')).collect();
        assert!(hidden.is_empty(), "{hidden:?} were left");
        let list = plugins.list().unwrap();
        let kept = disk::names(&self.places().all_kept().join("mail")).unwrap();
        assert_eq!(kept, list.first().map(|it| it.kept.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap_or_default());
        list.first().map(|listed| match &listed.standing {
            Standing::Installed(pin) => pin.version.to_string(),
            other => panic!("{other:?}"),
        })
    }
}

fn package_of(version: &str) -> Vec<u8> {
    let manifest = format!("name = \"mail\"\nversion = \"{version}\"\nkind = \"preset\"\ncontract = \"0.1.0\"\n");
    let component = [b"\0asm\x0d\0\x01\0".as_slice(), version.as_bytes()].concat();
    let mut members = Members::default();
    members.set(Member::Manifest, Some(manifest.as_bytes()));
    members.set(Member::Component, Some(&component));
    archive::write(&members)
}

fn change_to(version: &str) -> Change {
    let bytes = package_of(version);
    let package = package::read(&bytes).unwrap();
    let files = package.files().map(|(member, content)| (member.name().to_owned(), content.to_owned())).collect();
    Change::replace(Pin::of(&package, None, "./mail.wmpkg", 0), files)
}

fn mail() -> PluginName {
    PluginName::new("mail").unwrap()
}

#[test]
fn an_upgrade_that_dies_anywhere_leaves_the_old_version_or_the_new_one() {
    // Stage, keep, announce: the old one. From the swap on: the new one.
    for (steps, expected) in [(1, "1.0.0"), (2, "1.0.0"), (3, "1.0.0"), (4, "2.0.0"), (5, "2.0.0")] {
        let home = Home::new();
        home.install("1.0.0");
        home.die_after(steps, &change_to("2.0.0"));
        assert_eq!(home.settled().as_deref(), Some(expected), "died after {steps} steps");
        home.install("2.0.0");
        assert_eq!(home.settled().as_deref(), Some("2.0.0"));
        assert_eq!(home.open().rollback(&mail()).unwrap().version.to_string(), "1.0.0", "died after {steps} steps");
    }
}

#[test]
fn a_first_installation_that_dies_anywhere_is_there_or_not_there() {
    for (steps, expected) in [(1, None), (2, None), (3, None), (4, Some("1.0.0")), (5, Some("1.0.0"))] {
        let home = Home::new();
        home.die_after(steps, &change_to("1.0.0"));
        assert_eq!(home.settled().as_deref(), expected, "died after {steps} steps");
        home.install("1.0.0");
        assert_eq!(home.settled().as_deref(), Some("1.0.0"));
    }
}

#[test]
fn a_removal_that_dies_anywhere_is_done_or_not_begun() {
    for (steps, expected) in [(1, Some("2.0.0")), (2, Some("2.0.0")), (3, Some("2.0.0")), (4, None), (5, None)] {
        let home = Home::new();
        home.install("1.0.0");
        home.install("2.0.0");
        home.die_after(steps, &Change::remove(mail()));
        assert_eq!(home.settled().as_deref(), expected, "died after {steps} steps");
    }
}

#[test]
fn half_a_staged_folder_is_cleared_away() {
    let home = Home::new();
    home.install("1.0.0");
    let staging = home.places().staging(&mail());
    fs::create_dir(&staging).unwrap();
    fs::write(staging.join("plugin.wasm"), b"\0as").unwrap();
    assert_eq!(home.settled().as_deref(), Some("1.0.0"));
}

#[test]
fn a_crash_between_the_renames_of_a_system_without_exchange_is_mended() {
    for (renames, expected) in [(1, "1.0.0"), (2, "2.0.0")] {
        let home = Home::new();
        home.install("1.0.0");
        home.die_after(3, &change_to("2.0.0"));
        // Opening would mend it already, so the renames are done by hand.
        let (target, staging) = (home.places().plugin(&mail()), home.places().staging(&mail()));
        fs::rename(&target, aside(&home.places(), &mail())).unwrap();
        if renames == 2 {
            fs::rename(&staging, &target).unwrap();
        }
        assert_eq!(home.settled().as_deref(), Some(expected), "died after {renames} renames");
    }
}

#[test]
fn both_ways_to_exchange_do_the_same() {
    type Way = fn(&Path, &Path, &Path) -> io::Result<()>;
    let ways: [Way; 2] = [exchange_with_gap, |a, b, _| exchange(a, b)];
    for way in ways {
        let dir = TempDir::new().unwrap();
        let [a, b, aside] = ["a", "b", "c"].map(|name| dir.path().join(name));
        for folder in [&a, &b] {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join("was"), folder.file_name().unwrap().as_encoded_bytes()).unwrap();
        }
        way(&a, &b, &aside).unwrap();
        assert_eq!((fs::read(a.join("was")).unwrap(), fs::read(b.join("was")).unwrap()), (b"b".to_vec(), b"a".to_vec()));
        assert!(!aside.exists());
    }
}

#[test]
fn what_somebody_made_by_hand_survives_a_crash_while_it_is_replaced() {
    let home = Home::new();
    home.open();
    let by_hand = home.plugins.join("mail");
    fs::create_dir(&by_hand).unwrap();
    fs::write(by_hand.join("notes.txt"), "mine").unwrap();
    home.die_after(4, &change_to("1.0.0"));
    let plugins = home.open();
    assert_eq!(fs::read_to_string(home.plugins.join(".replaced-mail-1/notes.txt")).unwrap(), "mine");
    assert_eq!(plugins.verify_installed().unwrap(), []);
    fs::write(by_hand.join("plugin.wasm"), "other").unwrap();
    assert_eq!(plugins.verify_installed().unwrap()[0].kind, DriftKind::Changed);
}
