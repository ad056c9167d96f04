//! What a plugin can ask of the host. Each answer is bounded: the log by its own rules, calls out by grants, budget and caps, state and
//! blobs by quotas, progress by the output limit.

use super::Own;
use super::bindings::wingman::plugin::{blobs, clock, config, http, log, progress, state, types};
use crate::guest_log::Level;
use crate::sandbox::{CallState, Reach};
use crate::services::{GUEST_KEYS, MAX_KEY};
use bytes::Bytes;
use std::time::Duration;
use wasmtime::component::Linker;
use wingman_egress::{Body, EgressError, Injection, Part, Place, Request, Response};
use wingman_manifest::Kind;
use wingman_message::PluginStoreError;

/// Adds what a plugin of this kind may import.
pub(crate) fn add_to_linker(linker: &mut Linker<CallState>, kind: Kind) -> wasmtime::Result<()> {
    log::add_to_linker::<_, Own>(linker, |state| state)?;
    if kind == Kind::Preset {
        return Ok(());
    }
    clock::add_to_linker::<_, Own>(linker, |state| state)?;
    config::add_to_linker::<_, Own>(linker, |state| state)?;
    http::add_to_linker::<_, Own>(linker, |state| state)?;
    state::add_to_linker::<_, Own>(linker, |state| state)?;
    blobs::add_to_linker::<_, Own>(linker, |state| state)?;
    if kind == Kind::Tool {
        progress::add_to_linker::<_, Own>(linker, |state| state)?;
    }
    Ok(())
}

impl types::Host for CallState {}

impl log::Host for CallState {
    fn write(&mut self, level: log::Level, message: String, fields: Vec<(String, String)>) {
        let level = match level {
            log::Level::Trace => Level::Trace,
            log::Level::Debug => Level::Debug,
            log::Level::Info => Level::Info,
            log::Level::Warn => Level::Warn,
            log::Level::Error => Level::Error,
        };
        self.budget.log.write(level, &message, &fields);
    }
}

impl clock::Host for CallState {
    fn now(&mut self) -> u64 {
        u64::try_from(self.clock.now_ms()).unwrap_or(0)
    }
}

impl config::Host for CallState {
    fn account(&mut self) -> Option<String> {
        self.access.scope.account.as_ref().map(ToString::to_string)
    }

    fn settings(&mut self) -> String {
        self.access.settings.clone()
    }
}

impl http::Host for CallState {
    async fn send(&mut self, request: http::Outgoing) -> Result<types::HttpResponse, types::PluginError> {
        let Response { status, headers, body } = exchange(self, request).await?;
        let headers = headers.into_iter().map(|(name, value)| types::Header { name, value }).collect();
        Ok(types::HttpResponse { status, headers, body: body.into() })
    }

    async fn download(&mut self, request: http::Outgoing) -> Result<String, types::PluginError> {
        let (media_type, bytes) = download(self, request).await?;
        self.reach().keep(&media_type, bytes).await.map_err(types::PluginError::Permanent)
    }
}

/// Fetches a file: its media type, and the bytes. Other answers than 2xx are errors.
pub(crate) async fn download(call: &mut CallState, request: http::Outgoing) -> Result<(String, Bytes), types::PluginError> {
    let Response { status, headers, body } = exchange(call, request).await?;
    if !(200..300).contains(&status) {
        let text = format!("the download was answered with {status}");
        return Err(match status {
            401 | 403 => types::PluginError::Unauthorized(text),
            408 | 425 | 429 | 500..=599 => types::PluginError::Temporary(text),
            _ => types::PluginError::Permanent(text),
        });
    }
    let media_type = headers.into_iter().find(|(name, _)| name == "content-type").map(|(_, value)| value);
    Ok((media_type.unwrap_or_else(|| "application/octet-stream".to_owned()), body))
}

/// Makes one call out for the plugin, within its budget. The guest's own time stands still meanwhile: the call has a time of its own.
async fn exchange(call: &mut CallState, outgoing: http::Outgoing) -> Result<Response, types::PluginError> {
    let Some(left) = call.budget.http_calls.checked_sub(1) else {
        let most = call.manifest.limits.http_calls;
        return Err(types::PluginError::Permanent(format!(
            "more than {most} calls out in one call; `http-calls` in [limits] is the cap"
        )));
    };
    call.budget.http_calls = left;
    let reach = call.reach();
    let request = request(&reach, outgoing).await?;
    let pause = call.budget.time.pause();
    let outcome = reach.services.exchange.send(&reach.access.http, request).await;
    drop(pause);
    outcome.map_err(|error| {
        if matches!(error, EgressError::NotGranted { .. } | EgressError::PrivateAddress { .. }) {
            call.budget.lacks = Some(error.to_string());
        }
        refused(&error)
    })
}

async fn request(call: &Reach, outgoing: http::Outgoing) -> Result<Request, types::PluginError> {
    let http::Outgoing { method, url, headers, body, secrets, timeout_ms } = outgoing;
    Ok(Request {
        method,
        url,
        headers: headers.into_iter().map(|types::Header { name, value }| (name, value)).collect(),
        body: match body {
            http::Body::Empty => Body::Empty,
            http::Body::Bytes(bytes) => Body::Bytes(bytes.into()),
            http::Body::Blob(blob) => Body::Bytes(call.whole_blob(&blob).await?),
            http::Body::Multipart(parts) => Body::Form(form(call, parts).await?),
        },
        timeout: timeout_ms.map(|ms| Duration::from_millis(ms.into())),
        secrets: injections(call, secrets)?,
    })
}

