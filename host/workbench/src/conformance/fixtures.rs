//! The author's own cases: each gives what is expected, the same at every time, well within the limits.

use super::{Check, Snapshots};
use crate::bench::{Bench, Outcome};
use crate::expected::{self, Judged};
use crate::{Fixture, Result, difference};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// A call that takes more of its time than one part in four leaves too little for a slow machine.
const SHARE: u32 = 4;
/// Another time: a day and a bit later.
const LATER_MS: i64 = 24 * 60 * 60 * 1000 + 12_345;

pub(super) async fn checks(bench: &mut Bench, dir: &Path, cases: &[Fixture], snapshots: Snapshots) -> Result<Vec<Check>> {
    if cases.is_empty() {
        let says = format!(
            "there are none: write what comes in to {}/NAME.json, and the first test writes what comes out",
            dir.display()
        );
        return Ok(vec![Check::warn("fixtures", says)]);
    }
    let (mut checks, mut slowest) = (Vec::new(), (Duration::ZERO, ""));
    for case in cases {
        let name = format!("fixture {}", case.name);
        // The first call of all pays for what the machine has not yet warmed up.
        let first = bench.run(case).await?;
        let second = bench.run(case).await?;
        if second.took > slowest.0 {
            slowest = (second.took, &case.name);
        }
        checks.push(snapshot(&name, dir, case, &first, snapshots)?);
        checks.extend(steady(&name, &first, &second));
        let later = bench.run(&case.at(case.world.now + LATER_MS)).await?;
        checks.extend(timeless(&name, &first, &later));
    }
    let deadline = bench.manifest().limits.deadline();
    let says =
        format!("the slowest call, {}, takes {:.1} of {} ms", slowest.1, slowest.0.as_secs_f64() * 1e3, deadline.as_millis());
    checks.push(if slowest.0 * SHARE > deadline {
        Check::warn("time", format!("{says}: do less, or ask for a longer deadline-ms in [limits]"))
    } else {
        Check::pass("time", says)
    });
    Ok(checks)
}

fn snapshot(name: &str, dir: &Path, case: &Fixture, outcome: &Outcome, snapshots: Snapshots) -> Result<Check> {
    if !outcome.complaints.is_empty() {
        return Ok(Check::fail(name, outcome.complaints.join("\n")));
    }
    let judged = match expected::judge(dir, case, outcome, snapshots == Snapshots::Update) {
        Err(error @ crate::WorkbenchError::Written { .. }) => return Ok(Check::fail(name, error.to_string())),
        judged => judged?,
    };
    Ok(match judged {
        Judged::Same => Check::pass(name, "as expected"),
        Judged::Written(path) => {
            Check::pass(name, format!("what came out is written to {}: see whether it is right", path.display()))
        }
        Judged::Differs(differences) => {
            let shown: Vec<_> = differences.iter().map(ToString::to_string).collect();
            let advice = "if that is right now, `wingman plugin test --update` writes it";
            Check::fail(name, format!("another result (- expected, + found):\n{}\n{advice}", shown.join("\n")))
        }
    })
}

/// Chance has no place in what a plugin makes: a repeated delivery must make the same messages.
fn steady(name: &str, first: &Outcome, second: &Outcome) -> Option<Check> {
    let differences = difference::between(&first.result, &second.result);
    if differences.is_empty() {
        return None;
    }
    let shown: Vec<_> = differences.iter().map(ToString::to_string).collect();
    let says = format!("twice the same made two results; leave chance out, and take ids from the input:\n{}", shown.join("\n"));
    Some(Check::fail(format!("{name}, again"), says))
}

/// A message that is delivered again tomorrow is the same message.
fn timeless(name: &str, now: &Outcome, later: &Outcome) -> Option<Check> {
    if ids(&now.result) == ids(&later.result) {
        return None;
    }
    let says = "the messages' ids depend on the time: a repeated delivery is not known again then. Take them from the input, or from \
                the delivery's digest";
    Some(Check::warn(format!("{name}, a day later"), says))
}

/// The ids of the messages in a result.
fn ids(result: &Value) -> BTreeSet<String> {
    let messages = result.pointer("/ok/messages").or_else(|| result.get("ok")).and_then(Value::as_array);
    messages.into_iter().flatten().filter_map(|message| Some(message.get("id")?.as_str()?.to_owned())).collect()
}
