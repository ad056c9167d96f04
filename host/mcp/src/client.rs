//! This side of the protocol: what the gateway says of itself, and what it does for servers, which is next to nothing.

use rmcp::RoleClient;
use rmcp::model::{
    ClientCapabilities, ClientConfig, ClientResult, ElicitResult, ElicitationAction, ErrorCode, ErrorData, Implementation,
    ProtocolVersion, ServerNotification, ServerRequest,
};
use rmcp::service::{NotificationContext, RequestContext, Service};

/// Answers servers. Pings are answered; a question for a person is declined. Models (sampling) and folders (roots) are not offered,
/// as the capabilities say: to ask for them all the same is to call an unknown method.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client;

impl Service<RoleClient> for Client {
    async fn handle_request(&self, request: ServerRequest, _: RequestContext<RoleClient>) -> Result<ClientResult, ErrorData> {
        match request {
            ServerRequest::PingRequest(_) => Ok(ClientResult::empty(())),
            ServerRequest::ElicitRequest(_) => Ok(ClientResult::ElicitResult(ElicitResult::new(ElicitationAction::Decline))),
            _ => Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, "this client offers no such thing", None)),
        }
    }

    async fn handle_notification(&self, _: ServerNotification, _: NotificationContext<RoleClient>) -> Result<(), ErrorData> {
        // What matters was taken from the wire by the guard.
        Ok(())
    }

    fn get_info(&self) -> ClientConfig {
        let implementation = Implementation::new("wingman-gateway", env!("CARGO_PKG_VERSION"));
        ClientConfig::new(ClientCapabilities::default(), implementation)
            .with_protocol_version(ProtocolVersion::LATEST_WITH_INITIALIZE)
    }
}

/// Whether the gateway speaks this version of the protocol.
pub(crate) fn speaks(version: &ProtocolVersion) -> bool {
    version.has_initialize() && ProtocolVersion::KNOWN_VERSIONS.contains(version)
}
