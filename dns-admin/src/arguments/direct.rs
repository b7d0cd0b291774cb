//! Commands that go to the providers themselves, or only read the configuration: no controller is asked.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use dns_core::break_glass::OVERRIDABLE;
use dns_core::identifier::{Actor, RegionName, ServiceName};
use dns_core::kernel::Rule;

use super::Reason;
use crate::direct::operator::login;

/// The configuration.
#[derive(Debug, Args)]
pub struct ConfigFiles {
    /// A configuration file or a folder of them; may be repeated. `DNS_ADMIN_CONFIG` names one.
    #[arg(long = "config", required = true, env = "DNS_ADMIN_CONFIG", value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Arguments of `break-glass`.
#[derive(Debug, Args)]
pub struct BreakGlass {
    /// The service.
    pub name: ServiceName,
    /// The region to move to.
    #[arg(long, value_name = "REGION")]
    pub to: RegionName,
    /// Why.
    #[command(flatten)]
    pub reason: Reason,
    /// The configuration.
    #[command(flatten)]
    pub config: ConfigFiles,
    /// Who you are, for the fence; without it the name of your login.
    // Said with whatever else is missing, not when the rest has been put right.
    #[arg(long, value_name = "NAME", required = login().is_none())]
    pub by: Option<Actor>,
    /// A rule to override, as a refusal names it; may be repeated.
    #[arg(long = "override", value_name = "RULE", value_parser = overridable)]
    pub rules: Vec<Rule>,
    /// How long the overrides count, such as 10m; without it as long as the service's policy says. What is not written by then
    /// is not written.
    #[arg(long = "override-for", requires = "rules", value_parser = humantime::parse_duration, value_name = "DURATION")]
    pub override_for: Option<Duration>,
    /// Writes without asking.
    #[arg(long)]
    pub yes: bool,
    /// Where to write down what was done; never overwrites [default: a new file in the current folder].
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
}

/// Arguments of `coexist`.
#[derive(Debug, Args)]
pub struct Coexist {
    /// The service.
    pub name: ServiceName,
    /// The configuration.
    #[command(flatten)]
    pub config: ConfigFiles,
}

/// Arguments of `iam-policy`.
#[derive(Debug, Args)]
pub struct IamPolicy {
    /// The configuration.
    #[command(flatten)]
    pub config: ConfigFiles,
}

fn overridable(text: &str) -> Result<Rule, String> {
    let known = || OVERRIDABLE.iter().map(|rule| rule.as_str()).collect::<Vec<_>>().join(", ");
    let rule: Rule = text
        .parse()
        .map_err(|error: dns_core::kernel::UnknownRule| format!("{error}; these can be overridden: {}", known()))?;
    if OVERRIDABLE.contains(&rule) {
        return Ok(rule);
    }
    Err(format!("`{rule}` is never overridden here; these can be: {}", known()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_be_overridden_is_taken() {
        assert_eq!(overridable("targetProven"), Ok(Rule::TargetProven));
        for never in ["unfenced", "emptyAnswer", "unreadRecord", "nonsense"] {
            let told = overridable(never).expect_err(never);
            assert!(told.contains("zoneKnown, targetProven"), "{told}");
        }
    }
}
