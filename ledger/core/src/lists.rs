//! stub
use crate::{Hash, Index};
use crate::entry::Class;
/// item
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item { /// i
 pub index: Index, /// l
 pub leaf: Hash, /// c
 pub class: Class, /// s
 pub status: u8 }
