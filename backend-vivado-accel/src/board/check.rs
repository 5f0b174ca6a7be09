//! What is wrong in a board file that reads.

use super::{Alveo, Board, Family, InterfaceKind, Region, Zynq};

/// Everything that is wrong with the values of a board, each with the path of its field.
pub(super) fn problems(board: &Board) -> Vec<String> {
    let mut found = Found::default();
    found.word("name", &board.name);
    found.text("title", &board.title);
    found.word("part", &board.part);
    if board.interfaces.is_empty() {
        found.add("interfaces", "there must be at least one");
    }
    found.unique("interfaces", &board.interfaces);
    if board.family == Family::Alveo && board.interfaces.iter().any(|i| *i != InterfaceKind::AxiMaster) {
        found.add("interfaces", "a PCIe card's platform reaches kernels by axi_master only");
    }
    for (index, text) in board.runs_on_record.iter().enumerate() {
        found.text(&format!("runs_on_record[{index}]"), text);
    }
    clock(board, &mut found);
    match (board.family, &board.zynq, &board.alveo) {
        (Family::Alveo, None, Some(card)) => alveo(card, &mut found),
        (Family::Zynq7000 | Family::ZynqUltrascale, Some(of), None) => zynq(board, of, &mut found),
        (Family::Alveo, ..) => {
            found.add("alveo", "the family `alveo` needs a section `alveo` and none `zynq`")
        }
        (family, ..) => {
            found.add(
                "zynq",
                format!("the family `{}` needs a section `zynq` and none `alveo`", family.name()),
            );
        }
    }
    if board.package.contents.is_empty() {
        found.add("package.contents", "there must be at least one");
    }
    found.unique("package.contents", &board.package.contents);
    found.0
}

fn clock(board: &Board, found: &mut Found) {
    let clock = &board.clock;
    let mut fine = found.positive("clock.default_period_ns", clock.default_period_ns);
    fine &= found.positive("clock.max_mhz", clock.max_mhz);
    fine &= clock.source_mhz.is_none_or(|mhz| found.positive("clock.source_mhz", mhz));
    fine &= clock.min_mhz.is_none_or(|mhz| found.positive("clock.min_mhz", mhz));
    match (board.family, clock.source_mhz) {
        (Family::Alveo, Some(_)) => {
            found.add("clock.source_mhz", "a card's platform makes any whole number of MHz; leave it out");
        }
        (Family::Zynq7000 | Family::ZynqUltrascale, None) => {
            found.add("clock.source_mhz", "is missing: the PLL that the processing system divides");
        }
        _ if fine => {
            if let Err(why) = clock.actual(&board.name, None) {
                found.add("clock.default_period_ns", why);
            }
        }
        _ => {}
    }
}

fn zynq(board: &Board, of: &Zynq, found: &mut Found) {
    for (index, part) in of.board_parts.iter().enumerate() {
        let path = format!("zynq.board_parts[{index}]");
        found.word(&path, part);
        let fields: Vec<&str> = part.split(':').collect();
        if fields.len() != 4 || fields.iter().any(|field| field.is_empty()) {
            found.add(&path, format!("{part:?} must be vendor:name:part0:revision"));
        }
    }
    found.text("zynq.board_files", &of.board_files);
    if of.board_parts.is_empty() && of.properties.is_empty() {
        found.add("zynq.properties", "without board files, the processing system must be set up here");
    }
    let prefix = if board.family == Family::Zynq7000 { "PCW_" } else { "PSU_" };
    for (name, value) in &of.properties {
        let path = format!("zynq.properties.{name}");
        found.word(&path, value);
        if !name.starts_with(prefix) || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            found.add(&path, format!("a property of this family's processing system starts with {prefix}"));
        }
    }
    let (ports, widths, masters): (&[&str], &[u32], &[&str]) = match board.family {
        // UG585: four high performance ports of 32 or 64 bits.
        Family::Zynq7000 => (&["HP0", "HP1", "HP2", "HP3"], &[32, 64], &["GP0", "GP1"]),
        // PG201: 32, 64 or 128 bits.
        Family::ZynqUltrascale | Family::Alveo => (
            &["HP0", "HP1", "HP2", "HP3", "HPC0", "HPC1"],
            &[32, 64, 128],
            &["HPM0_FPD", "HPM1_FPD", "HPM0_LPD"],
        ),
    };
    found.one_of("zynq.memory.port", &of.memory.port.as_str(), ports);
    found.one_of("zynq.memory.port_bits", &of.memory.port_bits, widths);
    found.one_of("zynq.control.port", &of.control.port.as_str(), masters);
    dma(of, found);
    control(board.family, of, found);
    let most = if board.family == Family::Zynq7000 { 16 } else { 8 };
    if !(1..=most).contains(&of.interrupts) {
        found.add("zynq.interrupts", format!("{} must be from 1 to {most}", of.interrupts));
    }
}

