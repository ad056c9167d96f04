//! What a request cost, from the operator's own list of prices. There is no list here: prices change, and a stale one lies.

use wingman_message::Usage;

/// What a model's tokens cost, in millionths of a US dollar a million tokens (`150_000` is 0.15 USD).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// Tokens read; those written to a provider's cache count as these.
    pub input: u64,
    /// Tokens read from the provider's cache; none where they cost as much as the others.
    pub cached_input: Option<u64>,
    /// Tokens written.
    pub output: u64,
}

impl Price {
    /// The price of `usage`, in millionths of a US dollar, rounded to the nearest.
    pub(crate) fn of(&self, usage: &Usage) -> u64 {
        let cached = usage.cached_input_tokens.min(usage.input_tokens);
        let fresh = usage.input_tokens - cached;
        let parts = [(fresh, self.input), (cached, self.cached_input.unwrap_or(self.input)), (usage.output_tokens, self.output)];
        let sum: u128 = parts.iter().map(|(tokens, price)| u128::from(*tokens) * u128::from(*price)).sum();
        u64::try_from((sum + 500_000) / 1_000_000).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cached_tokens_have_a_price_of_their_own_or_that_of_the_others() {
        let usage = Usage { input_tokens: 1_000, cached_input_tokens: 400, output_tokens: 10, ..Usage::default() };
        let price = Price { input: 3_000_000, cached_input: Some(300_000), output: 15_000_000 };
        assert_eq!(price.of(&usage), 600 * 3 + 120 + 150);
        assert_eq!(Price { cached_input: None, ..price }.of(&usage), 3_000 + 150);
    }

    proptest! {
        #[test]
        fn more_tokens_never_cost_less(input: u32, more: u32, cached: u32, output: u32, price in 0..10_000_000_u64) {
            let price = Price { input: price, cached_input: Some(price / 10), output: price * 5 };
            let usage = |input: u64| Usage {
                input_tokens: input,
                cached_input_tokens: u64::from(cached),
                output_tokens: u64::from(output),
                ..Usage::default()
            };
            prop_assert!(price.of(&usage(u64::from(input))) <= price.of(&usage(u64::from(input) + u64::from(more))));
        }
    }
}
