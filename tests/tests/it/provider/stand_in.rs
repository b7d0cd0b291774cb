//! The parts of the contract that moto's Route 53 can judge: reads of what others have made, creations where nothing was,
//! and what is refused before anything is sent. Its flips mean nothing, see [`moto`](super::subject::moto).

use super::abilities::{
    takes_no_more_than_its_limits, takes_no_name_outside_the_zone, takes_the_types_that_it_names_and_no_other,
};
use super::on_every_subject;
use super::reads::{
    address_of_a_cname_target_is_not_the_owners, reads_names_in_canonical_form_and_what_is_absent_as_absent,
    several_fences_are_unreadable,
};
use super::refusals::{denies_a_zone_that_is_not_there_and_names_it, names_the_zones_name_servers};

on_every_subject!(
    @ moto;
    takes_no_more_than_its_limits,
    takes_no_name_outside_the_zone,
    takes_the_types_that_it_names_and_no_other,
    address_of_a_cname_target_is_not_the_owners,
    reads_names_in_canonical_form_and_what_is_absent_as_absent,
    several_fences_are_unreadable,
    denies_a_zone_that_is_not_there_and_names_it,
    names_the_zones_name_servers
);
