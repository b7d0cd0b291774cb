//! Looks at an installation from outside: `dns-admin`, metrics, `dig`; and waiting until one of them shows something.

use std::net::SocketAddr;

use serde_json::Value;

use super::{FENCE_NAME, Host, RECORDS, Region, SERVICE, World};
use crate::auth::query_at;
use crate::daemon::admin_with;
use crate::{Daemon, PATIENCE, until};

impl<H: Host> World<H> {
    /// Runs `dns-admin` against the first controller with the operator's token.
    pub fn admin(&self, args: &[&str]) -> (i32, String, String) {
        self.admin_at(&self.controller, args)
    }

    /// Runs `dns-admin` against a controller with the operator's token.
    pub fn admin_at(&self, controller: &Daemon, args: &[&str]) -> (i32, String, String) {
        let (server, token) = (controller.url(), self.token.to_string_lossy());
        let mut env = vec![("DNS_ADMIN_SERVER", server.as_str()), ("DNS_ADMIN_TOKEN_FILE", &*token)];
        let ca = controller.ca().map(|ca| ca.to_string_lossy());
        env.extend(ca.as_ref().map(|ca| ("DNS_ADMIN_CA", &**ca)));
        admin_with(args, &env, "")
    }

    /// The service as the first controller's API tells it.
    pub fn service(&self) -> Value {
        self.service_at(&self.controller)
    }

    /// The service as a controller's API tells it; null while it does not answer.
    pub fn service_at(&self, controller: &Daemon) -> Value {
        let (_, out, _) = self.admin_at(controller, &["service", "show", SERVICE, "--output", "json"]);
        serde_json::from_str(&out).unwrap_or(Value::Null)
    }

    /// Every history row of the service, oldest first.
    pub fn history(&self) -> Vec<Value> {
        self.history_at(&self.controller)
    }

    /// Every history row of the service at a controller, oldest first.
    pub fn history_at(&self, controller: &Daemon) -> Vec<Value> {
        let args = ["history", "--service", SERVICE, "--after", "0", "--limit", "1000", "--output", "json"];
        let (_, out, _) = self.admin_at(controller, &args);
        let page: Value = serde_json::from_str(&out).unwrap_or(Value::Null);
        page["rows"].as_array().cloned().unwrap_or_default()
    }

    /// The kinds of all history rows, oldest first.
    pub fn history_kinds(&self) -> Vec<String> {
        self.history().iter().map(|row| row["kind"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The controller's metrics.
    pub fn metrics(&self) -> String {
        self.controller.metrics()
    }

    /// Waits until the controller's metrics have a line.
    ///
    /// # Panics
    ///
    /// When they have not within [`PATIENCE`].
    pub fn until_metric(&self, line: &str) {
        until(&format!("a metric is `{line}`"), PATIENCE, || {
            let metrics = self.metrics();
            if metrics.lines().any(|found| found == line) { Ok(()) } else { Err(metrics) }
        });
    }

    /// Waits until `dns-admin status` says something.
    ///
    /// # Panics
    ///
    /// When it does not within [`PATIENCE`].
    pub fn until_status_says(&self, words: &str) {
        until(&format!("the status says `{words}`"), PATIENCE, || {
            let (_, out, err) = self.admin(&["status"]);
            if out.contains(words) { Ok(()) } else { Err(out + &err) }
        });
    }

    /// Waits until the service is in a state.
    ///
    /// # Panics
    ///
    /// When it does not get there within [`PATIENCE`].
    pub fn until_state(&self, state: &str) {
        until(&format!("the service is {state}"), PATIENCE, || {
            let service = self.service();
            if service["summary"]["state"] == state { Ok(()) } else { Err(service["summary"].to_string()) }
        });
    }

    /// Waits until records may move to a region.
    ///
    /// # Panics
    ///
    /// When that does not happen within [`PATIENCE`].
    pub fn until_proven(&self, region: Region) {
        until(&format!("{} is proven", region.name()), PATIENCE, || {
            let service = self.service();
            let regions = service["summary"]["regions"].as_array().cloned().unwrap_or_default();
            let proven = regions.iter().any(|found| found["name"] == region.name() && found["proven"] == true);
            if proven { Ok(()) } else { Err(service["summary"].to_string()) }
        });
    }

    /// Waits until a history row of a kind is there and returns the first one.
    ///
    /// # Panics
    ///
    /// When there is none within [`PATIENCE`].
    pub fn until_history(&self, kind: &str) -> Value {
        until(&format!("history has {kind}"), PATIENCE, || {
            let rows = self.history();
            rows.iter().find(|row| row["kind"] == kind).cloned().ok_or_else(|| format!("{:?}", kinds(&rows)))
        })
    }

    /// The region whose values `dig` sees at a server, if all guarded records are one region's.
    pub fn served_at(&self, server: SocketAddr) -> Option<Region> {
        let is = |region: Region| {
            RECORDS.iter().all(|(name, rtype, prod, dr)| {
                let value = if region == Region::Prod { prod } else { dr };
                query_at(server, name, rtype) == [*value]
            })
        };
        [Region::Prod, Region::Dr].into_iter().find(|region| is(*region))
    }

    /// The region whose values `dig` sees at the first authoritative server.
    ///
    /// # Panics
    ///
    /// When the host has none.
    pub fn served(&self) -> Option<Region> {
        self.served_at(self.first_server())
    }

    fn first_server(&self) -> SocketAddr {
        self.auth.servers().first().copied().expect("invariant: a host has a server")
    }

    /// Waits until every authoritative server serves a region's values for all records.
    ///
    /// # Panics
    ///
    /// When that does not happen within [`PATIENCE`].
    pub fn until_served(&self, region: Region) {
        for server in self.auth.servers() {
            until(&format!("{server} serves {}", region.name()), PATIENCE, || {
                let served = self.served_at(server);
                if served == Some(region) { Ok(()) } else { Err(format!("{served:?}, {}", self.service()["summary"])) }
            });
        }
    }

    /// The fence as `dig` sees it at the first authoritative server, all strings in one.
    ///
    /// # Panics
    ///
    /// When the host has none.
    pub fn fence(&self) -> String {
        let strings = query_at(self.first_server(), FENCE_NAME, "TXT");
        strings.join("").replace("\" \"", "").replace('"', "")
    }

    /// A value of the fence.
    ///
    /// # Panics
    ///
    /// As [`fence`](Self::fence).
    pub fn fence_value(&self, key: &str) -> String {
        fence_value(&self.fence(), key)
    }

    /// A number of the fence.
    ///
    /// # Panics
    ///
    /// When it is none.
    pub fn fence_number(&self, key: &str) -> u64 {
        let value = self.fence_value(key);
        value.parse().unwrap_or_else(|_| panic!("{key} is `{value}` in {}", self.fence()))
    }
}

/// A value of a fence's text; empty if it has no such key.
pub fn fence_value(fence: &str, key: &str) -> String {
    let mut pairs = fence.split(';').filter_map(|pair| pair.split_once('='));
    pairs.find(|(found, _)| *found == key).map(|(_, value)| value.to_owned()).unwrap_or_default()
}

fn kinds(rows: &[Value]) -> Vec<&str> {
    rows.iter().filter_map(|row| row["kind"].as_str()).collect()
}
