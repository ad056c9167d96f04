//! What the tests run the generator against: the floor, in this process, and a proxy before it that does wrong on demand.

use futures::{SinkExt as _, StreamExt as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use wingman_bench::{Setup, floor};

/// A server of the test, ended with it.
pub(crate) struct Server {
    /// How to load it: half a second, no warm-up.
    pub(crate) setup: Setup,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves with what `serve` makes of a listener on a free port.
pub(crate) async fn serve<F: Future<Output = ()> + Send + 'static>(serve: impl FnOnce(TcpListener) -> F) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    let setup = Setup { seconds: 0.5, warmup: 0.0, ..Setup::new(url.parse().unwrap()) };
    Server { setup, task: tokio::spawn(serve(listener)) }
}

/// The floor, with a database.
pub(crate) async fn start_floor() -> Server {
    let data = tempfile::tempdir().unwrap();
    serve(|listener| async move { floor::serve(listener, Some(data.path())).await.unwrap() }).await
}

/// What a proxy does with frames on their way to clients.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wrong {
    /// The frame of this type and number, of all connections together, is not passed on.
    Drops(&'static str, usize),
    /// It is passed on twice.
    Repeats(&'static str, usize),
    /// Before it, this connection stands still for a while.
    Pauses(&'static str, usize, Duration),
}

/// A proxy before `server` that does one thing wrong.
pub(crate) async fn proxy(server: &Server, wrong: Wrong) -> Server {
    let url = format!("ws://{}/ws", server.setup.url.address());
    serve(move |listener| async move {
        let seen = Arc::new(AtomicUsize::new(0));
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(forward(client, url.clone(), wrong, Arc::clone(&seen)));
        }
    })
    .await
}

async fn forward(client: TcpStream, url: String, wrong: Wrong, seen: Arc<AtomicUsize>) {
    let (mut to_client, from_client) = tokio_tungstenite::accept_async(client).await.unwrap().split();
    let (server, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let (to_server, mut from_server) = server.split();
    let up = from_client.forward(to_server);
    let down = async {
        while let Some(Ok(frame)) = from_server.next().await {
            for frame in distort(frame, wrong, &seen).await {
                if to_client.send(frame).await.is_err() {
                    return;
                }
            }
        }
    };
    // The connection is over when either side has gone.
    tokio::select! { _ = up => {}, () = down => {} }
}

async fn distort(frame: Message, wrong: Wrong, seen: &AtomicUsize) -> Vec<Message> {
    let (Wrong::Drops(kind, number) | Wrong::Repeats(kind, number) | Wrong::Pauses(kind, number, _)) = wrong;
    let is_kind = frame.to_text().is_ok_and(|text| text.contains(&format!("\"type\":\"{kind}\"")));
    if !is_kind || seen.fetch_add(1, Ordering::Relaxed) + 1 != number {
        return vec![frame];
    }
    match wrong {
        Wrong::Drops(..) => vec![],
        Wrong::Repeats(..) => vec![frame.clone(), frame],
        Wrong::Pauses(_, _, pause) => {
            // The fault itself, not a wait for something.
            tokio::time::sleep(pause).await;
            vec![frame]
        }
    }
}
