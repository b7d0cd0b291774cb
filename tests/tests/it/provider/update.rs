//! What exists in DNS UPDATE alone, on every real primary: keys and clocks, wildcards in answers, servers that stop, zones
//! that are frozen or delegated away, and secondaries.

mod keys;
mod notify;
mod outages;
mod secondaries;
mod wildcards;

use tests::{Kind, Setup};

use super::Rig;
use super::subject::Primary;

fn start(kind: Kind) -> Rig<Primary> {
    Rig::of(Primary::start(kind))
}

fn start_with(kind: Kind, setup: Setup) -> Rig<Primary> {
    Rig::of(Primary::start_with(kind, setup))
}

/// Knot and BIND name the TSIG error; `PowerDNS` says nothing, so the hint lists what it can be.
fn assert_names(reason: &str, kind: Kind, tsig_error: &str) {
    let word = match kind {
        Kind::Knot | Kind::Bind => tsig_error,
        Kind::PowerDns => "PowerDNS",
    };
    assert!(reason.contains(word), "{reason}");
}

/// One test for each kind of server, so that a failure names it.
macro_rules! on_every_primary {
    ($($behaviour:ident),+ $(,)?) => {
        crate::provider::update::on_every_primary!(@ knot, Knot; $($behaviour),+);
        crate::provider::update::on_every_primary!(@ bind, Bind; $($behaviour),+);
        crate::provider::update::on_every_primary!(@ powerdns, PowerDns; $($behaviour),+);
    };
    (@ $module:ident, $kind:ident; $($behaviour:ident),+) => {
        mod $module {
            $(
                #[test]
                fn $behaviour() {
                    super::$behaviour(tests::Kind::$kind);
                }
            )+
        }
    };
}

use on_every_primary;
