//! The verifying client of a Procura ledger.
