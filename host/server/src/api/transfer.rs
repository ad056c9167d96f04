//! `/api/sessions/:id/export`, `/api/sessions/import`: sessions as files. Neither is ever in memory as a whole.

use super::folders::disposition;
use super::sessions::{checked_name, display_name, key, no_such_session, summary};
use crate::app::App;
use crate::problem::ApiError;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt as _};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::sync::mpsc;
use wingman_dispatch::{CopiedMessage, Piece, Refused, SessionExport, SessionRecord, StoreError};
use wingman_message::AgentId;
use wingman_protocol::rest::{EXPORT_FORMAT, EXPORT_MEDIA_TYPE, EXPORT_VERSION};
use wingman_protocol::{ExportHeader, ExportedMessage, SessionSummary};

/// The longest line of an import, in bytes.
const MAX_LINE: usize = 16 * 1024 * 1024;
/// How many messages are handed on at once, and after how many bytes earlier.
const PIECE: usize = 100;
const PIECE_BYTES: usize = 512 * 1024;
/// How many pieces may wait to be stored; the sender waits beyond that.
const PIECES: usize = 2;
/// How long nothing may come of an import.
const SILENCE: Duration = Duration::from_secs(60);

/// The whole session. A connection that ends before the last line was cut: the header says how many lines there are.
pub(crate) async fn export(State(App { dispatch, .. }): State<App>, Path(id): Path<String>) -> Result<Response, ApiError> {
    let export = dispatch.export_session(&key(&id)?).await?.ok_or_else(|| no_such_session(&id))?;
    let session = &export.session;
    let name = format!("{}.jsonl", display_name(session.name.as_deref(), &session.key));
    let first = Bytes::from(line(&header(session))?);
    let headers =
        [(CONTENT_TYPE, HeaderValue::from_static(EXPORT_MEDIA_TYPE)), (CONTENT_DISPOSITION, disposition("attachment", &name))];
    let lines = futures::stream::once(async { Ok(first) }).chain(pieces(export));
    Ok((headers, Body::from_stream(lines)).into_response())
}

fn header(session: &SessionRecord) -> ExportHeader {
    ExportHeader {
        format: EXPORT_FORMAT.to_owned(),
        version: EXPORT_VERSION,
        messages: session.message_count,
        name: session.name.clone(),
        session_id: Some(session.key.clone()),
        agent_id: Some(session.key.agent().clone()),
        created_at: Some(session.created_at),
    }
}

fn pieces(export: SessionExport) -> impl Stream<Item = Result<Bytes, StoreError>> {
    futures::stream::try_unfold(export, async |mut export| {
        let messages = export.next_piece().await?;
        if messages.is_empty() {
            return Ok(None);
        }
        let lines = messages.into_iter().map(|message| line(&exported(message))).collect::<Result<Vec<_>, _>>()?;
        Ok(Some((Bytes::from(lines.concat()), export)))
    })
}

