//! What most stories need: scripted names, a policy in a few words, and an egress.

use async_trait::async_trait;
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wingman_egress::{Egress, EgressConfig, EgressError, Grant, GrantSpec, Injection, Place, Policy, Request, Resolve, Response};

/// Names with scripted answers, one set a lookup; the last one repeats.
#[derive(Default)]
pub(crate) struct Names {
    answers: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
    pub(crate) lookups: AtomicUsize,
}

#[async_trait]
impl Resolve for Names {
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.lookups.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().unwrap();
        let script = answers.get_mut(host).ok_or_else(|| io::Error::other("no such name"))?;
        Ok(if script.len() > 1 { script.remove(0) } else { script[0].clone() })
    }
}

pub(crate) struct World {
    pub(crate) egress: Egress,
    pub(crate) names: Arc<Names>,
}

impl World {
    /// Every `*.test` name that a story uses is on this machine.
    pub(crate) fn new() -> Self {
        Self::with(&EgressConfig::default())
    }

    pub(crate) fn with(config: &EgressConfig) -> Self {
        let names = Arc::new(Names::default());
        let world = Self { egress: Egress::new(config, Arc::clone(&names) as _).unwrap(), names };
        for name in ["api.test", "other.test"] {
            world.name(name, &["127.0.0.1"]);
        }
        world
    }

    /// What `name` leads to: one item a lookup, addresses separated by blanks.
    pub(crate) fn name(&self, name: &str, answers: &[&str]) {
        let answers = answers.iter().map(|one| one.split(' ').map(|address| address.parse().unwrap()).collect()).collect();
        self.names.answers.lock().unwrap().insert(name.into(), answers);
    }

    pub(crate) fn lookups(&self) -> usize {
        self.names.lookups.load(Ordering::SeqCst)
    }

    /// GET under a policy that allows this machine.
    pub(crate) async fn get(&self, grants: &[GrantSpec], url: String) -> Result<Response, EgressError> {
        self.egress.send(&local(grants), &get(url)).await
    }
}

/// `http` to any port of the stories' servers, all paths, GET and POST.
pub(crate) fn grant(host: &str, port: u16) -> GrantSpec {
    GrantSpec {
        scheme: wingman_egress::Scheme::Http,
        host: host.into(),
        port: Some(port),
        paths: vec!["/".into()],
        methods: vec!["GET".into(), "POST".into()],
        ..GrantSpec::default()
    }
}

/// Grants, and this machine's IPv4 loopback opened.
pub(crate) fn local(grants: &[GrantSpec]) -> Policy {
    policy(grants, &["127.0.0.0/8"])
}

pub(crate) fn policy(grants: &[GrantSpec], networks: &[&str]) -> Policy {
    let grants = grants.iter().map(|spec| Grant::new(spec).unwrap()).collect();
    Policy::new(grants, networks.iter().map(|network| network.parse().unwrap()).collect())
}

pub(crate) fn get(url: String) -> Request {
    Request { method: "GET".into(), url, ..Request::default() }
}

pub(crate) fn post(url: String, body: &str) -> Request {
    let body = wingman_egress::Body::Bytes(bytes::Bytes::copy_from_slice(body.as_bytes()));
    Request { method: "POST".into(), url, body, ..Request::default() }
}

/// A secret called `token`, declared for `api.test`.
pub(crate) fn secret(value: &str, place: Place) -> Injection {
    let hosts = vec!["api.test".parse().unwrap()];
    Injection { name: "token".into(), value: value.to_owned().into(), hosts, place, prefix: String::new() }
}

/// Longer than any story may take; a story that reaches it hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
