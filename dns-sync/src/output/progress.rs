//! How far something is that takes long: a bar on a terminal, a line now and then elsewhere, nothing for programs.

use std::io::{self, IsTerminal as _};
use std::pin::pin;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::{Instant, timeout};

use super::Output;

/// Between two lines where there is no terminal: logs stay readable, and nobody takes the program for dead.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Between two looks at something that does not tell by itself how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What takes long.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    /// What is done.
    pub(crate) about: String,
    /// What is counted.
    pub(crate) unit: &'static str,
    /// How many there are, if that is known.
    pub(crate) total: Option<usize>,
}

/// Tells how far a task is. Dropped, it takes its bar away.
#[derive(Debug)]
pub(crate) struct Progress<'o> {
    task: Task,
    started: Instant,
    shown: Shown<'o>,
}

#[derive(Debug)]
enum Shown<'o> {
    Bar(ProgressBar),
    Lines { output: &'o Output, last: Mutex<Instant> },
    Nothing,
}

impl Output {
    /// Begins to tell how far something is.
    pub(crate) fn progress(&self, task: Task) -> Progress<'_> {
        let started = Instant::now();
        let shown = if !self.tells_progress {
            Shown::Nothing
        } else if io::stderr().is_terminal() {
            Shown::Bar(self.bars.add(bar(task.total)))
        } else {
            Shown::Lines { output: self, last: Mutex::new(started) }
        };
        Progress { task, started, shown }
    }

    /// Does something, and tells meanwhile how far `done` says that it is.
    pub(crate) async fn while_doing<T>(
        &self,
        task: Task,
        done: impl Fn() -> usize,
        work: impl Future<Output = T>,
    ) -> T {
        let progress = self.progress(task);
        let mut work = pin!(work);
        loop {
            match timeout(LOOK_EVERY, &mut work).await {
                Ok(came) => return came,
                Err(_) => progress.at(done()),
            }
        }
    }
}

impl Progress<'_> {
    /// So many are done.
    pub(crate) fn at(&self, done: usize) {
        let text = || line(&self.task, done, self.started.elapsed());
        match &self.shown {
            Shown::Bar(bar) => {
                bar.set_position(done as u64);
                bar.set_message(super::clean(&text()));
            }
            Shown::Lines { output, last } => {
                let mut last = last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                if last.elapsed() >= LINE_EVERY {
                    *last = Instant::now();
                    // A line that cannot be written ends nothing.
                    drop(output.note(&text()));
                }
            }
            Shown::Nothing => {}
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}

fn bar(total: Option<usize>) -> ProgressBar {
    // `wide_msg` is cut at the terminal's edge: a line that wraps could not be taken away again.
    let template = if total.is_some() { "[{bar:10}] {wide_msg}" } else { "{spinner} {wide_msg}" };
    let style = ProgressStyle::with_template(template).expect("invariant: the template names what there is");
    // Whoever shows it together with others says where.
    let bar = ProgressBar::with_draw_target(total.map(|total| total as u64), ProgressDrawTarget::hidden());
    bar.with_style(style.progress_chars("=> "))
}

/// How far it is, in words: with the rate and the time that is left, as soon as they can be told.
fn line(Task { about, unit, total }: &Task, done: usize, took: Duration) -> String {
    let secs = took.as_secs();
    let Some(total) = total else {
        let counted = if done == 0 { String::new() } else { format!(" {done} {unit} so far,") };
        return format!("{about}:{counted} {secs} s");
    };
    let counted = format!("{about}: {done} of {total} {unit}");
    if secs == 0 || done == 0 {
        return counted;
    }
    // Whole numbers: nobody plans by a tenth of a second.
    let left = total.saturating_sub(done) as u128 * took.as_millis() / done as u128 / 1000;
    let rate = done as u128 * 1000 / took.as_millis();
    format!("{counted}, {rate}/s, {left} s left")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(total: Option<usize>) -> Task {
        Task { about: "writing".to_owned(), unit: "steps", total }
    }

    #[test]
    fn tells_the_rate_and_the_time_that_is_left_once_they_are_known() {
        let told = |done, secs| line(&task(Some(1000)), done, Duration::from_secs(secs));
        assert_eq!(told(0, 20), "writing: 0 of 1000 steps");
        assert_eq!(told(10, 0), "writing: 10 of 1000 steps");
        assert_eq!(told(250, 5), "writing: 250 of 1000 steps, 50/s, 15 s left");
        assert_eq!(told(1000, 20), "writing: 1000 of 1000 steps, 50/s, 0 s left");
    }

    #[test]
    fn without_a_total_tells_what_has_come() {
        let told = |done| line(&task(None), done, Duration::from_secs(7));
        assert_eq!(told(0), "writing: 7 s");
        assert_eq!(told(12), "writing: 12 steps so far, 7 s");
    }

    #[tokio::test(start_paused = true)]
    async fn lines_come_no_more_often_than_their_pace() {
        let output = Output::new(true);
        let last = Mutex::new(Instant::now());
        let progress =
            Progress { task: task(Some(9)), started: Instant::now(), shown: Shown::Lines { output: &output, last } };
        let told_at = || {
            let Shown::Lines { last, .. } = &progress.shown else { panic!("lines") };
            *last.lock().expect("nobody panicked")
        };
        let begun = told_at();
        tokio::time::advance(LINE_EVERY.saturating_sub(Duration::from_millis(1))).await;
        progress.at(1);
        assert_eq!(told_at(), begun, "too early");
        tokio::time::advance(Duration::from_millis(1)).await;
        progress.at(2);
        progress.at(3);
        assert_eq!(told_at(), begun + LINE_EVERY);
    }

    #[tokio::test(start_paused = true)]
    async fn work_is_looked_at_until_it_is_done() {
        let output = Output::new(true).without_progress();
        let looked = std::cell::Cell::new(0);
        let done = || {
            looked.set(looked.get() + 1);
            looked.get()
        };
        let came = output.while_doing(task(None), done, async {
            tokio::time::sleep(LOOK_EVERY * 3 + Duration::from_millis(1)).await;
            "whole"
        });
        assert_eq!(came.await, "whole");
        assert_eq!(looked.get(), 3);
    }
}
