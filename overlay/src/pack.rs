//! Lanes side by side in bytes: lane `j` in bits `[w*j+w-1 : w*j]`, little end first.

/// Writes lanes of `width` bits (1 to 64), from bit 0 of `bytes` on, which are exactly as many as needed; bits behind the
/// last lane become 0. Bits of a lane above `width` are ignored.
pub(crate) fn pack(lanes: &[i64], width: usize, bytes: &mut [u8]) {
    debug_assert_eq!(bytes.len(), (lanes.len() * width).div_ceil(8));
    match width {
        8 => bytes.iter_mut().zip(lanes).for_each(|(byte, lane)| *byte = *lane as u8),
        16 => whole(lanes, bytes, |lane| (lane as u16).to_le_bytes()),
        32 => whole(lanes, bytes, |lane| (lane as u32).to_le_bytes()),
        64 => whole(lanes, bytes, i64::to_le_bytes),
        _ => pack_bits(lanes, width, bytes),
    }
}

fn whole<const N: usize>(lanes: &[i64], bytes: &mut [u8], of: impl Fn(i64) -> [u8; N]) {
    for (bytes, &lane) in bytes.chunks_exact_mut(N).zip(lanes) {
        bytes.copy_from_slice(&of(lane));
    }
}

fn pack_bits(lanes: &[i64], width: usize, bytes: &mut [u8]) {
    // `held` bits wait in `word`, fewer than 64.
    let (mut word, mut held) = (0u64, 0);
    let mut rest = bytes;
    for &lane in lanes {
        let lane = lane as u64 & mask(width);
        word |= lane << held;
        held += width;
        if held >= 64 {
            let (eight, after) = rest.split_at_mut(8);
            eight.copy_from_slice(&word.to_le_bytes());
            rest = after;
            held -= 64;
            // Of the lane, `held` bits are left; it had more, because fewer than 64 were held before.
            word = if held == 0 { 0 } else { lane >> (width - held) };
        }
    }
    rest.copy_from_slice(&word.to_le_bytes()[..rest.len()]);
}

/// Reads lanes of `width` bits, as [`pack`] writes them.
pub(crate) fn unpack(bytes: &[u8], width: usize, lanes: &mut [u64]) {
    debug_assert_eq!(bytes.len(), (lanes.len() * width).div_ceil(8));
    match width {
        8 => lanes.iter_mut().zip(bytes).for_each(|(lane, byte)| *lane = (*byte).into()),
        16 => whole_back(bytes, lanes, |two| u16::from_le_bytes(two).into()),
        32 => whole_back(bytes, lanes, |four| u32::from_le_bytes(four).into()),
        64 => whole_back(bytes, lanes, u64::from_le_bytes),
        _ => unpack_bits(bytes, width, lanes),
    }
}

fn whole_back<const N: usize>(bytes: &[u8], lanes: &mut [u64], of: impl Fn([u8; N]) -> u64) {
    for (lane, bytes) in lanes.iter_mut().zip(bytes.chunks_exact(N)) {
        let mut own = [0; N];
        own.copy_from_slice(bytes);
        *lane = of(own);
    }
}

fn unpack_bits(bytes: &[u8], width: usize, lanes: &mut [u64]) {
    let (mut word, mut held) = (0u64, 0);
    let mut rest = bytes;
    for lane in lanes {
        if held >= width {
            *lane = word & mask(width);
            word >>= width;
            held -= width;
            continue;
        }
        let mut next = [0; 8];
        let taken = rest.len().min(8);
        next[..taken].copy_from_slice(&rest[..taken]);
        rest = &rest[taken..];
        let next = u64::from_le_bytes(next);
        // Fewer than `width` bits were held, so at least one of the next word is the lane's.
        *lane = (word | next << held) & mask(width);
        let used = width - held;
        word = if used == 64 { 0 } else { next >> used };
        held = 64 - used;
    }
}

/// `width` ones, 1 to 64 of them.
fn mask(width: usize) -> u64 {
    u64::MAX >> (64 - width)
}
