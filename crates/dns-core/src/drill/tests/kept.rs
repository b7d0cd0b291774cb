//! What a store keeps of a drill is read by later programs.

use super::*;

/// As the first version wrote them: one away, one that has ended.
const KEPT: [&str; 2] = [include_str!("golden/away.json"), include_str!("golden/ended.json")];

#[test]
fn drills_of_the_first_version_are_read_and_written_the_same() {
    for kept in KEPT.map(str::trim_end) {
        let drill = Drill::from_text(kept).expect("reads");
        assert_eq!(drill.to_text(), kept);
    }
    let [away, ended] = KEPT.map(|kept| Drill::from_text(kept).expect("reads"));
    assert_eq!((away.outcome(), away.stage), (None, Stage::Away));
    assert_eq!(ended.outcome(), Some(Outcome::Completed));
}
