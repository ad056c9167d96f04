//! Where a conversation is cut when its older part is summarised. Pure: a function over sizes.

/// An entry of a history, as far as the cut depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) tokens: u64,
    /// Someone wrote; all else is the agent's.
    pub(crate) is_user: bool,
}

/// How many entries to summarise, from the beginning, so that of the newest turns at most `keep` stay, and no more than `room` tokens.
/// The cut is always between two turns: no call is parted from its result. None where there is nothing to cut off.
pub(crate) fn cut(history: &[Piece], keep: usize, room: u64) -> Option<usize> {
    // A turn begins with a user's entry that follows none.
    let begins = |at: usize| {
        history.get(at).is_some_and(|piece| piece.is_user)
            && at.checked_sub(1).is_none_or(|before| !history.get(before).is_some_and(|piece| piece.is_user))
    };
    let starts: Vec<usize> = (0..history.len()).filter(|at| begins(*at)).chain([history.len()]).collect();
    // Of the turns, and the end behind them, the last `keep + 1` are where a cut may be.
    let first = starts.len().saturating_sub(keep.saturating_add(1));
    let rest = |at: usize| history.iter().skip(at).map(|piece| piece.tokens).sum::<u64>();
    starts.into_iter().skip(first).find(|at| rest(*at) <= room).filter(|at| *at > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn user(tokens: u64) -> Piece {
        Piece { tokens, is_user: true }
    }

    fn agent(tokens: u64) -> Piece {
        Piece { tokens, is_user: false }
    }

    #[test]
    fn the_newest_turns_stay_where_they_fit() {
        let history = [user(10), agent(10), user(10), agent(10), agent(10), user(10), agent(10)];
        assert_eq!(cut(&history, 2, 1_000), Some(2));
        assert_eq!(cut(&history, 1, 1_000), Some(5));
        assert_eq!(cut(&history, 2, 49), Some(5), "two turns do not fit");
        assert_eq!(cut(&history, 2, 5), Some(7), "none fits");
        assert_eq!(cut(&history, 9, 1_000), None, "all fit");
        assert_eq!(cut(&[], 2, 5), None);
    }

    #[test]
    fn messages_that_came_together_are_one_turn() {
        let history = [user(10), user(10), agent(10), user(10), user(10), agent(10)];
        assert_eq!(cut(&history, 1, 1_000), Some(3));
    }

    proptest! {
        #[test]
        fn a_cut_is_between_turns_and_what_stays_fits(
            pieces in prop::collection::vec((0_u64..1_000, any::<bool>()), 0..40), keep in 0_usize..10, room in 0_u64..10_000,
        ) {
            let history: Vec<Piece> = pieces.into_iter().map(|(tokens, is_user)| Piece { tokens, is_user }).collect();
            if let Some(at) = cut(&history, keep, room) {
                let (older, newer) = history.split_at(at);
                prop_assert!(!older.is_empty());
                prop_assert!(newer.iter().map(|piece| piece.tokens).sum::<u64>() <= room);
                prop_assert!(newer.first().is_none_or(|piece| piece.is_user), "cut inside a turn");
                let turns = newer.iter().enumerate().filter(|(at, piece)| piece.is_user && (*at == 0 || !newer[at - 1].is_user)).count();
                prop_assert!(turns <= keep);
            }
        }
    }
}
