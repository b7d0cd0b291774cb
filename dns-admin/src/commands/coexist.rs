//! `coexist NAME`: reads the configuration only.

use dns_service::exit::Exit;

use crate::arguments::Coexist;
use crate::direct::places::{self, projections};
use crate::failure::Failure;
use crate::output::Output;
use crate::render::coexistence::{Advice, text};

pub(super) fn run(arguments: &Coexist, output: &Output) -> Result<Exit, Failure> {
    let config = places::load(&arguments.config.files)?;
    let found = projections(&config, &arguments.name);
    if found.is_empty() {
        return Err(places::no_service(&config, &arguments.name));
    }
    let advice: Vec<Advice> = found
        .iter()
        .map(|service| {
            let provider = config.providers.get(&service.provider);
            let provider = provider.expect("invariant: a validated service names a configured provider");
            Advice::of(service, &provider.kind)
        })
        .collect();
    output.answer(&advice, |_| text(&advice))?;
    Ok(Exit::Done)
}
