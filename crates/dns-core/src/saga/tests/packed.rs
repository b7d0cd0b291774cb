//! A saga that was packed is the same saga: [`super::world`] holds that at many steps of all of these tests. Here is what
//! packing is worth.

use super::world::*;
use crate::fixture::Seen;
use crate::saga::packed::{self, Packed, Packer};
use crate::service::Service;

/// Adopted and judged, under another name.
fn at_rest(name: &str) -> World {
    let mut world = World::adopted_as(&Service { name: name.parse().expect("a name"), ..crate::fixture::service() });
    world.see(Seen::Proven, Seen::Proven);
    world
}

fn pack(packer: &mut Packer, world: &World) -> Packed {
    packer.pack(&world.controllers[0].saga, &world.service).expect("packs")
}

#[test]
fn services_at_rest_take_a_fraction_of_their_length() {
    let mut packer = Packer::default();
    let all = ["basket", "checkout", "search-2"].map(|name| pack(&mut packer, &at_rest(name)));
    let length = at_rest("basket").controllers[0].saga.to_envelope().len();
    for one in &all[1..] {
        assert!(one.size() * 8 < length, "{} of {length}", one.size());
    }
}

#[test]
fn a_pattern_that_suits_nobody_is_replaced() {
    let mut packer = Packer::default();
    pack(&mut packer, &World::new(1, 1));
    let world = at_rest("basket");
    let first = pack(&mut packer, &world);
    let last = (0..16).map(|_| pack(&mut packer, &world)).last().expect("some");
    assert!(last.size() * 4 < first.size(), "{} after {}", last.size(), first.size());
}

#[test]
fn a_doubt_about_a_fence_survives_packing() {
    let mut world = at_rest("basket");
    let calm = packed::text(&world.controllers[0].saga);
    world.zones[0].fence = None;
    world.read(0, 0);
    let saga = &world.controllers[0].saga;
    assert_ne!(packed::text(saga), calm, "one look saw it lost");
    let woken = pack(&mut Packer::default(), &world).unpack(&world.service);
    assert_eq!(packed::text(&woken), packed::text(saga));
}
