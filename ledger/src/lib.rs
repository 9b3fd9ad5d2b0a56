//! The embeddable Procura ledger.
