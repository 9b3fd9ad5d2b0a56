//! What Procura's end-to-end tests share.

pub mod vectors;
pub mod world;