async fn form(call: &Reach, parts: Vec<http::Part>) -> Result<Vec<Part>, types::PluginError> {
    let mut form = Vec::with_capacity(parts.len());
    for http::Part { name, file_name, media_type, content } in parts {
        let content = match content {
            http::PartContent::Text(text) => text.into(),
            http::PartContent::Blob(blob) => call.whole_blob(&blob).await?,
        };
        form.push(Part { name, file_name, media_type, content });
    }
    Ok(form)
}

/// What the egress fills in; the plugin names secrets and never sees one.
pub(crate) fn injections(call: &Reach, uses: Vec<types::SecretUse>) -> Result<Vec<Injection>, types::PluginError> {
    let injection = |types::SecretUse { secret, place, prefix }| {
        let place = match place {
            types::SecretPlace::Header(name) => Place::Header(name),
            types::SecretPlace::Query(name) => Place::Query(name),
            types::SecretPlace::Path => Place::Path,
            types::SecretPlace::Json(pointer) => Place::Json(pointer),
        };
        let found = call.access.injection(&call.manifest, &secret, place, prefix);
        found.map_err(|error| types::PluginError::Permanent(error.to_string()))
    };
    uses.into_iter().map(injection).collect()
}

/// What the plugin is told: `temporary` when nobody answered, `permanent` when the call can never be made.
pub(crate) fn refused(error: &EgressError) -> types::PluginError {
    if error.is_temporary() {
        types::PluginError::Temporary(error.to_string())
    } else {
        types::PluginError::Permanent(error.to_string())
    }
}

impl Reach {
    /// Bytes of a blob, for a body; the egress has its own cap.
    async fn whole_blob(&self, blob: &str) -> Result<Bytes, types::PluginError> {
        let read = self.services.store.read_blob(&self.access.scope, blob, 0, u32::MAX).await;
        read.map_err(|error| match error {
            PluginStoreError::Unavailable(_) => types::PluginError::Temporary(error.to_string()),
            _ => types::PluginError::Permanent(error.to_string()),
        })
    }

    async fn keep(&self, media_type: &str, bytes: Bytes) -> Result<String, String> {
        let quota = self.manifest.limits.blobs_mib * 1024 * 1024;
        let kept = self.services.store.write_blob(&self.access.scope, media_type, bytes, quota).await;
        kept.map_err(|error| error.to_string())
    }
}

/// Guests' keys stand apart from the host's own.
fn key(name: &str) -> Result<String, String> {
    if name.is_empty() || name.len() > MAX_KEY {
        return Err(format!("a key has 1 to {MAX_KEY} bytes, not {}", name.len()));
    }
    Ok(format!("{GUEST_KEYS}{name}"))
}

impl state::Host for CallState {
    async fn get(&mut self, name: String) -> Option<Vec<u8>> {
        let found = self.services.store.get(&self.access.scope, &key(&name).ok()?).await;
        let found =
            found.inspect_err(|error| tracing::error!(plugin = %self.manifest.name, %error, "a plugin's state cannot be read"));
        found.ok()?.map(Into::into)
    }

    async fn set(&mut self, name: String, value: Vec<u8>) -> Result<(), String> {
        let quota = self.manifest.limits.state_kib * 1024;
        let set = self.services.store.set(&self.access.scope, &key(&name)?, value.into(), quota).await;
        set.map_err(|error| error.to_string())
    }

    async fn delete(&mut self, name: String) {
        let Ok(key) = key(&name) else { return };
        if let Err(error) = self.services.store.delete(&self.access.scope, &key).await {
            tracing::error!(plugin = %self.manifest.name, %error, "a plugin's state cannot be changed");
        }
    }
}

impl blobs::Host for CallState {
    async fn write(&mut self, media_type: String, bytes: Vec<u8>) -> Result<String, String> {
        self.reach().keep(&media_type, bytes.into()).await
    }

    async fn stat(&mut self, blob: String) -> Result<blobs::BlobInfo, String> {
        let info = self.services.store.blob(&self.access.scope, &blob).await.map_err(|error| error.to_string())?;
        Ok(blobs::BlobInfo { media_type: info.media_type, size: info.size })
    }

    async fn read(&mut self, blob: String, offset: u64, length: u32) -> Result<Vec<u8>, String> {
        let most = u32::try_from(self.manifest.limits.memory_bytes()).unwrap_or(u32::MAX);
        let read = self.services.store.read_blob(&self.access.scope, &blob, offset, length.min(most)).await;
        read.map(Into::into).map_err(|error| error.to_string())
    }
}

impl progress::Host for CallState {
    fn emit(&mut self, chunk: String) {
        let Some(progress) = &self.progress else { return };
        if let Some(left) = self.budget.progress.checked_sub(chunk.len()) {
            self.budget.progress = left;
            progress.send(chunk);
        }
    }
}
