//! Software cores behind the control port of Vitis HLS: bits as UG1399, "S_AXILITE Control Register Map", and the
//! comments of the `x*_hw.h` files that the tool writes tell them.

use netlathe_overlay::software::{Behaviour, Board, HlsCore, HlsCoreError};
use netlathe_overlay::{Handshake, Host, IpCore, Manifest, Transfer, axi_lite_windows, axi_master_registers};

use crate::beat_core::Sum;
use crate::software_dma::{answers, beats, description, memory};

const BASE: u64 = 0xa001_0000;
const SOURCE: u64 = 0x10_0000;
const TARGET: u64 = 0x20_0000;
const AP_CTRL: u64 = 0x00;
const GIE: u64 = 0x04;
const IER: u64 = 0x08;
const ISR: u64 = 0x0c;
const START: u32 = 0x01;
const DONE: u32 = 0x02;
const IDLE: u32 = 0x04;
const READY: u32 = 0x08;
const CONTINUE: u32 = 0x10;
const AUTO_RESTART: u32 = 0x80;
const INTERRUPT: u32 = 0x200;

fn port() -> IpCore {
    IpCore { name: "hier_0/test_axi_0".to_owned(), base: BASE, bytes: 0x1_0000 }
}

fn master(inputs: usize, handshake: Handshake) -> Manifest {
    let mut manifest = description(inputs, Transfer::Batch);
    manifest.host = Host::AxiMaster { core: port() };
    manifest.registers = axi_master_registers(handshake, inputs, 1);
    manifest
}

fn lite(inputs: usize) -> Manifest {
    let mut manifest = description(inputs, Transfer::Sample);
    let (control, windows) = axi_lite_windows(&manifest.inputs, &manifest.outputs).unwrap();
    manifest.registers = control.registers;
    manifest.host = Host::AxiLite { core: port(), windows };
    manifest
}

struct Driver(Board<Sum>);

impl Driver {
    fn new(manifest: &Manifest, behaviour: Behaviour) -> Self {
        let core = Sum { inputs: manifest.inputs.len(), size: 3 };
        Self(Board::new(core, manifest, memory(), behaviour).unwrap())
    }

    fn read(&mut self, register: u64) -> u32 {
        self.0.read(BASE + register).unwrap()
    }

    fn write(&mut self, register: u64, value: u32) {
        assert!(self.0.write(BASE + register, value));
    }

    /// Pointers of one input and the output, and the batch, where the rule of control ports puts them.
    fn arguments(&mut self, source: u64, target: u64, batch: u32) {
        for (register, pointer) in [(0x10, source), (0x1c, target)] {
            self.write(register, pointer as u32);
            self.write(register + 4, (pointer >> 32) as u32);
        }
        self.write(0x28, batch);
    }

    fn store(&mut self, bytes: &[u8]) {
        self.0.memory.get_mut(SOURCE, bytes.len()).unwrap().copy_from_slice(bytes);
    }

    fn target(&self, bytes: usize) -> &[u8] {
        self.0.memory.get(TARGET, bytes).unwrap()
    }
}

#[test]
fn a_call_of_two_samples_under_ap_ctrl_hs() {
    let mut driver = Driver::new(&master(1, Handshake::Hs), Behaviour::default());
    assert_eq!(driver.read(AP_CTRL), IDLE);
    driver.store(&beats(&[[1, -2, 3], [100, 200, 300]]));
    driver.arguments(SOURCE, TARGET, 2);
    assert_eq!((driver.read(0x10), driver.read(0x14), driver.read(0x28)), (SOURCE as u32, 0, 2));
    assert_eq!(driver.target(24), [0; 24]);
    driver.write(AP_CTRL, START);
    assert_eq!(driver.target(28)[..24], answers(&[[2, -4, 6], [200, 400, 600]]));
    assert_eq!(driver.target(28)[24..], [0; 4]);
    // Done and ready clear when read.
    assert_eq!(driver.read(AP_CTRL), DONE | IDLE | READY);
    assert_eq!(driver.read(AP_CTRL), IDLE);
    // The next call needs no continue; an empty one is done, too.
    driver.write(0x28, 0);
    driver.write(AP_CTRL, START);
    assert_eq!(driver.read(AP_CTRL), DONE | IDLE | READY);
    assert_eq!(driver.0.unanswered(), []);
}

