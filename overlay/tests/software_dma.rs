//! The software AXI DMA, register by register as PG021 v7.1 tells it, and the stream designs made of it.

use netlathe_overlay::software::{Behaviour, Board, BoardError, Memory};
use netlathe_overlay::{Dma, Flow, Host, LengthFault, Manifest, Transfer};

use crate::beat_core::Sum;
use crate::support::{full, manifest, tensor};

const BASE: u64 = 0xa000_0000;
const SOURCE: u64 = 0x10_0000;
const TARGET: u64 = 0x20_0000;
/// Registers of PG021, "Direct Register Mode Register Address Map".
const MM2S: u64 = 0x00;
const S2MM: u64 = 0x30;
const CONTROL: u64 = 0x00;
const STATUS: u64 = 0x04;
const ADDRESS: u64 = 0x18;
const ADDRESS_MSB: u64 = 0x1c;
const LENGTH: u64 = 0x28;

const RUN: u32 = 1;
const RESET: u32 = 4;
const HALTED: u32 = 1;
const IDLE: u32 = 2;
const INT_ERR: u32 = 0x10;
const DEC_ERR: u32 = 0x40;
const IOC: u32 = 0x1000;
const ERR: u32 = 0x4000;

/// Inputs of 3 elements in two beats of 32 bits, 8 bytes; an output of 3 elements in three beats, 12 bytes. The first
/// DMA has the output.
pub(crate) fn description(inputs: usize, transfer: Transfer) -> Manifest {
    let input = |i| tensor(&format!("in{i}"), &[3], "ap_fixed<16,6>", full(32, "ap_fixed<16,6>", transfer));
    let output = tensor("out", &[3], "ap_fixed<20,10>", full(32, "ap_fixed<20,10>", transfer));
    let mut manifest = manifest((0..inputs).map(input).collect(), vec![output]);
    manifest.flow = Flow::VivadoAccelerator;
    let dma = |i: usize| Dma {
        name: format!("hier_0/axi_dma_{i}"),
        base: BASE + 0x1_0000 * i as u64,
        bytes: 0x1_0000,
        length_bits: 14,
        input: Some(format!("in{i}")),
        output: (i == 0).then(|| "out".to_owned()),
    };
    manifest.host = Host::AxiStream { dmas: (0..inputs).map(dma).collect() };
    manifest
}

pub(crate) fn memory() -> Memory {
    let mut memory = Memory::new();
    assert!(memory.add(SOURCE, 0x1000) && memory.add(TARGET, 0x1000));
    memory
}

/// Samples of three raw integers as the input's beats.
pub(crate) fn beats(samples: &[[i16; 3]]) -> Vec<u8> {
    let padded = samples.iter().flat_map(|&[a, b, c]| [a, b, c, 0]);
    padded.flat_map(i16::to_le_bytes).collect()
}

/// What the core, which doubles the sum, answers, as the output's beats: 20 bits each, zeros above.
pub(crate) fn answers(samples: &[[i32; 3]]) -> Vec<u8> {
    samples.iter().flatten().flat_map(|value| (value & 0xf_ffff).to_le_bytes()).collect()
}

struct Driver(Board<Sum>);

impl Driver {
    fn new(inputs: usize, transfer: Transfer, behaviour: Behaviour) -> Self {
        let core = Sum { inputs, size: 3 };
        Self(Board::new(core, &description(inputs, transfer), memory(), behaviour).unwrap())
    }

    fn read(&mut self, register: u64) -> u32 {
        self.0.read(BASE + register).unwrap()
    }

    fn write(&mut self, register: u64, value: u32) {
        assert!(self.0.write(BASE + register, value));
    }

    fn statuses(&mut self) -> [u32; 2] {
        [self.read(MM2S + STATUS), self.read(S2MM + STATUS)]
    }

    fn store(&mut self, bytes: &[u8]) {
        self.0.memory.get_mut(SOURCE, bytes.len()).unwrap().copy_from_slice(bytes);
    }

    fn target(&self, bytes: usize) -> &[u8] {
        self.0.memory.get(TARGET, bytes).unwrap()
    }

    fn run(&mut self) {
        self.write(MM2S + CONTROL, RUN);
        self.write(S2MM + CONTROL, RUN);
    }

    fn start(&mut self, channel: u64, address: u64, length: u32) {
        self.write(channel + ADDRESS, address as u32);
        self.write(channel + LENGTH, length);
    }
}

