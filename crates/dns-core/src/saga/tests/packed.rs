//! A saga that was packed is the same saga: [`super::world`] holds that at many steps of all of these tests. Here is what
//! packing is worth.

use super::world::*;
use crate::fixture::Seen;
use crate::saga::packed::Packer;
use crate::service::Service;

/// Adopted and judged, under another name.
fn at_rest(name: &str) -> World {
    let mut world = World::adopted_as(&Service { name: name.parse().expect("a name"), ..crate::fixture::service() });
    world.see(Seen::Proven, Seen::Proven);
    world
}

#[test]
fn services_at_rest_take_a_fraction_of_their_length() {
    let mut packer = Packer::default();
    let names = ["basket", "checkout", "search-2"];
    let all = names.map(|name| packer.pack(&at_rest(name).controllers[0].saga).expect("packs"));
    let length = at_rest("basket").controllers[0].saga.to_envelope().len();
    for one in &all[1..] {
        assert!(one.size() * 4 < length, "{} of {length}", one.size());
    }
}

#[test]
fn a_pattern_that_suits_nobody_is_replaced() {
    let mut packer = Packer::default();
    packer.pack(&World::new(1, 1).controllers[0].saga).expect("packs");
    let saga = &at_rest("basket").controllers[0].saga;
    let first = packer.pack(saga).expect("packs");
    let last = (0..16).filter_map(|_| packer.pack(saga)).last().expect("some");
    assert!(last.size() * 4 < first.size(), "{} after {}", last.size(), first.size());
}
