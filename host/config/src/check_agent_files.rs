//! What is to be said of the agents' own files: those that are not used, and those that cannot be. Neither stops the gateway.

use crate::{
    agent_file::AgentFiles,
    problem::{Code, Place, Problem},
    tree::{Node, at_index, at_key},
};

pub(crate) fn check(root: &Node, files: &AgentFiles, problems: &mut Vec<Problem>) {
    let list = root.at(&["agents", "list"]).map(Node::elements).unwrap_or_default();
    for (index, agent) in list.iter().enumerate() {
        let Some((node, id)) = agent.get("id").and_then(|node| Some((node, node.text()?))) else { continue };
        if let Some((file, _)) = files.entries.iter().find(|(_, entry)| entry.id.as_str().eq_ignore_ascii_case(id)) {
            let message = format!("the agent \"{id}\" has a file of its own, which is not used: {}", file.display());
            let shadowed =
                Problem::new(Code::ShadowedAgent, at_key(&at_index("agents.list", index), "id"), node.place(), message);
            problems.push(shadowed.label("this one is used").help("remove one of the two"));
        }
    }
    for broken in &files.broken {
        let message = format!("the agent `{}` is not there: {broken}", broken.id);
        problems.push(Problem::new(Code::BrokenAgent, "agents", Place::File, message).help("mend its file; it is taken at once"));
    }
}
