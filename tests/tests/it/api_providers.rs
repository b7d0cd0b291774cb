//! The whole controller where a provider is an API: the strict stand-ins of Route 53 and Cloudflare, and a real `PowerDNS`.

mod flip;
mod insync;
mod pair;
mod refused;

/// Runs a behaviour on every API: one test for each, so that a failure names it.
macro_rules! on_every_api {
    ($($behaviour:ident),+ $(,)?) => {
        mod route53 {
            $(
                #[test]
                fn $behaviour() {
                    let start = |sandbox: &tests::Sandbox| {
                        tests::world::HostedZone::start(sandbox, tests::route53::Setup::default())
                    };
                    super::$behaviour(tests::World::start_at(&super::plan(), start));
                }
            )+
        }
        mod cloudflare {
            $(
                #[test]
                fn $behaviour() {
                    let start = |_: &tests::Sandbox| tests::world::Account::start();
                    super::$behaviour(tests::World::start_at(&super::plan(), start));
                }
            )+
        }
        mod powerdns {
            $(
                #[test]
                fn $behaviour() {
                    super::$behaviour(tests::World::start_at(&super::plan(), tests::world::PowerDnsApi::start));
                }
            )+
        }
    };
}

use on_every_api;
