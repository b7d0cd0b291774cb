//! gdnsd with `simplefo`: one preferred address, one other, by HTTP checks of its own.

use std::fmt::Write as _;
use std::net::SocketAddr;

use super::{INTERVAL_S, Preference, TIMEOUT_S};
use crate::auth::query_at;
use crate::benchmark::installation::ZONE;
use crate::process::{Process, Program, Sandbox};
use crate::until::PATIENCE;

/// A running gdnsd.
pub(crate) struct Gdnsd {
    address: SocketAddr,
    excerpt: String,
    process: Process,
}

impl Gdnsd {
    /// Starts it and waits until it answers every name.
    ///
    /// # Panics
    ///
    /// When it does not within [`PATIENCE`].
    pub(crate) fn start(sandbox: &Sandbox, preferences: &[Preference], port: u16) -> Self {
        let (folder, address) = (sandbox.folder("gdnsd"), sandbox.socket());
        let (run, state) = (sandbox.folder(folder.join("run")), sandbox.folder(folder.join("state")));
        let options = format!(
            "options => {{\n  listen => [ {address} ], run_dir => {}, state_dir => {},\n  udp_threads => 1, tcp_threads => \
             1\n}}\n",
            run.display(),
            state.display()
        );
        let checks = checks(preferences, port);
        sandbox.write(folder.join("config"), options + &checks + &resources(preferences));
        sandbox.write(folder.join("zones").join(ZONE), zone(preferences));
        let program = Program::installed("gdnsd").arg("-c").arg(&folder).arg("start");
        let mut process = sandbox.start(program);
        for Preference { name, prod, .. } in preferences {
            // It starts without a check's result and may answer with dr for the first interval.
            process.until_ready(PATIENCE, || match query_at(address, &format!("{name}.{ZONE}"), "A") {
                answer if answer == [prod.to_string()] => Ok(()),
                other => Err(other),
            });
        }
        let excerpt = checks + &resources(&preferences[..1]);
        Self { address, excerpt, process }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// What decides how fast it is, as its configuration says it.
    pub(crate) fn excerpt(&self) -> &str {
        &self.excerpt
    }
}

/// One kind of check for each threshold that is wanted.
fn checks(preferences: &[Preference], port: u16) -> String {
    let mut thresholds: Vec<u32> = preferences.iter().map(|preference| preference.failures).collect();
    thresholds.sort_unstable();
    thresholds.dedup();
    let mut text = String::from("service_types => {\n");
    for failures in thresholds {
        writeln!(
            text,
            "  down{failures} => {{ plugin => http_status, port => {port}, url_path => /healthz, interval => {INTERVAL_S}, \
             timeout => {TIMEOUT_S},\n    up_thresh => 1, ok_thresh => 1, down_thresh => {failures} }}"
        )
        .expect("invariant: a String takes all");
    }
    text + "}\n"
}

fn resources(preferences: &[Preference]) -> String {
    let mut text = String::from("plugins => { simplefo => {\n");
    for Preference { name, failures, prod, dr } in preferences {
        writeln!(text, "  {name} => {{ service_types => down{failures}, primary => {prod}, secondary => {dr} }}")
            .expect("invariant: a String takes all");
    }
    text + "} }\n"
}

fn zone(preferences: &[Preference]) -> String {
    let mut text = String::from("@ SOA ns1 hostmaster 1 3600 600 604800 60\n@ NS ns1\nns1 A 127.0.0.1\n");
    for Preference { name, .. } in preferences {
        writeln!(text, "{name} 60 DYNA simplefo!{name}").expect("invariant: a String takes all");
    }
    text
}
