//! What Procura's end-to-end tests share.

pub mod meddler;
pub mod vectors;
pub mod world;
