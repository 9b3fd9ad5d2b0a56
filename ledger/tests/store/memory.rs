//! The store in memory keeps the contract.

use crate::contract::contract;
use procura_ledger::store::memory::MemoryStore;
use std::sync::Arc;

#[test]
fn the_contract_holds() {
    contract(&|| Arc::new(MemoryStore::new()));
}
