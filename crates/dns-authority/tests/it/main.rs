//! The servers over real sockets: with `dig` and `nsupdate`, with messages made by hand, and with the product's own
//! DNS UPDATE adapter.

mod adapter;
mod dig;
mod hold;
mod nsupdate;
mod race;
mod rig;
mod secondary;
mod wire;
