//! The transport between rig's decoders and our HTTP client. It holds answers to their provider's own end mark, bounds the
//! indexes of tool calls, and keeps keys out of addresses.

#![expect(clippy::result_large_err, reason = "rig's error type has the size that it has")]

use crate::http::GuardedHttp;
use futures::{Stream, StreamExt, future, stream};
use rig_core::driver::{Exchange, Opening, Transport};
use rig_core::error::ProviderError;
use rig_core::http_client::{HeaderValue, Request};
use rig_core::wire::{Body, Encoded, Wire, WireFrame};
use serde_json::Value;
use std::pin::Pin;
use url::Url;

/// The most tool calls that one answer may hold.
pub(crate) const MAX_CALLS: usize = 128;

/// The most parts of one answer of the Messages API.
const MAX_BLOCKS: u64 = 1024;

/// The most pieces of tool calls that name no index: each is looked up by its id.
const MAX_LOOSE_PIECES: usize = 4096;

/// What tells that an answer is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// `[DONE]`. Rig stops reading there, so an answer that is read to its last byte had none.
    Sentinel,
    /// A `message_stop` event. Rig would take the `message_delta` before it for the end.
    MessageStop,
    /// What rig's decoder takes for it: a finish reason, or a record that says `done`.
    Decoded,
}

/// A transport that holds answers to `ending`.
#[derive(Debug, Clone)]
pub(crate) struct Transported {
    pub(crate) http: GuardedHttp,
    pub(crate) ending: Ending,
}

type Frames = Pin<Box<dyn Stream<Item = Result<WireFrame, ProviderError>> + Send>>;

impl<W> Transport<W> for Transported
where
    W: Wire<Payload = Encoded, Frame = WireFrame>,
{
    fn send(&self, mut payload: Encoded, exchange: Exchange) -> Opening<WireFrame> {
        if let Err(error) = key_into_header(&mut payload.request) {
            return Opening::failed(error);
        }
        let opening = Transport::<W>::send(&self.http, payload, exchange);
        let ending = self.ending;
        Opening::new(async move {
            Ok(opening.await?.map_frames(move |frames| {
                let frames: Frames = Box::pin(frames);
                match ending {
                    Ending::Sentinel => bounded(frames).chain(truncated()).boxed(),
                    Ending::MessageStop => stopped(frames).boxed(),
                    Ending::Decoded => bounded(frames).boxed(),
                }
            }))
        })
    }
}

fn truncated() -> impl Stream<Item = Result<WireFrame, ProviderError>> + Send {
    stream::once(future::ready(Err(ProviderError::Truncated)))
}

/// Holds back what comes from the first `message_delta` on until `message_stop` is there. Fails at a part whose number is
/// too high: rig makes room for all the parts that such a number leaves out.
fn stopped(frames: Frames) -> impl Stream<Item = Result<WireFrame, ProviderError>> + Send {
    let start = (frames.fuse(), Vec::new(), false);
    let batches = stream::unfold(start, |(mut frames, mut held, ended)| async move {
        if ended {
            return None;
        }
        loop {
            let frame = match frames.next().await {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Some((vec![Err(error)], (frames, Vec::new(), true))),
                None => return Some((vec![Err(ProviderError::Truncated)], (frames, Vec::new(), true))),
            };
            let event: Value = serde_json::from_str(&frame.as_str()).unwrap_or_default();
            let index = event.get("index").and_then(Value::as_u64);
            if let Some(index) = index.filter(|index| *index >= MAX_BLOCKS) {
                let error = ProviderError::Response(format!("it numbers a part {index}"));
                return Some((vec![Err(error)], (frames, Vec::new(), true)));
            }
            match event.get("type").and_then(Value::as_str) {
                Some("message_stop") => {
                    held.push(Ok(frame));
                    return Some((held, (frames, Vec::new(), true)));
                }
                Some("error") => return Some((vec![Ok(frame)], (frames, Vec::new(), true))),
                Some("message_delta") => held.push(Ok(frame)),
                _ if !held.is_empty() => held.push(Ok(frame)),
                _ => return Some((vec![Ok(frame)], (frames, held, false))),
            }
        }
    });
    batches.flat_map(stream::iter)
}

/// Fails at a tool call that a provider could only mean to do harm with.
fn bounded(frames: Frames) -> impl Stream<Item = Result<WireFrame, ProviderError>> + Send {
    let mut loose = 0;
    frames.map(move |frame| {
        let frame = frame?;
        check_calls(&frame, &mut loose)?;
        Ok(frame)
    })
}

fn check_calls(frame: &WireFrame, loose: &mut usize) -> Result<(), ProviderError> {
    let text = frame.as_str();
    if !text.contains("\"tool_calls\"") {
        return Ok(());
    }
    // What is no JSON is for the decoder to refuse.
    let Ok(value) = serde_json::from_str::<Value>(&text) else { return Ok(()) };
    let choices = value.get("choices").and_then(Value::as_array);
    let calls = choices.into_iter().flatten().filter_map(|choice| choice.pointer("/delta/tool_calls")?.as_array()).flatten();
    for call in calls {
        match call.get("index").and_then(Value::as_u64) {
            Some(index) if usize::try_from(index).is_ok_and(|index| index < MAX_CALLS) => {}
            Some(index) => return Err(ProviderError::Response(format!("it numbers a tool call {index}"))),
            None => *loose += 1,
        }
    }
    if *loose > MAX_LOOSE_PIECES {
        return Err(ProviderError::Response("it holds too many tool calls".into()));
    }
    Ok(())
}

/// Moves a key from the query, where rig puts it for one provider, to the header that the same provider takes: addresses
/// end up in the logs of proxies.
fn key_into_header(request: &mut Request<Body>) -> Result<(), ProviderError> {
    let Some(query) = request.uri().query() else { return Ok(()) };
    if !query.split('&').any(|pair| pair.starts_with("key=")) {
        return Ok(());
    }
    let mut url = Url::parse(&request.uri().to_string())?;
    let (keys, kept): (Vec<_>, Vec<_>) = url.query_pairs().into_owned().partition(|(name, _)| name == "key");
    url.query_pairs_mut().clear().extend_pairs(kept);
    *request.uri_mut() = url.as_str().parse().map_err(|_| ProviderError::request("the address cannot be used"))?;
    if let Some((_, key)) = keys.into_iter().find(|(_, key)| !key.is_empty()) {
        let mut value = HeaderValue::from_str(&key).map_err(|_| ProviderError::request("the key cannot be sent"))?;
        value.set_sensitive(true);
        request.headers_mut().insert("x-goog-api-key", value);
    }
    Ok(())
}
