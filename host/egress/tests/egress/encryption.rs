//! TLS: who is believed.

use crate::server::{Answer, Server, response};
use crate::world::{World, get, grant, local};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wingman_egress::{Egress, EgressConfig, EgressError, GrantSpec, Policy, Scheme, SystemResolver, roots_from_pem};

/// A server that proves to be `name`, and the PEM of who says so.
async fn server(name: &str) -> (Server, String) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed([name.to_owned()]).unwrap();
    let chain = vec![CertificateDer::from(cert.der().to_vec())];
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let server = Server::start_with(Some(Arc::new(config).into()), |_| Answer::Whole(response("200 OK", "", "sealed"))).await;
    (server, cert.pem())
}

fn trusting(pem: &str) -> World {
    World::with(&EgressConfig { extra_roots: roots_from_pem(pem.as_bytes()).unwrap(), ..EgressConfig::default() })
}

fn https(port: u16) -> Policy {
    local(&[GrantSpec { scheme: Scheme::Https, ..grant("api.test", port) }])
}

#[tokio::test]
async fn a_trusted_server_is_called_and_its_connection_kept() {
    let (server, pem) = server("api.test").await;
    let (world, port) = (trusting(&pem), server.address.port());
    let policy = https(port);
    for _ in 0..2 {
        let response = world.egress.send(&policy, &get(format!("https://api.test:{port}/"))).await.unwrap();
        assert_eq!(&response.body[..], b"sealed");
    }
    assert_eq!(server.seen().opened, 1);
}

#[tokio::test]
async fn a_stranger_and_a_wrong_name_are_not_believed() {
    let (stranger, _) = server("api.test").await;
    let (misnamed, pem) = server("elsewhere.test").await;
    for (server, pem) in [(stranger, &pem), (misnamed, &pem)] {
        let port = server.address.port();
        let refused = trusting(pem).egress.send(&https(port), &get(format!("https://api.test:{port}/"))).await;
        assert!(matches!(refused, Err(EgressError::Tls { .. })), "{refused:?}");
        assert!(server.seen().requests.is_empty());
    }
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(&response("400 Bad Request", "", "this port speaks HTTP")).await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    let refused = World::new().egress.send(&https(port), &get(format!("https://api.test:{port}/"))).await;
    assert!(matches!(refused, Err(EgressError::Tls { .. })), "{refused:?}");
}

#[test]
fn roots_that_are_none_are_said_to_be() {
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(roots_from_pem(b"nothing"), Err(EgressError::Roots(_))));
    let config = EgressConfig { extra_roots: roots_from_pem(garbage.as_bytes()).unwrap(), ..EgressConfig::default() };
    let refused = Egress::new(&config, Arc::new(SystemResolver::default()));
    assert!(matches!(refused, Err(EgressError::Roots(_))));
}
