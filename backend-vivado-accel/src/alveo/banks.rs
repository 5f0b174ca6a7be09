//! Which memory of the card each tensor lies in.

use crate::board::{Alveo, CardMemory, MemoryKind};

/// A bank of the card's memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bank {
    /// As `connectivity.sp` has it (UG1393, "Mapping Kernel Ports to Memory"): `HBM[0]`, `DDR[1]`.
    pub(super) name: String,
    /// The most that one buffer can have, in bytes.
    pub(super) bytes: u64,
}

/// How many of a kernel's ports a bank takes.
///
/// A pseudo channel of HBM takes one, because its 14.375 GB/s are less than what a port of 512 bits moves at 300 MHz (UG1393, "HBM
/// Configuration and Use"). A DDR4 channel takes 15 masters (UG1393, "platforminfo Utility", Memory Information, "Max Masters").
fn ports(kind: MemoryKind) -> usize {
    match kind {
        MemoryKind::Hbm => 1,
        MemoryKind::Ddr => 15,
    }
}

/// The banks of `count` tensors, in the tensors' order, or how many tensors the card takes.
///
/// Banks are dealt out nearest first: by the number of borders between the kernel's SLR and theirs, then by their own numbers.
/// Only when each has a tensor does the nearest one get another.
pub(super) fn deal(card: &Alveo, count: usize) -> Result<Vec<Bank>, usize> {
    let of_kind = card.memory.iter().filter(|memory| memory.kind == card.tensors_in);
    let one = |memory: &CardMemory, number| Bank {
        name: format!("{}[{number}]", memory.kind.name()),
        bytes: memory.bank_bytes,
    };
    let mut near: Vec<(u32, u32, Bank)> = of_kind
        .flat_map(|memory| {
            let borders = memory.slr.abs_diff(card.kernel_slr);
            (memory.first..memory.first + memory.banks)
                .map(move |number| (borders, number, one(memory, number)))
        })
        .collect();
    near.sort_by_key(|(borders, number, _)| (*borders, *number));
    let most = near.len() * ports(card.tensors_in);
    if count > most {
        return Err(most);
    }
    Ok(near.into_iter().map(|(_, _, bank)| bank).cycle().take(count).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::find;

    fn card(name: &str) -> Alveo {
        find(name).unwrap().alveo.unwrap()
    }

    fn names(card: &Alveo, count: usize) -> Vec<String> {
        deal(card, count).unwrap().into_iter().map(|bank| bank.name).collect()
    }

    #[test]
    fn pseudo_channels_are_one_each() {
        for (board, bytes) in [("alveo-u50", 256 << 20), ("alveo-u280", 256 << 20), ("alveo-u55c", 512 << 20)]
        {
            let card = card(board);
            assert_eq!(names(&card, 3), ["HBM[0]", "HBM[1]", "HBM[2]"]);
            assert_eq!(deal(&card, 1).unwrap()[0].bytes, bytes);
            assert_eq!(names(&card, 32)[31], "HBM[31]");
            assert_eq!(deal(&card, 33), Err(32));
        }
    }

    #[test]
    fn channels_are_the_nearest_first_and_then_shared() {
        let mut card = card("alveo-u200");
        assert_eq!(names(&card, 5), ["DDR[0]", "DDR[1]", "DDR[2]", "DDR[3]", "DDR[0]"]);
        assert_eq!(deal(&card, 61), Err(60));
        // DDR[1] and DDR[2] are at SLR1, the others one border away.
        card.kernel_slr = 1;
        assert_eq!(names(&card, 4), ["DDR[1]", "DDR[2]", "DDR[0]", "DDR[3]"]);
        card.kernel_slr = 2;
        assert_eq!(names(&card, 4), ["DDR[3]", "DDR[1]", "DDR[2]", "DDR[0]"]);
    }

    #[test]
    fn a_card_with_both_uses_what_its_file_says() {
        let mut card = card("alveo-u280");
        card.tensors_in = MemoryKind::Ddr;
        assert_eq!(names(&card, 2), ["DDR[0]", "DDR[1]"]);
        assert_eq!(deal(&card, 1).unwrap()[0].bytes, 16 << 30);
    }
}
