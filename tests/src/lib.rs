//! End-to-end tests of Procura.
