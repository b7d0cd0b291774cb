//! Each fault at each call of a flip, for each kind of provider: whatever goes wrong, the zone holds one region's records
//! under that region's fence, all the while and afterwards; history says what happened; and the next move works.
//!
//! Which calls a flip makes is not written down here: a flip without faults is counted, and each fault strikes each of
//! these calls once. Which faults there are is a chain over the provider's own list, so that a new one does not compile
//! before it has its place here.

mod cloudflare;
mod matrix;
mod relayed;
mod route53;
