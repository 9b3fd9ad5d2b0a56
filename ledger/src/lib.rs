//! The embeddable Procura ledger.

mod checked;
pub mod index;
mod lock;
pub mod side;
pub mod store;
