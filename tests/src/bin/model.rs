//! The model check at the sizes that no test run has the time for: every size by default, or those whose names contain
//! the argument. Says how many states it visited and how long that took; exit code 1 if a property does not hold.

use std::process::ExitCode;
use std::time::Instant;

use tests::model::report::Report;
use tests::model::{Protocol, Settings};

fn main() -> ExitCode {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let all = Settings::SMALL.into_iter().chain(Settings::LARGE);
    let mut sound = true;
    for settings in all.filter(|settings| settings.name.contains(&wanted)) {
        let start = Instant::now();
        let report = Report::of_everything(&Protocol::guarded(settings));
        println!("{report}, {:.1} s", start.elapsed().as_secs_f64());
        sound &= report.is_sound();
    }
    if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
