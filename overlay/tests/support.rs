//! What several tests need.

use netlathe_overlay::{
    Element, Flow, Hashes, Host, IoType, Manifest, Packing, RegisterMap, Tensor, Transfer, VERSION,
};

pub(crate) fn tensor(name: &str, shape: &[usize], ty: &str, packing: Packing) -> Tensor {
    Tensor { name: name.to_owned(), shape: shape.to_vec(), ty: ty.parse().unwrap(), packing }
}

/// As many elements of `element` in a beat as fit.
pub(crate) fn full(beat_bits: u32, element: &str, transfer: Transfer) -> Packing {
    Packing::full(beat_bits, element.parse::<Element>().unwrap(), transfer)
}

pub(crate) fn manifest(inputs: Vec<Tensor>, outputs: Vec<Tensor>) -> Manifest {
    let hash = "0".repeat(64);
    let streams = |tensors: &[Tensor]| (0..tensors.len() as u32).collect();
    Manifest {
        host: Host::Coyote { vfpga: 0, input_streams: streams(&inputs), output_streams: streams(&outputs) },
        platform: None,
        version: VERSION,
        project: "test".to_owned(),
        flow: Flow::Coyote,
        board: "u55c".to_owned(),
        part: "xcu55c-fsvh2892-2L-e".to_owned(),
        clock_period_ns: 4.0,
        io_type: IoType::IoParallel,
        inputs,
        outputs,
        registers: RegisterMap::default(),
        hashes: Hashes { model: hash.clone(), configuration: hash.clone(), tree: hash, bitstream: None },
    }
}

/// SplitMix64, so that random tests are the same everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
