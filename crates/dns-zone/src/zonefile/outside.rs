//! Names outside the zone. A few are slips, each told where it stands; where most are, the file is another zone's, which is told
//! once.

use std::sync::Arc;

use crate::finding::{Finding, Findings, Place};
use crate::owner::Owner;

/// Up to so many are told one by one, however short the file.
const SLIPS_MAX: usize = 10;

/// The names of a file that were read so far.
#[derive(Debug, Default)]
pub(super) struct Outside {
    read: usize,
    slips: Findings,
    /// What all of them lie in.
    above: Option<Owner>,
}

impl Outside {
    /// A name was read, wherever it lies.
    pub(super) fn read_one(&mut self) {
        self.read += 1;
    }

    /// It lies outside.
    pub(super) fn add(&mut self, owner: &Owner, finding: Finding) {
        self.slips.add(finding);
        let mut above = self.above.take().unwrap_or_else(|| owner.clone());
        while !owner.is_in(&above) {
            above = above.parent().unwrap_or_else(Owner::root);
        }
        self.above = Some(above);
    }

    /// What is to be told of them.
    pub(super) fn told(self, apex: &Owner, file: Option<&Arc<str>>) -> Findings {
        let Self { read, slips, above } = self;
        let count = slips.refused();
        if count <= SLIPS_MAX || count * 2 <= read {
            return slips;
        }
        let of = match above.filter(|above| *above != Owner::root()) {
            Some(above) => format!("this file is of {above}"),
            None => "this file is of other zones".to_owned(),
        };
        let message = format!("{of}: {count} of its {read} names lie outside the zone {apex}");
        let finding = Finding::refused("", message, "name another file, or the zone that this one is of");
        let mut once = Findings::default();
        once.add(finding.at(file.map(|file| Place { file: Arc::clone(file), line: 0, column: 0 })));
        once
    }
}
