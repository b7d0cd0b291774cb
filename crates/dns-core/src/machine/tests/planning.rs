//! What cannot be planned is refused in words, and what is planned is told as it is.

use super::world::*;
use crate::fixture::{Seen, record, region, rrset};
use crate::history::HistoryKind;
use crate::kernel::{Rule, Said};
use crate::machine::command::Command;
use crate::machine::effect::Refusal;
use crate::rrset::GuardedType;
use crate::service::RecordValues;
use crate::write::Initiative;

const BESIDE: &str =
    "`new.example.com. A` cannot stand beside `new.example.com. CNAME`, which the service does not guard";

/// The configuration has come to speak of a name at which somebody keeps a CNAME.
fn beside_a_stranger() -> World {
    let mut world = World::adopted();
    world.zone.put(rrset("new.example.com", GuardedType::Cname, 60, &["elsewhere.example.net."]));
    let added = record("new.example.com", GuardedType::A, RecordValues::Endpoints);
    world.reconfigure(|service| service.records.edit(|records| records.push(added)));
    world.look_around();
    world
}

#[test]
fn what_a_server_would_skip_in_part_is_refused_and_the_stranger_named() {
    let mut world = beside_a_stranger();
    let step = world.order(failover("dr"));
    let Some(Refusal::Kernel(rejections)) = &step.refusal else { panic!("refused: {step:?}") };
    assert_eq!(rejections.len(), 1, "{rejections:?}");
    assert_eq!((rejections[0].rule, rejections[0].reason.as_str()), (Rule::UnreadRecord, BESIDE));
    assert!(world.outbox.is_empty());
}

#[test]
fn a_preview_says_what_cannot_be_planned_and_of_no_other_rule() {
    let mut world = beside_a_stranger();
    world.see(Seen::Failing, Seen::Proven);
    let preview = world.machine.preview(&region("dr"), &Initiative::Automatic, world.around());
    let refusing: Vec<_> = preview.answers.iter().filter(|answer| answer.answer != Said::Yes).collect();
    assert_eq!(refusing.len(), 1, "{refusing:?}");
    assert_eq!((refusing[0].rule, refusing[0].why.as_deref()), (Rule::UnreadRecord, Some(BESIDE)));
}

#[test]
fn a_move_over_a_lost_fence_is_refused_for_the_loss_alone() {
    let mut world = World::adopted();
    world.must_order(Command::Pause { until: None });
    world.run();
    world.zone.fence = None;
    world.look_around();
    assert_eq!(world.count(HistoryKind::FenceLost), 1);
    assert_eq!(refused_by(&world.order(failover("dr"))), [Rule::Adopted], "nothing was planned without a fence");
}

#[test]
fn a_write_that_moves_nothing_names_one_region() {
    let mut world = World::adopted();
    world.must_order(Command::Pause { until: None });
    let told = &world.last(HistoryKind::Decided).summary;
    assert_eq!(told, "annotate in `prod`: the fence follows the pause");
}
