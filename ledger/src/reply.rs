//! Who is told what became of a submission: once, whatever happens.

use crate::error::SubmitError;
use procura_core::Index;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What happened to a submission: where its record stands, and whether that is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) index: Index,
    pub(crate) is_new: bool,
}

type Tell = Box<dyn FnOnce(Result<Placed, SubmitError>) + Send>;

/// A promise to tell. One that is dropped unkept, in a queue that nobody reads any more or by a panic, says that the
/// outcome is unknown: that is always true.
pub(crate) struct Reply(Option<Tell>);

impl Reply {
    pub(crate) fn new(tell: impl FnOnce(Result<Placed, SubmitError>) + Send + 'static) -> Self {
        Self(Some(Box::new(tell)))
    }

    pub(crate) fn tell(mut self, outcome: Result<Placed, SubmitError>) {
        self.keep(outcome);
    }

    /// A panic in the embedder's own code ends here: the sequencer owes others their answers.
    fn keep(&mut self, outcome: Result<Placed, SubmitError>) {
        if let Some(tell) = self.0.take()
            && catch_unwind(AssertUnwindSafe(|| tell(outcome))).is_err()
        {
            tracing::error!("a submission's reply panicked");
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.keep(Err(SubmitError::Unknown));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn told_once_and_never_forgotten() {
        let (tell, told) = channel();
        let reply = |tell: std::sync::mpsc::Sender<_>| Reply::new(move |outcome| tell.send(outcome).unwrap());
        reply(tell.clone()).tell(Ok(Placed { index: Index(3), is_new: true }));
        assert_eq!(told.try_recv().unwrap().unwrap().index, Index(3));
        assert!(told.try_recv().is_err());
        drop(reply(tell));
        assert!(matches!(told.try_recv(), Ok(Err(SubmitError::Unknown))));
        Reply::new(|_| panic!("the embedder's own")).tell(Err(SubmitError::Unknown));
    }
}
