//! The command `procura`.
fn main() {}
