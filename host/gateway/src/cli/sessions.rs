//! `wingman sessions`: the conversations of the gateway that runs.

mod transfer;

use super::running::{Gateway, answered};
use crate::{settings, show};
use anyhow::Result;
use clap::{Args, Subcommand};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, RequestBuilder};
use serde::de::DeserializeOwned;
use std::path::Path;
use wingman_config::Overrides;
use wingman_message::{AgentId, MessageId, SessionKey};
use wingman_protocol::rest::{NEXT_CURSOR_HEADER, SEARCH_INCOMPLETE_HEADER};
use wingman_protocol::{ForkSession, RenameSession, Role, SearchHit, SessionSummary, StoredMessage};

/// How many are asked for at once.
const PAGE: usize = 100;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// List the sessions, the newest first
    List(List),
    /// Show the newest messages of a session
    Show(Show),
    /// Find what was said: every word must be there, case and accents do not count
    Search(Search),
    /// Give a session another name
    Rename {
        /// The session's key, such as agent:main:main
        session: SessionKey,
        /// Its new name
        name: String,
    },
    /// Delete a session with all that was said in it
    Delete {
        /// The session's key
        session: SessionKey,
    },
    /// Write a session into a file, one message a line
    Export(transfer::Export),
    /// Make a session of an exported one
    Import(transfer::Import),
    /// Make a session of what was said up to a message
    Fork(Fork),
}

