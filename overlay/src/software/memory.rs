//! The physical memory that masters on the bus reach.

/// Regions of bytes at physical addresses. What is in no region answers nothing: a decode error on the bus.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Sorted, not overlapping, none empty.
    regions: Vec<(u64, Vec<u8>)>,
}

impl Memory {
    /// No memory anywhere.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a region of zeros; `false`, and nothing added, if it is empty, overlaps another or leaves 64 bits.
    #[must_use]
    pub fn add(&mut self, base: u64, bytes: usize) -> bool {
        let Some(end) = base.checked_add(bytes as u64) else { return false };
        let index = self.regions.partition_point(|(start, _)| *start < base);
        let before =
            index.checked_sub(1).is_none_or(|i| self.regions[i].0 + self.regions[i].1.len() as u64 <= base);
        let after = self.regions.get(index).is_none_or(|(start, _)| end <= *start);
        let fits = bytes > 0 && before && after;
        if fits {
            self.regions.insert(index, (base, vec![0; bytes]));
        }
        fits
    }

    /// `bytes` bytes from `address` on, if one region has them all.
    pub fn get(&self, address: u64, bytes: usize) -> Option<&[u8]> {
        let (region, range) = self.find(address, bytes)?;
        self.regions.get(region)?.1.get(range)
    }

    /// As [`Self::get`], to write to.
    pub fn get_mut(&mut self, address: u64, bytes: usize) -> Option<&mut [u8]> {
        let (region, range) = self.find(address, bytes)?;
        self.regions.get_mut(region)?.1.get_mut(range)
    }

    fn find(&self, address: u64, bytes: usize) -> Option<(usize, std::ops::Range<usize>)> {
        let region = self.regions.partition_point(|(start, _)| *start <= address).checked_sub(1)?;
        let first = usize::try_from(address - self.regions[region].0).ok()?;
        Some((region, first..first.checked_add(bytes)?))
    }
}
