use super::*;
use crate::Rtype;
use crate::change::difference;
use crate::fixture::{key, zone};

#[test]
fn a_fence_never_moves_without_its_records() {
    let service: ServiceName = "shop".parse().expect("a name");
    let together = [(key("a", Rtype::A), service.clone()), (key("b", Rtype::A), service.clone())].into();
    let mut changes = difference(&zone(&[]), &zone(&["a A 1", "c A 1"]));
    let mut left = vec![LeftAlone { set: key("b", Rtype::A), why: Why::Protected }];
    keep_together(&mut changes, &mut left, &together);
    assert_eq!(changes.iter().map(|one| one.key.clone()).collect::<Vec<_>>(), [key("c", Rtype::A)]);
    assert_eq!(left[1], LeftAlone { set: key("a", Rtype::A), why: Why::Apart { service } });
}
