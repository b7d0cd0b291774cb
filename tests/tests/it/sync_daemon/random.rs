//! Edits at random while the daemon is killed again and again.

use super::{Rig, powerdns, route53};

/// Edits as others make them all day, in messages of several; nobody waits for anybody.
struct Edits {
    random: fastrand::Rng,
    serial: u32,
}

impl Edits {
    /// Names that are edited, few enough that each is edited often.
    const NAMES: u32 = 300;

    fn new(seed: u64) -> Self {
        Self { random: fastrand::Rng::with_seed(seed), serial: 0 }
    }

    /// One edit of one set: a value more, a value in place of all, or none any more.
    fn next(&mut self) -> String {
        self.serial += 1;
        let name = format!("host{}.example.test.", self.random.u32(..Self::NAMES));
        let (high, low) = (self.serial / 250 % 250, self.serial % 250);
        match self.random.u8(..10) {
            0 => format!("update delete {name} A"),
            1 => format!("update delete {name} TXT"),
            2..6 => format!("update add {name} 60 A 198.51.{high}.{low}"),
            6..8 => format!("update add {name} 60 TXT \"edit {}\"", self.serial),
            8 => format!("update add {name} 60 AAAA 2001:db8::{:x}", self.serial),
            _ => format!("update delete {name} AAAA"),
        }
    }
}

/// However often it is killed, and wherever: both end equal, and what the targets hold is what the source holds.
#[test]
fn ten_thousand_edits_with_kills_in_between_end_equal() {
    const EDITS: usize = 10_000;
    const TOGETHER: usize = 40;
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut edits = Edits::new(seed);
    // A third of the names is touched between two looks of a daemon that is down now and then.
    let limits = "deletes: 1000, deletesShare: 100%, updatesShare: 100%, shrink: 100%";
    let mut rig = Rig::start(|sandbox| vec![powerdns(sandbox), route53(sandbox)], limits, "");
    rig.limit_all("allDeletes: 10000, allDeletesShare: 100%, allUpdatesShare: 100%");
    rig.start_daemon();
    let mut kills = 0;
    for _ in 0..EDITS / TOGETHER {
        let message: Vec<String> = (0..TOGETHER).map(|_| edits.next()).collect();
        rig.hidden.edit(&message.iter().map(String::as_str).collect::<Vec<_>>());
        if edits.random.u8(..20) == 0 {
            kills += 1;
            rig.daemon().process().kill9();
            rig.daemon().restart();
        }
    }
    assert!(kills > 0, "seed {seed}");
    rig.until_caught_up();
    rig.is_equal();
    let source: Vec<String> = rig.hidden.transfer().expect("the source transfers");
    println!("{kills} kills, {} records in the end", source.len());
    assert!(source.len() > 300, "{}", source.len());
}
