//! Whatever record data comes from the wire: it is refused, or shown as a text that is the same record data.
#![no_main]

use dns_zone::{Owner, Rdata, Rtype};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let Some((rtype, wire)) = octets.split_first_chunk::<2>() else { return };
    let rtype = Rtype::from_int(u16::from_be_bytes(*rtype));
    let Ok(data) = Rdata::from_wire(rtype, wire) else { return };
    let text = data.display(rtype).to_string();
    let again = Rdata::parse(rtype, &text, &Owner::root());
    assert_eq!(again.as_ref().ok(), Some(&data), "{rtype} {text}: {again:?}");
});