#[test]
fn registers_after_a_reset() {
    // "MM2S_DMACR (MM2S DMA Control Register - Offset 00h)" and its neighbours, default values.
    let mut driver = Driver::new(1, Transfer::Batch, Behaviour::default());
    for channel in [MM2S, S2MM] {
        assert_eq!(driver.read(channel + CONTROL), 0x0001_0002, "threshold 1, bit 1 reads as 1");
        assert_eq!(driver.read(channel + STATUS), HALTED);
        for register in [ADDRESS, ADDRESS_MSB, LENGTH, 0x08, 0x10] {
            assert_eq!(driver.read(channel + register), 0);
        }
    }
    assert_eq!(driver.0.interrupts(), [false, false]);
    assert_eq!(driver.0.read(BASE - 4), None);
    assert_eq!(driver.0.read(BASE + 0x1_0000), None);
    assert!(!driver.0.write(0, 1));
}

#[test]
fn a_transfer_by_the_guides_sequence() {
    // "Direct Register Mode (Simple DMA)".
    let mut driver = Driver::new(1, Transfer::Batch, Behaviour::default());
    driver.store(&beats(&[[1, -2, 3], [100, 200, 300]]));
    driver.run();
    // Idle "is also 0 prior to initial transfer".
    assert_eq!(driver.statuses(), [0, 0]);
    driver.write(S2MM + CONTROL, RUN | IOC | ERR);
    driver.start(S2MM, TARGET, 0x100);
    driver.start(MM2S, SOURCE, 16);
    assert_eq!(driver.statuses(), [IDLE | IOC, IDLE | IOC]);
    assert_eq!(driver.read(S2MM + LENGTH), 24, "bytes received");
    assert_eq!(driver.read(MM2S + LENGTH), 16);
    assert_eq!(driver.target(28)[..24], answers(&[[2, -4, 6], [200, 400, 600]]));
    assert_eq!(driver.target(28)[24..], [0; 4]);
    // MM2S completed as well, but its interrupt is not enabled; 1s clear.
    assert_eq!(driver.0.interrupts(), [false, true]);
    driver.write(S2MM + STATUS, ERR);
    assert_eq!(driver.0.interrupts(), [false, true]);
    driver.write(S2MM + STATUS, 0xffff_ffff);
    assert_eq!(driver.statuses(), [IDLE | IOC, IDLE]);
    assert_eq!(driver.0.interrupts(), [false, false]);
}

#[test]
fn lengths_without_effect() {
    let mut driver = Driver::new(1, Transfer::Batch, Behaviour::default());
    // "When halted (RS= 0 and Halted = 1) ... writing to the LENGTH register has no effect on DMA operations."
    driver.start(MM2S, SOURCE, 16);
    driver.run();
    assert_eq!(driver.statuses(), [0, 0]);
    // "A value of zero written has no effect." Bits above the register's width do not exist.
    for length in [0, 1 << 14] {
        driver.write(MM2S + LENGTH, length);
        assert_eq!((driver.statuses(), driver.read(MM2S + LENGTH)), ([0, 0], 0));
    }
    driver.write(S2MM + LENGTH, (1 << 14) + 12);
    assert_eq!(driver.read(S2MM + LENGTH), 12);
}

#[test]
fn the_core_is_held_up_until_somebody_receives() {
    let mut driver = Driver::new(1, Transfer::Batch, Behaviour::default());
    driver.store(&beats(&[[1, 1, 1], [2, 2, 2], [3, 3, 3]]));
    driver.run();
    driver.start(MM2S, SOURCE, 24);
    assert_eq!(driver.statuses(), [0, 0], "one answer waits, so the input does not end");
    driver.write(MM2S + LENGTH, 8);
    assert_eq!(driver.read(MM2S + LENGTH), 24, "a length during a transfer is ignored");
    driver.start(S2MM, TARGET, 36);
    assert_eq!(driver.statuses(), [IDLE | IOC, IDLE | IOC]);
    assert_eq!(driver.target(36), answers(&[[2; 3], [4; 3], [6; 3]]));
}

#[test]
fn one_sample_a_transfer() {
    let mut driver = Driver::new(1, Transfer::Sample, Behaviour::default());
    driver.store(&beats(&[[1, 2, 3], [4, 5, 6]]));
    driver.run();
    for sample in 0..2 {
        driver.start(S2MM, TARGET + 12 * sample, 12);
        driver.start(MM2S, SOURCE + 8 * sample, 8);
        assert_eq!((driver.statuses()[1], driver.read(S2MM + LENGTH)), (IDLE | IOC, 12));
    }
    assert_eq!(driver.target(24), answers(&[[2, 4, 6], [8, 10, 12]]));
    // Two samples in one transfer are one that is too long: one answer.
    driver.start(S2MM, TARGET, 24);
    driver.start(MM2S, SOURCE, 16);
    assert_eq!((driver.statuses(), driver.read(S2MM + LENGTH)), ([IDLE | IOC; 2], 12));
    assert_eq!(
        driver.0.take_length_faults(),
        [LengthFault::Long { input: "in0".into(), sample: 2, expected: 2 }]
    );
}

