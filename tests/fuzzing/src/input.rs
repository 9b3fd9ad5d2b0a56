//! Structured input: choices read off the fuzzer's bytes. Past the end every choice is 0, so that each prefix is an input.

/// The bytes not used yet.
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    pub(crate) fn number(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    /// A number below `count`; 0 where there is nothing to choose from.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        usize::from(self.number()) % count.max(1)
    }

    /// A choice among a few.
    pub(crate) fn choice(&mut self, count: u8) -> u8 {
        self.byte() % count.max(1)
    }

    /// Bytes with their length in front.
    pub(crate) fn chunk(&mut self) -> &'a [u8] {
        let length = usize::from(self.number()).min(self.0.len());
        let (chunk, rest) = self.0.split_at(length);
        self.0 = rest;
        chunk
    }

    pub(crate) const fn rest(self) -> &'a [u8] {
        self.0
    }
}

/// Writes what [`Input::chunk`] reads.
pub(crate) fn chunk(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("a seed's chunk fits two bytes");
    [&length.to_be_bytes(), bytes].concat()
}