/// PG021 (AXI DMA): streams of 8 to 1024 bits, no wider than the memory side of 32 to 1024; length registers of 8 to 26 bits;
/// addresses of 32 to 64 bits.
fn dma(of: &Zynq, found: &mut Found) {
    let dma = &of.dma;
    if !dma.stream_bits.is_power_of_two() || !(8..=1024).contains(&dma.stream_bits) {
        found.add(
            "zynq.dma.stream_bits",
            format!("{} must be a power of two from 8 to 1024", dma.stream_bits),
        );
    } else if dma.stream_bits > of.memory.port_bits.max(32) {
        found.add(
            "zynq.dma.stream_bits",
            format!("{} is wider than the memory port's {} bits", dma.stream_bits, of.memory.port_bits),
        );
    }
    if !(8..=26).contains(&dma.length_bits) {
        found.add("zynq.dma.length_bits", format!("{} must be from 8 to 26", dma.length_bits));
    }
    if !(32..=64).contains(&dma.address_bits) {
        found.add("zynq.dma.address_bits", format!("{} must be from 32 to 64", dma.address_bits));
    }
    if of.memory.regions.is_empty() {
        found.add("zynq.memory.regions", "there must be at least one");
    }
    let mut ends = Vec::new();
    for (index, region) in of.memory.regions.iter().enumerate() {
        let Region { segment, base, bytes } = region;
        let path = format!("zynq.memory.regions[{index}]");
        found.word(&format!("{path}.segment"), segment);
        if !found.range(&path, *base, *bytes) {
            continue;
        }
        let last = base + (bytes - 1);
        if (32..64).contains(&dma.address_bits) && last >> dma.address_bits != 0 {
            found.add(
                &format!("{path}.base"),
                format!("{last:#x} is beyond the DMA's addresses of {} bits", dma.address_bits),
            );
        }
        for (other, (first, end)) in ends.iter().enumerate() {
            if *base <= *end && *first <= last {
                found.add(&path, format!("overlaps with zynq.memory.regions[{other}]"));
            }
        }
        ends.push((*base, last));
    }
}

/// Where each port of the processors reaches the programmable logic.
fn control(family: Family, of: &Zynq, found: &mut Found) {
    let control = &of.control;
    if !found.range("zynq.control", control.base, control.dma_bytes) {
        return;
    }
    // PG021: 1 KiB of registers; Vivado assigns no less than 4 KiB.
    if control.dma_bytes < 0x1000 {
        found.add("zynq.control.dma_bytes", "must be at least 4096, what Vivado assigns");
    }
    if control.end <= control.base || (control.end - control.base) < control.dma_bytes {
        found.add("zynq.control.end", format!("{:#x} leaves no room after the base", control.end));
    }
    // UG585: GP ports have 32 bits; PG201: HPM ports 32 to 128.
    let widths: &[u32] = if family == Family::Zynq7000 { &[32] } else { &[32, 64, 128] };
    found.one_of("zynq.control.port_bits", &control.port_bits, widths);
    if found.range("zynq.control.lite_bytes", control.base, control.lite_bytes)
        && control.end.saturating_sub(control.base) < control.lite_bytes
    {
        found.add("zynq.control.lite_bytes", "reaches beyond the end");
    }
    // UG585, system address map; UG1085, same.
    let windows: &[(u64, u64)] = match (family, control.port.as_str()) {
        (Family::Zynq7000, "GP0") => &[(0x4000_0000, 0x8000_0000)],
        (Family::Zynq7000, "GP1") => &[(0x8000_0000, 0xc000_0000)],
        (Family::ZynqUltrascale, "HPM0_FPD") => {
            &[(0xa000_0000, 0xb000_0000), (0x4_0000_0000, 0x5_0000_0000), (0x10_0000_0000, 0x48_0000_0000)]
        }
        (Family::ZynqUltrascale, "HPM1_FPD") => {
            &[(0xb000_0000, 0xc000_0000), (0x5_0000_0000, 0x6_0000_0000), (0x48_0000_0000, 0x80_0000_0000)]
        }
        (Family::ZynqUltrascale, "HPM0_LPD") => &[(0x8000_0000, 0xa000_0000)],
        _ => return,
    };
    if !windows.iter().any(|(first, end)| control.base >= *first && control.end <= *end) {
        let list: Vec<_> = windows.iter().map(|(a, b)| format!("{a:#x} to {b:#x}")).collect();
        found.add(
            "zynq.control.base",
            format!("{} is reached at {}, not at {:#x}", control.port, list.join(" or "), control.base),
        );
    }
}