fn line(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    let mut line = serde_json::to_vec(value).map_err(|error| StoreError::Invalid(error.to_string()))?;
    line.push(b'\n');
    Ok(line)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImportQuery {
    agent_id: Option<AgentId>,
}

/// A session out of a file, or nothing.
pub(crate) async fn import(
    State(App { dispatch, .. }): State<App>,
    Query(ImportQuery { agent_id }): Query<ImportQuery>,
    body: Body,
) -> Result<(StatusCode, Json<SessionSummary>), ApiError> {
    let agent = agent_id.unwrap_or_else(|| dispatch.default_agent());
    let mut lines = Lines::new(body.into_data_stream());
    let header = lines.next().await?.ok_or_else(|| Refused::Invalid("the file is empty".to_owned()))?;
    let mut reader = Reader::begin(&header)?;
    let name = reader.name.take().map(|name| checked_name(&name)).transpose()?;
    let (sender, pieces) = mpsc::channel(PIECES);
    let (session, ()) = tokio::join!(dispatch.import_session(&agent, name, pieces), feed(lines, reader, sender));
    Ok((StatusCode::CREATED, Json(summary(&session?, &dispatch).await?)))
}

/// Hands the file on, piece by piece, until its end, its first mistake, or until nobody wants more.
async fn feed(mut lines: Lines<impl Stream<Item = Result<Bytes, axum::Error>> + Unpin>, mut reader: Reader, sender: Sender) {
    let fed = async {
        let (mut piece, mut bytes) = (Vec::new(), 0);
        while let Some(line) = lines.next().await? {
            bytes += line.len();
            piece.push(reader.message(&line, lines.number)?);
            if piece.len() >= PIECE || bytes >= PIECE_BYTES {
                if sender.send(Ok(Piece::Messages(std::mem::take(&mut piece)))).await.is_err() {
                    return Ok(());
                }
                bytes = 0;
            }
        }
        reader.end(lines.number)?;
        // Where nobody listens any more, the reason is told by the one who does not.
        if sender.send(Ok(Piece::Messages(piece))).await.is_ok() {
            let _ = sender.send(Ok(Piece::End)).await;
        }
        Ok(())
    };
    if let Err(refused) = fed.await {
        let _ = sender.send(Err(refused)).await;
    }
}

type Sender = mpsc::Sender<Result<Piece, Refused>>;

/// A body as lines, none of them empty.
struct Lines<S> {
    body: S,
    buffer: Vec<u8>,
    /// How much of the buffer holds no end of a line.
    searched: usize,
    /// The number of the line that was read last.
    number: u64,
    is_over: bool,
}

impl<S: Stream<Item = Result<Bytes, axum::Error>> + Unpin> Lines<S> {
    fn new(body: S) -> Self {
        Self { body, buffer: Vec::new(), searched: 0, number: 0, is_over: false }
    }

    async fn next(&mut self) -> Result<Option<Vec<u8>>, Refused> {
        loop {
            let line = self.take();
            match line {
                Some(line) if line.trim_ascii().is_empty() => {}
                Some(line) => return Ok(Some(line)),
                None if self.is_over => return Ok(None),
                None => self.fill().await?,
            }
        }
    }

    fn take(&mut self) -> Option<Vec<u8>> {
        let end = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n').map(|at| self.searched + at + 1);
        self.searched = self.buffer.len();
        let end = end.or_else(|| (self.is_over && !self.buffer.is_empty()).then_some(self.buffer.len()))?;
        let rest = self.buffer.split_off(end);
        self.searched = 0;
        self.number += 1;
        Some(std::mem::replace(&mut self.buffer, rest))
    }

    async fn fill(&mut self) -> Result<(), Refused> {
        if self.buffer.len() > MAX_LINE {
            return Err(mistake(self.number + 1, format!("it has more than {} MiB", MAX_LINE >> 20)));
        }
        let chunk = tokio::time::timeout(SILENCE, self.body.next()).await;
        let chunk = chunk.map_err(|_| Refused::Invalid(format!("nothing came for {} seconds", SILENCE.as_secs())))?;
        match chunk {
            Some(Ok(chunk)) => self.buffer.extend_from_slice(&chunk),
            Some(Err(error)) => {
                tracing::debug!(%error, "an import was broken off");
                return Err(Refused::Invalid("the import was broken off; nothing of it was kept".to_owned()));
            }
            None => self.is_over = true,
        }
        Ok(())
    }
}

/// Reads an exported session, line by line. Pure.
struct Reader {
    name: Option<String>,
    messages: u64,
    seen: u64,
}

impl Reader {
    fn begin(line: &[u8]) -> Result<Self, Refused> {
        let foreign = |error: serde_json::Error| {
            mistake(
                1,
                format!(
                    "this is not an exported session: its first line must be `{{\"format\":\"{EXPORT_FORMAT}\",...}}` ({error})"
                ),
            )
        };
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        let named: Format = serde_json::from_slice(line).map_err(foreign)?;
        if named.format != EXPORT_FORMAT {
            return Err(mistake(1, format!("this is `{}`, not `{EXPORT_FORMAT}`", shortened(&named.format))));
        }
        if !(1..=EXPORT_VERSION).contains(&named.version) {
            let version = named.version;
            return Err(mistake(
                1,
                format!("version {version} of the format is not known here ({EXPORT_VERSION} is); upgrade first"),
            ));
        }
        let header: ExportHeader = serde_json::from_slice(line).map_err(|error| mistake(1, error.to_string()))?;
        Ok(Self { name: header.name, messages: header.messages, seen: 0 })
    }

    fn message(&mut self, line: &[u8], number: u64) -> Result<CopiedMessage, Refused> {
        if self.seen == self.messages {
            return Err(mistake(number, format!("there is more than the {} messages that the header announces", self.messages)));
        }
        let message = serde_json::from_slice(line).map_err(|error| mistake(number, error.to_string()))?;
        self.seen += 1;
        Ok(copied(message))
    }

    fn end(&self, number: u64) -> Result<(), Refused> {
        if self.seen < self.messages {
            let Self { messages, seen, .. } = self;
            return Err(mistake(number, format!("the file ends here, after {seen} of {messages} messages: it was cut short")));
        }
        Ok(())
    }
}

/// What every version of the format has.
#[derive(Deserialize)]
struct Format {
    format: String,
    version: u32,
}

fn mistake(line: u64, what: impl std::fmt::Display) -> Refused {
    Refused::Invalid(format!("line {line}: {what}; nothing of it was kept"))
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

fn exported(message: CopiedMessage) -> ExportedMessage {
    let CopiedMessage { role, content, created_at, sender, status, error, parts, attachments, untrusted, overheard, journal } =
        message;
    let status = (status != wingman_message::MessageStatus::Complete).then(|| status.into());
    let role = role.into();
    ExportedMessage { role, content, created_at, status, error, sender, parts, attachments, untrusted, overheard, journal }
}

fn copied(message: ExportedMessage) -> CopiedMessage {
    let ExportedMessage { role, content, created_at, status, error, sender, parts, attachments, untrusted, overheard, journal } =
        message;
    let status = status.map_or(wingman_message::MessageStatus::Complete, Into::into);
    CopiedMessage {
        role: role.into(),
        content,
        created_at,
        sender,
        status,
        error,
        parts,
        attachments,
        untrusted,
        overheard,
        journal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use wingman_message::{Entry, MessageStatus, Part, Role};

    fn message(content: &str) -> CopiedMessage {
        CopiedMessage {
            role: Role::Assistant,
            content: content.to_owned(),
            created_at: -5,
            sender: None,
            status: MessageStatus::Cancelled,
            error: Some(content.to_owned()),
            parts: vec![Part::Text { text: content.to_owned() }],
            attachments: vec![],
            untrusted: true,
            overheard: true,
            journal: vec![Entry::Assistant { text: content.to_owned(), calls: vec![], reasoning: None }],
        }
    }

    fn file(messages: &[CopiedMessage]) -> Vec<u8> {
        let header = format!(r#"{{"format":"wingman-session","version":1,"messages":{},"name":"n"}}"#, messages.len());
        let mut file = header.into_bytes();
        file.push(b'\n');
        file.extend(messages.iter().flat_map(|message| line(&exported(message.clone())).unwrap()));
        file
    }

    /// What comes of a file that arrives in chunks of `chunk` bytes.
    fn read(file: &[u8], chunk: usize) -> Result<Vec<CopiedMessage>, String> {
        let chunks: Vec<Result<Bytes, axum::Error>> = file.chunks(chunk).map(|part| Ok(Bytes::copy_from_slice(part))).collect();
        let mut lines = Lines::new(futures::stream::iter(chunks));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let all = runtime.block_on(async {
            let header = lines.next().await?.ok_or_else(|| Refused::Invalid("the file is empty".to_owned()))?;
            let mut reader = Reader::begin(&header)?;
            let mut all = Vec::new();
            while let Some(line) = lines.next().await? {
                all.push(reader.message(&line, lines.number)?);
            }
            reader.end(lines.number)?;
            Ok::<_, Refused>(all)
        });
        all.map_err(|refused| refused.to_string())
    }

    proptest! {
        #[test]
        fn what_was_exported_is_imported_however_it_is_cut(texts in prop::collection::vec("\\PC{0,20}|\n\r\u{0}", 0..12), chunk in 1..200_usize) {
            let messages: Vec<CopiedMessage> = texts.iter().map(|text| message(text)).collect();
            prop_assert_eq!(read(&file(&messages), chunk), Ok(messages));
        }

        #[test]
        fn a_file_that_was_cut_short_is_never_taken(texts in prop::collection::vec("[a-z]{0,9}", 1..6), cut in any::<prop::sample::Index>()) {
            let whole = file(&texts.iter().map(|text| message(text)).collect::<Vec<_>>());
            // Without its last line break it is whole still.
            let cut = cut.index(whole.len() - 1);
            prop_assert!(read(&whole[..cut], 50).is_err());
        }
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        let header = r#"{"format":"wingman-session","version":1,"messages":2}"#;
        let good = r#"{"role":"user","content":"a","createdAt":1}"#;
        for (file, told) in [
            (String::new(), "the file is empty"),
            ("hello".to_owned(), "line 1: this is not an exported session"),
            (r#"{"role":"user"}"#.to_owned(), "line 1: this is not an exported session"),
            (header.replace("wingman-session", "other"), "line 1: this is `other`, not `wingman-session`"),
            (header.replace("\"version\":1", "\"version\":2"), "line 1: version 2 of the format is not known here (1 is)"),
            (header.replace("\"messages\":2", "\"messages\":-2"), "line 1: invalid value"),
            (format!("{header}\n{good}\n"), "line 2: the file ends here, after 1 of 2 messages"),
            (format!("{header}\n{good}\n\n{{\"role\":\"robot\"}}\n"), "line 4: unknown variant `robot`"),
            (format!("{header}\n{good}\n{good}\n{good}"), "line 4: there is more than the 2 messages"),
            (format!("{header}\n{good}\n{good}x"), "line 3: trailing characters"),
        ] {
            let refused = read(file.as_bytes(), 7).unwrap_err();
            assert!(refused.starts_with(told), "{refused:?} for {told:?}");
        }
        assert_eq!(read(format!("\u{feff}{header}\r\n{good}\r\n{good}\r\n\r\n").as_bytes(), 7).unwrap().len(), 2);
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut file = file(&[]);
        file.extend(vec![b'x'; MAX_LINE + 1_000_000]);
        let refused = read(&file, 100_000).unwrap_err();
        assert!(refused.starts_with("line 2: it has more than 16 MiB"), "{refused}");
    }
}
