//! Examples of Procura.
