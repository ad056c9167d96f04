//! `wingman gateway token --generate`

use anyhow::{Context, Result};

/// A token of 256 bits.
pub(crate) fn fresh() -> Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("the system gave no random bytes")?;
    Ok(format!("wm-{}", hex::encode(bytes)))
}

pub(super) fn generate() -> Result<()> {
    anstream::println!("{}", fresh()?);
    Ok(())
}
