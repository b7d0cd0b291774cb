//! What concerns single places of a service that has several: each line says which.

use dns_core::saga::Lag;

use super::{Concern, of_place};
use crate::engine::snapshot::{PlaceView, ServiceView};

/// Everything to look at, place by place.
pub(super) fn concerns(places: &[PlaceView]) -> Vec<Concern> {
    places.iter().flat_map(|place| lagging(place).into_iter().chain(named(place))).collect()
}

fn named(place: &PlaceView) -> impl Iterator<Item = Concern> {
    let here: &ServiceView = &place.here;
    of_place(here).into_iter().map(|concern| Concern { text: format!("{}: {}", place.label, concern.text), ..concern })
}

/// A place that comes after the others in a moment is no concern; one that doesn't has users in the wrong region.
fn lagging(place: &PlaceView) -> Option<Concern> {
    let label = &place.label;
    let text = match place.lag.as_ref()? {
        Lag::Split => {
            let text = format!("{label}: moved by another decision of the same epoch; the first place decides anew");
            return Some(Concern::page(text));
        }
        // What was lost is told with the fence.
        Lag::Lost => return None,
        Lag::Behind { epoch: None, .. } => {
            // Only an operator ends that, at leisure.
            return Some(Concern::note(format!("{label}: not under a fence, unlike the service's other places")));
        }
        Lag::Behind { epoch: Some(epoch), newest } => {
            let serving = place.here.memory.active().map(|active| format!(" and serves `{active}`"));
            format!(
                "{label}: has not come after the others: it is at epoch {epoch}{}, they are at epoch {newest}",
                serving.unwrap_or_default()
            )
        }
    };
    Some(if place.lasts { Concern::page(text) } else { Concern::note(text) })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use dns_core::fence::Epoch;
    use dns_core::machine::Machine;
    use dns_core::time::Timestamp;

    use super::*;
    use crate::engine::snapshot::Remembered;
    use crate::verifier;

    fn place(lag: Lag, lasts: bool) -> PlaceView {
        let machine = Machine::new();
        let here = ServiceView {
            service: verifier::tests::service("192.0.2.10"),
            state: machine.state(),
            entered: Timestamp::default(),
            memory: Remembered::Own(Box::new(machine.memory().clone())),
            read: None,
            verification: None,
            fault: None,
            history: None,
            waits_its_turn: false,
            unready: BTreeMap::new(),
            places: Vec::new(),
            companions: None,
            aside: crate::aside::Aside::default(),
        };
        PlaceView { label: "main".to_owned(), here, lag: Some(lag), lasts }
    }

    fn told(lag: Lag, lasts: bool) -> Vec<(bool, String)> {
        concerns(&[place(lag, lasts)])
            .into_iter()
            .filter(|concern| !concern.text.contains("not adopted"))
            .map(|concern| (concern.page, concern.text))
            .collect()
    }

    #[test]
    fn a_place_that_stays_behind_wakes_someone_after_a_while_and_a_split_at_once() {
        let behind = || Lag::Behind { epoch: Some(Epoch::new(1)), newest: Epoch::new(2) };
        assert!(matches!(told(behind(), false).as_slice(), [(false, _)]));
        let lasting = told(behind(), true);
        assert!(matches!(lasting.as_slice(), [(true, text)] if text.contains("at epoch 1, they are at epoch 2")));
        let split = told(Lag::Split, false);
        assert!(matches!(split.as_slice(), [(true, text)] if text.starts_with("main: ")), "{split:?}");
        let unfenced = told(Lag::Behind { epoch: None, newest: Epoch::new(2) }, true);
        assert!(matches!(unfenced.as_slice(), [(false, _)]), "{unfenced:?}");
    }
}
