//! Which session an unfinished request is in, and whose it is: what a wish to cancel needs to know.

use crate::hub::{RequestRef, lock};
use std::collections::HashMap;
use std::sync::Mutex;
use wingman_message::{ClientId, RequestId, SessionKey};

/// Unfinished requests of clients. As large as the sessions' queues together, which are bounded.
#[derive(Default)]
pub(crate) struct Requests(Mutex<HashMap<RequestId, Vec<(ClientId, SessionKey)>>>);

impl Requests {
    pub(crate) fn insert(&self, origin: &RequestRef, session: &SessionKey) {
        if let (Some(request), Some(client)) = (&origin.request, &origin.client) {
            let mut requests = lock(&self.0);
            let owners = requests.entry(request.clone()).or_default();
            if !owners.iter().any(|(owner, _)| owner == client) {
                owners.push((client.clone(), session.clone()));
            }
        }
    }

    pub(crate) fn remove(&self, origin: &RequestRef) {
        if let (Some(request), Some(client)) = (&origin.request, &origin.client) {
            let mut requests = lock(&self.0);
            if let Some(owners) = requests.get_mut(request) {
                owners.retain(|(owner, _)| owner != client);
                if owners.is_empty() {
                    requests.remove(request);
                }
            }
        }
    }

    /// The session of `client`'s request; failing that, one of another client's request with the same id.
    pub(crate) fn session_of(&self, client: &ClientId, request: &RequestId) -> Option<SessionKey> {
        let requests = lock(&self.0);
        let owners = requests.get(request)?;
        owners.iter().find(|(owner, _)| owner == client).or_else(|| owners.first()).map(|(_, session)| session.clone())
    }
}