#[test]
fn under_ap_ctrl_chain_done_stays_until_continue_and_the_next_call_waits() {
    let mut driver = Driver::new(&master(1, Handshake::Chain), Behaviour::default());
    driver.store(&beats(&[[1, 2, 3]]));
    driver.arguments(SOURCE, TARGET, 1);
    driver.write(AP_CTRL, START);
    assert_eq!(driver.read(AP_CTRL), DONE | IDLE | READY);
    assert_eq!(driver.read(AP_CTRL), DONE | IDLE);
    driver.store(&beats(&[[4, 5, 6]]));
    driver.write(AP_CTRL, START);
    assert_eq!(driver.read(AP_CTRL), START | DONE | IDLE, "the done of the call before");
    assert_eq!(driver.target(12), answers(&[[2, 4, 6]]));
    driver.write(AP_CTRL, CONTINUE);
    assert_eq!(driver.read(AP_CTRL), DONE | IDLE | READY);
    assert_eq!(driver.target(12), answers(&[[8, 10, 12]]));
}

#[test]
fn interrupts_need_both_enables_and_a_1_toggles_the_status() {
    let mut driver = Driver::new(&master(1, Handshake::Hs), Behaviour::default());
    let call = |driver: &mut Driver| {
        driver.write(AP_CTRL, START);
        driver.read(ISR)
    };
    assert_eq!(call(&mut driver), 0, "nothing is recorded that is not enabled");
    driver.write(IER, 0xffff_ffff);
    assert_eq!(driver.read(IER), 3);
    assert_eq!((call(&mut driver), driver.0.interrupts()), (3, vec![false]));
    driver.write(GIE, 1);
    assert_eq!((driver.read(GIE), driver.0.interrupts()), (1, vec![true]));
    assert_eq!(driver.read(AP_CTRL), DONE | IDLE | READY | INTERRUPT);
    driver.write(ISR, 1);
    assert_eq!((driver.read(ISR), driver.0.interrupts()), (2, vec![true]));
    driver.write(ISR, 3);
    assert_eq!(driver.read(ISR), 1, "toggled, not cleared");
    driver.write(ISR, 1);
    driver.write(IER, 1);
    assert_eq!(driver.0.interrupts(), [false]);
    assert_eq!(call(&mut driver), 1);
}

#[test]
fn slow_stuck_and_restarting_cores() {
    let mut driver =
        Driver::new(&master(1, Handshake::Hs), Behaviour { busy_reads: 3, stuck_after: Some(3) });
    driver.store(&beats(&[[1, 2, 3], [4, 5, 6]]));
    driver.arguments(SOURCE, TARGET, 2);
    driver.write(AP_CTRL, START);
    assert_eq!(driver.target(24), [0; 24]);
    assert_eq!([(); 3].map(|()| driver.read(AP_CTRL)), [START, START, DONE | IDLE | READY]);
    assert_eq!(driver.target(24), answers(&[[2, 4, 6], [8, 10, 12]]));
    // The second sample of the second call is the fourth.
    driver.0.memory.get_mut(TARGET, 24).unwrap().fill(0);
    driver.write(AP_CTRL, START);
    assert!((0..20).all(|_| driver.read(AP_CTRL) & (DONE | IDLE) == 0));
    assert_eq!(driver.target(12), answers(&[[2, 4, 6]]));
    assert_eq!(driver.target(24)[12..], [0; 12]);
    driver.0.program();
    assert_eq!((driver.read(AP_CTRL), driver.read(0x10)), (IDLE, 0));

    let mut driver = Driver::new(&master(1, Handshake::Hs), Behaviour { busy_reads: 2, stuck_after: None });
    driver.arguments(SOURCE, TARGET, 1);
    driver.write(AP_CTRL, START | AUTO_RESTART);
    for sample in 1..4 {
        driver.store(&beats(&[[sample; 3]]));
        let polls = (0..10).position(|_| driver.read(AP_CTRL) & DONE != 0);
        assert!(polls.is_some());
        assert_eq!(driver.target(12), answers(&[[2 * i32::from(sample); 3]]));
    }
    driver.write(AP_CTRL, 0);
    assert_eq!(driver.read(AP_CTRL) & AUTO_RESTART, 0);
}

