//! The fan-out through a real NATS server, where one is installed.

use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use wingman_bench::Setup;
use wingman_bench::modes::fan_out::{self, Options, Wire};

struct Nats(Child);

impl Drop for Nats {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_fan_out_through_nats_is_counted_like_ours() {
    let folder = tempfile::tempdir().unwrap();
    let [client, socket] = [free_port().await, free_port().await];
    let config = folder.path().join("nats.conf");
    let text = format!(
        "listen: \"127.0.0.1:{client}\"\nwebsocket {{ listen: \"127.0.0.1:{socket}\", no_tls: true, compression: false }}\n"
    );
    std::fs::write(&config, text).unwrap();
    let mut command = Command::new("nats-server");
    command.arg("-c").arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(server) = command.spawn() else {
        println!("skipped: nats-server is not installed");
        return;
    };
    let _server = Nats(server);
    let url = format!("ws://127.0.0.1:{socket}/");
    let setup = Setup { seconds: 0.5, warmup: 0.0, ..Setup::new(url.parse().unwrap()) };
    let listens = async { while TcpStream::connect(setup.url.address()).await.is_err() {} };
    tokio::time::timeout(Duration::from_secs(10), listens).await.unwrap();

    let saturated = fan_out::run(&setup, &Options { publishers: 2, ..Options::rooms(2, 10) }, Wire::Nats).await.unwrap();
    assert_eq!(saturated.all_problems().count(), 0, "{saturated}");
    assert!(saturated.figures["messagesSent"] > 500.0, "{saturated}");
    let paced = fan_out::run(&setup, &Options { rate: Some(100.0), ..Options::rooms(1, 5) }, Wire::Nats).await.unwrap();
    assert_eq!(paced.latency["delivery"].samples as f64, paced.figures["messagesSent"] * 4.0, "{paced}");
}

/// A port that was free a moment ago.
async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}
