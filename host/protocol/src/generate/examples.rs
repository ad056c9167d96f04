//! Examples for the reference page: the golden files, which the tests hold against the types.

macro_rules! golden {
    ($name:literal) => {
        ($name, include_str!(concat!("../../tests/golden/", $name, ".json")))
    };
}

/// Name and JSON of each example.
pub(super) const EXAMPLES: [(&str, &str); 47] = [
    golden!("client.connect"),
    golden!("client.connect.full"),
    golden!("client.req-agent"),
    golden!("client.req-agent.full"),
    golden!("client.req-agent-cancel"),
    golden!("client.session-subscribe"),
    golden!("client.session-unsubscribe"),
    golden!("client.ping"),
    golden!("server.res.ready"),
    golden!("server.res.refused"),
    golden!("server.ack.queued"),
    golden!("server.ack.dequeued"),
    golden!("server.ack.cancel"),
    golden!("server.ack.subscribe"),
    golden!("server.ack.unsubscribe"),
    golden!("server.error"),
    golden!("server.pong"),
    golden!("server.event.session-message"),
    golden!("server.event.session-message.answer"),
    golden!("server.event.request-queued"),
    golden!("server.event.agent-start"),
    golden!("server.event.agent-stream"),
    golden!("server.event.agent-stream.tool-start"),
    golden!("server.event.agent-stream.tool-end"),
    golden!("server.event.agent-stream.tool-error"),
    golden!("server.event.tool-start"),
    golden!("server.event.tool-end"),
    golden!("server.event.tool-end.failed"),
    golden!("server.event.agent-snapshot"),
    golden!("server.event.agent-complete"),
    golden!("server.event.agent-error"),
    golden!("rest.SessionSummary"),
    golden!("rest.CreateSession"),
    golden!("rest.RenameSession"),
    golden!("rest.AgentSummary"),
    golden!("rest.ServerConfig"),
    golden!("rest.PluginSummary"),
    golden!("rest.ProviderSummary"),
    golden!("rest.WebhookSummary"),
    golden!("rest.CreateWebhook"),
    golden!("rest.CreatedWebhook"),
    golden!("rest.WebhookAccepted"),
    golden!("rest.AuthSession"),
    golden!("rest.LoginRequest"),
    golden!("rest.Health"),
    golden!("rest.Stats"),
    golden!("rest.Problem"),
];
