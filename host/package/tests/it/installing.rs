//! What an operator does with plugins: install, upgrade, go back, remove, list, check.

use crate::support::{Home, mail, package, unsigned};
use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use wingman_message::PluginName;
use wingman_package::{DriftKind, Options, Outcome, PackageError, Plugins, Standing};

fn version_on_disk(home: &Home) -> String {
    let manifest = fs::read_to_string(home.plugin("mail").join("plugin.toml")).unwrap();
    manifest.lines().find_map(|line| line.strip_prefix("version = ")).unwrap().trim_matches('"').to_owned()
}

fn install(home: &Home, version: &str) -> Outcome {
    home.install(&package("mail", version, version), &unsigned()).unwrap().outcome
}

#[test]
fn an_upgrade_and_the_way_back_and_forth() {
    let home = Home::new();
    assert_eq!(install(&home, "1.0.0"), Outcome::New);
    assert_eq!(install(&home, "1.1.0"), Outcome::Replaced("1.0.0".parse().unwrap()));
    assert_eq!(install(&home, "1.1.0"), Outcome::Unchanged);
    assert_eq!(version_on_disk(&home), "1.1.0");

    assert_eq!(home.open().rollback(&mail()).unwrap().version.to_string(), "1.0.0");
    assert_eq!(version_on_disk(&home), "1.0.0");
    assert_eq!(home.open().verify_installed().unwrap(), []);
    home.open().rollback(&mail()).unwrap();
    assert_eq!(version_on_disk(&home), "1.1.0");
}

#[test]
fn the_last_three_versions_are_kept() {
    let home = Home::new();
    for version in ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0"] {
        install(&home, version);
    }
    let kept: Vec<_> = home.open().list().unwrap()[0].kept.iter().map(ToString::to_string).collect();
    assert_eq!(kept, ["1.1.0", "1.2.0", "1.3.0"]);
    let folders = fs::read_dir(home.state_dir().join("plugin-versions/mail")).unwrap().count();
    assert_eq!(folders, 3);
}

#[test]
fn a_version_that_comes_back_with_another_content_is_refused() {
    let home = Home::new();
    install(&home, "1.0.0");
    let changed = package("mail", "1.0.0", "something else");
    let accept = Options { accept_changed: true, ..unsigned() };
    assert!(matches!(home.install(&changed, &unsigned()), Err(PackageError::ContentChanged { .. })));
    // Nor after an upgrade, when the pinned one is only kept.
    install(&home, "1.1.0");
    let older = Options { allow_downgrade: true, ..unsigned() };
    assert!(matches!(home.install(&changed, &older), Err(PackageError::ContentChanged { .. })));
    home.install(&changed, &Options { allow_downgrade: true, ..accept }).unwrap();
    assert_eq!(home.open().verify_installed().unwrap(), []);
}

#[test]
fn an_older_version_needs_a_word_of_the_operator() {
    let home = Home::new();
    install(&home, "1.1.0");
    let older = package("mail", "1.0.0", "");
    assert!(matches!(home.install(&older, &unsigned()), Err(PackageError::Downgrade { .. })));
    assert_eq!(version_on_disk(&home), "1.1.0");
    home.install(&older, &Options { allow_downgrade: true, ..unsigned() }).unwrap();
    assert_eq!(version_on_disk(&home), "1.0.0");
}

#[test]
fn an_upgrade_that_brings_another_plugin_is_refused() {
    let home = Home::new();
    let expected = Options { expected: Some(mail()), ..unsigned() };
    let refused = home.install(&package("calendar", "1.0.0", ""), &expected);
    assert!(matches!(refused, Err(PackageError::OtherPlugin { .. })));
    assert!(!home.plugin("calendar").exists());
}

#[test]
fn what_was_put_there_by_hand_is_listed_and_left_alone() {
    let home = Home::new();
    home.open();
    fs::create_dir(home.plugin("mail")).unwrap();
    fs::write(home.plugin("mail").join("plugin.toml"), "# mine").unwrap();
    fs::create_dir(home.plugin(".hidden")).unwrap();
    let list = home.open().list().unwrap();
    assert_eq!(list.iter().map(|it| (it.name.as_str(), &it.standing)).collect::<Vec<_>>(), [("mail", &Standing::Unmanaged)]);

    let bytes = package("mail", "1.0.0", "");
    assert!(matches!(home.install(&bytes, &unsigned()), Err(PackageError::InTheWay { .. })));
    assert!(matches!(home.open().remove(&mail()), Err(PackageError::NotInstalled { .. })));
    assert_eq!(fs::read_to_string(home.plugin("mail").join("plugin.toml")).unwrap(), "# mine");

    home.install(&bytes, &Options { force: true, ..unsigned() }).unwrap();
    assert_eq!(version_on_disk(&home), "1.0.0");
    let put_aside = home.plugins_dir().join(".replaced-mail-1/plugin.toml");
    assert_eq!(fs::read_to_string(put_aside).unwrap(), "# mine");
}

#[test]
fn a_link_in_the_plugins_folder_is_replaced_and_never_written_through() {
    let home = Home::new();
    home.open();
    let elsewhere = home.root().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("precious"), "1").unwrap();
    symlink(&elsewhere, home.plugin("mail")).unwrap();
    let bytes = package("mail", "1.0.0", "");
    assert!(matches!(home.install(&bytes, &unsigned()), Err(PackageError::InTheWay { .. })));
    home.install(&bytes, &Options { force: true, ..unsigned() }).unwrap();
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 1);
    assert!(!home.plugin("mail").is_symlink());
}

