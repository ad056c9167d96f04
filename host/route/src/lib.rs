//! Routing: from the place that a message came from to the one agent that answers it, and to its session.
//!
//! Pure and total: the same place always gets the same agent. Nothing here does I/O or knows a network by name.
//!
//! A binding matches when every field it names is equal, byte for byte, to the place's; a field it leaves out matches anything.
//! Among the matching ones the most specific wins (peer > guild or team > account > channel), and among equals the first in the
//! file. Where none matches, the default agent answers.

mod explain;

pub use explain::{Explanation, Field, Verdict};

use wingman_message::{AgentId, ChannelName, DmScope, Peer, Place, SessionKey};

/// What a binding asks of a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The network.
    pub channel: ChannelName,
    /// The gateway's account on it.
    pub account: Option<String>,
    /// The guild.
    pub guild: Option<String>,
    /// The team.
    pub team: Option<String>,
    /// The person, group or room.
    pub peer: Option<Peer>,
}

/// "What matches this goes to that agent."
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The agent.
    pub agent: AgentId,
    /// The condition.
    pub matches: Match,
    /// The agent is shown what is said around it, and not to it.
    pub context: bool,
}

/// How specific a binding is; a later one is more specific.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// It names the channel alone.
    Channel,
    /// It names an account.
    Account,
    /// It names a guild or a team.
    Community,
    /// It names a peer.
    Peer,
}

impl Tier {
    /// The tier in words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Account => "account",
            Self::Community => "guild/team",
            Self::Peer => "peer",
        }
    }
}

impl Match {
    /// How specific it is: the most specific field that it names.
    #[must_use]
    pub fn tier(&self) -> Tier {
        if self.peer.is_some() {
            Tier::Peer
        } else if self.guild.is_some() || self.team.is_some() {
            Tier::Community
        } else if self.account.is_some() {
            Tier::Account
        } else {
            Tier::Channel
        }
    }

    /// Whether `place` has all that this asks for.
    #[must_use]
    pub fn accepts(&self, place: &Place) -> bool {
        fn fits<T: PartialEq>(wanted: Option<&T>, found: Option<&T>) -> bool {
            wanted.is_none() || wanted == found
        }
        self.channel == place.channel
            && fits(self.account.as_ref(), place.account.as_ref())
            && fits(self.guild.as_ref(), place.guild.as_ref())
            && fits(self.team.as_ref(), place.team.as_ref())
            && fits(self.peer.as_ref(), place.peer.as_ref())
    }
}

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The agent.
    pub agent: AgentId,
    /// Its session.
    pub session: SessionKey,
    /// The winning binding's place in the file, from 0; none where the default agent answers.
    pub binding: Option<usize>,
    /// The agent is shown what is said around it, and not to it.
    pub context: bool,
}

/// All bindings of a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Router {
    default: AgentId,
    bindings: Vec<Binding>,
    dm_scope: DmScope,
}

impl Router {
    /// A router over `bindings`, in the order of the file.
    #[must_use]
    pub fn new(default: AgentId, bindings: Vec<Binding>, dm_scope: DmScope) -> Self {
        Self { default, bindings, dm_scope }
    }

    /// The agent that answers where no binding matches.
    #[must_use]
    pub fn default_agent(&self) -> &AgentId {
        &self.default
    }

    /// Where a message from `place` goes.
    #[must_use]
    pub fn route(&self, place: &Place) -> Route {
        let binding = self.winner(place);
        let agent = binding.map_or(&self.default, |index| &self.bindings[index].agent);
        let context = binding.is_none_or(|index| self.bindings[index].context);
        Route { agent: agent.clone(), session: self.session(agent, place), binding, context }
    }

    /// The session that `agent` keeps for `place`, whichever agent routing would choose.
    #[must_use]
    pub fn session(&self, agent: &AgentId, place: &Place) -> SessionKey {
        SessionKey::for_place(agent, place, self.dm_scope)
    }

    fn winner(&self, place: &Place) -> Option<usize> {
        let mut best: Option<(Tier, usize)> = None;
        for (index, binding) in self.bindings.iter().enumerate() {
            let tier = binding.matches.tier();
            // Strictly greater: among equals the first in the file stays.
            if best.is_none_or(|(so_far, _)| tier > so_far) && binding.matches.accepts(place) {
                best = Some((tier, index));
            }
        }
        best.map(|(_, index)| index)
    }
}
