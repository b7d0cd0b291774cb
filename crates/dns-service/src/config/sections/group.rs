//! `groups:`: services that move together, in an order.

use dns_core::group::{MEMBERS_MAX, MoveWhen};
use dns_core::identifier::{GroupName, ServiceName};

use super::refuse_repeated;
use super::top::Top;
use crate::config::tree::{Spot, each, or_default};

/// A group as far as it could be read.
#[derive(Debug)]
pub(crate) struct GroupDraft<'t> {
    pub(crate) spot: Spot<'t>,
    pub(crate) name: Option<GroupName>,
    /// Its members, as listed.
    pub(crate) services: Option<Vec<(Spot<'t>, ServiceName)>>,
    pub(crate) move_when: Option<MoveWhen>,
}

/// Reads `groups`.
pub(crate) fn read<'t>(top: &Top<'t>) -> Vec<GroupDraft<'t>> {
    let drafts: Vec<_> = top.items("groups").iter().filter_map(read_one).collect();
    refuse_repeated("group", drafts.iter().filter_map(|draft| Some((&draft.spot, draft.name.as_ref()?))));
    drafts
}

fn read_one<'t>(item: &Spot<'t>) -> Option<GroupDraft<'t>> {
    let map = item.map(&["name", "services", "moveWhen"])?;
    let name_spot = map.required("name");
    let name = name_spot.as_ref().and_then(Spot::parse);
    let services = map.required("services").and_then(|spot| read_services(&spot));
    let move_when = or_default(map.optional("moveWhen"), MoveWhen::default(), |spot| read_move_when(&spot));
    Some(GroupDraft { spot: name_spot.unwrap_or_else(|| item.clone()), name, services, move_when })
}

/// Names of services, none of them twice.
pub(crate) fn read_services<'t>(spot: &Spot<'t>) -> Option<Vec<(Spot<'t>, ServiceName)>> {
    let items = spot.filled_list("service")?;
    let names = each(&items, Spot::parse::<ServiceName>)?;
    refuse_repeated("service", items.iter().zip(&names));
    Some(items.into_iter().zip(names).collect())
}

/// `any`, `all`, or `{ failing: 2 }`.
fn read_move_when(spot: &Spot<'_>) -> Option<MoveWhen> {
    if !spot.is_map() {
        return spot.choice(&[("any", MoveWhen::Any), ("all", MoveWhen::All)]);
    }
    let failing = spot.map(&["failing"])?.required("failing")?;
    let most = u64::try_from(MEMBERS_MAX).unwrap_or(u64::MAX);
    usize::try_from(failing.number(1..=most)?).ok().map(MoveWhen::Failing)
}
