//! Wrappers of every interface with the real code of small networks. What enters is bits of beats; what should leave is computed
//! here with the arithmetic of `apfixed` and the emulator, never by a wrapper.

use crate::gxx::{self, ap_types};
use crate::support::{Net, Rng, activation, kernel};
use ndarray::{ArrayD, IxDyn};
use netlathe_codegen_hls::SourceTree;
use netlathe_codegen_hls::wrapper::{Beats, Bus, Closes, Element, Interface, Wrapper, emit};
use netlathe_emulator::Plan;
use netlathe_ir::apfixed::{Cast, from_f32, from_f64, to_f32, to_f64};
use netlathe_ir::config::IoType;
use netlathe_ir::op::activation::Function;
use netlathe_ir::op::merge::{Merge, MergeOp};
use netlathe_ir::{FixedType, Op, Validated};
use std::path::Path;
use std::process::{Command, Output};

const BATCH: Bus = Bus::Stream(Closes::Batch);
const SAMPLE: Bus = Bus::Stream(Closes::Sample);
const MEMORY: Bus = Bus::Memory { chain: false };

fn ty(text: &str) -> FixedType {
    text.parse().unwrap()
}

/// `float`, `double` or a type, and the bits of a beat.
fn beats((element, bits): (&str, u32)) -> Beats {
    let element = match element {
        "float" => Element::Float32,
        "double" => Element::Float64,
        text => Element::Fixed(ty(text)),
    };
    Beats::full(element, bits)
}

/// A network that converts its input's type to its output's.
fn identity(io: IoType, shape: &[usize], from: &str, to: &str) -> Validated {
    let mut net = Net::new();
    net.config.io_type = Some(io);
    let x = net.input("x", shape, ty(from));
    net.output("y", activation(Function::Linear), &[x], ty(to), &[]);
    net.finish()
}

/// Two inputs of different types, their sum, and the second input again.
fn two(io: IoType, shape: &[usize]) -> Validated {
    let mut net = Net::new();
    net.config.io_type = Some(io);
    let a = net.input("a", shape, ty("ap_fixed<12,4,AP_RND,AP_SAT>"));
    let b = net.input("b", shape, ty("ap_ufixed<7,3>"));
    let add = Op::Merge(Merge { op: MergeOp::Add, reuse_factor: 1 });
    net.output("sum", add, &[a, b], ty("ap_fixed<14,6>"), &[]);
    net.output("copy", activation(Function::Linear), &[b], ty("ap_fixed<9,4>"), &[]);
    net.finish()
}

fn interface(bus: Bus, inputs: &[(&str, u32)], outputs: &[(&str, u32)]) -> Interface {
    let all = |side: &[(&str, u32)]| side.iter().map(|&b| beats(b)).collect();
    Interface {
        top: "outside".into(),
        header_extension: "h",
        bus,
        inputs: all(inputs),
        outputs: all(outputs),
        one_unit: bus == SAMPLE,
    }
}

/// Bits of a lane that make trouble: ties, values out of range, denormal numbers, negative zero.
fn lane(rng: &mut Rng, element: &Element, into: &FixedType) -> u64 {
    let step = into.lsb();
    let real = match rng.range(0, 9) {
        0 => -1e-41,
        1 => -0.0,
        2 => (rng.range(-9, 9) as f64 + 0.5) * step,
        3 => rng.range(-1_000_000, 1_000_000) as f64,
        4 => 2f64.powi(into.integer) - step / 4.0,
        _ => rng.range(-(1 << 20), 1 << 20) as f64 * step / 64.0,
    };
    match element {
        Element::Float32 => (real as f32).to_bits().into(),
        Element::Float64 if rng.range(0, 9) == 0 => (-5e-320f64).to_bits(),
        Element::Float64 => real.to_bits(),
        Element::Fixed(ty) => rng.raw(ty) as u64 & (u64::MAX >> (64 - ty.width)),
    }
}

/// What the hardware makes of a lane.
fn received(bits: u64, element: &Element, into: &FixedType) -> i128 {
    match element {
        Element::Float32 => from_f32(f32::from_bits(bits as u32), into).unwrap(),
        Element::Float64 => from_f64(f64::from_bits(bits), into).unwrap(),
        Element::Fixed(ty) => {
            let unused = 64 - ty.width;
            let raw = if ty.signed { i128::from((bits << unused) as i64 >> unused) } else { bits.into() };
            Cast::new(ty, into).unwrap().apply(raw)
        }
    }
}

/// The lane of a result.
fn sent(raw: i128, from: &FixedType, element: &Element) -> u64 {
    match element {
        Element::Float32 => to_f32(raw, from).to_bits().into(),
        Element::Float64 => to_f64(raw, from).to_bits(),
        Element::Fixed(ty) => Cast::new(from, ty).unwrap().apply(raw) as u64 & (u64::MAX >> (64 - ty.width)),
    }
}

