//! What vantage points see and what the controller makes of them.

use serde_json::Value;

use super::{Host, Region, SERVICE, World};
use crate::{PATIENCE, until};

impl<H: Host> World<H> {
    /// A vantage point as the controller's status tells it; null while it does not answer.
    pub fn vantage(&self, number: usize) -> Value {
        let (_, out, _) = self.admin(&["status", "--output", "json"]);
        let status: Value = serde_json::from_str(&out).unwrap_or(Value::Null);
        let name = format!("v{number}");
        let found = status["vantagePoints"].as_array().and_then(|all| all.iter().find(|found| found["name"] == name));
        found.cloned().unwrap_or(Value::Null)
    }

    /// Waits until the controller holds a vantage point for `sighted`, `blind` or `silent`, and returns the reason.
    ///
    /// # Panics
    ///
    /// When it does not within [`PATIENCE`].
    pub fn until_sight(&self, number: usize, sight: &str) -> String {
        until(&format!("v{number} is {sight}"), PATIENCE, || {
            let found = self.vantage(number);
            let reason = found["reason"].as_str().unwrap_or_default().to_owned();
            if found["sight"] == sight { Ok(reason) } else { Err(found) }
        })
    }

    /// What the controller counts as a vantage point's vote on a region, which has one endpoint.
    pub fn vote(&self, number: usize, region: Region) -> Value {
        let (service, name) = (self.service(), format!("v{number}"));
        let regions = service["regions"].as_array().cloned().unwrap_or_default();
        let region = regions.iter().find(|found| found["summary"]["name"] == region.name());
        let votes = region.and_then(|region| region["endpoints"][0]["votes"].as_array());
        votes.and_then(|votes| votes.iter().find(|vote| vote["vantage"] == name)).cloned().unwrap_or(Value::Null)
    }

    /// Waits until the controller counts a vote of a vantage point on a region.
    ///
    /// # Panics
    ///
    /// When it does not within [`PATIENCE`].
    pub fn until_vote(&self, number: usize, region: Region, vote: &str) {
        until(&format!("v{number} votes {vote} on {}", region.name()), PATIENCE, || {
            let found = self.vote(number, region);
            if found["vote"] == vote { Ok(()) } else { Err(found) }
        });
    }

    /// Waits until a monitor itself says a verdict on a region, whoever listens.
    ///
    /// # Panics
    ///
    /// When it does not within [`PATIENCE`].
    pub fn until_seen(&self, number: usize, region: Region, verdict: &str) {
        let region = region.name();
        let line =
            format!("dns_monitor_endpoints{{service=\"{SERVICE}\",region=\"{region}\",verdict=\"{verdict}\"}} 1");
        until(&format!("v{number} sees {region} {verdict}"), PATIENCE, || {
            let metrics = self.monitors[number].metrics();
            if metrics.lines().any(|found| found == line) { Ok(()) } else { Err(metrics) }
        });
    }

    /// Waits until a region is judged `healthy`, `failing` or `unknown`.
    ///
    /// # Panics
    ///
    /// When it is not within [`PATIENCE`].
    pub fn until_judged(&self, region: Region, judgement: &str) {
        until(&format!("{} is judged {judgement}", region.name()), PATIENCE, || {
            let service = self.service();
            let regions = service["summary"]["regions"].as_array().cloned().unwrap_or_default();
            let judged = |found: &&Value| found["name"] == region.name() && found["judgement"] == judgement;
            if regions.iter().any(|found| judged(&found)) { Ok(()) } else { Err(service["summary"].clone()) }
        });
    }

    /// Every decision to move the service, by kind.
    pub fn moves_decided(&self) -> Vec<String> {
        let kind = |row: &Value| row["details"]["kind"].as_str().unwrap_or_default().to_owned();
        let decided = self.history().into_iter().filter(|row| row["kind"] == "decided");
        decided.map(|row| kind(&row)).filter(|kind| matches!(kind.as_str(), "failover" | "failback")).collect()
    }

    /// Whether someone should be awake for the service.
    pub fn pages(&self) -> bool {
        self.service()["summary"]["page"] == true
    }
}
