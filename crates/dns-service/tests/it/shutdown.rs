//! The first signal starts the drain.

use std::time::Duration;

use dns_service::shutdown::on_signals;
use rustix::process::{Signal, getpid, kill_process};

#[tokio::test]
async fn sigterm_cancels_the_token() {
    let stop = on_signals().expect("handlers");
    assert!(!stop.is_cancelled());
    kill_process(getpid(), Signal::TERM).expect("a process may signal itself");
    tokio::time::timeout(Duration::from_secs(30), stop.cancelled()).await.expect("cancelled in time");
}
