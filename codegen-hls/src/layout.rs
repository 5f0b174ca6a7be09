//! How the network's tensors lie in the words of the top function.
//!
//! A side (all inputs, or all outputs) is one list of elements: the tensors in the model's order, each flat, channels last.
//! Elements are laid into words at the next free bits, the first at bit 0; an element never straddles two words, so a word may
//! end in unused bits only where the next element did not fit. A word has as many bits as its elements need: it is up to a
//! wrapper to pad it to its bus.

use netlathe_ir::FixedType;
use std::ops::Range;

/// Widest word of a top function. Wide enough that nearly every network has one word a side (one packed output is what every
/// HLS compiler handles best), narrow enough for the integer classes of all of them.
pub const MAX_WORD_BITS: u32 = 4096;

/// A tensor that enters or leaves the network.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PortTensor {
    /// The layer's name as hls4ml has it.
    pub layer: String,
    /// The name made safe for every language; unique in the project.
    pub ident: String,
    /// Shape without the batch; channels last.
    pub shape: Vec<usize>,
    pub ty: FixedType,
    /// Number of its first element in the list of all elements of its side.
    pub offset: usize,
}

impl PortTensor {
    /// Elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it has no elements; a validated network has no such tensor.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Consecutive elements of one tensor in one word: element `first + i` has its lowest bit at `lsb + i * width`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slot {
    /// Number of the tensor within its side.
    pub tensor: usize,
    /// First element, counted within the tensor.
    pub first: usize,
    /// Elements.
    pub count: usize,
    /// Lowest bit of the first element.
    pub lsb: u32,
}

/// One parameter of the top function: `ap_uint<bits>`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Word {
    /// The parameter's name.
    pub name: String,
    pub bits: u32,
    pub slots: Vec<Slot>,
}

/// All inputs or all outputs of a network.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Side {
    pub tensors: Vec<PortTensor>,
    pub words: Vec<Word>,
}

impl Side {
    /// Lays the tensors into words called `stem` (one word) or `stem0`, `stem1`, ... Offsets are set here.
    pub(crate) fn pack(mut tensors: Vec<PortTensor>, stem: &str) -> Self {
        let mut words: Vec<Word> = Vec::new();
        let mut offset = 0;
        for (number, tensor) in tensors.iter_mut().enumerate() {
            tensor.offset = offset;
            offset += tensor.len();
            let width = tensor.ty.width;
            let mut first = 0;
            while first < tensor.len() {
                let used = words.last().map_or(MAX_WORD_BITS, |w| w.bits);
                // An element wider than a word gets a word of its own: no type is, but nothing here would break.
                let fits = (MAX_WORD_BITS.saturating_sub(used) / width) as usize;
                if fits == 0 {
                    words.push(Word { name: String::new(), bits: 0, slots: Vec::new() });
                }
                let count = if fits == 0 { (MAX_WORD_BITS / width).max(1) as usize } else { fits };
                let count = count.min(tensor.len() - first);
                if let Some(word) = words.last_mut() {
                    word.slots.push(Slot { tensor: number, first, count, lsb: word.bits });
                    word.bits += count as u32 * width;
                }
                first += count;
            }
        }
        let single = words.len() == 1;
        for (i, word) in words.iter_mut().enumerate() {
            word.name = if single { stem.to_owned() } else { format!("{stem}{i}") };
        }
        Self { tensors, words }
    }

    /// The side of a kernel with streams: tensors without words. Offsets are set here.
    pub(crate) fn of_tensors(mut tensors: Vec<PortTensor>) -> Self {
        let mut offset = 0;
        for tensor in &mut tensors {
            tensor.offset = offset;
            offset += tensor.len();
        }
        Self { tensors, words: Vec::new() }
    }

    /// Elements of all tensors.
    pub fn len(&self) -> usize {
        self.tensors.iter().map(PortTensor::len).sum()
    }

    /// Whether there is no element; a validated network has no such side.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where every element lies, in the order of the side's list: (word, its bits).
    pub fn places(&self) -> Vec<(usize, Range<u32>)> {
        let mut places = vec![(0, 0..0); self.len()];
        for (number, word) in self.words.iter().enumerate() {
            for slot in &word.slots {
                let tensor = &self.tensors[slot.tensor];
                for i in 0..slot.count {
                    let lsb = slot.lsb + i as u32 * tensor.ty.width;
                    places[tensor.offset + slot.first + i] = (number, lsb..lsb + tensor.ty.width);
                }
            }
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(n: usize, ty: FixedType) -> PortTensor {
        PortTensor { layer: "l".into(), ident: "l".into(), shape: vec![n], ty, offset: 0 }
    }

    #[test]
    fn one_word_little_end_first() {
        let side = Side::pack(vec![tensor(3, FixedType::fixed(7, 3)), tensor(2, FixedType::uint(1))], "x");
        assert_eq!(side.words.len(), 1);
        assert_eq!((side.words[0].name.as_str(), side.words[0].bits), ("x", 23));
        assert_eq!(
            side.words[0].slots,
            [Slot { tensor: 0, first: 0, count: 3, lsb: 0 }, Slot { tensor: 1, first: 0, count: 2, lsb: 21 }]
        );
        assert_eq!(side.tensors[1].offset, 3);
        assert_eq!(side.places()[4], (0, 22..23));
    }

    #[test]
    fn elements_do_not_straddle_words() {
        // 4096 = 240 * 17 + 16: the 241st element does not fit, the one-bit tensor goes on in the second word.
        let side = Side::pack(vec![tensor(250, FixedType::fixed(17, 3)), tensor(1, FixedType::uint(1))], "y");
        let words: Vec<(&str, u32)> = side.words.iter().map(|w| (w.name.as_str(), w.bits)).collect();
        assert_eq!(words, [("y0", 4080), ("y1", 171)]);
        assert_eq!(side.words[1].slots[0], Slot { tensor: 0, first: 240, count: 10, lsb: 0 });
        assert_eq!(side.places()[240], (1, 0..17));
    }

    #[test]
    fn a_full_word_is_not_followed_by_an_empty_one() {
        let side = Side::pack(vec![tensor(512, FixedType::fixed(16, 6))], "x");
        assert_eq!(side.words.iter().map(|w| w.bits).collect::<Vec<_>>(), [4096, 4096]);
    }
}
