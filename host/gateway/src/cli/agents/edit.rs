//! An agent in the user's editor: as its file shows it, and read back in the same way.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use wingman_config::{AgentEntry, AgentId, ModelName, parse_agent, render_agent};
use wingman_protocol::AgentDetails;

/// The name that editors know the kind of text by.
const FILE: &str = "agent.md";

/// What the user made of an agent. The text stays until it is forgotten: what is refused is not lost.
pub(super) struct Edited {
    /// A body of the API.
    pub(super) body: Value,
    folder: PathBuf,
}

impl Edited {
    /// Where the text is.
    pub(super) fn still_there(&self) -> String {
        format!("your text is still in {}", self.folder.join(FILE).display())
    }

    /// Removes the text.
    pub(super) fn forget(self) {
        // What is left behind is for whoever tidies up temporary files.
        let _ = std::fs::remove_dir_all(self.folder);
    }
}

/// What the user makes of the agent; none where that is what it was.
pub(super) fn in_editor(agent: &AgentDetails) -> Result<Option<Edited>> {
    let editor = ["VISUAL", "EDITOR"].into_iter().find_map(|name| std::env::var(name).ok().filter(|editor| !editor.is_empty()));
    let Some(editor) = editor else {
        bail!("set the variable EDITOR to edit an agent there, or say what to change: see `wingman agents edit --help`");
    };
    let before = render_agent(&entry(agent)?);
    let folder = tempdir()?;
    let mut edited = Edited { body: Value::Null, folder };
    let file = edited.folder.join(FILE);
    let after = edit(&editor, &file, &before)?;
    if after == before {
        edited.forget();
        return Ok(None);
    }
    let read = parse_agent(&file, &entry(agent)?.id, &after).with_context(|| edited.still_there())?;
    let AgentEntry { name, description, enabled, model, tools, instructions, context, .. } = read;
    edited.body = json!({
        "name": name,
        "description": description,
        "enabled": enabled,
        "model": model.as_ref().map(ModelName::as_str),
        "tools": tools,
        "instructions": instructions,
        "context": context,
    });
    Ok(Some(edited))
}

fn edit(editor: &str, file: &Path, text: &str) -> Result<String> {
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    // People put options into the variable.
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or(editor);
    let status = Command::new(program).args(words).arg(file).status().with_context(|| format!("cannot run {editor}"))?;
    if !status.success() {
        bail!("the editor ended with {status}; nothing was changed");
    }
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

/// A folder that only this user can enter.
fn tempdir() -> Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt as _;
    let mut random = [0; 8];
    getrandom::fill(&mut random).context("the system gave no random bytes")?;
    let folder = std::env::temp_dir().join(format!("wingman-{}", hex::encode(random)));
    std::fs::DirBuilder::new().mode(0o700).create(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

fn entry(agent: &AgentDetails) -> Result<AgentEntry> {
    let context = agent.context.map(|context| wingman_config::Context {
        max_tokens: context.max_tokens,
        compact_at: context.compact_at,
        keep_recent: usize::try_from(context.keep_recent).unwrap_or(usize::MAX),
    });
    Ok(AgentEntry {
        name: Some(agent.name.clone()).filter(|name| name != agent.id.as_str()),
        description: agent.description.clone(),
        enabled: agent.enabled,
        model: Some(ModelName::parse(&agent.model)?),
        tools: agent.tools.clone(),
        instructions: agent.instructions.clone(),
        context,
        ..AgentEntry::new(AgentId::parse(agent.id.as_str())?)
    })
}
