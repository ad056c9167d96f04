//! `/api/fs`: the folders that sessions may work in, and what is in them.

use super::json::Body;
use crate::app::App;
use crate::problem::ApiError;
use axum::Json;
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use wingman_protocol::{FileEntry, FolderEntry, FolderListing, FolderRoots, MakeFolder};

#[derive(Deserialize)]
pub(crate) struct At {
    path: PathBuf,
}

pub(crate) async fn roots(State(App { dispatch, .. }): State<App>) -> Result<Json<FolderRoots>, ApiError> {
    let roots = dispatch.with_folders(|folders| Ok(folders.roots())).await?;
    Ok(Json(FolderRoots { roots: roots.iter().map(|root| text(root)).collect() }))
}

pub(crate) async fn list(
    State(App { dispatch, .. }): State<App>,
    Query(At { path }): Query<At>,
) -> Result<Json<FolderListing>, ApiError> {
    let found = dispatch.with_folders(move |folders| folders.list(&path)).await?;
    let below = |name: &str| text(&found.path.join(name));
    let files = found.files.iter().map(|file| FileEntry {
        name: file.name.clone(),
        path: below(&file.name),
        size: file.size,
        modified_at: file.modified_at,
    });
    Ok(Json(FolderListing {
        path: text(&found.path),
        parent: found.parent.as_deref().map(text),
        entries: found.folders.iter().map(|name| FolderEntry { name: name.clone(), path: below(name) }).collect(),
        files: files.collect(),
        truncated: found.is_cut,
    }))
}

pub(crate) async fn make(
    State(App { dispatch, .. }): State<App>,
    Body(MakeFolder { path }): Body<MakeFolder>,
) -> Result<(StatusCode, Json<MakeFolder>), ApiError> {
    let made = dispatch.with_folders(move |folders| folders.make(Path::new(&path))).await?;
    Ok((StatusCode::CREATED, Json(MakeFolder { path: text(&made) })))
}

/// A file's bytes. Whoever wrote the file must not speak in the page's name: nothing in it runs, whatever it is.
pub(crate) async fn read(State(App { dispatch, .. }): State<App>, Query(At { path }): Query<At>) -> Result<Response, ApiError> {
    let kind = media_type(&path);
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let content = dispatch.with_folders(move |folders| folders.read(&path)).await?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CONTENT_DISPOSITION, disposition(if kind == DOWNLOAD { "attachment" } else { "inline" }, &name)),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'; style-src 'unsafe-inline'")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, content).into_response())
}

const DOWNLOAD: &str = "application/octet-stream";

/// What a browser may show by itself; everything else that is text is shown as text, and the rest is downloaded.
fn media_type(path: &Path) -> &'static str {
    const SHOWN: [&str; 14] = [
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "image/avif",
        "image/bmp",
        "audio/mpeg",
        "audio/ogg",
        "audio/wav",
        "audio/flac",
        "video/mp4",
        "video/webm",
        "application/pdf",
        "application/json",
    ];
    let guess = mime_guess::from_path(path).first_or_octet_stream();
    let guess = guess.essence_str();
    if let Some(shown) = SHOWN.into_iter().find(|shown| *shown == guess) {
        return shown;
    }
    // Among them HTML, SVG and scripts: source, not pages.
    let is_text =
        guess.starts_with("text/") || guess.ends_with("+xml") || guess.ends_with("/xml") || guess.ends_with("javascript");
    if is_text { "text/plain; charset=utf-8" } else { DOWNLOAD }
}

/// How a file is handed out, and under which name (RFC 6266, RFC 8187).
pub(super) fn disposition(how: &str, name: &str) -> HeaderValue {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || "._- ".contains(c) { c } else { '_' }).collect();
    let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    let value = format!("{how}; filename=\"{plain}\"; filename*=UTF-8''{encoded}");
    HeaderValue::from_str(&value).unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_runs_is_handed_out_as_such() {
        for (name, kind) in [
            ("a.png", "image/png"),
            ("a.html", "text/plain; charset=utf-8"),
            ("a.svg", "text/plain; charset=utf-8"),
            ("a.xhtml", "text/plain; charset=utf-8"),
            ("a.js", "text/plain; charset=utf-8"),
            ("a.md", "text/plain; charset=utf-8"),
            ("a.wasm", DOWNLOAD),
            ("a", DOWNLOAD),
        ] {
            assert_eq!(media_type(Path::new(name)), kind, "{name}");
        }
        let said = disposition("attachment", "re\"port\r\n\u{e9}.txt");
        assert_eq!(said, "attachment; filename=\"re_port___.txt\"; filename*=UTF-8''re%22port%0D%0A%C3%A9%2Etxt");
    }
}