/// The beats of a sample as text.
fn packed(lanes: &[u64], beats: &Beats) -> String {
    let width = beats.element.bits() as usize;
    let beat = |lanes: &[u64]| {
        let mut bits = vec![0u8; beats.beat_bits.div_ceil(4) as usize];
        for (j, lane) in lanes.iter().enumerate() {
            for i in 0..width {
                let at = j * width + i;
                bits[at / 4] |= ((lane >> i & 1) as u8) << (at % 4);
            }
        }
        bits.iter().rev().map(|digit| format!("{digit:x}")).collect::<String>()
    };
    lanes.chunks(beats.per_beat as usize).map(beat).collect::<Vec<_>>().join(" ")
}

/// Samples in, samples out, a line each.
fn vectors(network: &Validated, interface: &Interface, samples: usize, rng: &mut Rng) -> [String; 2] {
    let mut lines = vec![Vec::new(); samples];
    let mut raw = Vec::new();
    for (node, packing) in network.inputs().zip(&interface.inputs) {
        let (len, into) = (node.len(), node.ty());
        let lanes: Vec<u64> = (0..samples * len).map(|_| lane(rng, &packing.element, &into)).collect();
        for (line, sample) in lines.iter_mut().zip(lanes.chunks(len)) {
            line.push(packed(sample, packing));
        }
        let values = lanes.iter().map(|&bits| received(bits, &packing.element, &into)).collect();
        let shape = [&[samples], node.shape.as_slice()].concat();
        raw.push(ArrayD::from_shape_vec(IxDyn(&shape), values).unwrap());
    }
    let views: Vec<_> = raw.iter().map(|x| x.view()).collect();
    let results = Plan::compile(network).unwrap().predict_raw(&views).unwrap();
    let mut answers = vec![Vec::new(); samples];
    for ((node, packing), result) in network.outputs().zip(&interface.outputs).zip(&results) {
        let lanes: Vec<u64> = result.iter().map(|&raw| sent(raw, &node.ty(), &packing.element)).collect();
        for (line, sample) in answers.iter_mut().zip(lanes.chunks(node.len())) {
            line.push(packed(sample, packing));
        }
    }
    let text = |lines: Vec<Vec<String>>| lines.iter().map(|line| line.join(" ") + "\n").collect();
    [text(lines), text(answers)]
}

fn tree(wrapper: &Wrapper, patch: impl Fn(&str, String) -> String) -> SourceTree {
    let mut tree = SourceTree::new();
    for (folder, files) in [("firmware", &wrapper.firmware), ("tb", &wrapper.bench)] {
        for (path, content) in files.iter() {
            let text = String::from_utf8(content.to_vec()).unwrap();
            tree.insert(format!("{folder}/{path}"), patch(path.as_str(), text));
        }
    }
    tree
}

struct Built {
    folder: tempfile::TempDir,
    results: String,
}

