//! The archive: members to bytes and back. Whatever is not byte for byte what [`write`] makes is refused.
//!
//! Links, devices, folders, foreign names, PAX and GNU extensions, sparse files, odd number formats, wrong check sums, dirty
//! padding and data behind the end all differ from the one true encoding somewhere, so one comparison catches them; the checks
//! before it only find better words. Sizes are compared with their caps and with what is there before anything is allocated.

use crate::error::PackageError;
use crate::member::{MAX_PACKAGE, Member};
use tar::{EntryType, Header};

const BLOCK: usize = 512;
/// Two empty blocks end a tar archive (POSIX.1-2017, pax, "ustar Interchange Format").
const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

/// The content of each member that is there, by [`Member`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Members<'a>([Option<&'a [u8]>; Member::ALL.len()]);

impl<'a> Members<'a> {
    pub(crate) fn get(&self, member: Member) -> Option<&'a [u8]> {
        self.0[member as usize]
    }

    pub(crate) fn set(&mut self, member: Member, content: Option<&'a [u8]>) {
        self.0[member as usize] = content;
    }

    /// Those that are there, in the order of the archive.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Member, &'a [u8])> + '_ {
        Member::ALL.into_iter().filter_map(|member| Some((member, self.get(member)?)))
    }
}

/// The archive of these members.
pub(crate) fn write(members: &Members<'_>) -> Vec<u8> {
    let mut archive =
        Vec::with_capacity(members.iter().map(|(_, content)| BLOCK + padded(content.len())).sum::<usize>() + END.len());
    for (member, content) in members.iter() {
        archive.extend_from_slice(header(member, content.len()).as_bytes());
        archive.extend_from_slice(content);
        archive.resize(archive.len().next_multiple_of(BLOCK), 0);
    }
    archive.extend_from_slice(&END);
    archive
}

/// The members of an archive, borrowed from it.
///
/// # Errors
/// The first thing in it that [`write`] would not have written.
pub(crate) fn read(archive: &[u8]) -> Result<Members<'_>, PackageError> {
    if archive.len() > MAX_PACKAGE {
        return Err(PackageError::PackageTooLarge { most: MAX_PACKAGE });
    }
    let mut members = Members::default();
    let mut last = None;
    let mut rest = archive;
    loop {
        let (block, behind) = rest.split_at_checked(BLOCK).ok_or(PackageError::Truncated)?;
        if block.iter().all(|byte| *byte == 0) {
            break;
        }
        let (member, size) = parse_header(Header::from_byte_slice(block))?;
        if last == Some(member) || members.get(member).is_some() {
            return Err(PackageError::Repeated { name: member.name() });
        }
        if last.is_some_and(|last| last > member) {
            return Err(PackageError::NotCanonical { name: member.name() });
        }
        let (content, behind) = behind.split_at_checked(size).ok_or(PackageError::Truncated)?;
        let (padding, behind) = behind.split_at_checked(padded(size) - size).ok_or(PackageError::Truncated)?;
        if padding.iter().any(|byte| *byte != 0) {
            return Err(PackageError::NotCanonical { name: member.name() });
        }
        members.set(member, Some(content));
        last = Some(member);
        rest = behind;
    }
    match rest.strip_prefix(&END) {
        Some([]) => {}
        Some(_) => return Err(PackageError::TrailingData),
        None if rest.len() < END.len() => return Err(PackageError::Truncated),
        None => return Err(PackageError::TrailingData),
    }
    let missing = Member::ALL.into_iter().find(|member| member.is_required() && members.get(*member).is_none());
    missing.map_or(Ok(members), |member| Err(PackageError::Missing { name: member.name() }))
}

fn parse_header(found: &Header) -> Result<(Member, usize), PackageError> {
    let path = found.path_bytes();
    let shown = || path.escape_ascii().to_string();
    if found.entry_type() != EntryType::Regular {
        return Err(PackageError::NotAFile { name: shown() });
    }
    let member = Member::of_name(&path).ok_or_else(|| PackageError::UnknownMember { name: shown() })?;
    let size = found.entry_size().map_err(|_| PackageError::NotCanonical { name: member.name() })?;
    let size = usize::try_from(size).ok().filter(|size| *size <= member.max_size());
    let size = size.ok_or(PackageError::MemberTooLarge { name: member.name(), most: member.max_size() })?;
    if found.as_bytes() != header(member, size).as_bytes() {
        return Err(PackageError::NotCanonical { name: member.name() });
    }
    Ok((member, size))
}

fn header(member: Member, size: usize) -> Header {
    let mut header = Header::new_ustar();
    let name = member.name().as_bytes();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(size as u64);
    header.set_cksum();
    header
}

fn padded(size: usize) -> usize {
    size.next_multiple_of(BLOCK)
}
