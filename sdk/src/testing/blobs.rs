//! The test host's blobs: bytes in memory under counted handles.

use crate::host::blobs::BlobInfo;

/// Blobs in the order in which they were written.
#[derive(Default)]
pub(super) struct Blobs(Vec<(String, Vec<u8>)>);

impl Blobs {
    pub(super) fn write(&mut self, media_type: &str, bytes: &[u8]) -> String {
        self.0.push((media_type.to_owned(), bytes.to_vec()));
        format!("blob-{}", self.0.len())
    }

    pub(super) fn stat(&self, blob: &str) -> Result<BlobInfo, String> {
        let (media_type, bytes) = self.find(blob)?;
        Ok(BlobInfo { media_type: media_type.clone(), size: u64::try_from(bytes.len()).unwrap_or(u64::MAX) })
    }

    pub(super) fn read(&self, blob: &str, offset: u64, length: u32) -> Result<Vec<u8>, String> {
        let (_, bytes) = self.find(blob)?;
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        Ok(bytes.iter().skip(offset).take(length).copied().collect())
    }

    pub(super) fn bytes(&self, blob: &str) -> Option<Vec<u8>> {
        self.find(blob).ok().map(|(_, bytes)| bytes.clone())
    }

    fn find(&self, blob: &str) -> Result<&(String, Vec<u8>), String> {
        let index =
            blob.strip_prefix("blob-").and_then(|number| number.parse::<usize>().ok()).and_then(|number| number.checked_sub(1));
        index.and_then(|index| self.0.get(index)).ok_or_else(|| format!("there is no blob {blob:?}"))
    }
}