#[derive(Args)]
pub(crate) struct List {
    /// Only those of this agent
    #[arg(long, value_name = "ID")]
    agent: Option<AgentId>,
    /// Only those whose name, key or newest words hold this
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// How many at most
    #[arg(long, default_value_t = 50)]
    limit: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct Show {
    /// The session's key
    session: SessionKey,
    /// How many messages at most
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct Search {
    /// What to look for
    #[arg(required = true, num_args = 1..)]
    text: Vec<String>,
    /// Only in sessions of this agent
    #[arg(long, value_name = "ID")]
    agent: Option<AgentId>,
    /// How many hits at most
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct Fork {
    /// The session's key
    session: SessionKey,
    /// The last message that the new session shall have [default: the newest]
    #[arg(long, value_name = "ID")]
    message: Option<MessageId>,
    /// The new session's name
    #[arg(long)]
    name: Option<String>,
}

impl Command {
    pub(crate) fn run(self, config: Option<&Path>) -> Result<()> {
        let gateway = Gateway::required(&settings::load(config, &Overrides::default())?)?;
        match self {
            Self::List(args) => args.run(&gateway),
            Self::Show(args) => args.run(&gateway),
            Self::Search(args) => args.run(&gateway),
            Self::Rename { session, name } => rename(&gateway, &session, name),
            Self::Delete { session } => delete(&gateway, &session),
            Self::Export(args) => args.run(&gateway),
            Self::Import(args) => args.run(&gateway),
            Self::Fork(args) => args.run(&gateway),
        }
    }
}

impl List {
    fn run(self, gateway: &Gateway) -> Result<()> {
        let Self { agent, text, limit, json } = self;
        let query = [("agentId", agent.map(String::from)), ("q", text)];
        let Pages { found, .. } = pages::<SessionSummary>(gateway, "/api/sessions", &query, limit)?;
        if json {
            return show::json(&found);
        }
        let rows = found.into_iter().map(|session| {
            let running = if session.running { show::good("running") } else { String::new() };
            [session.id.to_string(), printable(&session.name), session.message_count.to_string(), running]
        });
        show::table(["SESSION", "NAME", "MESSAGES", ""], rows);
        Ok(())
    }
}

impl Show {
    fn run(self, gateway: &Gateway) -> Result<()> {
        let Self { session, limit, json } = self;
        let mut found = Vec::new();
        // The newest page comes first, each in order of time.
        for page in pages_of::<StoredMessage>(gateway, &path(&session, "/messages"), &[], limit)?.0 {
            found.splice(0..0, page);
        }
        if json {
            return show::json(&found);
        }
        for message in found {
            let who = if message.role == Role::Assistant { show::good("agent") } else { "user".to_owned() };
            anstream::println!("{who}  {}\n{}\n", show::faint(&message.id.to_string()), printable(&message.content));
        }
        Ok(())
    }
}

impl Search {
    fn run(self, gateway: &Gateway) -> Result<()> {
        let Self { text, agent, limit, json } = self;
        let query = [("agentId", agent.map(String::from)), ("q", Some(text.join(" ")))];
        let Pages { found, is_incomplete } = pages::<SearchHit>(gateway, "/api/search", &query, limit)?;
        if json {
            return show::json(&found);
        }
        for hit in &found {
            anstream::println!("{}  {}", show::faint(hit.session_id.as_str()), printable(&hit.session_name));
            let parts = hit.snippet.iter().map(|part| {
                let text = printable(&part.text).replace('\n', " ");
                if part.hit { show::good(&text) } else { text }
            });
            anstream::println!("  {}\n", parts.collect::<String>());
        }
        if found.is_empty() {
            anstream::println!("Nothing was found.");
        }
        if is_incomplete {
            anstream::eprintln!("{}", show::faint("Old messages are still being made searchable: there may be more."));
        }
        Ok(())
    }
}

impl Fork {
    fn run(self, gateway: &Gateway) -> Result<()> {
        let Self { session, message, name } = self;
        let message_id = match message {
            Some(message) => message,
            None => newest(gateway, &session)?,
        };
        let request = gateway.request(Method::POST, &path(&session, "/fork")).json(&ForkSession { message_id, name });
        let made: SessionSummary = gateway.json(request)?;
        anstream::println!("{}  {}", show::good("forked"), made.id);
        Ok(())
    }
}

fn rename(gateway: &Gateway, session: &SessionKey, name: String) -> Result<()> {
    let request = gateway.request(Method::PUT, &path(session, "")).json(&RenameSession { name });
    let renamed: SessionSummary = gateway.json(request)?;
    anstream::println!("{}  {} is called {}", show::good("renamed"), renamed.id, printable(&renamed.name));
    Ok(())
}

fn delete(gateway: &Gateway, session: &SessionKey) -> Result<()> {
    gateway.wait(async { answered(gateway.request(Method::DELETE, &path(session, ""))).await })?;
    anstream::println!("{}  {session}", show::good("deleted"));
    Ok(())
}

fn newest(gateway: &Gateway, session: &SessionKey) -> Result<MessageId> {
    let found = pages::<StoredMessage>(gateway, &path(session, "/messages"), &[], 1)?.found;
    found
        .first()
        .map(|message| message.id)
        .ok_or_else(|| anyhow::anyhow!("nothing was said in {session} yet: there is nothing to fork"))
}

/// What is behind `/api/sessions/<session>`.
fn path(session: &SessionKey, rest: &str) -> String {
    format!("/api/sessions/{}{rest}", utf8_percent_encode(session.as_str(), NON_ALPHANUMERIC))
}

/// What came of a list.
struct Pages<T> {
    found: Vec<T>,
    is_incomplete: bool,
}

fn pages<T: DeserializeOwned>(gateway: &Gateway, path: &str, query: &[(&str, Option<String>)], limit: usize) -> Result<Pages<T>> {
    let (pages, is_incomplete) = pages_of(gateway, path, query, limit)?;
    Ok(Pages { found: pages.into_iter().flatten().collect(), is_incomplete })
}

/// The pages of a list, with at most `limit` entries in all, and whether the gateway says that there may be more.
fn pages_of<T: DeserializeOwned>(
    gateway: &Gateway,
    path: &str,
    query: &[(&str, Option<String>)],
    limit: usize,
) -> Result<(Vec<Vec<T>>, bool)> {
    let (mut pages, mut left, mut cursor, mut is_incomplete) = (Vec::new(), limit, None::<String>, false);
    while left > 0 {
        let mut all: Vec<(&str, String)> = query.iter().filter_map(|(key, value)| Some((*key, value.clone()?))).collect();
        all.push(("limit", left.min(PAGE).to_string()));
        all.extend(cursor.take().map(|cursor| ("cursor", cursor)));
        let request = gateway.request(Method::GET, &with_query(path, &all));
        let (page, next, incomplete) = gateway.wait(page::<T>(request))?;
        left = left.saturating_sub(page.len());
        is_incomplete |= incomplete;
        pages.push(page);
        match next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    Ok((pages, is_incomplete))
}

async fn page<T: DeserializeOwned>(request: RequestBuilder) -> Result<(Vec<T>, Option<String>, bool)> {
    let response = answered(request).await?;
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (next, incomplete) = (header(NEXT_CURSOR_HEADER), header(SEARCH_INCOMPLETE_HEADER).is_some());
    Ok((response.json().await?, next, incomplete))
}

fn with_query(path: &str, query: &[(&str, String)]) -> String {
    let pairs = query.iter().map(|(key, value)| format!("{key}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
    format!("{path}?{}", pairs.collect::<Vec<_>>().join("&"))
}

/// What strangers wrote must not speak to the terminal: no control characters but line breaks and tabs.
fn printable(text: &str) -> String {
    text.chars().filter(|character| matches!(character, '\n' | '\t') || !character.is_control()).collect()
}
