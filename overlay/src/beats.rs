//! A sequence of AXI4-Stream beats: data and TLAST. TKEEP is all ones on every beat, so it is not kept.

/// Beats of one width, in the order they cross the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beats {
    beat_bytes: usize,
    bytes: Vec<u8>,
    last: Vec<bool>,
}

impl Beats {
    /// No beats yet, of `beat_bytes` bytes each.
    pub fn new(beat_bytes: usize) -> Self {
        Self { beat_bytes, bytes: Vec::new(), last: Vec::new() }
    }

    /// `bytes` holds `last.len()` whole beats.
    pub(crate) fn from_parts(beat_bytes: usize, bytes: Vec<u8>, last: Vec<bool>) -> Self {
        debug_assert_eq!(bytes.len(), beat_bytes * last.len());
        Self { beat_bytes, bytes, last }
    }

    /// Appends one beat. A beat shorter than the width is filled with zeros, a longer one is refused: gives
    /// `false` and appends nothing.
    #[must_use]
    pub fn push(&mut self, beat: &[u8], last: bool) -> bool {
        if beat.len() > self.beat_bytes {
            return false;
        }
        self.bytes.extend_from_slice(beat);
        self.last.push(last);
        self.bytes.resize(self.last.len() * self.beat_bytes, 0);
        true
    }

    /// Appends a whole number of beats, TLAST on the last of them if `ends`.
    pub(crate) fn append_packet(&mut self, bytes: &[u8], ends: bool) {
        self.bytes.extend_from_slice(bytes);
        let beats = self.bytes.len() / self.beat_bytes;
        self.last.resize(beats, false);
        if let Some(last) = self.last.last_mut() {
            *last = ends;
        }
    }

    /// Width of a beat in bytes.
    pub fn beat_bytes(&self) -> usize {
        self.beat_bytes
    }

    /// Number of beats.
    pub fn len(&self) -> usize {
        self.last.len()
    }

    /// Whether there is no beat.
    pub fn is_empty(&self) -> bool {
        self.last.is_empty()
    }

    /// The data of all beats, one after another.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// TLAST of every beat.
    pub fn last(&self) -> &[bool] {
        &self.last
    }

    /// Data and TLAST of beat `index`.
    pub fn get(&self, index: usize) -> Option<(&[u8], bool)> {
        let last = *self.last.get(index)?;
        Some((&self.bytes[index * self.beat_bytes..][..self.beat_bytes], last))
    }

    /// Data and TLAST of every beat.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], bool)> {
        (0..self.len()).filter_map(|index| self.get(index))
    }
}
