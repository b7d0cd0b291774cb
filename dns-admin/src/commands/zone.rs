//! `zone plan|apply|rollback|capabilities|diff|ownership`: by the code of `dns-sync`, which plans, writes and tells.

use std::ffi::OsString;

use clap::Parser as _;
use dns_service::exit::Exit;

use crate::arguments::zone::Zone;
use crate::arguments::{Format, Global};
use crate::failure::Failure;

/// Names the configuration for all commands of this program that need one.
const CONFIG: &str = "DNS_ADMIN_CONFIG";

pub(super) async fn run(zone: &Zone, global: &Global) -> Result<Exit, Failure> {
    let words = [OsString::from("dns-admin zone")].into_iter().chain(zone.words.iter().cloned());
    let args = match dns_sync::Args::try_parse_from(words) {
        Ok(args) => args.or_config(std::env::var_os(CONFIG).map(Into::into)),
        Err(error) => crate::end_with_usage(&error, std::env::args()),
    };
    let args = if global.output == Format::Json { args.as_json() } else { args };
    let args = if global.no_color { args.without_colour() } else { args };
    let done = dns_sync::run(args).await;
    done.map_err(|failure| Failure::new(failure.exit(), failure.reason()))
}
