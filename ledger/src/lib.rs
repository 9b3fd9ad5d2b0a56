//! The embeddable Procura ledger.

mod checked;
mod guard;
pub mod index;
mod lock;
pub mod side;
pub mod store;
