//! Bulk import: a file of which every line becomes a mandate that the caller gives to the line's mandatee.
//!
//! In this order, so that nothing is signed before the whole file is known to be good, and nothing is given twice:
//!
//! 1. [`read`] makes a [`Sheet`] of a file: its good lines as [`Row`]s, the others as [`Fault`]s;
//! 2. [`choose`] finds the catalogue, [`check`](fn@check) holds the rows against it, the calendar and each other;
//! 3. a [`Journal`] keeps what is signed, on disk *before* it is sent, by what a line says. Run again after whatever
//!    happened, a line that was signed is sent again to the byte, and a line that was given is not looked at;
//! 4. [`Run`] finds the mandatees, signs, sends over several connections at once, and believes that a mandate was given
//!    only with the entry, its proof and a checkpoint that continues what was seen;
//! 5. [`report`] says what became of each line.

mod check;
mod csam;
mod journal;
mod lines;
mod prepare;
pub mod report;
mod row;
mod run;
mod sheet;
mod table;

pub use check::{ChooseError, check, choose};
pub use journal::{Journal, JournalError, Known};
pub use report::Outcome;
pub use row::{Member, Row};
pub use run::{Run, RunError, Settings};
pub use sheet::{Fault, FileError, Layout, MAX_BYTES, Sheet, read};
