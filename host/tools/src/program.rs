//! Which file a command's name means.

use rustix::fs::{Access, access};
use std::path::{Path, PathBuf};

/// The first file of the name in `search_path` that can be executed. A link is taken only where it leads out of `folder`, the
/// working folder in canonical form: what lies in that is the agent's own to write.
pub(crate) fn find(name: &str, search_path: &[&Path], folder: &Path) -> Option<PathBuf> {
    search_path.iter().map(|path| path.join(name)).find(|file| {
        let inside = file.canonicalize().is_ok_and(|file| file.starts_with(folder));
        !inside && is_program(file)
    })
}

/// Whether it is a file that this process may execute.
pub(crate) fn is_program(file: &Path) -> bool {
    file.is_file() && access(file, Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn program(path: &Path) {
        std::fs::write(path, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn a_link_into_the_working_folder_is_no_program() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let (work, bin) = (root.join("work"), root.join("bin"));
        std::fs::create_dir(&work).unwrap();
        std::fs::create_dir(&bin).unwrap();
        program(&work.join("mine"));
        program(&bin.join("theirs"));
        std::fs::write(bin.join("text"), "").unwrap();
        symlink(work.join("mine"), bin.join("mine")).unwrap();
        symlink("theirs", bin.join("alias")).unwrap();
        assert_eq!(find("mine", &[&bin], &work), None);
        assert_eq!(find("text", &[&bin], &work), None);
        assert_eq!(find("bin", &[&root], &work), None);
        assert_eq!(find("alias", &[&bin], &work), Some(bin.join("alias")));
    }
}
