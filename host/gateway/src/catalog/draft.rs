//! Between the words of the API and those of the configuration.

use wingman_config::{AgentEntry, Config, Context, ModelName};
use wingman_message::{AgentContext, AgentDraft, AgentId, AgentRecord, AgentSource, CatalogError};

/// What the configuration in force says of an agent; for one that has a file of its own, what the file says.
pub(super) fn record(config: &Config, id: &AgentId) -> Option<AgentRecord> {
    let agent = config.agents.get(id.as_str())?;
    let source = if agent.file.is_some() { AgentSource::File } else { AgentSource::Config };
    let Context { max_tokens, compact_at, keep_recent } = agent.context;
    let draft = AgentDraft {
        // The id is what stands for a name that was left out.
        name: Some(agent.name.clone()).filter(|name| name != agent.id.as_str()),
        description: agent.description.clone(),
        enabled: agent.enabled,
        model: Some(agent.model.as_str().to_owned()),
        tools: agent.tools.clone(),
        instructions: agent.instructions.clone(),
        context: (agent.context != Context::default()).then_some(AgentContext { max_tokens, compact_at, keep_recent }),
    };
    Some(AgentRecord { id: id.clone(), source, draft })
}

/// An agent as its file is to describe it. What the API does not know of stays as it was `before`.
pub(super) fn entry(id: &AgentId, draft: AgentDraft, before: Option<&AgentEntry>) -> Result<AgentEntry, CatalogError> {
    let AgentDraft { name, description, enabled, model, tools, instructions, context } = draft;
    let model = model.map(|model| ModelName::parse(&model)).transpose();
    let model = model.map_err(|error| CatalogError::Invalid(format!("`model`: {error}")))?;
    let context =
        context.map(|AgentContext { max_tokens, compact_at, keep_recent }| Context { max_tokens, compact_at, keep_recent });
    let own = config_id(id)?;
    Ok(AgentEntry {
        name,
        description,
        enabled,
        model,
        tools,
        instructions,
        context,
        ..before.cloned().unwrap_or_else(|| AgentEntry::new(own))
    })
}

pub(super) fn config_id(id: &AgentId) -> Result<wingman_config::AgentId, CatalogError> {
    wingman_config::AgentId::parse(id.as_str()).map_err(|error| CatalogError::Invalid(error.to_string()))
}
