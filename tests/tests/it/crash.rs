//! The controller dies or stops at every step of a write: afterwards there was exactly one flip, or none and a decision
//! that says why; history tells all of it, no server ever mixed two regions, and nobody had to do anything.
//!
//! The table below has a row for each failpoint of the program. Each row is killed (SIGKILL, then a restart) and
//! stopped (SIGSTOP, thawed when the permit has run out by the server's clock, no restart); a failpoint without a row
//! is a failing test, and so is a row whose point is never reached. What must hold afterwards is the same for all and
//! stands in [`aftermath`].

mod adoption;
pub(crate) mod aftermath;
mod flip;
mod monitors;
mod orders;

use std::collections::BTreeSet;

use tests::command::run_at;
use tests::daemon::our_program;
use tests::{Kind, PATIENCE, Plan, Sandbox, World, until};

use self::flip::{Reached, Row};

/// Ends of all the failovers that were decided, oldest first; one of these.
type Ends = &'static [&'static [&'static str]];

/// It arrived, and nothing else was decided.
const ONCE: Ends = &[&["applied"]];
/// It has no permit yet: after a restart or a thaw the evidence is unknown, so it expires and is decided anew, or the
/// vantage points were faster and it goes on.
const EXPIRED_OR_ONCE: Ends = &[&["applied"], &["expired", "applied"]];
/// Permitted, and nobody knows whether it was sent: it is burned before anything else is decided.
const BURNED_FIRST: Ends = &[&["burned", "applied"]];
/// Sent with the signature of a permit that has run out: the server refuses it.
const DENIED_FIRST: Ends = &[&["denied", "applied"]];
/// The bytes were on their way: whether the server still reads them when their sender is dead is up to it.
const BURNED_OR_ONCE: Ends = &[&["applied"], &["burned", "applied"]];
/// Other tasks go on beside the publishing, so it depends on them how far the write was.
const ANY: Ends = &[&["applied"], &["expired", "applied"], &["burned", "applied"], &["denied", "applied"]];

macro_rules! table {
    ($($module:ident: $point:literal $reached:expr, killed $killed:ident, stopped $stopped:ident;)*) => {
        const TABLE: &[Row] = &[$(Row { point: $point, reached: $reached }),*];

        $(mod $module {
            use super::{Kind, Reached, Row, flip};

            const ROW: Row = Row { point: $point, reached: $reached };

            #[test]
            fn killed() {
                flip::killed(Kind::Knot, ROW, super::$killed);
            }

            #[test]
            fn stopped() {
                flip::stopped(Kind::Knot, ROW, super::$stopped);
            }
        })*
    };
}

// The first commit that changes the outbox is the decision's, the second the permit's, the third the settlement's.
table! {
    loading_state: "loading-state" Reached::AtStart, killed ONCE, stopped ONCE;
    before_decision: "before-commit" Reached::InFlip(1), killed ONCE, stopped EXPIRED_OR_ONCE;
    after_decision: "after-commit" Reached::InFlip(1), killed EXPIRED_OR_ONCE, stopped EXPIRED_OR_ONCE;
    publishing: "publishing" Reached::InFlip(1), killed ANY, stopped ANY;
    before_permit: "before-permit" Reached::InFlip(1), killed EXPIRED_OR_ONCE, stopped EXPIRED_OR_ONCE;
    before_commit_of_permit: "before-commit" Reached::InFlip(2), killed EXPIRED_OR_ONCE, stopped DENIED_FIRST;
    after_commit_of_permit: "after-commit" Reached::InFlip(2), killed BURNED_FIRST, stopped DENIED_FIRST;
    after_permit: "after-permit" Reached::InFlip(1), killed BURNED_FIRST, stopped DENIED_FIRST;
    after_send: "after-send" Reached::InFlip(1), killed BURNED_OR_ONCE, stopped ONCE;
    after_answer: "after-answer" Reached::InFlip(1), killed ONCE, stopped ONCE;
    during_read_back: "during-read-back" Reached::InFlip(1), killed ONCE, stopped ONCE;
    before_settle: "before-settle" Reached::InFlip(1), killed ONCE, stopped ONCE;
    before_commit_of_settlement: "before-commit" Reached::InFlip(3), killed ONCE, stopped ONCE;
    after_commit_of_settlement: "after-commit" Reached::InFlip(3), killed ONCE, stopped ONCE;
    before_burn: "before-burn" Reached::InBurn, killed BURNED_FIRST, stopped BURNED_FIRST;
    after_send_of_burn: "after-send" Reached::InBurn, killed BURNED_FIRST, stopped BURNED_FIRST;
    after_burn: "after-burn" Reached::InBurn, killed BURNED_FIRST, stopped BURNED_FIRST;
    during_verification: "during-verification" Reached::InFlip(1), killed ONCE, stopped ONCE;
    after_verification: "after-verification" Reached::InFlip(1), killed ONCE, stopped ONCE;
}

/// The steps at which the servers themselves decide what becomes of a write, on the other kinds of server.
macro_rules! on_other_servers {
    ($($module:ident: $point:literal, killed $killed:ident, stopped $stopped:ident;)*) => {
        $(mod $module {
            const ROW: super::Row = super::Row { point: $point, reached: super::Reached::InFlip(1) };

            #[test]
            fn killed_on_bind() {
                super::flip::killed(super::Kind::Bind, ROW, super::$killed);
            }

            #[test]
            fn killed_on_powerdns() {
                super::flip::killed(super::Kind::PowerDns, ROW, super::$killed);
            }

            #[test]
            fn stopped_on_bind() {
                super::flip::stopped(super::Kind::Bind, ROW, super::$stopped);
            }

            #[test]
            fn stopped_on_powerdns() {
                super::flip::stopped(super::Kind::PowerDns, ROW, super::$stopped);
            }
        })*
    };
}

on_other_servers! {
    after_permit_elsewhere: "after-permit", killed BURNED_FIRST, stopped DENIED_FIRST;
    after_send_elsewhere: "after-send", killed BURNED_OR_ONCE, stopped ONCE;
    after_answer_elsewhere: "after-answer", killed ONCE, stopped ONCE;
}

#[test]
fn every_failpoint_of_the_program_is_in_the_table() {
    let sandbox = Sandbox::new();
    let config = sandbox.path().join("config.yaml").display().to_string();
    let program = our_program("failover-controller");
    let refused = run_at(&program, ["--config", &config], &[("DNS_FAILPOINTS", "no-such-point=kill")], "");
    assert_ne!(refused.code, 0, "an unknown failpoint ends the process: {refused:?}");
    let (_, list) = refused.stderr.split_once("failpoints: ").unwrap_or_else(|| {
        panic!("no list of failpoints; build with --features failover-controller/failpoints: {refused:?}")
    });
    let of_program: BTreeSet<&str> = list.lines().next().unwrap_or_default().split(", ").collect();
    let of_table: BTreeSet<&str> = TABLE.iter().map(|row| row.point).collect();
    assert_eq!(of_table, of_program, "each failpoint needs a row");
}

/// A watch that sees nothing would agree to everything.
#[test]
#[should_panic(expected = "served a mixture")]
fn the_watch_sees_records_of_two_regions() {
    let world = World::start(&Plan { armed: false, ..Plan::on(Kind::Knot) });
    let watch = world.watch();
    let (name, rtype, _, dr) = tests::world::RECORDS[1];
    world.auth.edit(&[&format!("update delete {name}. {rtype}"), &format!("update add {name}. 60 {rtype} {dr}")]);
    until("the watch has looked at it", PATIENCE, || if watch.has_seen_a_mixture() { Ok(()) } else { Err("none yet") });
    watch.end();
}
