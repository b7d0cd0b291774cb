//! A move, step by step.

use dns_api::timeline::{StepStatus, Timeline, TimelineStep};

use super::Width;
use super::lines;
use super::table::{indented, table};

/// What was moved, every step with its time after the first, and the total.
pub fn timeline(timeline: &Timeline, width: Width) -> String {
    let route = match (&timeline.from, &timeline.to) {
        (Some(from), Some(to)) => format!(", {from} → {to}"),
        (None, Some(to)) => format!(" to {to}"),
        (_, None) => String::new(),
    };
    let mut text = lines([format!("{} of {}{route}", timeline.kind, timeline.service)]);
    let from = format!("from {} on", timeline.counted_from());
    let total = timeline.total_ms().map(|total| ["total".to_owned(), offset(total), from]);
    let rows = timeline.steps.iter().map(row).chain(total);
    text.push_str(&indented(&table(width, ["STEP", "AFTER", "DETAIL"], rows)));
    text
}

fn row(step: &TimelineStep) -> [String; 3] {
    let after = match (step.status, step.offset_ms) {
        (_, Some(ms)) => offset(ms),
        (StepStatus::Done, None) => "done".to_owned(),
        (StepStatus::Current, None) => "now".to_owned(),
        (StepStatus::Failed, None) => "failed".to_owned(),
        (StepStatus::Pending, None) => "-".to_owned(),
    };
    let details = [step.server.clone(), step.detail.clone()];
    [step.step.as_str().to_owned(), after, details.into_iter().flatten().collect::<Vec<_>>().join(": ")]
}

fn offset(ms: i64) -> String {
    format!("{ms} ms")
}

#[cfg(test)]
mod tests {
    use dns_api::timeline::Step;

    use super::*;

    #[test]
    fn a_move_is_told_with_its_total() {
        let step = |step, ms: Option<i64>, server: Option<&str>| TimelineStep {
            step,
            status: if ms.is_some() { StepStatus::Done } else { StepStatus::Failed },
            at: None,
            offset_ms: ms,
            server: server.map(ToOwned::to_owned),
            detail: ms.is_none().then(|| "timed out".to_owned()),
        };
        let steps = vec![
            step(Step::Suspicion, Some(0), None),
            step(Step::Written, Some(712), None),
            step(Step::Served, Some(715), Some("192.0.2.53:53")),
            step(Step::Served, None, Some("198.51.100.53:53")),
        ];
        let told = Timeline {
            service: "checkout".to_owned(),
            decision: "d1".to_owned(),
            kind: "failover".to_owned(),
            from: Some("prod".to_owned()),
            to: Some("dr".to_owned()),
            steps,
        };
        let text = "\
failover of checkout, prod → dr
  STEP             AFTER   DETAIL
  first suspicion  0 ms
  write accepted   712 ms
  served           715 ms  192.0.2.53:53
  served           failed  198.51.100.53:53: timed out
  total            715 ms  from the first suspicion on
";
        assert_eq!(timeline(&told, Width::Unbounded), text);
    }
}