#[test]
fn a_change_by_hand_is_found_and_not_lost() {
    let home = Home::new();
    install(&home, "1.0.0");
    let folder = home.plugin("mail");
    fs::write(folder.join("plugin.wasm"), "patched").unwrap();
    fs::write(folder.join("extra.txt"), "").unwrap();
    fs::remove_file(folder.join("LICENSE")).unwrap();
    let drifts = home.open().verify_installed().unwrap();
    let mut found: Vec<_> = drifts.iter().map(|drift| (drift.file.as_str(), drift.kind)).collect();
    found.sort_by_key(|(file, _)| *file);
    let expected = [("LICENSE", DriftKind::Missing), ("extra.txt", DriftKind::Unexpected), ("plugin.wasm", DriftKind::Changed)];
    assert_eq!(found, expected);

    let newer = package("mail", "1.1.0", "");
    assert!(matches!(home.install(&newer, &unsigned()), Err(PackageError::InTheWay { .. })));
    home.install(&newer, &Options { force: true, ..unsigned() }).unwrap();
    assert_eq!(fs::read_to_string(home.plugins_dir().join(".replaced-mail-1/plugin.wasm")).unwrap(), "patched");
    // What was patched was not 1.0.0 any more, so there is nothing to go back to.
    assert!(matches!(home.open().rollback(&mail()), Err(PackageError::NothingToRollBackTo { .. })));
}

#[test]
fn a_kept_version_that_was_tampered_with_is_not_gone_back_to() {
    let home = Home::new();
    install(&home, "1.0.0");
    install(&home, "1.1.0");
    fs::write(home.state_dir().join("plugin-versions/mail/1.0.0/plugin.wasm"), "evil").unwrap();
    assert!(matches!(home.open().rollback(&mail()), Err(PackageError::KeptChanged { .. })));
    assert_eq!(version_on_disk(&home), "1.1.0");
}

#[test]
fn a_removed_plugin_leaves_nothing_and_a_lost_one_is_told() {
    let home = Home::new();
    install(&home, "1.0.0");
    install(&home, "1.1.0");
    fs::remove_dir_all(home.plugin("mail")).unwrap();
    let plugins = home.open();
    assert!(matches!(plugins.list().unwrap()[0].standing, Standing::Missing(_)));
    assert_eq!(plugins.verify_installed().unwrap()[0].kind, DriftKind::Missing);
    assert_eq!(install(&home, "1.1.0"), Outcome::New);

    plugins.remove(&mail()).unwrap();
    assert_eq!(plugins.list().unwrap(), []);
    assert_eq!(fs::read_dir(home.plugins_dir()).unwrap().count(), 0);
    assert_eq!(fs::read_dir(home.state_dir().join("plugin-versions")).unwrap().count(), 0);
    let nobody = PluginName::new("nobody").unwrap();
    assert!(matches!(plugins.rollback(&nobody), Err(PackageError::NotInstalled { .. })));
}

#[test]
fn a_lock_file_that_makes_no_sense_stops_everything_before_anything_is_changed() {
    let home = Home::new();
    install(&home, "1.0.0");
    let lock = home.state_dir().join("plugins.lock");
    let good = fs::read_to_string(&lock).unwrap();
    for bad in [good.replace("format = 1", "format = 2"), good.replace("version", "verison"), "\0".to_owned()] {
        fs::write(&lock, bad).unwrap();
        assert!(matches!(Plugins::open(&home.plugins_dir(), &home.state_dir()), Err(PackageError::LockFile { .. })));
    }
    fs::write(&lock, good).unwrap();
    assert_eq!(version_on_disk(&home), "1.0.0");
}

#[test]
fn installations_at_the_same_time_come_one_after_the_other() {
    let home = Home::new();
    home.open();
    thread::scope(|scope| {
        for version in ["1.0.0", "1.1.0", "1.2.0", "1.3.0"] {
            let home = &home;
            scope.spawn(move || {
                let options = Options { allow_downgrade: true, ..unsigned() };
                home.install(&package("mail", version, version), &options).unwrap();
                home.install(&package(&format!("other-{version}"), version, ""), &unsigned()).unwrap();
            });
        }
    });
    let plugins = home.open();
    assert_eq!(plugins.list().unwrap().len(), 5);
    assert_eq!(plugins.list().unwrap()[0].kept.len(), 3);
    assert_eq!(plugins.verify_installed().unwrap(), []);
}

#[test]
fn who_watches_the_folder_sees_the_old_version_or_the_new_one() {
    let home = Home::new();
    install(&home, "1.0.0");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut looks = 0_u32;
            while !done.load(Ordering::Relaxed) {
                // One look is through one open folder, as a loader's is: both files are of one version.
                let folder = fs::File::open(home.plugin("mail")).unwrap();
                let read = |name: &str| {
                    use rustix::fs::{Mode, OFlags, openat};
                    let file = openat(&folder, name, OFlags::RDONLY, Mode::empty()).ok()?;
                    std::io::read_to_string(fs::File::from(file)).ok()
                };
                // An old folder may be cleared away under the eyes of who still has it open.
                if let (Some(manifest), Some(code)) = (read("plugin.toml"), read("plugin.wasm")) {
                    let version = code.trim_start_matches(|c: char| c.is_control() || c == 'a' || c == 's' || c == 'm');
                    assert!(manifest.contains(&format!("\"{version}\"")), "{manifest} with {version}");
                    looks += 1;
                }
            }
            looks
        });
        for patch in 1..60 {
            install(&home, &format!("1.0.{patch}"));
        }
        done.store(true, Ordering::Relaxed);
        assert!(watcher.join().unwrap() > 0);
    });
}
