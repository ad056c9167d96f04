//! What may call itself a package, and all the archives that may not.

use crate::support::{Home, PREAMBLE, author_folder, manifest, package, snapshot, unsigned};
use proptest::prelude::*;
use std::fs;
use std::io::Cursor;
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;
use wingman_package::{Member, PackageError, pack, read};

/// A tar archive of what a test likes, in the order and the format that packages have.
fn archive(entries: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (name, kind, content) in entries {
        builder.append(&header(name, *kind, content.len() as u64), *content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn header(name: &str, kind: EntryType, size: u64) -> Header {
    let mut header = Header::new_ustar();
    // `set_path` refuses what a hostile archive has.
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(size);
    header.set_cksum();
    header
}

fn good() -> Vec<u8> {
    archive(&[
        ("plugin.toml", EntryType::Regular, manifest("mail", "1.0.0").as_bytes()),
        ("plugin.wasm", EntryType::Regular, PREAMBLE),
    ])
}

fn refusal(bytes: &[u8]) -> PackageError {
    read(bytes).map(|_| panic!("it was taken")).unwrap_err()
}

#[test]
fn packing_takes_what_belongs_in_a_package_and_gives_the_same_bytes_each_time() {
    let dir = TempDir::new().unwrap();
    author_folder(dir.path(), "mail", "1.0.0", "code");
    let packed = pack(dir.path(), dir.path()).unwrap();
    assert_eq!(packed.path.file_name().unwrap(), "mail-1.0.0.wmpkg");
    let bytes = fs::read(&packed.path).unwrap();
    let package = read(&bytes).unwrap();
    let names: Vec<_> = package.files().map(|(member, _)| member.name()).collect();
    assert_eq!(names, ["LICENSE", "plugin.toml", "plugin.wasm"]);
    assert_eq!((package.license(), package.readme()), (Some("Do what you like.\n"), None));
    assert_eq!(package.digest(), packed.digest);

    // Later, and with other rights: the bytes are the same.
    fs::write(dir.path().join("plugin.toml"), manifest("mail", "1.0.0")).unwrap();
    assert_eq!(pack(dir.path(), dir.path()).unwrap(), packed);
}

#[test]
fn a_folder_without_component_or_with_a_core_module_is_not_packed() {
    let dir = TempDir::new().unwrap();
    author_folder(dir.path(), "mail", "1.0.0", "");
    fs::write(dir.path().join("plugin.wasm"), b"\0asm\x01\0\0\0").unwrap();
    assert!(matches!(pack(dir.path(), dir.path()), Err(PackageError::NotAComponent)));
    fs::remove_file(dir.path().join("plugin.wasm")).unwrap();
    assert!(matches!(pack(dir.path(), dir.path()), Err(PackageError::Io { .. })));
}

#[test]
fn a_good_archive_of_another_tool_is_the_same_archive() {
    assert!(read(&good()).is_ok());
}

#[test]
fn names_that_climb_out_have_no_place() {
    for name in
        ["../plugin.toml", "/etc/passwd", "./plugin.toml", "a/plugin.wasm", "plugin.toml/", "install.sh", "PLUGIN.TOML", ""]
    {
        let found = refusal(&archive(&[(name, EntryType::Regular, b"x")]));
        assert!(matches!(found, PackageError::UnknownMember { .. }), "{name:?}: {found:?}");
    }
}

#[test]
fn a_path_that_is_split_into_prefix_and_name_is_put_together_first() {
    let mut header = header("plugin.toml", EntryType::Regular, 0);
    header.as_ustar_mut().unwrap().prefix[..3].copy_from_slice(b"../");
    header.set_cksum();
    let bytes = [header.as_bytes().as_slice(), &[0; 1024]].concat();
    assert!(matches!(refusal(&bytes), PackageError::UnknownMember { .. }));
}

#[test]
fn only_regular_files_are_files() {
    use EntryType as Kind;
    for kind in [
        Kind::Link,
        Kind::Symlink,
        Kind::Char,
        Kind::Block,
        Kind::Directory,
        Kind::Fifo,
        Kind::Continuous,
        Kind::GNULongName,
        Kind::GNULongLink,
        Kind::GNUSparse,
        Kind::XGlobalHeader,
        Kind::XHeader,
        Kind::new(b'Z'),
    ] {
        let found = refusal(&archive(&[("plugin.toml", kind, b"")]));
        assert!(matches!(found, PackageError::NotAFile { .. }), "{kind:?}: {found:?}");
    }
}

#[test]
fn each_member_is_there_once_and_in_its_order() {
    let toml = manifest("mail", "1.0.0");
    let toml = ("plugin.toml", EntryType::Regular, toml.as_bytes());
    let wasm = ("plugin.wasm", EntryType::Regular, PREAMBLE);
    assert!(matches!(refusal(&archive(&[toml, toml, wasm])), PackageError::Repeated { name: "plugin.toml" }));
    assert!(matches!(refusal(&archive(&[toml, wasm, toml])), PackageError::Repeated { name: "plugin.toml" }));
    assert!(matches!(refusal(&archive(&[wasm, toml])), PackageError::NotCanonical { .. }));
    assert!(matches!(refusal(&archive(&[toml])), PackageError::Missing { name: "plugin.wasm" }));
    assert!(matches!(refusal(&archive(&[])), PackageError::Missing { name: "plugin.toml" }));
}

#[test]
fn a_size_that_is_only_claimed_costs_nothing() {
    for (size, name) in [(u64::MAX, "plugin.wasm"), (129 << 20, "plugin.wasm"), (65 << 10, "plugin.toml"), (2 << 20, "LICENSE")] {
        let bytes = [header(name, EntryType::Regular, size).as_bytes().as_slice(), &[0; 1024]].concat();
        assert!(matches!(refusal(&bytes), PackageError::MemberTooLarge { .. }), "{name} of {size}");
    }
    let bytes = [header("plugin.wasm", EntryType::Regular, 100 << 20).as_bytes().as_slice(), &[0; 1024]].concat();
    assert!(matches!(refusal(&bytes), PackageError::Truncated));
}

#[test]
fn an_archive_that_ends_anywhere_else_than_at_its_end_is_refused() {
    let good = good();
    for end in 0..good.len() {
        assert!(matches!(refusal(&good[..end]), PackageError::Truncated), "it ends at {end}");
    }
    for tail in [vec![0], vec![0; 512], vec![0; 9216], good.clone()] {
        assert!(matches!(refusal(&[good.as_slice(), &tail].concat()), PackageError::TrailingData));
    }
}

#[test]
fn headers_that_say_the_same_in_another_way_are_refused() {
    let tricks: [fn(&mut Header); 7] = [
        |header| header.set_mode(0o4755),
        |header| header.set_uid(1000),
        |header| header.set_mtime(1),
        |header| header.as_old_mut().linkname[..7].copy_from_slice(b"/etc/pw"),
        |header| header.as_ustar_mut().unwrap().set_username("root").unwrap(),
        |header| *header.as_mut_bytes().last_mut().unwrap() = 1,
        // The size in base 256, as GNU writes large ones.
        |header| header.as_old_mut().size = *b"\x80\0\0\0\0\0\0\0\0\0\0\0",
    ];
    for (number, trick) in tricks.into_iter().enumerate() {
        let mut header = header("plugin.toml", EntryType::Regular, 0);
        trick(&mut header);
        header.set_cksum();
        let bytes = [header.as_bytes().as_slice(), &[0; 1024]].concat();
        assert!(matches!(refusal(&bytes), PackageError::NotCanonical { .. }), "trick {number}");
    }
    let mut wrong_sum = good();
    wrong_sum[150] ^= 1;
    assert!(matches!(refusal(&wrong_sum), PackageError::NotCanonical { .. }));
    let mut dirty_padding = good();
    *dirty_padding.last_chunk_mut::<1025>().unwrap().first_mut().unwrap() = 1;
    assert!(matches!(refusal(&dirty_padding), PackageError::NotCanonical { .. }));
}

#[test]
fn native_code_is_no_component_and_a_binary_licence_no_text() {
    let toml = manifest("mail", "1.0.0");
    let toml = ("plugin.toml", EntryType::Regular, toml.as_bytes());
    let elf = archive(&[toml, ("plugin.wasm", EntryType::Regular, b"\x7fELF....")]);
    assert!(matches!(refusal(&elf), PackageError::NotAComponent));
    let binary = archive(&[("LICENSE", EntryType::Regular, b"\xff"), toml, ("plugin.wasm", EntryType::Regular, PREAMBLE)]);
    assert!(matches!(refusal(&binary), PackageError::NotText { name: "LICENSE" }));
    let climbing = manifest("../../etc", "1.0.0");
    let climbing =
        archive(&[("plugin.toml", EntryType::Regular, climbing.as_bytes()), ("plugin.wasm", EntryType::Regular, PREAMBLE)]);
    assert!(matches!(refusal(&climbing), PackageError::Manifest(_)));
}

/// A package with some bytes overwritten, dropped or doubled: close enough to a real one to get far.
fn mangled() -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<prop::sample::Index>(), any::<u8>(), 0..3_u8);
    prop::collection::vec(edit, 1..8).prop_map(|edits| {
        let mut bytes = good();
        for (at, value, how) in edits {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = value,
                1 => bytes.truncate(at.max(1)),
                _ => bytes.extend_from_within(at..),
            }
        }
        bytes
    })
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
        prop_assert!(read(&bytes).is_err());
    }

    #[test]
    fn whatever_is_taken_is_exactly_what_packing_would_write(bytes in mangled()) {
        if let Ok(package) = read(&bytes) {
            let entries: Vec<_> = package.files().map(|(member, content)| (member.name(), EntryType::Regular, content)).collect();
            prop_assert_eq!(archive(&entries), bytes);
        }
    }

    #[test]
    fn what_another_reader_of_tar_finds_is_what_this_one_found(bytes in mangled()) {
        if let Ok(package) = read(&bytes) {
            let mut theirs = tar::Archive::new(Cursor::new(&bytes));
            let names: Vec<_> = theirs.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().into_owned()).collect();
            let ours: Vec<_> = package.files().map(|(member, _): (Member, _)| std::path::PathBuf::from(member.name())).collect();
            prop_assert_eq!(names, ours);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_refused_package_writes_nothing(bytes in mangled()) {
        let home = Home::new();
        home.open();
        let before = snapshot(home.root());
        match home.install(&bytes, &unsigned()) {
            Ok(_) => {
                let outside = snapshot(home.root()).into_iter().map(|(path, _)| path);
                let ours = [home.plugins_dir(), home.state_dir()];
                let outside: Vec<_> = outside.filter(|path| !ours.iter().any(|ours| path.starts_with(ours))).collect();
                prop_assert_eq!(outside, Vec::<std::path::PathBuf>::new());
            }
            Err(_) => prop_assert_eq!(snapshot(home.root()), before),
        }
    }
}

#[test]
fn a_package_has_its_licence_with_it() {
    let bytes = package("mail", "1.0.0", "code");
    let home = Home::new();
    home.install(&bytes, &unsigned()).unwrap();
    assert_eq!(fs::read_to_string(home.plugin("mail").join("LICENSE")).unwrap(), "Do what you like.\n");
}