fn alveo(card: &Alveo, found: &mut Found) {
    if card.platforms.is_empty() {
        found.add("alveo.platforms", "there must be at least one");
    }
    found.unique("alveo.platforms", &card.platforms);
    for (index, platform) in card.platforms.iter().enumerate() {
        found.word(&format!("alveo.platforms[{index}]"), platform);
    }
    // UG1399, M_AXI interfaces: up to 1024 bits; a power of two.
    if !card.port_bits.is_power_of_two() || !(32..=1024).contains(&card.port_bits) {
        found.add("alveo.port_bits", format!("{} must be a power of two from 32 to 1024", card.port_bits));
    }
    if !(1..=4).contains(&card.slrs) {
        found.add("alveo.slrs", format!("{} must be from 1 to 4", card.slrs));
    }
    if card.kernel_slr >= card.slrs {
        found.add("alveo.kernel_slr", format!("{} is none of the {} SLRs", card.kernel_slr, card.slrs));
    }
    let mut taken = std::collections::BTreeSet::new();
    for (index, memory) in card.memory.iter().enumerate() {
        let path = format!("alveo.memory[{index}]");
        if !memory.bank_bytes.is_power_of_two() {
            found.add(&format!("{path}.bank_bytes"), format!("{} must be a power of two", memory.bank_bytes));
        }
        if !(1..=64).contains(&memory.banks) || memory.first >= 64 {
            found.add(&format!("{path}.banks"), "first and number of banks must be below 64 and 1 to 64");
            continue;
        }
        if memory.slr >= card.slrs {
            found.add(&format!("{path}.slr"), format!("{} is none of the {} SLRs", memory.slr, card.slrs));
        }
        for bank in memory.first..memory.first + memory.banks {
            if !taken.insert((memory.kind, bank)) {
                found.add(&path, format!("{}[{bank}] is there twice", memory.kind.name()));
            }
        }
    }
    if !card.memory.iter().any(|memory| memory.kind == card.tensors_in) {
        found.add("alveo.tensors_in", format!("the card has no {}", card.tensors_in.name()));
    }
}

#[derive(Default)]
struct Found(Vec<String>);

impl Found {
    fn add(&mut self, path: &str, what: impl std::fmt::Display) {
        self.0.push(format!("{path}: {what}"));
    }

    /// Text that goes into scripts as one word.
    fn word(&mut self, path: &str, text: &str) {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._:-".contains(c);
        if text.is_empty() || text.len() > 128 || !text.chars().all(plain) {
            self.add(path, format!("{text:?} must have 1 to 128 letters, digits, or any of . _ : -"));
        }
    }

    /// Text for people, which messages of scripts quote.
    fn text(&mut self, path: &str, text: &str) {
        if text.is_empty()
            || text.len() > 512
            || text.chars().any(|c| c.is_control() || "\"\\[]{}$".contains(c))
        {
            self.add(path, format!("{text:?} must have 1 to 512 bytes, and none of \" \\ [ ] {{ }} $"));
        }
    }

    fn unique<T: PartialEq>(&mut self, path: &str, list: &[T]) {
        if (1..list.len()).any(|i| list[..i].contains(&list[i])) {
            self.add(path, "something is there twice");
        }
    }

    fn positive(&mut self, path: &str, value: f64) -> bool {
        let fine = value.is_finite() && value > 0.0;
        if !fine {
            self.add(path, format!("{value} must be a positive number"));
        }
        fine
    }

    fn one_of<T: PartialEq + std::fmt::Display>(&mut self, path: &str, value: &T, known: &[T]) {
        if !known.contains(value) {
            let known: Vec<_> = known.iter().map(ToString::to_string).collect();
            self.add(path, format!("{value} must be one of {}", known.join(", ")));
        }
    }

    /// Vivado takes ranges of a power of two that start at a multiple of their size (UG994, Address Editor).
    fn range(&mut self, path: &str, base: u64, bytes: u64) -> bool {
        let fine =
            bytes.is_power_of_two() && base.is_multiple_of(bytes) && base.checked_add(bytes - 1).is_some();
        if !fine {
            self.add(
                path,
                format!(
                    "{bytes:#x} bytes at {base:#x}: a size is a power of two, an address a multiple of it"
                ),
            );
        }
        fine
    }
}