#[test]
fn a_short_transfer_is_answered_and_part_of_a_beat_is_zeros() {
    let mut driver = Driver::new(1, Transfer::Batch, Behaviour::default());
    driver.store(&beats(&[[0x0101, 0x0202, 0x0303]]));
    driver.run();
    driver.start(S2MM, TARGET, 12);
    driver.start(MM2S, SOURCE, 3);
    assert_eq!(driver.statuses(), [IDLE | IOC; 2]);
    assert_eq!(driver.target(12), answers(&[[2 * 0x0101, 4, 0]]));
    assert_eq!(driver.0.take_length_faults().len(), 1);
}

#[test]
fn a_packet_longer_than_the_buffer_halts_the_channel() {
    let mut driver = Driver::new(1, Transfer::Batch, Behaviour::default());
    driver.store(&beats(&[[1, 2, 3]]));
    driver.run();
    driver.write(S2MM + CONTROL, RUN | ERR);
    driver.start(S2MM, TARGET, 8);
    driver.start(MM2S, SOURCE, 8);
    // "This error condition causes the AXI DMA to halt gracefully. The DMACR.RS bit is set to 0".
    assert_eq!(driver.statuses(), [IDLE | IOC, HALTED | INT_ERR | ERR]);
    assert_eq!(driver.read(S2MM + CONTROL) & RUN, 0);
    assert_eq!(driver.target(8), &answers(&[[2, 4, 6]])[..8]);
    assert_eq!(driver.0.interrupts(), [false, true]);
    // The interrupt clears, the error bit is read-only.
    driver.write(S2MM + STATUS, 0xffff_ffff);
    assert_eq!(driver.statuses()[1], HALTED | INT_ERR);
    // Either channel's reset resets both: "resets the entire AXI DMA engine".
    driver.write(MM2S + CONTROL, RESET);
    assert_eq!(driver.statuses(), [HALTED; 2]);
    assert_eq!(driver.read(S2MM + ADDRESS), 0);
    assert_eq!(driver.read(MM2S + CONTROL), 0x0001_0002, "the reset bit clears itself");
    driver.run();
    driver.start(S2MM, TARGET, 12);
    driver.start(MM2S, SOURCE, 8);
    assert_eq!((driver.statuses(), driver.read(S2MM + LENGTH)), ([IDLE | IOC; 2], 12));
    assert_eq!(driver.target(12), answers(&[[2, 4, 6]]));
}

#[test]
fn addresses_that_nobody_answers_and_that_are_not_aligned() {
    let cases = [
        (MM2S, 0x30_0000, DEC_ERR),
        (MM2S, SOURCE + 0xffc, DEC_ERR),
        // "If Data Realignment Engine is not included, the Source Address must be ... aligned."
        (MM2S, SOURCE + 2, DEC_ERR),
        (S2MM, 0x30_0000, DEC_ERR),
        (S2MM, TARGET + 0xff8, DEC_ERR),
        (S2MM, TARGET + 1, INT_ERR),
    ];
    for (channel, address, error) in cases {
        let mut driver = Driver::new(1, Transfer::Batch, Behaviour::default());
        driver.run();
        let (source, target) = if channel == MM2S { (address, TARGET) } else { (SOURCE, address) };
        driver.start(S2MM, target, 12);
        driver.start(MM2S, source, 8);
        let status = driver.read(channel + STATUS);
        assert_eq!(status, HALTED | ERR | error, "{address:#x}");
        // The channel is halted: the next length has no effect.
        driver.start(channel, SOURCE, 8);
        assert_eq!(driver.read(channel + STATUS), status);
    }
    // The upper half of an address.
    let mut driver = Driver::new(1, Transfer::Batch, Behaviour::default());
    driver.run();
    driver.write(MM2S + ADDRESS_MSB, 1);
    driver.start(MM2S, SOURCE, 8);
    assert_eq!(driver.statuses()[0], HALTED | ERR | DEC_ERR);
    assert!(driver.0.memory.add((1 << 32) + SOURCE, 8));
    driver.write(MM2S + CONTROL, RESET);
    driver.run();
    driver.write(MM2S + ADDRESS_MSB, 1);
    driver.start(MM2S, SOURCE, 8);
    assert_eq!(driver.statuses()[0], IDLE | IOC);
}

#[test]
fn a_channel_that_is_stopped_ends_its_transfer_first() {
    // "0 = Stop - DMA stops when current (if any) DMA operations are complete."
    let mut driver = Driver::new(1, Transfer::Batch, Behaviour::default());
    driver.run();
    driver.start(S2MM, TARGET, 12);
    driver.write(S2MM + CONTROL, 0);
    assert_eq!(driver.statuses()[1], 0, "neither halted nor idle");
    driver.start(MM2S, SOURCE, 8);
    // Idle "is 0 when channel is halted".
    assert_eq!(driver.statuses(), [IDLE | IOC, HALTED | IOC]);
}

