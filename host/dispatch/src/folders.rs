//! The folders that people and agents may work in: what lies below the roots that the operator names, symbolic links resolved.
//!
//! A path is resolved first and then held against the roots, and what is opened is opened below its root, so that neither `..` nor
//! a link leads out, not even one that is put there in between.

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt as _};
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

/// The largest file that is read for someone, in bytes.
pub const MAX_FILE: u64 = 16 * 1024 * 1024;
/// How many entries of a folder are listed.
pub const MAX_ENTRIES: usize = 2_000;

/// Why a folder or a file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FolderError {
    /// It is not below a root.
    #[error("{} is outside of the folders that may be used: {}", path.display(), list(roots))]
    Outside {
        /// As it was given.
        path: PathBuf,
        /// The roots.
        roots: Vec<PathBuf>,
    },
    /// It depends on where somebody stands.
    #[error("{} is no absolute path: write it from `/` on", .0.display())]
    Relative(PathBuf),
    /// There is nothing.
    #[error("there is nothing at {}", .0.display())]
    NotFound(PathBuf),
    /// There is something else.
    #[error("{} is not a folder", .0.display())]
    NotAFolder(PathBuf),
    /// There is something else.
    #[error("{} is not a file", .0.display())]
    NotAFile(PathBuf),
    /// There is something already.
    #[error("{} is already there", .0.display())]
    AlreadyThere(PathBuf),
    /// It is too large to be read for someone.
    #[error("{} has more than {} MiB; copy it from the machine itself", .0.display(), MAX_FILE >> 20)]
    TooLarge(PathBuf),
    /// The system refuses.
    #[error("{} cannot be used: {reason}", path.display())]
    Unusable {
        /// What.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
}

fn list(roots: &[PathBuf]) -> String {
    if roots.is_empty() {
        return "none; `gateway.fsRoots` in the configuration names them".to_owned();
    }
    roots.iter().map(|root| root.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// What is in a folder. Links that lead out are not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The folder, without symbolic links.
    pub path: PathBuf,
    /// The folder above, where that may be used as well.
    pub parent: Option<PathBuf>,
    /// The names of the folders in it, sorted.
    pub folders: Vec<String>,
    /// The files in it, by name.
    pub files: Vec<FileEntry>,
    /// There is more than was listed.
    pub is_cut: bool,
}

/// A file in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was changed: milliseconds since the Unix epoch.
    pub modified_at: Option<i64>,
}

/// The roots, as the operator names them. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Folders {
    roots: Arc<[PathBuf]>,
}

/// A place below a root.
struct Place {
    root: PathBuf,
    below: PathBuf,
}

impl Place {
    fn path(&self) -> PathBuf {
        if self.below.as_os_str() == "." { self.root.clone() } else { self.root.join(&self.below) }
    }

    fn root(&self) -> io::Result<Dir> {
        Dir::open_ambient_dir(&self.root, ambient_authority())
    }
}

impl Folders {
    /// `roots` are absolute; one that is not there yet counts from when it is.
    #[must_use]
    pub fn new(roots: Vec<PathBuf>) -> Self {
        Self { roots: roots.into() }
    }

    /// The roots that are there, without symbolic links. Blocks.
    #[must_use]
    pub fn roots(&self) -> Vec<PathBuf> {
        self.roots.iter().filter_map(|root| root.canonicalize().ok()).collect()
    }

    /// The folder at `path`, without symbolic links, where it may be used. Blocks.
    ///
    /// # Errors
    /// [`FolderError`]
    pub fn folder(&self, path: &Path) -> Result<PathBuf, FolderError> {
        let place = self.place(path)?;
        let is_folder =
            place.root().and_then(|root| root.metadata(&place.below)).map_err(|error| unusable(path, &error))?.is_dir();
        if is_folder { Ok(place.path()) } else { Err(FolderError::NotAFolder(path.to_owned())) }
    }

