//! Tests of the page: what it says, and who may read it over a real listener.

mod live;
mod rendering;
mod sample;
mod served;
mod sessions;