#[test]
fn two_inputs_have_two_dmas() {
    let mut driver = Driver::new(2, Transfer::Batch, Behaviour::default());
    driver.store(&beats(&[[1, 2, 3], [4, 5, 6], [10, 20, 30], [40, 50, 60]]));
    driver.run();
    driver.write(0x1_0000 + CONTROL, RUN);
    // The second DMA has no S2MM channel.
    driver.write(0x1_0000 + S2MM + CONTROL, RUN);
    assert_eq!(driver.read(0x1_0000 + S2MM + STATUS), HALTED);
    driver.start(S2MM, TARGET, 24);
    driver.start(MM2S, SOURCE, 16);
    assert_eq!(driver.statuses(), [0, 0], "the first input waits for the second");
    driver.start(0x1_0000, SOURCE + 16, 16);
    assert_eq!((driver.statuses(), driver.read(0x1_0004)), ([IDLE | IOC; 2], IDLE | IOC));
    assert_eq!(driver.target(24), answers(&[[22, 44, 66], [88, 110, 132]]));
    assert_eq!(driver.0.interrupts().len(), 4);
}

#[test]
fn slow_cores_and_cores_that_never_finish() {
    let mut driver = Driver::new(1, Transfer::Batch, Behaviour { busy_reads: 3, stuck_after: Some(2) });
    driver.store(&beats(&[[1, 2, 3], [4, 5, 6], [7, 8, 9]]));
    driver.run();
    driver.start(S2MM, TARGET, 36);
    driver.start(MM2S, SOURCE, 16);
    let polls = (0..10).position(|_| driver.read(S2MM + STATUS) & IOC != 0);
    assert_eq!(polls, Some(2), "done at the third read");
    // The next sample is never taken.
    driver.start(S2MM, TARGET, 36);
    driver.start(MM2S, SOURCE, 8);
    assert!((0..20).all(|_| driver.read(S2MM + STATUS) & (IDLE | ERR) == 0));
    // A reset of the DMA does not help, programming the FPGA does.
    driver.write(MM2S + CONTROL, RESET);
    driver.run();
    driver.start(S2MM, TARGET, 36);
    driver.start(MM2S, SOURCE, 8);
    assert!((0..20).all(|_| driver.read(S2MM + STATUS) & IDLE == 0));
    driver.0.program();
    assert_eq!(driver.statuses(), [HALTED; 2]);
    driver.run();
    driver.start(S2MM, TARGET, 36);
    driver.start(MM2S, SOURCE, 8);
    assert!((0..20).any(|_| driver.read(S2MM + STATUS) & IDLE != 0));
}

#[test]
fn a_core_that_fails_leaves_its_reason() {
    let mut driver = Driver::new(1, Transfer::Batch, Behaviour::default());
    driver.store(&beats(&[[-7, 0, 0]]));
    driver.run();
    driver.start(S2MM, TARGET, 12);
    driver.start(MM2S, SOURCE, 8);
    assert_eq!(driver.statuses(), [IDLE | IOC, 0]);
    assert_eq!(driver.0.errors()[0].to_string(), "the core failed: it met -7");
}

#[test]
fn memory_has_regions_and_nothing_between() {
    let mut memory = Memory::new();
    assert!(memory.add(0x100, 0x10) && memory.add(0x110, 8) && memory.add(0x80, 0x80));
    for (base, bytes) in [(0x100, 1), (0xff, 2), (0x117, 4), (0x200, 0), (u64::MAX, 2)] {
        assert!(!memory.add(base, bytes), "{base:#x}");
    }
    assert!(memory.get(0x100, 0x10).is_some() && memory.get(0x118, 0).is_some());
    assert!(memory.get(0x10f, 2).is_none(), "two regions");
    assert!(memory.get(0x7f, 1).is_none() && memory.get(0x118, 1).is_none());
    assert!(memory.get_mut(u64::MAX, usize::MAX).is_none());
}

#[test]
fn boards_that_are_none() {
    let refused = |manifest: &Manifest| {
        let core = Sum { inputs: 1, size: 3 };
        Board::new(core, manifest, Memory::new(), Behaviour::default()).err().unwrap()
    };
    let mut manifest = description(1, Transfer::Batch);
    manifest.clock_period_ns = 0.0;
    assert!(matches!(refused(&manifest), BoardError::Manifest(_)));
    assert!(matches!(refused(&description(2, Transfer::Batch)), BoardError::Beats(_)));
    assert!(matches!(refused(&crate::beat_core::description(1, Transfer::Sample)), BoardError::Interface));
}