impl Built {
    fn run(&self) -> (Option<i32>, String) {
        let Output { status, stdout, stderr } =
            Command::new("./program").current_dir(self.folder.path()).output().unwrap();
        let said = [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        (status.code(), said)
    }
}

fn build(
    network: &Validated,
    interface: &Interface,
    samples: usize,
    flags: &[&str],
    ap_types: &Path,
    patch: impl Fn(&str, String) -> String,
) -> Built {
    let wrapper = emit(network, &kernel(network), interface).unwrap();
    let bench = wrapper.bench_in("firmware", "tb");
    let dirs: Vec<&str> = bench.include_dirs.iter().map(|dir| dir.as_str()).collect();
    let sources: Vec<&str> = bench.sources.iter().map(|file| file.as_str()).collect();
    let folder = gxx::compile(&tree(&wrapper, patch), &dirs, &sources, flags, ap_types);
    let [inputs, outputs] = vectors(network, interface, samples, &mut Rng::new(90));
    std::fs::create_dir_all(folder.path().join("tb_data")).unwrap();
    std::fs::write(folder.path().join("tb_data/wrapper_inputs.hex"), inputs).unwrap();
    std::fs::write(folder.path().join("tb_data/wrapper_outputs.hex"), &outputs).unwrap();
    Built { folder, results: outputs }
}

/// The bench finds nothing wrong, and writes what it should.
fn check(network: &Validated, interface: &Interface, samples: usize, flags: &[&str]) {
    let Some(ap_types) = ap_types("a wrapper under g++") else { return };
    let built = build(network, interface, samples, flags, &ap_types, |_, text| text);
    let (code, said) = built.run();
    if code != Some(0) {
        panic!("{}: {interface:?}: {code:?} {said}", built.folder.keep().display());
    }
    let results = std::fs::read_to_string(built.folder.path().join("tb_data/wrapper_results.hex")).unwrap();
    assert_eq!(results, built.results, "{interface:?}");
}

/// (bus, shape, network's types, element and beat of the input, of the output)
type Case<'a> = (Bus, &'a [usize], [&'a str; 2], (&'a str, u32), (&'a str, u32));

fn check_all(io: IoType, cases: &[Case<'_>], flags: &[&str]) {
    for (bus, shape, [from, to], input, output) in cases {
        check(&identity(io, shape, from, to), &interface(*bus, &[*input], &[*output]), 7, flags);
    }
}

#[test]
fn parallel_streams() {
    let wide = "ap_fixed<30,12,AP_RND_CONV,AP_SAT>";
    check_all(
        IoType::Parallel,
        &[
            (BATCH, &[1], [wide, wide], ("float", 32), ("float", 32)),
            (SAMPLE, &[5], ["ap_int<8>", "ap_int<8>"], ("float", 512), ("double", 512)),
            (
                BATCH,
                &[16],
                ["ap_fixed<12,4>", "ap_int<48>"],
                ("ap_fixed<16,6,AP_RND,AP_SAT>", 32),
                ("float", 512),
            ),
            (
                SAMPLE,
                &[20],
                ["ap_ufixed<9,2,AP_RND,AP_SAT>", wide],
                ("double", 512),
                ("ap_fixed<20,9,AP_RND_CONV,AP_SAT>", 512),
            ),
            // Ten lanes of 6 bits in 64; elements narrower than the types.
            (
                BATCH,
                &[40],
                ["ap_fixed<12,4>", "ap_fixed<12,4>"],
                ("ap_ufixed<6,2>", 64),
                ("ap_fixed<6,2,AP_RND,AP_SAT>", 64),
            ),
            // Too many beats to unroll, and two words each way.
            (
                BATCH,
                &[200],
                ["ap_fixed<24,9>", "ap_fixed<24,9>"],
                ("ap_fixed<24,9>", 24),
                ("ap_fixed<24,9>", 32),
            ),
        ],
        &[],
    );
}

#[test]
fn streams_of_tokens() {
    check_all(
        IoType::Stream,
        &[
            (BATCH, &[1], ["ap_fixed<16,6>", "ap_fixed<16,6>"], ("float", 32), ("float", 32)),
            // The last beat is half empty, a token ends inside a beat.
            (
                SAMPLE,
                &[8, 3],
                ["ap_fixed<16,6,AP_RND,AP_SAT>", "ap_fixed<18,8>"],
                ("float", 512),
                ("float", 512),
            ),
            (BATCH, &[8, 3], ["ap_int<8>", "ap_int<8>"], ("ap_int<8>", 64), ("double", 128)),
            (
                SAMPLE,
                &[2, 16],
                ["ap_fixed<12,4>", "ap_fixed<12,4>"],
                ("float", 512),
                ("ap_fixed<10,3,AP_RND,AP_SAT>", 512),
            ),
            (
                BATCH,
                &[10, 4],
                ["ap_ufixed<6,2>", "ap_ufixed<6,2>"],
                ("ap_ufixed<6,2>", 64),
                ("ap_fixed<12,4>", 32),
            ),
            // Tokens of three words, the last one shorter than a beat; too many beats to unroll.
            (BATCH, &[3, 67], ["ap_fixed<128,70>", "ap_fixed<120,70>"], ("double", 512), ("float", 512)),
        ],
        // Streams as deep as in hardware, all processes side by side.
        &["-DNNET_BOUNDED"],
    );
}

/// A token of 256 words of 256 elements.
#[test]
fn a_large_token() {
    let network = identity(IoType::Stream, &[65_536], "ap_fixed<16,6,AP_RND,AP_SAT>", "ap_fixed<16,6>");
    check(&network, &interface(SAMPLE, &[("float", 512)], &[("float", 512)]), 2, &[]);
}

#[test]
fn memory() {
    let types = ["ap_fixed<12,4,AP_RND,AP_SAT>", "ap_fixed<12,4>"];
    for io in [IoType::Parallel, IoType::Stream] {
        let cases: &[Case<'_>] = &[
            (MEMORY, &[5], types, ("float", 512), ("float", 512)),
            (Bus::Memory { chain: true }, &[8, 3], types, ("ap_fixed<20,8>", 64), ("double", 64)),
        ];
        check_all(io, cases, if io == IoType::Stream { &["-DNNET_BOUNDED"] } else { &[] });
    }
}

#[test]
fn registers() {
    let types = ["ap_fixed<12,4,AP_RND,AP_SAT>", "ap_fixed<12,4>"];
    for io in [IoType::Parallel, IoType::Stream] {
        check_all(io, &[(Bus::Lite, &[8, 3], types, ("float", 32), ("ap_fixed<40,20>", 64))], &[]);
    }
}

#[test]
fn several_tensors() {
    for io in [IoType::Parallel, IoType::Stream] {
        for bus in [BATCH, SAMPLE, MEMORY, Bus::Lite] {
            let wide = |bits| if bus == Bus::Lite { 32 } else { bits };
            let inputs = [("float", wide(512)), ("ap_ufixed<7,3>", wide(32))];
            let outputs = [("ap_fixed<16,6,AP_RND,AP_SAT>", wide(64)), ("float", wide(32))];
            let interface = interface(bus, &inputs, &outputs);
            check(&two(io, &[6, 4]), &interface, 7, &["-DNNET_BOUNDED"]);
        }
    }
}