    /// The folder that a session's agent works in: its own, held against the roots again, or else `outputs`, which is made where
    /// it is not there. To be called when a run starts. Blocks.
    ///
    /// # Errors
    /// [`FolderError`] where the session's own folder may not be used, or not any more.
    pub fn working_folder(&self, workdir: Option<&str>, outputs: &Arc<Path>) -> Result<Arc<Path>, FolderError> {
        if let Some(workdir) = workdir {
            return self.folder(Path::new(workdir)).map(Into::into);
        }
        if let Err(error) = std::fs::create_dir_all(outputs) {
            // Most runs write nothing.
            tracing::warn!(folder = %outputs.display(), %error, "the folder for an agent's files could not be made");
        }
        Ok(Arc::clone(outputs))
    }

    /// What is in the folder at `path`. Blocks.
    ///
    /// # Errors
    /// [`FolderError`]
    pub fn list(&self, path: &Path) -> Result<Listing, FolderError> {
        let folder = self.folder(path)?;
        let place = self.place(&folder)?;
        let failed = |error: io::Error| unusable(path, &error);
        let dir = place.root().and_then(|root| root.open_dir(&place.below)).map_err(failed)?;
        let (mut folders, mut files, mut is_cut) = (Vec::new(), Vec::new(), false);
        for entry in dir.entries().map_err(failed)? {
            let Ok(name) = entry.map_err(failed)?.file_name().into_string() else { continue };
            if folders.len() + files.len() >= MAX_ENTRIES {
                is_cut = true;
                break;
            }
            // Follows no link out of the folder; where one leads is held against the roots.
            let linked = |_| {
                self.place(&folder.join(&name)).and_then(|to| to.root().and_then(|root| root.metadata(&to.below)).map_err(failed))
            };
            let Ok(found) = dir.metadata(&name).or_else(linked) else { continue };
            if found.is_dir() {
                folders.push(name);
            } else if found.is_file() {
                let modified = found.modified().ok().and_then(|time| time.into_std().duration_since(UNIX_EPOCH).ok());
                let modified_at = modified.and_then(|since| i64::try_from(since.as_millis()).ok());
                files.push(FileEntry { name, size: found.len(), modified_at });
            }
        }
        folders.sort();
        files.sort_by(|a, b| a.name.cmp(&b.name));
        let parent = folder.parent().filter(|parent| self.place(parent).is_ok()).map(Path::to_owned);
        Ok(Listing { path: folder, parent, folders, files, is_cut })
    }

    /// The bytes of the file at `path`, at most [`MAX_FILE`]. Blocks.
    ///
    /// # Errors
    /// [`FolderError`]
    pub fn read(&self, path: &Path) -> Result<Vec<u8>, FolderError> {
        let place = self.place(path)?;
        let failed = |error: io::Error| unusable(path, &error);
        let mut options = OpenOptions::new();
        // A pipe would wait for somebody to write into it.
        options.read(true).custom_flags(NONBLOCK);
        let file = place.root().and_then(|root| root.open_with(&place.below, &options)).map_err(failed)?;
        let found = file.metadata().map_err(failed)?;
        if !found.is_file() {
            return Err(FolderError::NotAFile(path.to_owned()));
        }
        if found.len() > MAX_FILE {
            return Err(FolderError::TooLarge(path.to_owned()));
        }
        let mut content = Vec::new();
        // It may be growing.
        file.take(MAX_FILE + 1).read_to_end(&mut content).map_err(failed)?;
        if content.len() as u64 > MAX_FILE { Err(FolderError::TooLarge(path.to_owned())) } else { Ok(content) }
    }

