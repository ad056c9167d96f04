//! The Control UI's files, embedded when this crate is built.

use axum::Router;
use memory_serve::CacheControl;

/// Serves the page and its files. Each is asked for again with its etag, so that an upgraded gateway shows its own page at once.
pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    memory_serve::load!()
        .index_file(Some("/index.html"))
        .html_cache_control(CacheControl::NoCache)
        .cache_control(CacheControl::NoCache)
        .into_router()
}
