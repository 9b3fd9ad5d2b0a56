//! What Procura's end-to-end tests share.

pub mod council;
pub mod counting;
pub mod crash;
pub mod dice;
pub mod faults;
pub mod fixture;
pub mod folders;
pub mod hostile;
pub mod meddler;
pub mod mirrored;
pub mod model;
pub mod ports;
pub mod power;
pub mod road;
pub mod schemes;
pub mod served;
pub mod vault;
pub mod vectors;
pub mod world;
