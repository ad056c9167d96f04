//! The host's functions as the bindings have them, served by the test's host.

use super::host;

pub(crate) mod clock {
    pub(crate) fn now() -> u64 {
        super::host::with("clock::now", |world| world.now)
    }
}

pub(crate) mod config {
    pub(crate) fn account() -> Option<String> {
        super::host::with("config::account", |world| world.account.clone())
    }

    pub(crate) fn settings() -> String {
        super::host::with("config::settings", |world| world.settings.clone()).unwrap_or_else(|| "{}".to_owned())
    }
}

pub(crate) mod http {
    use crate::host::http::Outgoing;
    use crate::{HttpResponse, Result, host::http::Response};

    pub(crate) fn send(request: &Outgoing) -> Result<HttpResponse> {
        super::host::send(request)
    }

    pub(crate) fn download(request: &Outgoing) -> Result<String> {
        let response = Response::from(super::host::send(request)?).error_for_status()?;
        let media_type = response.header("content-type").unwrap_or("application/octet-stream").to_owned();
        Ok(super::host::with("http::download", |world| world.keeping.blobs.write(&media_type, response.bytes())))
    }
}

pub(crate) mod state {
    pub(crate) fn get(key: &str) -> Option<Vec<u8>> {
        super::host::with("state::get", |world| world.keeping.state.get(key).cloned())
    }

    pub(crate) fn set(key: &str, value: &[u8]) -> Result<(), String> {
        super::host::with("state::set", |world| {
            let keeping = &mut world.keeping;
            let others = keeping.state.iter().filter(|(other, _)| *other != key);
            let size: usize = others.map(|(key, value)| key.len() + value.len()).sum();
            if keeping.quota.is_some_and(|quota| size + key.len() + value.len() > quota) {
                return Err("the quota is used up".to_owned());
            }
            keeping.state.insert(key.to_owned(), value.to_vec());
            Ok(())
        })
    }

    pub(crate) fn delete(key: &str) {
        super::host::with("state::delete", |world| world.keeping.state.remove(key));
    }
}

pub(crate) mod blobs {
    use crate::host::blobs::BlobInfo;

    pub(crate) fn write(media_type: &str, bytes: &[u8]) -> Result<String, String> {
        Ok(super::host::with("blobs::write", |world| world.keeping.blobs.write(media_type, bytes)))
    }

    pub(crate) fn stat(blob: &str) -> Result<BlobInfo, String> {
        super::host::with("blobs::stat", |world| world.keeping.blobs.stat(blob))
    }

    pub(crate) fn read(blob: &str, offset: u64, length: u32) -> Result<Vec<u8>, String> {
        super::host::with("blobs::read", |world| world.keeping.blobs.read(blob, offset, length))
    }
}

pub(crate) mod progress {
    pub(crate) fn emit(chunk: &str) {
        super::host::with("progress::emit", |world| world.seen.progress.push(chunk.to_owned()));
    }
}

pub(crate) mod log {
    use crate::log::Level;
    use crate::testing::LogLine;

    /// To standard error where no host is installed: logging alone is no reason to need one.
    pub(crate) fn write(level: Level, message: &str, fields: &[(String, String)]) {
        let line = LogLine { level, message: message.to_owned(), fields: fields.to_vec() };
        let kept = super::host::try_with(|world| world.seen.log.push(line));
        if kept.is_none() {
            eprintln!("{level:?} {message} {fields:?}");
        }
    }
}
