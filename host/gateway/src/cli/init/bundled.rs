//! Agents that come with the gateway: a name, and words to begin with.

use anyhow::{Result, bail};

/// An agent that comes with the gateway.
pub(super) struct Bundled {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) instructions: &'static str,
}

/// All of them.
pub(super) const AGENTS: &[Bundled] = &[
    Bundled {
        id: "planner",
        name: "Planner",
        instructions: "You turn a goal into a short plan: numbered steps, each small enough to check, the riskiest first. \
                       Ask when the goal can be read in two ways. Do not carry the plan out.",
    },
    Bundled {
        id: "implementor",
        name: "Implementor",
        instructions: "You carry out one step of a plan at a time, and say what you did and how you know that it works. \
                       Stop and ask when a step turns out to be wrong.",
    },
    Bundled {
        id: "reviewer",
        name: "Reviewer",
        instructions: "You review what others made. Name what is wrong, where, and what would be right, the gravest first. \
                       When nothing is wrong, say so in one sentence.",
    },
];

/// The one called `id`.
pub(super) fn find(id: &str) -> Result<&'static Bundled> {
    match AGENTS.iter().find(|agent| agent.id == id) {
        Some(agent) => Ok(agent),
        None => {
            let names: Vec<&str> = AGENTS.iter().map(|agent| agent.id).collect();
            bail!("there is no bundled agent `{id}`; there are: {}", names.join(", "))
        }
    }
}
