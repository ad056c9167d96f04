//! Why a message goes where it goes, binding by binding.

use crate::{Match, Route, Router, Tier};
use wingman_message::{Peer, Place};

/// A field of a binding's condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// `channel`
    Channel,
    /// `accountId`
    Account,
    /// `guildId`
    Guild,
    /// `teamId`
    Team,
    /// `peer`
    Peer,
}

impl Field {
    /// The field's name in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Account => "accountId",
            Self::Guild => "guildId",
            Self::Team => "teamId",
            Self::Peer => "peer",
        }
    }
}

/// What became of one binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It decides.
    Won(Tier),
    /// It matches, but a more specific one decides.
    LessSpecific {
        /// Its own tier.
        tier: Tier,
        /// The deciding binding.
        winner: usize,
    },
    /// It matches as well as the deciding one, which stands earlier in the file.
    Later {
        /// Their tier.
        tier: Tier,
        /// The deciding binding.
        winner: usize,
    },
    /// It does not match.
    Mismatch {
        /// The first field that differs.
        field: Field,
        /// What the binding asks for.
        wanted: String,
        /// What the place has.
        found: Option<String>,
    },
}

/// A route, and what became of each binding, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The route.
    pub route: Route,
    /// One verdict a binding.
    pub verdicts: Vec<Verdict>,
}

impl Router {
    /// Where a message from `place` goes, and why.
    #[must_use]
    pub fn explain(&self, place: &Place) -> Explanation {
        let route = self.route(place);
        let winning_tier = route.binding.map(|index| self.bindings[index].matches.tier());
        let verdicts = self.bindings.iter().enumerate().map(|(index, binding)| {
            let tier = binding.matches.tier();
            match (mismatch(&binding.matches, place), route.binding, winning_tier) {
                (Some(mismatch), _, _) => mismatch,
                (None, Some(winner), Some(best)) if winner != index && best == tier => Verdict::Later { tier, winner },
                (None, Some(winner), _) if winner != index => Verdict::LessSpecific { tier, winner },
                (None, _, _) => Verdict::Won(tier),
            }
        });
        Explanation { verdicts: verdicts.collect(), route }
    }
}

fn mismatch(matches: &Match, place: &Place) -> Option<Verdict> {
    let peer = |peer: &Peer| format!("{}:{}", peer.kind.as_str(), peer.id);
    let fields = [
        (Field::Channel, Some(matches.channel.to_string()), Some(place.channel.to_string())),
        (Field::Account, matches.account.clone(), place.account.clone()),
        (Field::Guild, matches.guild.clone(), place.guild.clone()),
        (Field::Team, matches.team.clone(), place.team.clone()),
        (Field::Peer, matches.peer.as_ref().map(peer), place.peer.as_ref().map(peer)),
    ];
    fields.into_iter().find_map(|(field, wanted, found)| match wanted {
        Some(wanted) if Some(&wanted) != found.as_ref() => Some(Verdict::Mismatch { field, wanted, found }),
        _ => None,
    })
}
