//! Many histories at once, on every core, and what they come to.

mod report;

use std::collections::BTreeSet;
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::ensure;
use clap::{Parser, ValueEnum};

use super::tally::YEAR;
use super::{Guard, Plan, Tally, live, shortest, tell};

/// How often progress is told.
const PROGRESS_EVERY: Duration = Duration::from_secs(5);

/// Failing seeds that are kept: one is mended at a time.
const FAILURES_MAX: usize = 20;

/// Lives through many years of a service and everything that can go wrong with it, and checks that nothing made it worse.
#[derive(Debug, Parser)]
#[command(name = "simulate", max_term_width = 120)]
pub struct Arguments {
    /// Hours to simulate for; may be a fraction [default: 0.5, unless years are given].
    #[arg(long, value_name = "N", value_parser = positive)]
    pub hours: Option<f64>,
    /// Ends after so many years of service.
    #[arg(long, value_name = "N")]
    pub service_years: Option<u64>,
    /// The first seed; every history has the next one. Printed, so that a run can be repeated [default: random].
    #[arg(long)]
    pub seed: Option<u64>,
    /// Threads [default: one for each core].
    #[arg(long)]
    pub threads: Option<NonZero<usize>>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
    /// Removes a guard, to see what it is for.
    #[arg(long, value_enum)]
    pub without: Option<Guard>,
    /// Days of one history.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u64).range(1..=3650))]
    pub days: u64,
    /// Lives through this one history again and prints its story; of one that fails, the shortest.
    #[arg(long, env = "SIM_SEED", value_name = "SEED")]
    pub replay: Option<u64>,
}

/// How a result is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Table,
    /// For programs.
    Json,
}

fn positive(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    if number.is_finite() && number > 0.0 { Ok(number) } else { Err("it must be above zero".to_owned()) }
}

/// What all histories came to.
struct Sum {
    tally: Tally,
    failures: Vec<u64>,
}

/// Runs what the command line asks for.
///
/// # Errors
/// When an invariant was broken, or there is no history with the seed that fails as it should.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match arguments.replay {
        Some(seed) => replay(&plan(arguments, seed)),
        None => simulate(arguments),
    }
}

fn plan(arguments: &Arguments, seed: u64) -> Plan {
    Plan { seed, span: arguments.days * super::DAY, without: arguments.without }
}

fn replay(plan: &Plan) -> anyhow::Result<()> {
    let outcome = tell(plan);
    let Some(violation) = outcome.violation else {
        println!("{}", outcome.story.unwrap_or_default());
        return Ok(());
    };
    println!("seed {} fails: {violation}", plan.seed);
    println!("its story is being shortened");
    let failure = shortest(plan);
    if let Some(failure) = &failure {
        print!("{}", report::story(failure));
    }
    anyhow::bail!("an invariant was broken")
}

fn simulate(arguments: &Arguments) -> anyhow::Result<()> {
    // Half of the range: seeds are counted up from here.
    let first = arguments.seed.unwrap_or_else(|| fastrand::u64(..u64::from(u32::MAX)));
    let hours = arguments.hours.or_else(|| arguments.service_years.is_none().then_some(0.5));
    let began = Instant::now();
    let until = hours.and_then(|hours| began.checked_add(Duration::from_secs_f64(hours * 3_600.0)));
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = arguments.threads.map_or(cores, NonZero::get);
    eprintln!("simulating on {threads} threads from seed {first}");
    let sum = live_all(arguments, first, until, threads, began);
    let took = began.elapsed();
    report::print(arguments.output, &sum, first, took)?;
    for seed in sum.failures.iter().take(1) {
        let failure = shortest(&plan(arguments, *seed));
        if let Some(failure) = &failure {
            eprint!("{}", report::story(failure));
        }
    }
    ensure!(sum.failures.is_empty(), "invariants were broken; replay one with SIM_SEED={}", sum.failures[0]);
    Ok(())
}

fn live_all(arguments: &Arguments, first: u64, until: Option<Instant>, threads: usize, began: Instant) -> Sum {
    let next = AtomicU64::new(first);
    let stop = AtomicBool::new(false);
    let years_max = arguments.service_years.map(|years| years.saturating_mul(YEAR));
    let sum = Mutex::new((Tally::default(), BTreeSet::new()));
    let (done, progress) = mpsc::channel::<()>();
    thread::scope(|scope| {
        for _ in 0..threads {
            let (next, stop, sum, done) = (&next, &stop, &sum, done.clone());
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let plan = plan(arguments, next.fetch_add(1, Ordering::Relaxed));
                    let outcome = live(&plan);
                    if outcome.violation.is_some() {
                        // A run of hours need not end before somebody can look at it.
                        eprintln!("an invariant is broken: SIM_SEED={}", plan.seed);
                    }
                    let mut sum = sum.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    sum.0.add(&outcome.tally);
                    sum.1.extend(outcome.violation.map(|_| plan.seed));
                    let enough = years_max.is_some_and(|years| sum.0.simulated_ms >= years)
                        || until.is_some_and(|until| Instant::now() >= until)
                        || sum.1.len() >= FAILURES_MAX;
                    if enough {
                        stop.store(true, Ordering::Relaxed);
                    }
                }
                drop(done);
            });
        }
        drop(done);
        while progress.recv_timeout(PROGRESS_EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
            let sum = sum.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            eprintln!("{}", report::progress(&sum.0, sum.1.len(), began.elapsed()));
        }
    });
    let (tally, failures) = sum.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    Sum { tally, failures: failures.into_iter().collect() }
}
