//! Sagas, driven as their shells drive them: see [`world`].

mod world;

mod aligning;
mod anchoring;
mod approving;
mod behind;
mod contradicting;
mod envelope;
mod evacuating;
mod exploration;
mod gradual;
mod orders;
mod packed;
mod vetoing;
