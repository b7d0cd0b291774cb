//! The part about what waiting costs.

use super::block;
use crate::benchmark::cost::{Cost, Memory};
use crate::benchmark::idle::{Idle, Probing};
use crate::benchmark::table::table;

/// What a daemon of ours should not exceed.
const RSS_MAX_KIB: u64 = 30 * 1024;

pub(super) fn render(found: &Idle) -> String {
    let Idle { endpoints, window_s, settings, costs, probes } = found;
    format!(
        "
## The cost of waiting

{endpoints} endpoints, all healthy, every service adopted; CPU over {window_s:.0} s after a warm-up, from `/proc/PID/stat`; memory
at the end, from `smaps_rollup`: RSS, and PSS, which counts shared pages by their share. Target for each daemon of
ours: at most {} MiB of RSS; {}. Ours probes every endpoint once a second from each of three vantage points, the peers
every two seconds from one, so the CPU per probe compares them, not the CPU.

{}
{}
{}",
        RSS_MAX_KIB / 1024,
        verdict(costs),
        processes(costs),
        probing(probes),
        block(&settings.policy("policy")),
    )
}

fn is_ours(cost: &Cost) -> bool {
    cost.process.starts_with("dns-monitor") || cost.process == "failover-controller"
}

fn verdict(costs: &[Cost]) -> String {
    let above: Vec<&str> = costs
        .iter()
        .filter(|cost| is_ours(cost) && cost.memory.rss_kib > RSS_MAX_KIB)
        .map(|cost| cost.process.as_str())
        .collect();
    if above.is_empty() { "met".to_owned() } else { format!("**missed by {}**", above.join(", ")) }
}

fn processes(costs: &[Cost]) -> String {
    let mib = |kib: u64| format!("{:.1} MiB", f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1024.0);
    let rows = costs.iter().map(|cost| {
        let Cost { process, cpu: _, cpu_seconds_per_hour, memory: Memory { rss_kib, pss_kib } } = cost;
        let percent = cpu_seconds_per_hour / 36.0;
        let cpu = [format!("{cpu_seconds_per_hour:.0}"), format!("{percent:.2} %")];
        [process.clone()].into_iter().chain(cpu).chain([mib(*rss_kib), mib(*pss_kib)]).collect()
    });
    table(1, &["process", "CPU s per hour", "of one core", "RSS", "PSS"], rows)
}

fn probing(probes: &[Probing]) -> String {
    let rows = probes.iter().map(|Probing { program, per_second, cpu_us_per_probe }| {
        vec![program.clone(), format!("{per_second:.1}"), format!("{cpu_us_per_probe:.0} µs")]
    });
    table(1, &["who probes", "probes per second", "CPU per probe"], rows)
}