    /// Makes the folder `path` in one that is there; returns it without symbolic links. Blocks.
    ///
    /// # Errors
    /// [`FolderError`]
    pub fn make(&self, path: &Path) -> Result<PathBuf, FolderError> {
        let (Some(above), Some(Component::Normal(name))) = (path.parent(), path.components().next_back()) else {
            return Err(FolderError::NotAFolder(path.to_owned()));
        };
        let above = self.folder(above)?;
        let place = self.place(&above)?;
        let made = place.root().and_then(|root| root.create_dir(place.below.join(name)));
        match made {
            Ok(()) => Ok(above.join(name)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(FolderError::AlreadyThere(path.to_owned())),
            Err(error) => Err(unusable(path, &error)),
        }
    }

    fn place(&self, path: &Path) -> Result<Place, FolderError> {
        if !path.is_absolute() {
            return Err(FolderError::Relative(path.to_owned()));
        }
        let roots = self.roots();
        let outside = || FolderError::Outside { path: path.to_owned(), roots: self.roots.to_vec() };
        let real = path.canonicalize().map_err(|error| {
            // Whether something is there is nobody's business outside of the roots.
            let climbs = path.components().any(|part| part == Component::ParentDir);
            let is_below = self.roots.iter().chain(&roots).any(|root| path.starts_with(root));
            if is_below && !climbs { unusable(path, &error) } else { outside() }
        })?;
        // Of roots within roots, the innermost.
        let root = roots.into_iter().filter(|root| real.starts_with(root)).max_by_key(|root| root.components().count());
        let root = root.ok_or_else(outside)?;
        let below = real.strip_prefix(&root).map_err(|_| outside())?;
        let below = if below.as_os_str().is_empty() { PathBuf::from(".") } else { below.to_owned() };
        Ok(Place { root, below })
    }
}

const NONBLOCK: i32 = rustix::fs::OFlags::NONBLOCK.bits() as i32;

fn unusable(path: &Path, error: &io::Error) -> FolderError {
    match error.kind() {
        io::ErrorKind::NotFound => FolderError::NotFound(path.to_owned()),
        io::ErrorKind::NotADirectory => FolderError::NotAFolder(path.to_owned()),
        _ => FolderError::Unusable { path: path.to_owned(), reason: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;
    use tempfile::TempDir;

    /// A root with something in it, something outside, and links that lead both ways.
    struct Place {
        _all: TempDir,
        root: PathBuf,
        outside: PathBuf,
        folders: Folders,
    }

    fn place() -> Place {
        let all = tempfile::tempdir().unwrap();
        let base = all.path().canonicalize().unwrap();
        let (root, outside) = (base.join("root"), base.join("outside"));
        fs::create_dir_all(root.join("inner/deep")).unwrap();
        fs::create_dir_all(&outside).unwrap();
        fs::create_dir_all(base.join("root-of-another")).unwrap();
        fs::write(root.join("inner/a.txt"), "words").unwrap();
        fs::write(outside.join("secret"), "secret").unwrap();
        symlink(&outside, root.join("out")).unwrap();
        symlink(outside.join("secret"), root.join("secret")).unwrap();
        symlink(root.join("inner"), root.join("link")).unwrap();
        symlink(&root, base.join("door")).unwrap();
        let folders = Folders::new(vec![root.clone(), base.join("not there yet")]);
        Place { _all: all, root, outside, folders }
    }

    #[test]
    fn what_lies_below_a_root_may_be_used_whatever_way_one_comes() {
        let Place { root, folders, outside, _all } = place();
        let base = outside.parent().unwrap();
        for (path, real) in [
            (root.clone(), root.clone()),
            (root.join("inner/deep"), root.join("inner/deep")),
            (root.join("inner/../inner/./deep/"), root.join("inner/deep")),
            (root.join("link/deep"), root.join("inner/deep")),
            (base.join("door/inner"), root.join("inner")),
        ] {
            assert_eq!(folders.folder(&path), Ok(real), "{}", path.display());
        }
    }

    #[test]
    fn nothing_leads_out() {
        let Place { root, outside, folders, _all } = place();
        let base = outside.parent().unwrap();
        for path in [
            outside.clone(),
            PathBuf::from("/"),
            PathBuf::from("/etc"),
            root.join(".."),
            root.join("inner/../../outside"),
            root.join("out"),
            root.join("out/.."),
            root.join("link/../../outside"),
            root.join("inner/../../nothing there"),
            base.join("root-of-another"),
            base.join("nothing there"),
        ] {
            let refused = folders.folder(&path).unwrap_err();
            assert!(matches!(refused, FolderError::Outside { .. }), "{}: {refused:?}", path.display());
            assert!(refused.to_string().contains(&root.display().to_string()), "it says which may be used: {refused}");
            assert!(folders.list(&path).is_err() && folders.read(&path).is_err() && folders.make(&path.join("x")).is_err());
        }
        assert!(matches!(folders.read(&root.join("secret")), Err(FolderError::Outside { .. })));
        assert!(matches!(folders.read(&root.join("out/secret")), Err(FolderError::Outside { .. })));
        assert!(matches!(folders.make(&root.join("out/new")), Err(FolderError::Outside { .. })));
        assert!(!outside.join("new").exists());
        assert_eq!(folders.folder(Path::new("inner")), Err(FolderError::Relative("inner".into())));
        assert!(Folders::default().folder(&root).unwrap_err().to_string().contains("gateway.fsRoots"));
    }

    #[test]
    fn a_folder_that_is_swapped_for_a_link_is_refused_when_the_run_starts() {
        let Place { root, outside, folders, _all } = place();
        let outputs: Arc<Path> = outside.join("outputs/main").into();
        let workdir = folders.folder(&root.join("inner/deep")).unwrap();
        let workdir = workdir.to_str();
        assert_eq!(folders.working_folder(workdir, &outputs), Ok(root.join("inner/deep").into()));
        fs::remove_dir(root.join("inner/deep")).unwrap();
        assert_eq!(folders.working_folder(workdir, &outputs), Err(FolderError::NotFound(root.join("inner/deep"))));
        symlink(&outside, root.join("inner/deep")).unwrap();
        assert!(matches!(folders.working_folder(workdir, &outputs), Err(FolderError::Outside { .. })));
        assert_eq!(folders.working_folder(None, &outputs), Ok(Arc::clone(&outputs)));
        assert!(outputs.is_dir(), "the folder for an agent's files is made");
    }

    #[test]
    fn a_folder_is_listed_without_what_leads_out_and_files_are_read_up_to_a_size() {
        let Place { root, folders, _all, .. } = place();
        let listing = folders.list(&root).unwrap();
        assert_eq!((listing.folders, listing.parent, listing.is_cut), (vec!["inner".to_owned(), "link".to_owned()], None, false));
        assert_eq!(listing.files, []);
        let inner = folders.list(&root.join("link")).unwrap();
        assert_eq!((inner.path, inner.parent), (root.join("inner"), Some(root.clone())));
        assert_eq!((inner.files[0].name.as_str(), inner.files[0].size), ("a.txt", 5));
        assert_eq!(folders.read(&root.join("link/a.txt")).unwrap(), b"words");
        assert_eq!(folders.read(&root.join("inner")), Err(FolderError::NotAFile(root.join("inner"))));
        assert_eq!(folders.folder(&root.join("inner/a.txt")), Err(FolderError::NotAFolder(root.join("inner/a.txt"))));
        assert_eq!(folders.read(&root.join("none")), Err(FolderError::NotFound(root.join("none"))));
        fs::File::create(root.join("huge")).unwrap().set_len(MAX_FILE + 1).unwrap();
        assert_eq!(folders.read(&root.join("huge")), Err(FolderError::TooLarge(root.join("huge"))));
    }

    #[test]
    fn a_folder_is_made_once() {
        let Place { root, folders, _all, .. } = place();
        assert_eq!(folders.make(&root.join("link/new")), Ok(root.join("inner/new")));
        assert_eq!(folders.make(&root.join("inner/new")), Err(FolderError::AlreadyThere(root.join("inner/new"))));
        assert_eq!(folders.make(&root.join("a/b")), Err(FolderError::NotFound(root.join("a"))));
        assert!(folders.make(&root.join("inner/..")).is_err());
    }
}
