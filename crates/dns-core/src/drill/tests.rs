//! Drills, from their beginning to each of their ends.

mod course;
mod injecting;
mod kept;

use std::time::Duration;

use super::*;
use crate::fixture::{START, region, service};

/// Far longer than the rest of the drill.
const STAY: Duration = Duration::from_mins(5);

fn drill(method: Method) -> Drill {
    let brief = Brief {
        id: DrillId::at(START, 1),
        service: service().name,
        from: region("prod"),
        to: region("dr"),
        by: "oncall".parse().expect("a name"),
        reason: "quarterly".to_owned(),
        stay: STAY,
        method,
        schedule: None,
    };
    Drill::begin(brief, &service().policy, START)
}
