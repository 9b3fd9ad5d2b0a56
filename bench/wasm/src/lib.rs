//! Verifies a receipt against a policy: the same code natively and in WebAssembly, so that both can be timed.

use procura_core::receipt::{
    Mode, Policy, Question, Receipt, verify_access, verify_authority, verify_complete, verify_existence,
    verify_status,
};

/// A verifier of one receipt.
pub struct Verifier {
    policy: Policy,
    question: Question,
}

impl Verifier {
    /// Whoever asked what this receipt answers. `None`: the policy or the receipt is none.
    #[must_use]
    pub fn new(policy: &[u8], receipt: &[u8]) -> Option<Self> {
        let (policy, receipt) = (Policy::parse(policy).ok()?, Receipt::parse(receipt).ok()?);
        Some(Self { policy, question: receipt.question })
    }

    /// Whether the receipt answers the question and verifies.
    #[must_use]
    pub fn verifies(&self, receipt: &[u8]) -> bool {
        let (policy, mode) = (&self.policy, Mode::Historic);
        match &self.question {
            Question::Existence { id } => verify_existence(receipt, id, policy, mode).is_ok(),
            Question::Status { id, through, .. } => {
                verify_status(receipt, id, through.as_ref(), policy, mode).is_ok()
            }
            Question::Complete { party, from, .. } => {
                verify_complete(receipt, party, *from, policy, mode).is_ok()
            }
            Question::Authority(asked) => match &asked.access {
                None => verify_authority(receipt, &asked.request, policy, mode).is_ok(),
                Some(id) => verify_access(receipt, id, policy, mode).is_ok(),
            },
        }
    }
}

/// What JavaScript calls: bytes are written into [`abi::room`], everything else is numbers.
#[cfg(target_arch = "wasm32")]
pub mod abi {
    use super::Verifier;
    use std::sync::Mutex;

    static STATE: Mutex<State> = Mutex::new(State { room: Vec::new(), policy: Vec::new(), verifier: None });

    struct State {
        room: Vec<u8>,
        policy: Vec<u8>,
        verifier: Option<Verifier>,
    }

    fn with<T>(work: impl FnOnce(&mut State) -> T) -> T {
        // One thread, and a panic ends it: never poisoned.
        work(&mut STATE.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Room for so many bytes; where it begins. It stays there until it is asked for again.
    #[unsafe(no_mangle)]
    pub extern "C" fn room(length: usize) -> *mut u8 {
        with(|state| {
            state.room = vec![0; length];
            state.room.as_mut_ptr()
        })
    }

    /// The room holds the policy.
    #[unsafe(no_mangle)]
    pub extern "C" fn policy() {
        with(|state| state.policy = std::mem::take(&mut state.room));
    }

    /// The room holds the receipt to come: what it answers is what will be asked. 1, or 0 if it is none.
    #[unsafe(no_mangle)]
    pub extern "C" fn ask() -> u32 {
        with(|state| {
            state.verifier = Verifier::new(&state.policy, &state.room);
            u32::from(state.verifier.is_some())
        })
    }

    /// Whether the receipt in the room verifies: 1 or 0.
    #[unsafe(no_mangle)]
    pub extern "C" fn verify() -> u32 {
        with(|state| {
            u32::from(state.verifier.as_ref().is_some_and(|verifier| verifier.verifies(&state.room)))
        })
    }
}
