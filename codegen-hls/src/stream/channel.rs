//! How a tensor travels through a stream.
//!
//! A token is the elements of the last axis; a vector is one token. Tokens come in the order of the other axes. A token lies in
//! one word where that has room for it, else in as many words of equal size as it needs, so no word is wider than
//! [`MAX_WORD_BITS`]: a flattened image is one token of thousands of elements. Elements lie from bit 0 on, the first elements in
//! the first word; the last word may end in unused bits.

use crate::layout::MAX_WORD_BITS;
use netlathe_ir::{FixedType, Node};

/// The layout of one tensor in its stream: `tokens * words()` words of `bits()` bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Channel {
    /// Tokens of one sample.
    pub tokens: usize,
    /// Elements of a token.
    pub len: usize,
    /// Bits of an element.
    pub width: u32,
    /// Elements of a word.
    pub per_word: usize,
}

impl Channel {
    /// The layout of a tensor of this shape and type.
    pub fn new(shape: &[usize], ty: FixedType) -> Self {
        let len = shape.last().copied().unwrap_or(1).max(1);
        let fit = (MAX_WORD_BITS / ty.width).max(1) as usize;
        let words = len.div_ceil(fit);
        Self {
            tokens: shape.iter().product::<usize>() / len,
            len,
            width: ty.width,
            per_word: len.div_ceil(words),
        }
    }

    pub(crate) fn of(node: &Node) -> Self {
        Self::new(&node.shape, node.ty())
    }

    /// Words of a token.
    pub fn words(&self) -> usize {
        self.len.div_ceil(self.per_word)
    }

    /// Bits of a word.
    pub fn bits(&self) -> u32 {
        self.per_word as u32 * self.width
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_at_most_4096_bits() {
        let channel = |shape: &[usize], width| Channel::new(shape, FixedType::fixed(width, 6));
        let pixel = channel(&[8, 9, 3], 16);
        assert_eq!((pixel.tokens, pixel.words(), pixel.bits()), (72, 1, 48));
        // 784 elements of 16 bits: 256 fit into a word, so four words of 196.
        let flat = channel(&[784], 16);
        assert_eq!((flat.tokens, flat.per_word, flat.words(), flat.bits()), (1, 196, 4, 3136));
        // 11 elements of 1000 bits in words of 4: three words, the last holds 3.
        let odd = channel(&[11], 1000);
        assert_eq!((odd.per_word, odd.words()), (4, 3));
    }
}
