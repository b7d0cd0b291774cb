//! Order statistics of measured durations.
//!
//! Percentiles are by nearest rank: the smallest value that at least so many percent of all values do not exceed. So
//! each is a value that was measured, and the p99 of fewer than a hundred values is their maximum.

use std::time::Duration;

use serde::Serialize;

/// Durations in ascending order; at least one.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    ascending: Vec<Duration>,
}

/// The figures that are shown of a sample, in milliseconds for programs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    /// How many values.
    pub(super) count: usize,
    /// The smallest.
    #[serde(rename = "minMs", serialize_with = "milliseconds")]
    pub(super) min: Duration,
    /// Half of all are not above it.
    #[serde(rename = "medianMs", serialize_with = "milliseconds")]
    pub(super) median: Duration,
    /// Nine tenths are not above it.
    #[serde(rename = "p90Ms", serialize_with = "milliseconds")]
    pub(super) p90: Duration,
    /// 99 in a hundred are not above it.
    #[serde(rename = "p99Ms", serialize_with = "milliseconds")]
    pub(super) p99: Duration,
    /// The largest.
    #[serde(rename = "maxMs", serialize_with = "milliseconds")]
    pub(super) max: Duration,
}

impl Sample {
    /// Sorts; `None` if there is no value.
    pub(super) fn of(values: impl IntoIterator<Item = Duration>) -> Option<Self> {
        let mut ascending: Vec<Duration> = values.into_iter().collect();
        ascending.sort_unstable();
        (!ascending.is_empty()).then_some(Self { ascending })
    }

    /// The nearest-rank percentile, of 1 to 100 percent.
    ///
    /// # Panics
    ///
    /// When `percent` is 0 or above 100.
    pub(super) fn percentile(&self, percent: usize) -> Duration {
        assert!((1..=100).contains(&percent), "invariant: a percentile is of 1 to 100 percent");
        let rank = (self.ascending.len() * percent).div_ceil(100);
        self.ascending[rank - 1]
    }

    /// The figures that are shown.
    pub(super) fn summary(&self) -> Summary {
        Summary {
            count: self.ascending.len(),
            min: self.ascending[0],
            median: self.percentile(50),
            p90: self.percentile(90),
            p99: self.percentile(99),
            max: self.percentile(100),
        }
    }
}

/// The figures of some durations.
///
/// # Panics
///
/// When there are none; a section without a repetition is not reported.
pub(super) fn summary(values: impl IntoIterator<Item = Duration>) -> Summary {
    Sample::of(values).expect("invariant: every section has at least one repetition").summary()
}

/// How many times `other` fits into `one`.
pub(super) fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64().max(f64::MIN_POSITIVE)
}

/// Milliseconds with microseconds behind the point: what JSON readers expect of a field named so.
pub(super) fn milliseconds<S: serde::Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((value.as_secs_f64() * 1e6).round() / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(values: impl IntoIterator<Item = u64>) -> Sample {
        Sample::of(values.into_iter().map(Duration::from_millis)).expect("values")
    }

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let hundred = sample((1..=100).rev());
        assert_eq!(hundred.percentile(50), Duration::from_millis(50));
        assert_eq!(hundred.percentile(90), Duration::from_millis(90));
        assert_eq!(hundred.percentile(99), Duration::from_millis(99));
        assert_eq!(hundred.percentile(100), Duration::from_millis(100));
        assert_eq!(hundred.percentile(1), Duration::from_millis(1));
    }

    #[test]
    fn few_values_have_their_maximum_as_p99() {
        let summary = sample([7, 3, 5]).summary();
        assert_eq!((summary.min, summary.median), (Duration::from_millis(3), Duration::from_millis(5)));
        assert_eq!((summary.p99, summary.max), (Duration::from_millis(7), Duration::from_millis(7)));
        let fifty = sample(1..=50);
        assert_eq!(fifty.percentile(99), Duration::from_millis(50));
        assert_eq!(fifty.percentile(98), Duration::from_millis(49));
        assert_eq!(fifty.percentile(50), Duration::from_millis(25));
    }

    #[test]
    fn one_value_is_every_figure_and_none_is_no_sample() {
        let one = sample([4]).summary();
        assert_eq!((one.min, one.median, one.max), (one.p90, one.p99, Duration::from_millis(4)));
        assert!(Sample::of([]).is_none());
    }

    #[test]
    fn json_has_milliseconds() {
        let summary = Sample::of([Duration::from_micros(1_500)]).expect("values").summary();
        let json = serde_json::to_value(summary).expect("JSON");
        assert_eq!(json["medianMs"], 1.5);
        assert_eq!(json["count"], 1);
    }

    #[test]
    fn ratios_divide() {
        assert!((ratio(Duration::from_secs(3), Duration::from_secs(2)) - 1.5).abs() < 1e-9);
    }
}
