//! How far a plan has come, by what its zone holds: whoever was stopped in the middle goes on from there.

use crate::order::Step;
use crate::record_set::SetKey;
use crate::zone::Zone;

/// How a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// All its sets are as they were when it was planned.
    Open,
    /// All its sets are as it makes them.
    Done,
}

/// A set is neither as it was nor as the plan makes it: someone else has changed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is neither what the plan was made from nor what it makes: someone else has changed it")]
pub struct Strayed(pub SetKey);

/// How each step stands in a zone.
///
/// # Errors
/// [`Strayed`], the first. A step that is done in part has strayed too: its changes are made together or not at all.
pub fn progress(steps: &[Step], zone: &Zone) -> Result<Vec<StepState>, Strayed> {
    steps.iter().map(|step| state(step, zone)).collect()
}

/// Whether any set is still as it was when the steps were planned, whatever became of the others. Of what undoes a plan that says
/// that something of the plan was made.
pub fn is_any_open(steps: &[Step], zone: &Zone) -> bool {
    let mut changes = steps.iter().flat_map(|step| &step.changes);
    changes.any(|change| zone.get(&change.key) == change.before.as_ref())
}

fn state(step: &Step, zone: &Zone) -> Result<StepState, Strayed> {
    let is_done = |change: &crate::SetChange| zone.get(&change.key) == change.after.as_ref();
    let is_open = |change: &crate::SetChange| zone.get(&change.key) == change.before.as_ref();
    if step.changes.iter().all(is_done) {
        return Ok(StepState::Done);
    }
    match step.changes.iter().find(|change| !is_open(change)) {
        None => Ok(StepState::Open),
        Some(strayed) => Err(Strayed(strayed.key.clone())),
    }
}

#[cfg(test)]
mod tests {
    use domain::base::Rtype;

    use super::*;
    use crate::fixture::{key, zone};
    use crate::{difference, order};

    #[test]
    fn tells_done_open_and_strayed_apart() {
        let (is, wanted) = (zone(&["a A 1", "b A 1"]), zone(&["a A 2", "b A 2"]));
        let steps = order(difference(&is, &wanted), &[].into());
        assert_eq!(progress(&steps, &is), Ok(vec![StepState::Open; 2]));
        assert_eq!(progress(&steps, &wanted), Ok(vec![StepState::Done; 2]));
        let half = zone(&["a A 2", "b A 1"]);
        assert_eq!(progress(&steps, &half), Ok(vec![StepState::Done, StepState::Open]));
        assert_eq!(progress(&steps, &zone(&["a A 2", "b A 3"])), Err(Strayed(key("b", Rtype::A))));
    }

    #[test]
    fn what_undoes_a_plan_is_open_as_soon_as_anything_of_the_plan_is_made() {
        let (is, wanted) = (zone(&["a A 1", "b A 1"]), zone(&["a A 2", "b A 2"]));
        let undoing: Vec<Step> = order(difference(&is, &wanted), &[].into()).iter().map(Step::inverse).collect();
        assert!(!is_any_open(&undoing, &is));
        assert!(is_any_open(&undoing, &zone(&["a A 2", "b A 1"])));
        assert!(is_any_open(&undoing, &zone(&["a A 2", "b A 9"])), "also where someone else has changed the rest");
        assert!(!is_any_open(&undoing, &zone(&["a A 9", "b A 9"])));
    }

    #[test]
    fn a_step_that_is_done_in_part_has_strayed() {
        let (is, wanted) = (zone(&["a A 1"]), zone(&["a CNAME b"]));
        let steps = order(difference(&is, &wanted), &[].into());
        assert_eq!(steps.len(), 1);
        assert!(progress(&steps, &zone(&["b A 1"])).is_err(), "the A is gone, the CNAME has not come");
    }
}
