//! The operations as the process runs them. Nothing here may panic because a call fails: a panic is a finding.

use super::{At, Operation, Said, Step};
use crate::crash::{ORIGIN, log_key, setup};
use procura_core::Millis;
use procura_core::admission::Refusal;
use procura_ledger::side::SideFile;
use procura_ledger::store::Store;
use procura_ledger::store::redb::RedbStore;
use procura_ledger::{Ask, Audience, Ledger, MemoryIndex, Options, Storage, SubmitError};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long to wait before what was not taken is handed in again.
const PAUSE: Duration = Duration::from_millis(50);

/// Does it, and says what it tries and what came of it. What is not acknowledged is handed in again, `patience` times.
///
/// # Errors
/// What stopped it before it was done.
pub fn act(
    operation: Operation,
    folder: &Path,
    began: Millis,
    patience: u32,
    say: &mut dyn FnMut(Said),
) -> Result<(), Box<dyn Error>> {
    let options = operation.options();
    let (ledger, store) = match operation {
        Operation::Init => (Ledger::init(folder, setup(began), options)?, None),
        Operation::Trial => (procura_server::trial::start(folder, options)?.ledger, None),
        Operation::Erase => {
            let (store, ledger) = store_and_ledger(folder, options)?;
            (ledger, Some(store))
        }
        _ => (Ledger::open(folder, ORIGIN, log_key(), options)?, None),
    };
    let view = ledger.view();
    say(Said::Opened {
        origin: ledger.origin().to_owned(),
        log_key: ledger.log_key().to_string(),
        entry0: ledger.entry0(),
        at: view.root().into(),
    });
    let mut steps = operation.steps(began).into_iter();
    if let Some(store) = store {
        for indexes in operation.erased(&ledger, began) {
            steps.by_ref().take(1).for_each(|step| hand_in(&ledger, step, patience, say));
            let said = indexes.iter().map(|index| index.0).collect();
            say(Said::Erasing(said));
            if store.erase(&indexes).is_ok() {
                say(Said::Erased(indexes.iter().map(|index| index.0).collect()));
            }
        }
    }
    steps.for_each(|step| hand_in(&ledger, step, patience, say));
    // What was there before is there, or it cannot be read for now: it is never denied.
    if let Some(id) = operation.steps_before(began).first().map(|step| step.id)
        && let Ok(None) = ledger.view().record(&id)
    {
        say(Said::Wrong(format!("{id} was there and is denied")));
    }
    ledger.close();
    Ok(())
}

/// A ledger in a folder, its index in memory, whose store is held as well.
///
/// # Errors
/// What does not open.
pub fn store_and_ledger(folder: &Path, options: Options) -> Result<(Arc<RedbStore>, Ledger), Box<dyn Error>> {
    let store = Arc::new(RedbStore::open(&folder.join("main"), options.volumes)?);
    let (index, side) = (Arc::new(MemoryIndex::default()), Some(SideFile::open(&folder.join("side"))?));
    let storage = Storage { store: store.clone(), index, side };
    Ok((store, Ledger::open_over(storage, ORIGIN, log_key(), options)?))
}

fn hand_in(ledger: &Ledger, step: Step, patience: u32, say: &mut dyn FnMut(Said)) {
    let id = step.id;
    say(Said::Trying(id));
    for _ in 0..patience {
        match ledger.append(step.submission.clone()) {
            Ok(acknowledged) => {
                let view = &acknowledged.view;
                let receipt = match view.receipt(&id, &Ask::now(Audience::Anyone)) {
                    Ok(Some(receipt)) => Some(receipt.to_json()),
                    Ok(None) => return say(Said::Wrong(format!("{id} was acknowledged and is not there"))),
                    Err(_) => None,
                };
                let (index, at) = (acknowledged.index.0, At::from(view.root()));
                return say(Said::Acknowledged { id, index, at, receipt });
            }
            Err(SubmitError::Refused(refusal)) if !matches!(refusal, Refusal::Unreadable(_)) => {
                // All of them may be logged: a call that fails makes no rule.
                return say(Said::Wrong(format!("{id} was refused: {refusal}")));
            }
            Err(error) => say(Said::Not(id, error.to_string())),
        }
        std::thread::sleep(PAUSE);
    }
}