#[test]
fn pointers_that_lead_nowhere() {
    let mut driver = Driver::new(&master(1, Handshake::Hs), Behaviour::default());
    driver.store(&beats(&[[1, 2, 3]]));
    driver.arguments(SOURCE, 0x30_0000, 1);
    driver.write(AP_CTRL, START);
    assert_eq!(driver.read(AP_CTRL) & DONE, DONE, "the core does not look at the response");
    assert_eq!(driver.0.unanswered(), [(0x30_0000, 12)]);
    driver.arguments(SOURCE | 1 << 40, TARGET, 1);
    driver.0.memory.get_mut(TARGET, 12).unwrap().fill(0xff);
    driver.write(AP_CTRL, START);
    assert_eq!(driver.0.unanswered()[1..], [(SOURCE | 1 << 40, 8)]);
    assert_eq!(driver.target(12), [0; 12], "zeros were read");
    driver.arguments(u64::MAX, u64::MAX, 100);
    driver.write(AP_CTRL, START);
    assert_eq!(driver.0.unanswered().len(), 64);
}

#[test]
fn two_inputs_by_pointers() {
    let mut driver = Driver::new(&master(2, Handshake::Hs), Behaviour::default());
    driver.store(&beats(&[[1, 2, 3], [10, 20, 30]]));
    for (register, value) in
        [(0x10, SOURCE as u32), (0x1c, SOURCE as u32 + 8), (0x28, TARGET as u32), (0x34, 1)]
    {
        driver.write(register, value);
    }
    driver.write(AP_CTRL, START);
    assert_eq!(driver.target(12), answers(&[[22, 44, 66]]));
}

#[test]
fn tensors_in_windows() {
    // Two inputs of 8 bytes at 0x10 and 0x18, the output of 12 in 16 at 0x20.
    let mut driver = Driver::new(&lite(2), Behaviour::default());
    let words = beats(&[[1, 2, 3], [10, 20, 30]]);
    for (index, word) in words.chunks(4).enumerate() {
        driver.write(0x10 + 4 * index as u64, u32::from_le_bytes(word.try_into().unwrap()));
    }
    assert_eq!(driver.read(0x18), 20 << 16 | 10);
    driver.write(AP_CTRL, START);
    assert_eq!(driver.read(AP_CTRL), DONE | IDLE | READY);
    assert_eq!([0x20, 0x24, 0x28, 0x2c].map(|offset| driver.read(offset)), [22, 44, 66, 0]);
    driver.write(0x20, 99);
    assert_eq!(driver.read(0x20), 22, "an output's window takes nothing");
    // The inputs are still there: one start is one sample.
    driver.write(0x10, 2);
    driver.write(AP_CTRL, START);
    assert_eq!([0x20, 0x24].map(|offset| driver.read(offset)), [24, 40]);
    driver.0.program();
    assert_eq!([0x10, 0x20].map(|offset| driver.read(offset)), [0, 0]);
}

#[test]
fn a_core_that_fails_and_cores_that_are_none() {
    let mut driver = Driver::new(&lite(1), Behaviour::default());
    driver.write(0x10, 0xffff & -7i32 as u32);
    driver.write(AP_CTRL, START);
    assert_eq!(driver.0.errors()[0].to_string(), "the core failed: it met -7");

    let refused = |manifest: &Manifest| {
        HlsCore::new(Sum { inputs: 1, size: 3 }, manifest, Behaviour::default()).err().unwrap()
    };
    assert!(matches!(refused(&description(1, Transfer::Batch)), HlsCoreError::Interface));
    assert!(matches!(refused(&master(2, Handshake::Hs)), HlsCoreError::Beats(_)));
    let mut manifest = master(1, Handshake::Hs);
    manifest.registers.0.pop();
    assert!(matches!(refused(&manifest), HlsCoreError::Manifest(_)));
    // A kernel for XRT is not on a processor's bus, but it is such a core; its manifest need not tell registers.
    manifest.registers = axi_master_registers(Handshake::Chain, 1, 1);
    manifest.host = Host::Xrt {
        kernel: "test_axi".to_owned(),
        compute_unit: "test_axi_1".to_owned(),
        arguments: ["in0", "out", "batch"].map(str::to_owned).to_vec(),
        banks: Vec::new(),
    };
    let mut core = HlsCore::new(Sum { inputs: 1, size: 3 }, &manifest, Behaviour::default()).unwrap();
    assert_eq!(core.read(AP_CTRL, &mut memory()), IDLE);
    manifest.registers.0.retain(|register| register.name != "data_in");
    assert_eq!(
        refused(&manifest).to_string(),
        "the manifest has no register \"data_in\", which its interface needs; make the registers with hls_control"
    );
}
