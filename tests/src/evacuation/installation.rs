//! Everything that is running: the account with its zone, the vantage points, and a controller as it ships.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use dns_api::client::{ControllerAccess, ControllerClient};
use dns_api::command::ReasonedRequest;
use dns_api::transport::BearerToken;
use dns_core::identifier::ServiceName;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::fleet::{CALLS_PER_SECOND, Fleet, Places, ZONE};
use super::footprint::Watched;
use super::ledger::Ledger;
use super::observers::Observers;
use crate::benchmark::say;
use crate::http;
use crate::process::{Process, Program, Sandbox};
use crate::route53::{Fake, Rate, RecordSet, Setup};

/// The controller's only token; loopback and a temporary folder keep it.
const TOKEN: &str = "a-token-for-benchmarks";

/// TTL of every record.
const TTL_SECONDS: u32 = 60;

/// What an account may have in one zone after asking for more (Developer Guide, "Quotas"): room for records and fences.
const SETS_PER_ZONE_MAX: usize = 50_000;

/// What the account lets through at once after a quiet time. Above the controller's own burst, as Amazon's is.
const BURST: u32 = 50;

/// How long anything may take that is not measured, beside the calls that it takes.
const PATIENCE: Duration = Duration::from_mins(20);

/// Orders under way at once.
const ORDERS_MAX: usize = 32;

/// Between two looks at how far it is.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long one order may take: they queue behind each other.
const CALL: Duration = Duration::from_mins(2);

/// All of it.
pub(super) struct Installation {
    pub(super) fake: Fake,
    pub(super) zone_id: String,
    pub(super) observers: Observers,
    pub(super) controller: Process,
    pub(super) ledger: Ledger,
    client: ControllerClient,
    runtime: Runtime,
}

impl Installation {
    /// Starts everything and waits until the controller answers.
    pub(super) fn start(
        sandbox: &Sandbox,
        controller: &Path,
        fleet: &Fleet,
        propagation: Duration,
    ) -> anyhow::Result<Self> {
        let rate = Rate { per_second: f64::from(CALLS_PER_SECOND), burst: BURST };
        let setup = Setup { rate: Some(rate), sets_per_zone_max: SETS_PER_ZONE_MAX, propagation, ..Setup::default() };
        let fake = Fake::start(setup);
        let zone_id = fake.zone(ZONE);
        for guarded in &fleet.services {
            let (name, value) = (format!("{}.{ZONE}", guarded.service), guarded.prod.to_string());
            fake.put(&zone_id, RecordSet::new(&name, "A", TTL_SECONDS, &[&value]));
        }
        fake.finish_propagation();
        let name_server = fake.serve_dns(&zone_id, sandbox.socket());
        let observers = Observers::start(fleet)?;
        sandbox.write("oncall.token", format!("{TOKEN}\n"));
        let endpoint = fake.url();
        let places = Places {
            folder: sandbox.path(),
            zone_id: &zone_id,
            endpoint: &endpoint,
            name_server,
            observers: &observers.all,
        };
        let config = sandbox.write("config.yaml", fleet.configuration(&places));
        let at = sandbox.socket();
        let mut program = Program::at(controller).arg("--config").arg(&config);
        for (name, value) in fake.env() {
            program = program.env(name, value);
        }
        let program = program.args(["--instance", "controller-1", "--listen", &at.to_string()]);
        let mut controller = sandbox.start(program);
        controller.until_ready(PATIENCE, || http::is_ok(&format!("http://{at}/readyz"), None));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let access = ControllerAccess {
            server: format!("http://{at}").parse().context("an address makes a URL")?,
            token: Some(BearerToken::new(TOKEN)?),
            ca: None,
            timeout: CALL,
        };
        let (client, ledger) = (ControllerClient::new(&access)?, Ledger::new(&sandbox.path().join("state.db")));
        Ok(Self { fake, zone_id, observers, controller, ledger, client, runtime })
    }

    /// The controller's costs.
    pub(super) fn watched(&self) -> Watched {
        Watched { pid: self.controller.pid() }
    }

    /// Puts every service under its fence, and waits until nothing is open. An order that was refused since its zone was
    /// not read yet, or that waited for too long, is given again.
    pub(super) fn adopt(&mut self, fleet: &Fleet) -> anyhow::Result<()> {
        let began = Instant::now();
        let mut left: Vec<ServiceName> = fleet.services.iter().map(|guarded| guarded.service.clone()).collect();
        while !left.is_empty() {
            ensure!(began.elapsed() < PATIENCE, "{} services could not be adopted", left.len());
            self.runtime.block_on(adopt_all(&self.client, &left));
            self.until_settled()?;
            let fenced = self.fenced("prod");
            left.retain(|service| !fenced.contains(service.as_str()));
            say(&format!("{} of {} services are adopted", fenced.len(), fleet.services.len()));
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    /// Waits until no write is open.
    pub(super) fn until_settled(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        while self.ledger.open()? > 0 {
            ensure!(self.controller.is_running(), "the controller has ended");
            ensure!(began.elapsed() < PATIENCE, "writes are still open");
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    /// The services whose fence says that they are in a region.
    pub(super) fn fenced(&self, region: &str) -> std::collections::BTreeSet<String> {
        let active = format!(";active={region};");
        let is_there = |set: &RecordSet| {
            let text = set.values().concat().replace("\" \"", "").replace('"', "");
            set.rtype == "TXT" && text.contains(&active)
        };
        let records = self.fake.records(&self.zone_id);
        let names = records.iter().filter(|set| is_there(set)).map(|set| set.name.to_string());
        names.map(|name| name.split('.').next().unwrap_or_default().trim_start_matches('_').to_owned()).collect()
    }

    /// How many record sets the zone has.
    pub(super) fn sets(&self) -> usize {
        self.fake.records(&self.zone_id).len()
    }
}

async fn adopt_all(client: &ControllerClient, services: &[ServiceName]) {
    let mut orders = JoinSet::new();
    for service in services {
        if orders.len() >= ORDERS_MAX {
            orders.join_next().await;
        }
        let (client, service) = (client.clone(), service.clone());
        // What was refused shows in the zone, and is ordered again.
        orders.spawn(async move {
            let request = ReasonedRequest {
                reason: "evacuation benchmark".to_owned(),
                overrides: Vec::new(),
                override_for_secs: None,
            };
            drop(client.adopt(&service, &request).await);
        });
    }
    orders.join_all().await;
}
