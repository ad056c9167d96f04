//! The tools of the loaded plugins, as agents see them.

use crate::plugin::{Plugin, Stage};
use async_trait::async_trait;
use std::sync::Arc;
use wingman_message::{PluginFailure, Tool, ToolError, ToolInvocation, ToolOutput, ToolSpec};

/// What a model may call a tool: 64 characters, by the rule of every provider.
const MAX_NAME: usize = 64;

/// One tool of one plugin's version.
struct PluginTool {
    stage: Arc<Stage>,
    plugin: Arc<Plugin>,
    /// As the plugin calls it.
    own_name: String,
    spec: ToolSpec,
}

/// The plugin's tools, each called like the plugin and itself. Where those of two plugins still meet, the agent takes the first one.
pub(crate) fn of(stage: &Arc<Stage>, plugin: &Arc<Plugin>) -> Vec<Arc<dyn Tool>> {
    let tool = |spec: &ToolSpec| {
        let name = full_name(plugin.manifest.name.as_str(), &spec.name)?;
        let (stage, plugin) = (Arc::clone(stage), Arc::clone(plugin));
        let own_name = spec.name.clone();
        let spec = ToolSpec { name, ..spec.clone() };
        Some(Arc::new(PluginTool { stage, plugin, own_name, spec }) as Arc<dyn Tool>)
    };
    plugin.tools.iter().filter_map(tool).collect()
}

/// What to say of tools that have no name that a model could use.
pub(crate) fn too_long(plugin: &Plugin) -> Vec<String> {
    let names = plugin.tools.iter().map(|spec| &spec.name);
    let left_out = names.filter(|name| full_name(plugin.manifest.name.as_str(), name).is_none());
    left_out
        .map(|name| format!("the tool `{name}` is left out: with the plugin's its name has more than {MAX_NAME} characters"))
        .collect()
}

/// `add` of the plugin `notes` is `notes_add`; a tool that is called like its plugin, or begins so, keeps its name.
fn full_name(plugin: &str, tool: &str) -> Option<String> {
    let flat = |name: &str| name.replace(['-', '.'], "_");
    let (family, own) = (flat(plugin), flat(tool));
    let is_named = own.strip_prefix(&family).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
    // A plugin's name may have dots, a tool's may not.
    let name = if is_named { tool.to_owned() } else { format!("{}_{tool}", plugin.replace('.', "-")) };
    (name.len() <= MAX_NAME).then_some(name)
}

#[async_trait]
impl Tool for PluginTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn family(&self) -> Option<&str> {
        Some(self.plugin.manifest.name.as_str())
    }

    async fn call(&self, invocation: ToolInvocation) -> Result<ToolOutput, ToolError> {
        let cancel = invocation.cancel.clone();
        let called = cancel.run_until_cancelled(self.plugin.call(&self.stage, &self.own_name, &invocation)).await;
        match called {
            None => Err(ToolError::Failed("the call was cancelled".to_owned())),
            Some(Ok(output)) => Ok(output),
            Some(Err(PluginFailure::InvalidInput(text))) => Err(ToolError::InvalidInput(text)),
            Some(Err(failure)) => Err(ToolError::Failed(failure.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_called_like_its_plugin_and_itself() {
        assert_eq!(full_name("notes", "add").unwrap(), "notes_add");
        assert_eq!(full_name("notes", "notes_add").unwrap(), "notes_add");
        assert_eq!(full_name("notes", "notesadd").unwrap(), "notes_notesadd");
        assert_eq!(full_name("http-fetch", "http_fetch").unwrap(), "http_fetch");
        assert_eq!(full_name("my.notes", "add").unwrap(), "my-notes_add");
        assert_eq!(full_name(&"x".repeat(60), "search"), None);
    }
}
