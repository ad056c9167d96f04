//! HTTP servers with bad manners, scripted byte by byte.

use crate::support::{call, failing, http, limits, ready, soon, start, start_with};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use wingman_mcp::{Limits, ServerSettings};

/// A request as it came in.
#[derive(Debug, Clone)]
struct Request {
    method: String,
    headers: String,
    body: Value,
}

impl Request {
    fn calls(&self, method: &str) -> bool {
        self.body["method"] == method
    }

    fn answer(&self, result: &Value) -> Vec<u8> {
        json_body("200 OK", "", &json!({ "jsonrpc": "2.0", "id": self.body["id"], "result": result }))
    }

    /// What a well-behaved server with one tool answers.
    fn well(&self) -> Vec<u8> {
        let greeting = json!({
            "protocolVersion": "2025-06-18", "capabilities": { "tools": {} }, "serverInfo": { "name": "raw", "version": "1" }
        });
        match self.body["method"].as_str() {
            _ if self.method != "POST" => bare("405 Method Not Allowed"),
            Some("initialize") => self.answer(&greeting),
            Some("tools/list") => self.answer(&json!({ "tools": [{ "name": "t", "inputSchema": { "type": "object" } }] })),
            Some("tools/call") => self.answer(&json!({ "content": [{ "type": "text", "text": "done" }] })),
            Some("ping") => self.answer(&json!({})),
            _ => bare("202 Accepted"),
        }
    }
}

fn bare(status: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").into_bytes()
}

fn json_body(status: &str, headers: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Serves each request with what `answer` says, and gives the address.
async fn serve(answer: impl Fn(Request) -> Vec<u8> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = Arc::clone(&answer);
            tokio::spawn(async move {
                let (request, mut stream) = read(stream).await?;
                let _ = stream.write_all(&answer(request)).await;
                let _ = stream.shutdown().await;
                Some(())
            });
        }
    });
    url
}

async fn read(stream: TcpStream) -> Option<(Request, TcpStream)> {
    let mut stream = BufReader::new(stream);
    let (mut headers, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
        if line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
            assert!(!name.is_empty());
            length = value.trim().parse().ok()?;
        }
        headers += &line.to_ascii_lowercase();
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let method = headers.split(' ').next()?.to_ascii_uppercase();
    Some((Request { method, headers, body: serde_json::from_slice(&body).unwrap_or_default() }, stream.into_inner()))
}

fn at(url: &str) -> Vec<ServerSettings> {
    vec![http("raw", url, &[("x-key", "s3cret")])]
}

fn strict() -> Limits {
    Limits { good_connection: Duration::from_secs(600), ..limits() }
}

#[tokio::test]
async fn headers_reach_the_server_and_no_other() {
    let stranger = Arc::new(AtomicUsize::new(0));
    let visits = Arc::clone(&stranger);
    let elsewhere = serve(move |request| {
        visits.fetch_add(1, Ordering::SeqCst);
        request.well()
    })
    .await;
    let url = serve(move |request| {
        assert!(request.headers.contains("x-key: s3cret"), "{}", request.headers);
        let location = format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {elsewhere}\r\n");
        if request.calls("tools/call") {
            return format!("{location}content-length: 0\r\nconnection: close\r\n\r\n").into_bytes();
        }
        request.well()
    })
    .await;
    let servers = start(at(&url));
    ready(&servers).await;
    call(&servers, "raw_t", json!({})).await.unwrap_err();
    assert_eq!(stranger.load(Ordering::SeqCst), 0, "the redirect was followed");
    soon(servers.stop()).await;
}

#[tokio::test]
async fn one_that_wants_credentials_says_so() {
    let url = serve(|_| {
        b"HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Bearer\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec()
    })
    .await;
    let servers = start(at(&url));
    let why = failing(&servers).await;
    assert_eq!(why, "it wants credentials (HTTP 401); name the variable that holds them in `headerEnv`");
    soon(servers.stop()).await;
}

#[tokio::test]
async fn what_is_no_mcp_server_is_told() {
    for page in ["HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\nconnection: close\r\n\r\nnope", "SSH-2.0-OpenSSH_9\r\n"] {
        let url = serve(move |_| page.as_bytes().to_vec()).await;
        let servers = start(at(&url));
        let why = failing(&servers).await;
        assert!(!why.is_empty() && why.len() < 500, "{why}");
        soon(servers.stop()).await;
    }
}

#[tokio::test]
async fn an_answer_without_end_is_given_up_and_the_server_goes_on() {
    let url = serve(|request| {
        if request.calls("tools/call") {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
            return [head.as_bytes(), &b"x".repeat(4 << 20)].concat();
        }
        request.well()
    })
    .await;
    let servers = start_with(at(&url), Limits { message_bytes: 1 << 20, ..strict() });
    ready(&servers).await;
    let failed = call(&servers, "raw_t", json!({})).await.unwrap_err();
    assert_eq!(failed.to_string(), "the MCP server did not take the call, or its answer was unusable");
    ready(&servers).await;
    soon(servers.stop()).await;
}

#[tokio::test]
async fn a_call_that_meets_the_end_of_its_session_is_made_in_the_next() {
    let greeted = Arc::new(AtomicUsize::new(0));
    let sessions = Arc::clone(&greeted);
    let url = serve(move |request| {
        if request.calls("initialize") {
            let session = sessions.fetch_add(1, Ordering::SeqCst);
            let result = json!({
                "protocolVersion": "2025-06-18", "capabilities": { "tools": {} }, "serverInfo": { "name": "raw", "version": "1" }
            });
            let body = json!({ "jsonrpc": "2.0", "id": request.body["id"], "result": result });
            return json_body("200 OK", &format!("mcp-session-id: s{session}\r\n"), &body);
        }
        // The server was restarted: it knows nothing of the first session once a tool is called.
        if request.calls("tools/call") && request.headers.contains("mcp-session-id: s0") {
            return bare("404 Not Found");
        }
        request.well()
    })
    .await;
    let servers = start(at(&url));
    ready(&servers).await;
    assert_eq!(call(&servers, "raw_t", json!({})).await.unwrap().text, "done");
    assert_eq!(greeted.load(Ordering::SeqCst), 2);
    soon(servers.stop()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_events_ends_the_connection() {
    let url = serve(|request| {
        if request.calls("tools/call") {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
            let event = r#"data: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}"#;
            return [head.as_bytes(), format!("{event}\n\n").repeat(20_000).as_bytes()].concat();
        }
        request.well()
    })
    .await;
    let servers = start_with(at(&url), Limits { messages_per_second: 50, ..strict() });
    ready(&servers).await;
    call(&servers, "raw_t", json!({})).await.unwrap_err();
    assert_eq!(failing(&servers).await, "it sent messages faster than anybody asked for them");
    soon(servers.stop()).await;
}
