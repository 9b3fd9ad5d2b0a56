//! The Procura server.
fn main() {}
