//! Whether windows are for services that there are: one for a name that is mistyped would protect nobody.

use dns_core::identifier::ServiceName;

use crate::config::sections::service::ServiceDraft;
use crate::config::sections::window::WindowDraft;
use crate::config::suggestion;

/// Refuses windows for services that there are not.
pub(in crate::config) fn check(windows: &[WindowDraft<'_>], services: &[ServiceDraft<'_>]) {
    let known: Vec<&ServiceName> = services.iter().filter_map(|draft| draft.name.as_ref()).collect();
    for (spot, name) in windows.iter().flat_map(|window| window.services.iter().flatten()) {
        if !known.contains(&name) {
            let hint = suggestion::hint(name.as_str(), known.iter().map(|known| known.as_str()));
            spot.fault_with_hint(format!("there is no service `{name}`"), hint);
        }
    }
}
