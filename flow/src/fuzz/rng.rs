//! Random numbers of a seed, and what is drawn most: types and values that meet the corners of their ranges.

use netlathe_apfixed::{FixedType, Overflow, Rounding};

/// xorshift64*: the same numbers on every machine.
#[derive(Clone, Debug)]
pub(super) struct Rng(u64);

impl Rng {
    /// The numbers of a seed; neighbouring seeds are not alike (splitmix64).
    pub(super) fn new(seed: u64) -> Self {
        let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Self((z ^ (z >> 31)) | 1)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// `low..=high`
    pub(super) fn range(&mut self, low: i64, high: i64) -> i64 {
        low + ((self.next() >> 11) % (high - low + 1) as u64) as i64
    }

    /// As [`Rng::range`], for sizes.
    pub(super) fn size(&mut self, low: usize, high: usize) -> usize {
        self.range(low as i64, high.max(low) as i64) as usize
    }

    /// True in one of `n` draws.
    pub(super) fn one_in(&mut self, n: i64) -> bool {
        self.range(1, n) == 1
    }

    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.size(0, of.len() - 1)]
    }

    /// Any type of at most `widest` bits, every mode.
    pub(super) fn ty(&mut self, widest: u32) -> FixedType {
        let width = self.range(1, i64::from(widest)) as u32;
        let signed = !self.one_in(4);
        if self.one_in(9) {
            return if signed { FixedType::int(width) } else { FixedType::uint(width) };
        }
        let integer = match self.range(0, 6) {
            0 => self.range(-6, 0),
            1 => i64::from(width) + self.range(1, 4),
            _ => self.range(0, i64::from(width)),
        };
        let mut ty = FixedType { signed, ..FixedType::fixed(width, integer as i32) };
        ty.rounding = self.pick(&Rounding::ALL);
        // hls4ml knows no WRAP_SM.
        ty.overflow =
            self.pick(&[Overflow::Wrap, Overflow::Wrap, Overflow::Sat, Overflow::SatZero, Overflow::SatSym]);
        if ty.overflow == Overflow::Wrap && self.one_in(6) {
            ty.sat_bits = self.range(0, i64::from(width.min(4))) as u32;
        }
        ty
    }

    /// A raw integer of the type, the extremes and zero often, small magnitudes as often as large ones.
    pub(super) fn raw(&mut self, ty: &FixedType) -> i128 {
        let (min, max) = (ty.min_raw(), ty.max_raw());
        match self.range(0, 9) {
            0 => min,
            1 => max,
            2 => 0i128.clamp(min, max),
            3 => 1i128.clamp(min, max),
            4 => (-1i128).clamp(min, max),
            _ => {
                let bits = (i128::from(self.next()) << 64) | i128::from(self.next());
                let bits = bits >> self.range(0, 127);
                (max - min).checked_add(1).map_or(bits, |span| min + bits.rem_euclid(span))
            }
        }
    }
}

/// The types of some neighbouring cases: few, so that g++ makes their arithmetic once for all of them.
#[derive(Clone, Debug)]
pub(super) struct Palette(Vec<FixedType>);

impl Palette {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0x7061_6c65_7474_6500);
        let mut types = vec![FixedType::fixed(16, 6)];
        // Wide ones are what accumulators and weights of real networks have.
        types.extend((0..3).map(|_| {
            loop {
                let ty = rng.ty(20);
                if ty.width >= 8 {
                    break ty;
                }
            }
        }));
        types.extend((0..6).map(|_| rng.ty(20)));
        Self(types)
    }

    pub(super) fn ty(&self, rng: &mut Rng) -> FixedType {
        rng.pick(&self.0)
    }
}
