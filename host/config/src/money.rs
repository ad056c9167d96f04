//! Amounts of money: exact, to the millionth of a US dollar.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The largest amount that a setting takes, in US dollars.
const MAX: f64 = 1_000_000.0;

/// An amount of US dollars, kept as millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Usd(u64);

impl Usd {
    /// The amount in millionths of a US dollar.
    #[must_use]
    pub fn micros(self) -> u64 {
        self.0
    }
}

impl TryFrom<f64> for Usd {
    type Error = &'static str;

    fn try_from(dollars: f64) -> Result<Self, Self::Error> {
        if !(0.0..=MAX).contains(&dollars) {
            return Err("an amount of US dollars is from 0 to 1000000");
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range was checked")]
        Ok(Self((dollars * 1_000_000.0).round() as u64))
    }
}

impl From<Usd> for f64 {
    fn from(amount: Usd) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "amounts stay far below what a double holds exactly")]
        let micros = amount.0 as Self;
        micros / 1_000_000.0
    }
}

impl JsonSchema for Usd {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Usd".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": 0, "maximum": 1_000_000 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_exact_to_the_millionth() {
        for (written, micros) in [(0.15, 150_000), (3.0, 3_000_000), (0.0, 0), (0.000_001, 1), (0.1 + 0.2, 300_000)] {
            let amount = Usd::try_from(written).unwrap();
            assert_eq!(amount.micros(), micros);
            assert!((f64::from(amount) - written).abs() < 1e-9);
        }
        for bad in [-0.01, f64::NAN, f64::INFINITY, 1_000_001.0] {
            assert!(Usd::try_from(bad).is_err(), "{bad}");
        }
    }
}
