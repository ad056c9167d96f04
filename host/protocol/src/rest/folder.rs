//! `/api/fs`: the folders that sessions may work in. All paths are absolute, and below a root.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Not;

/// The folders that may be used, with all that is in them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
pub struct FolderRoots {
    /// Their paths, symbolic links resolved. Roots of the configuration that are not there are left out.
    pub roots: Vec<String>,
}

/// What is in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
pub struct FolderListing {
    /// The folder, symbolic links resolved.
    pub path: String,
    /// The folder above, where that may be used as well.
    pub parent: Option<String>,
    /// The folders in it, by name.
    pub entries: Vec<FolderEntry>,
    /// The files in it, by name.
    pub files: Vec<FileEntry>,
    /// There is more in it than is listed.
    #[serde(default, skip_serializing_if = "Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub truncated: bool,
}

/// A folder in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
pub struct FolderEntry {
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: String,
}

/// A file in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct FileEntry {
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was changed: milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified_at: Option<i64>,
}

/// Makes a folder in one that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
pub struct MakeFolder {
    /// Its path. In the answer: with symbolic links resolved.
    pub path: String,
}
