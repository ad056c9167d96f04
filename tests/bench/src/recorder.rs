//! Latencies: gathered in one HDR histogram, told in microseconds.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, PoisonError};

/// Two minutes: longer than any operation is waited for.
const HIGHEST: u64 = 120_000_000_000;
/// Significant digits that are kept.
const DIGITS: u8 = 3;

/// Takes latencies from many tasks. Cheap to clone; all clones are one. The lock is a std one, held for a few nanoseconds.
#[derive(Clone)]
pub(crate) struct Recorder(Arc<Mutex<Histogram<u64>>>);

impl Recorder {
    pub(crate) fn new() -> crate::error::Result<Self> {
        let histogram = Histogram::new_with_bounds(1, HIGHEST, DIGITS)
            .map_err(|error| crate::BenchError::InvalidOption(format!("the histogram: {error}")))?;
        Ok(Self(Arc::new(Mutex::new(histogram))))
    }

    /// One latency, in nanoseconds.
    pub(crate) fn record(&self, nanos: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).saturating_record(nanos);
    }

    /// What was recorded; none where nothing was.
    pub(crate) fn latency(&self) -> Option<Latency> {
        let histogram = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let quantile = |quantile| histogram.value_at_quantile(quantile) as f64 / 1e3;
        (!histogram.is_empty()).then(|| Latency {
            samples: histogram.len(),
            mean_us: histogram.mean() / 1e3,
            p50_us: quantile(0.5),
            p90_us: quantile(0.9),
            p99_us: quantile(0.99),
            p999_us: quantile(0.999),
            max_us: histogram.max() as f64 / 1e3,
        })
    }
}

/// How long something took, in microseconds. In a paced run counted from the time it was due.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// How many were measured.
    pub samples: u64,
    /// The mean.
    pub mean_us: f64,
    /// The median.
    pub p50_us: f64,
    /// 90 of 100 were faster.
    pub p90_us: f64,
    /// 99 of 100 were faster.
    pub p99_us: f64,
    /// 999 of 1,000 were faster.
    pub p999_us: f64,
    /// The slowest.
    pub max_us: f64,
}
