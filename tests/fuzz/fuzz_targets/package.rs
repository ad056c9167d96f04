//! Package archives: what is taken is byte for byte the one encoding of its members, as another hand writes it.
//!
//! The first byte of an input says whether check sums are put right: without that, hardly a changed header would get past them.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use tar::{EntryType, Header};
use wingman_package::Package;

const BLOCK: usize = 512;

fuzz_target!(|input: &[u8]| -> Corpus {
    let Some((repairs, archive)) = input.split_first() else { return Corpus::Reject };
    let mut archive = archive.to_vec();
    if repairs % 2 == 1 {
        repair(&mut archive);
    }
    match wingman_package::read(&archive) {
        Ok(package) => assert_eq!(encoded(&package), archive, "two encodings of one package"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    Corpus::Keep
});

/// Gives each header the check sum that it should have, following the sizes that stand in them.
fn repair(archive: &mut [u8]) {
    let mut at = 0;
    while let Some(block) = archive.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<BLOCK>()) {
        if block.iter().all(|byte| *byte == 0) {
            return;
        }
        let mut header = Header::from_byte_slice(block).clone();
        header.set_cksum();
        block.copy_from_slice(header.as_bytes());
        let size = header.entry_size().ok().and_then(|size| usize::try_from(size).ok()).unwrap_or(0);
        let next = size.checked_next_multiple_of(BLOCK).and_then(|size| size.checked_add(at + BLOCK));
        at = next.unwrap_or(archive.len());
    }
}

fn encoded(package: &Package<'_>) -> Vec<u8> {
    let mut archive = Vec::new();
    for (member, content) in package.files() {
        let mut header = Header::new_ustar();
        header.as_old_mut().name[..member.name().len()].copy_from_slice(member.name().as_bytes());
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(content.len() as u64);
        header.set_cksum();
        archive.extend_from_slice(header.as_bytes());
        archive.extend_from_slice(content);
        archive.resize(archive.len().next_multiple_of(BLOCK), 0);
    }
    archive.resize(archive.len() + 2 * BLOCK, 0);
    archive
}
