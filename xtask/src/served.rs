//! A program that serves over HTTP while tests run: its output in a file, waited for until it answers, stopped when dropped.

use anyhow::{Context, Result, bail};
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A first start may compile or read hundreds of megabytes, in a debug build and beside other work.
const START: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(50);
const LOG_TAIL: usize = 40;

/// The running program.
pub(crate) struct Served {
    child: Child,
    /// What it is called in errors.
    name: &'static str,
    log: PathBuf,
}

impl Served {
    /// Starts it, its output going to `log`.
    pub(crate) fn start(name: &'static str, command: &mut Command, log: &Path) -> Result<Self> {
        if let Some(folder) = log.parent() {
            fs::create_dir_all(folder)?;
        }
        let output = fs::File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let command = command.stdin(Stdio::null()).stderr(output.try_clone()?).stdout(output);
        let child = command.spawn().with_context(|| format!("cannot start {}", command.get_program().display()))?;
        Ok(Self { child, name, log: log.to_path_buf() })
    }

    /// Waits until it answers `path` well.
    pub(crate) fn wait_for(&mut self, address: SocketAddr, path: &str) -> Result<()> {
        let (name, deadline) = (self.name, Instant::now() + START);
        while !answers(address, path) {
            if let Some(status) = self.child.try_wait()? {
                bail!("the {name} ended while starting ({status}); its last words:\n{}", tail(&self.log));
            }
            if Instant::now() > deadline {
                bail!("http://{address}{path} did not answer within {START:?}; the {name}'s last words:\n{}", tail(&self.log));
            }
            sleep(POLL);
        }
        Ok(())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody to tell in either case.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port of this machine, for this machine alone.
pub(crate) fn local(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// Two ports that nobody uses now. Both are held until both are known, so that they differ.
pub(crate) fn free_ports() -> Result<[u16; 2]> {
    let held = [TcpListener::bind(local(0))?, TcpListener::bind(local(0))?];
    Ok([held[0].local_addr()?.port(), held[1].local_addr()?.port()])
}

/// Whether a GET is answered with 200.
fn answers(address: SocketAddr, path: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let patience = Duration::from_secs(2);
        let mut stream = TcpStream::connect_timeout(&address, patience)?;
        stream.set_read_timeout(Some(patience))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut status = [0; 12];
        stream.read_exact(&mut status)?;
        Ok(status.ends_with(b" 200"))
    };
    ask().unwrap_or(false)
}

fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_TAIL)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_200_counts_as_an_answer() {
        let reply = |status: &'static str| {
            let listener = TcpListener::bind(local(0)).unwrap();
            let address = listener.local_addr().unwrap();
            std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 64];
                let _ = stream.read(&mut request).unwrap();
                write!(stream, "HTTP/1.1 {status}\r\n\r\n").unwrap();
            });
            answers(address, "/health")
        };
        assert!(reply("200 OK"));
        assert!(!reply("503 Service Unavailable"));
        let [free, _] = free_ports().unwrap();
        assert!(!answers(local(free), "/"), "nobody listens");
    }

    #[test]
    fn the_two_ports_differ() {
        let [gateway, ui] = free_ports().unwrap();
        assert_ne!(gateway, ui);
    }
}
