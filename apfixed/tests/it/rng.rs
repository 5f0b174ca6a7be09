//! A small deterministic generator (splitmix64) and random types, for the tests that print their seed.

use netlathe_apfixed::{FixedType, Overflow, Rounding};

pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// lo..=hi
    pub(crate) fn int(&mut self, lo: i32, hi: i32) -> i32 {
        lo + (self.next() % (hi - lo + 1) as u64) as i32
    }

    pub(crate) fn chance(&mut self, percent: i32) -> bool {
        self.int(1, 100) <= percent
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.int(0, from.len() as i32 - 1) as usize]
    }

    /// A fixed-point type of at most `widest` bits with default modes; mostly narrow.
    pub(crate) fn plain(&mut self, widest: i32) -> FixedType {
        let width = match self.int(0, 9) {
            0..=4 => self.int(1, widest.min(8)),
            5..=7 => self.int(1, widest.min(32)),
            _ => self.int(1, widest),
        };
        let integer = self.int(-5, width + 4);
        if self.chance(60) {
            FixedType::fixed(width as u32, integer)
        } else {
            FixedType::ufixed(width as u32, integer)
        }
    }

    /// The same with any legal modes.
    pub(crate) fn moded(&mut self, widest: i32) -> FixedType {
        let plain = self.plain(widest);
        let overflow = self.pick(&Overflow::ALL);
        let overflow = if overflow == Overflow::WrapSm && !plain.signed { Overflow::Wrap } else { overflow };
        let ty = plain.with_modes(self.pick(&Rounding::ALL), overflow);
        let wraps = matches!(overflow, Overflow::Wrap | Overflow::WrapSm);
        if wraps && self.chance(50) {
            ty.with_sat_bits(self.int(0, plain.width.min(5) as i32) as u32)
        } else {
            ty
        }
    }

    pub(crate) fn integer(&mut self, widest: i32) -> FixedType {
        let width = self.int(1, widest) as u32;
        if self.chance(60) { FixedType::int(width) } else { FixedType::uint(width) }
    }

    /// A raw value of the type: an edge, a small one, or any.
    pub(crate) fn raw(&mut self, ty: &FixedType) -> i128 {
        let plain = FixedType { overflow: Overflow::Wrap, ..*ty };
        let (lo, hi) = (plain.min_raw(), plain.max_raw());
        match self.int(0, 9) {
            0 => lo,
            1 => hi,
            2 => lo + i128::from(self.int(0, 3)).min(hi - lo - i128::from(hi > 0 && lo < 0)).max(0),
            3 => i128::from(self.int(-3, 3)).clamp(lo, hi),
            n => {
                let random = ((u128::from(self.next()) << 64) | u128::from(self.next())) as i128;
                // Fewer significant bits now and then.
                let random = if n < 6 { random >> self.int(0, 127) } else { random };
                let unused = 128 - ty.width;
                if ty.signed {
                    (random << unused) >> unused
                } else {
                    ((random as u128) << unused >> unused) as i128
                }
            }
        }
    }
}
