//! Packages from a web server and from files: what is followed, what is too much, what is refused before anything is asked.

use crate::support::package;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use tempfile::TempDir;
use wingman_package::{Credentials, PackageError, Source, fetch};

/// A server on a free port that gives one answer to whoever asks, for as long as the test lives.
fn server(answer: impl Fn(&str, &mut TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let request = lines.next().unwrap_or_default();
            lines.find(String::is_empty);
            answer(&request, &mut stream);
        }
    });
    address
}

fn respond(stream: &mut TcpStream, head: &str, body: &[u8]) {
    let head = format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n");
    // A client that has seen enough hangs up.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
}

async fn get(url: &str) -> Result<Vec<u8>, PackageError> {
    fetch(&Source::parse(url).unwrap(), &Credentials::Anonymous).await
}

#[tokio::test]
async fn a_package_comes_as_it_lies_on_the_server() {
    let bytes = package("mail", "1.0.0", "code");
    let served = bytes.clone();
    let address = server(move |request, stream| {
        assert!(request.starts_with("GET /mail-1.0.0.wmpkg "), "{request}");
        respond(stream, &format!("200 OK\r\ncontent-length: {}", served.len()), &served);
    });
    assert_eq!(get(&format!("http://{address}/mail-1.0.0.wmpkg")).await.unwrap(), bytes);
}

#[tokio::test]
async fn a_redirect_into_the_clear_is_not_followed() {
    let target = server(|_, stream| respond(stream, "200 OK", b"stolen"));
    let address = server(move |_, stream| respond(stream, &format!("302 Found\r\nlocation: http://{target}/x"), b""));
    let Err(PackageError::Fetch { why, .. }) = get(&format!("http://{address}/x")).await else { panic!("it was followed") };
    assert!(why.contains("not https://"), "{why}");
}

#[tokio::test]
async fn a_length_that_is_too_much_is_refused_before_the_body_is_read() {
    let address = server(|_, stream| respond(stream, "200 OK\r\ncontent-length: 99999999999", b""));
    assert!(matches!(get(&format!("http://{address}/x")).await, Err(PackageError::PackageTooLarge { .. })));
}

#[tokio::test]
async fn a_body_without_end_is_cut_off() {
    let address = server(|_, stream| {
        respond(stream, "200 OK", b"");
        let megabyte = vec![0; 1 << 20];
        while stream.write_all(&megabyte).is_ok() {}
    });
    assert!(matches!(get(&format!("http://{address}/x")).await, Err(PackageError::PackageTooLarge { .. })));
}

#[tokio::test]
async fn an_error_and_a_cut_connection_are_no_package() {
    let missing = server(|_, stream| respond(stream, "404 Not Found\r\ncontent-length: 0", b""));
    let Err(PackageError::Fetch { from, why }) = get(&format!("http://{missing}/x?token=secret")).await else { panic!() };
    assert!(why.contains("404") && !why.contains("secret") && !from.contains("secret"), "{from}: {why}");
    let cut = server(|_, stream| respond(stream, "200 OK\r\ncontent-length: 100", b"half"));
    assert!(matches!(get(&format!("http://{cut}/x")).await, Err(PackageError::Fetch { .. })));
}

#[tokio::test]
async fn a_file_is_read_and_a_pipe_or_a_folder_is_not() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("mail-1.0.0.wmpkg");
    fs::write(&path, package("mail", "1.0.0", "code")).unwrap();
    assert_eq!(get(path.to_str().unwrap()).await.unwrap(), fs::read(&path).unwrap());
    let pipe = dir.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR, 0)
        .unwrap();
    for bad in [pipe.as_path(), dir.path(), &dir.path().join("missing")] {
        assert!(matches!(get(bad.to_str().unwrap()).await, Err(PackageError::Io { .. })), "{}", bad.display());
    }
}
