//! Calls out: one request, from its check to its answer. The checks themselves are in `target`, `policy`, `secret` and `hop`.

use crate::connect::Connector;
use crate::exchange::{Connection, Failure, broken, read_body, wire_request};
use crate::grant::is_method;
use crate::hop::{Hop, MAX_REDIRECTS};
use crate::pool::{Key, Pool};
use crate::secret::{fill, scrubbed};
use crate::target::Target;
use crate::{EgressConfig, EgressError, Grant, Injection, Policy, Request, Resolve, Response, Result, body, headers};
use hyper::Method;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, LOCATION};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// Makes calls out. Clones share connections and trust roots.
#[derive(Clone)]
pub struct Egress {
    inner: Arc<Inner>,
}

struct Inner {
    connector: Connector,
    pool: Pool,
    default_timeout: Duration,
}

impl std::fmt::Debug for Egress {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Egress").finish_non_exhaustive()
    }
}

impl Egress {
    /// Reads the system's trust roots once.
    ///
    /// # Errors
    ///
    /// [`EgressError::Roots`] when there are none, or an extra one is unusable.
    pub fn new(config: &EgressConfig, resolver: Arc<dyn Resolve>) -> Result<Self> {
        let connector = Connector::new(config, resolver)?;
        let pool = Pool::new(config.idle_timeout);
        Ok(Self { inner: Arc::new(Inner { connector, pool, default_timeout: config.default_timeout }) })
    }

    /// Sends a request and returns whatever the other side says, error statuses too. Up to five redirects are followed, each
    /// checked like the first request. Dropping the future closes the connection.
    ///
    /// # Errors
    ///
    /// See [`EgressError`]; its text is free of secrets and says what to do.
    pub async fn send(&self, policy: &Policy, request: &Request) -> Result<Response> {
        let sent = Box::pin(self.checked_send(policy, request)).await;
        sent.map_err(|error| error.map_texts(|text| scrubbed(text, &request.secrets)))
    }

    async fn checked_send(&self, policy: &Policy, request: &Request) -> Result<Response> {
        let mut hop = first_hop(request)?;
        let grant = policy.grant(Some(hop.method.as_str()), &hop.target)?;
        let time = self.time(grant, request.timeout)?;
        fill(&mut hop, &request.secrets)?;
        let host = hop.target.host.to_string();
        let began = Instant::now();
        let answer = timeout(time, self.follow(policy, grant, hop, &request.secrets)).await;
        let response = answer.unwrap_or_else(|_| Err(EgressError::Timeout { host: host.clone(), after: time }))?;
        tracing::debug!(%host, method = %request.method, status = response.status, took = ?began.elapsed(), "called out");
        Ok(response)
    }

    /// The whole time of a call: what it asks for, within its grant.
    pub(crate) fn time(&self, grant: &Grant, asked: Option<Duration>) -> Result<Duration> {
        match asked {
            Some(asked) if asked > grant.max_timeout => Err(EgressError::NotGranted {
                what: format!("a timeout of {} ms", asked.as_millis()),
                missing: format!("the grant in plugin.toml needs `max-timeout-ms = {}`", asked.as_millis()),
            }),
            Some(asked) => Ok(asked),
            None => Ok(self.inner.default_timeout.min(grant.max_timeout)),
        }
    }

    pub(crate) fn connector(&self) -> &Connector {
        &self.inner.connector
    }

    async fn follow(&self, policy: &Policy, grant: &Grant, mut hop: Hop, secrets: &[Injection]) -> Result<Response> {
        let mut grant = grant;
        for _ in 0..=MAX_REDIRECTS {
            let addresses = self.connector().addresses(policy, &hop.target).await?;
            let (key, connection, answer) = self.ask(policy, &hop, &addresses).await?;
            let location = answer.headers().get(LOCATION).filter(|_| Hop::is_redirect(answer.status()));
            let Some(location) = location else {
                return self.read(&hop, key, connection, answer, grant.max_response).await;
            };
            let location = String::from_utf8_lossy(location.as_bytes()).into_owned();
            hop = hop.redirected(answer.status(), &location, secrets)?;
            grant = policy.grant(Some(hop.method.as_str()), &hop.target)?;
        }
        let why = format!("more than {MAX_REDIRECTS} redirects");
        Err(EgressError::BadResponse { host: hop.target.host.to_string(), why })
    }

    /// Gets the head of an answer, over a connection that waits or a new one.
    async fn ask(
        &self,
        policy: &Policy,
        hop: &Hop,
        addresses: &[SocketAddr],
    ) -> Result<(Key, Connection, hyper::Response<Incoming>)> {
        let host = hop.target.host.to_string();
        let mut request = wire_request(hop)?;
        if let Some((key, mut connection)) = self.inner.pool.take(policy, &hop.target, addresses).await {
            match connection.send(request).await {
                Ok(answer) => return Ok((key, connection, answer)),
                // The other side closed it meanwhile.
                Err(Failure::Unsent(unsent, _)) => request = *unsent,
                Err(Failure::Sent(error)) => return Err(broken(&host, &error)),
            }
        }
        let unreachable = |error: hyper::Error| EgressError::Unreachable { host: host.clone(), why: error.to_string() };
        let (wire, address) = self.connector().dial(&hop.target, addresses).await?;
        let mut connection = Connection::open(wire).await.map_err(unreachable)?;
        match connection.send(request).await {
            Ok(answer) => Ok((Key::new(policy, &hop.target, address), connection, answer)),
            Err(Failure::Unsent(_, error)) => Err(unreachable(error)),
            Err(Failure::Sent(error)) => Err(broken(&host, &error)),
        }
    }

    async fn read(
        &self,
        hop: &Hop,
        key: Key,
        connection: Connection,
        answer: hyper::Response<Incoming>,
        limit: usize,
    ) -> Result<Response> {
        let host = hop.target.host.to_string();
        let (head, body) = answer.into_parts();
        if !(200..600).contains(&head.status.as_u16()) {
            return Err(EgressError::BadResponse { host, why: format!("{} is no final status", head.status.as_u16()) });
        }
        let body = read_body(&host, body, limit).await?;
        self.inner.pool.put(key, connection);
        Ok(Response { status: head.status.as_u16(), headers: headers::readable(&head.headers), body })
    }
}

/// The request, checked, before any secret is in it.
fn first_hop(request: &Request) -> Result<Hop> {
    let bad_method =
        || EgressError::BadRequest(format!("the method {:.20?} is none; write GET, POST and the like", request.method));
    if !is_method(&request.method) {
        return Err(bad_method());
    }
    let method = Method::from_bytes(request.method.as_bytes()).map_err(|_| bad_method())?;
    let target = Target::parse(&request.url)?.expect_socket(false)?;
    let mut headers = headers::checked(&request.headers)?;
    let (body, content_type) = body::encoded(&request.body)?;
    if let Some(content_type) = content_type {
        headers.insert(CONTENT_TYPE, content_type);
    }
    Ok(Hop { method, target, headers, body, secret_headers: Vec::new(), secret_body: false })
}
