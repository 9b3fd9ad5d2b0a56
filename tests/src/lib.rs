//! What Procura's end-to-end tests share.

pub mod crash;
pub mod faults;
pub mod hostile;
pub mod meddler;
pub mod vectors;
pub mod world;
