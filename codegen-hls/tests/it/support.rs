//! Networks in a few lines, random types and values, and the way through g++.

use crate::gxx::{self, ap_types};
use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn};
use netlathe_codegen_hls::{Kernel, Options, emit, test_bench};
use netlathe_emulator::Plan;
use netlathe_ir::apfixed::{Overflow, Rounding};
use netlathe_ir::config::{Config, LayerConfig, Strategy};
use netlathe_ir::op::activation::{Activation, Function};
use netlathe_ir::op::dense::Dense;
use netlathe_ir::op::input::Input;
use netlathe_ir::passes::{self, Types};
use netlathe_ir::{FixedType, Graph, NodeId, Op, Origin, Precision, Validated, Weight};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// xorshift64*
pub struct Rng(u64);

impl Rng {
    pub fn new(stream: u64) -> Self {
        let seed = std::env::var("NETLATHE_CODEGEN_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(1u64);
        Self((seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ stream.wrapping_mul(0xD1B5_4A32_D192_ED03)) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// `low..=high`
    pub fn range(&mut self, low: i64, high: i64) -> i64 {
        low + ((self.next() >> 11) % (high - low + 1) as u64) as i64
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.range(0, of.len() as i64 - 1) as usize]
    }

    /// Any type of at most `widest` bits, every mode.
    pub fn ty(&mut self, widest: u32) -> FixedType {
        let width = self.range(1, i64::from(widest)) as u32;
        let signed = self.range(0, 3) > 0;
        if self.range(0, 7) == 0 {
            return if signed { FixedType::int(width) } else { FixedType::uint(width) };
        }
        let integer = match self.range(0, 5) {
            0 => self.range(-6, 0),
            1 => i64::from(width) + self.range(1, 4),
            _ => self.range(0, i64::from(width)),
        };
        let mut ty = FixedType { signed, ..FixedType::fixed(width, integer as i32) };
        ty.rounding = self.pick(&Rounding::ALL);
        ty.overflow =
            self.pick(&[Overflow::Wrap, Overflow::Wrap, Overflow::Sat, Overflow::SatZero, Overflow::SatSym]);
        if ty.overflow == Overflow::Wrap && self.range(0, 5) == 0 {
            ty.sat_bits = self.range(0, i64::from(width.min(4))) as u32;
        }
        ty
    }

    /// A raw integer of the type, the extremes and zero often.
    pub fn raw(&mut self, ty: &FixedType) -> i128 {
        let (min, max) = (ty.min_raw(), ty.max_raw());
        match self.range(0, 9) {
            0 => min,
            1 => max,
            2 => 0i128.clamp(min, max),
            3 => 1i128.clamp(min, max),
            4 => (-1i128).clamp(min, max),
            _ => {
                let bits = (i128::from(self.next()) << 64) | i128::from(self.next());
                // Small magnitudes as often as large ones.
                let bits = bits >> self.range(0, 127);
                let span = (max - min).checked_add(1);
                span.map_or(bits, |span| min + bits.rem_euclid(span))
            }
        }
    }
}

/// A network and its configuration under construction.
pub struct Net {
    pub graph: Graph,
    pub config: Config,
}

impl Net {
    pub fn new() -> Self {
        Self { graph: Graph::new("test"), config: Config::default() }
    }

    pub fn input(&mut self, name: &str, shape: &[usize], ty: FixedType) -> NodeId {
        let id = self.layer(name, Op::Input(Input { shape: shape.to_vec(), integer: None }), &[], ty, &[]);
        self.graph.inputs.push(id);
        id
    }

    /// A layer with its result's type and those of its other variables.
    pub fn layer(
        &mut self,
        name: &str,
        op: Op,
        inputs: &[NodeId],
        result: FixedType,
        types: &[(&str, FixedType)],
    ) -> NodeId {
        let origin = Origin { layer: name.into(), role: String::new() };
        let id = self.graph.add(name, origin, op, inputs).unwrap();
        let mut layer = LayerConfig::default();
        layer.precision.insert("result".into(), Precision::Is(result));
        layer.precision.insert("result_t".into(), Precision::Is(result));
        for (var, ty) in types {
            layer.precision.insert((*var).into(), Precision::Is(*ty));
            layer.precision.insert(format!("{var}_t"), Precision::Is(*ty));
        }
        self.config.layer_name.insert(name.into(), layer);
        id
    }

    /// As [`Net::layer`], and the tensor leaves the network.
    pub fn output(
        &mut self,
        name: &str,
        op: Op,
        inputs: &[NodeId],
        result: FixedType,
        types: &[(&str, FixedType)],
    ) -> NodeId {
        let id = self.layer(name, op, inputs, result, types);
        self.graph.outputs.push(id);
        id
    }

    pub fn set(&mut self, name: &str, set: impl FnOnce(&mut LayerConfig)) {
        set(self.config.layer_name.get_mut(name).unwrap());
    }

    pub fn finish(self) -> Validated {
        passes::run(self.graph, &self.config, &Types::Configured).unwrap().network
    }
}

/// A weight of a type, filled with values of it.
pub fn weight(rng: &mut Rng, shape: &[usize], ty: &FixedType) -> Weight {
    let n: usize = shape.iter().product();
    let values = (0..n).map(|_| rng.raw(ty) as f64 * ty.lsb()).collect();
    Weight::new(ArrayD::from_shape_vec(IxDyn(shape), values).unwrap(), false)
}

pub fn dense(rng: &mut Rng, n_in: usize, n_out: usize, weight_ty: &FixedType, bias_ty: &FixedType) -> Op {
    Op::Dense(Dense {
        input: netlathe_ir::weight::Encoding::Fixed,
        weight: weight(rng, &[n_in, n_out], weight_ty),
        bias: weight(rng, &[n_out], bias_ty),
        accum: Precision::Auto,
        strategy: Strategy::Latency,
        reuse_factor: 1,
    })
}

pub fn activation(function: Function) -> Op {
    Op::Activation(Activation::new(function))
}

/// Raw inputs: for each tensor a batch.
pub fn random_inputs(rng: &mut Rng, network: &Validated, samples: usize) -> Vec<ArrayD<i128>> {
    network
        .inputs()
        .map(|node| {
            let shape = [&[samples], node.shape.as_slice()].concat();
            let n = samples * node.len();
            let values = (0..n).map(|_| rng.raw(&node.ty())).collect();
            ArrayD::from_shape_vec(IxDyn(&shape), values).unwrap()
        })
        .collect()
}

pub fn kernel(network: &Validated) -> Kernel {
    emit(network, &Options { project: "myproject".into() }).unwrap()
}

/// A kernel and its test bench, compiled.
pub struct Program {
    pub folder: tempfile::TempDir,
    pub program: PathBuf,
}

pub fn compile(kernel: &Kernel, ap_types: &Path, flags: &[&str]) -> Program {
    let mut tree = kernel.tree.clone();
    tree.merge_under("", test_bench(kernel));
    let bench = format!("tb_{}.cpp", kernel.top);
    let include_dirs: &[&str] = if kernel.streams.is_some() { &["sim"] } else { &[] };
    let folder = gxx::compile(&tree, include_dirs, &[&kernel.cpp, &bench], flags, ap_types);
    let program = folder.path().join("program");
    Program { folder, program }
}

/// Raw integers as the test bench reads and writes them: a line a sample, tensor after tensor.
pub fn hex_lines(tensors: &[ArrayD<i128>], types: &[FixedType]) -> Vec<String> {
    let samples = tensors[0].len_of(Axis(0));
    (0..samples)
        .map(|s| {
            let words: Vec<String> = tensors
                .iter()
                .zip(types)
                .flat_map(|(t, ty)| {
                    t.index_axis(Axis(0), s).iter().map(|&raw| hex(raw, ty)).collect::<Vec<_>>()
                })
                .collect();
            words.join(" ")
        })
        .collect()
}

fn hex(raw: i128, ty: &FixedType) -> String {
    let bits = raw as u128 & (u128::MAX >> (128 - ty.width));
    format!("{bits:0digits$x}", digits = ty.width.div_ceil(4) as usize)
}

pub fn run(program: &Program, arguments: &[&str]) -> Output {
    let traces = program.folder.path().join("traces");
    std::fs::create_dir_all(&traces).unwrap();
    Command::new(&program.program)
        .current_dir(program.folder.path())
        .env("NNET_TRACE_DIR", traces)
        .args(arguments)
        .output()
        .unwrap()
}

pub fn write_lines(path: PathBuf, lines: &[String]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, lines.join("\n") + "\n").unwrap();
}

/// The compiled kernel's outputs equal these.
pub fn check_outputs(network: &Validated, inputs: &[ArrayD<i128>], outputs: &[ArrayD<i128>]) {
    let Some(ap_types) = ap_types("a network against given outputs") else { return };
    let kernel = kernel(network);
    let program = compile(&kernel, &ap_types, &[]);
    let types = |side: &netlathe_codegen_hls::Side| side.tensors.iter().map(|t| t.ty).collect::<Vec<_>>();
    let data = program.folder.path().join("tb_data");
    write_lines(data.join("inputs.hex"), &hex_lines(inputs, &types(&kernel.inputs)));
    write_lines(data.join("outputs.hex"), &hex_lines(outputs, &types(&kernel.outputs)));
    let output = run(&program, &[]);
    if output.status.code() != Some(0) {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        panic!("{}: {text}", program.folder.keep().display());
    }
}

/// Every output and every layer of the compiled kernel equals the emulator's.
pub fn check(network: &Validated, inputs: &[ArrayD<i128>]) {
    let Some(ap_types) = ap_types("a network against the emulator") else { return };
    let plan = Plan::compile(network).unwrap();
    let views: Vec<ArrayViewD<'_, i128>> = inputs.iter().map(|x| x.view()).collect();
    let expected = plan.predict_raw(&views).unwrap();
    let trace = plan.trace_raw(&views).unwrap();

    let kernel = kernel(network);
    let program = compile(&kernel, &ap_types, &["-DNNET_TRACE"]);
    let types = |side: &netlathe_codegen_hls::Side| side.tensors.iter().map(|t| t.ty).collect::<Vec<_>>();
    let data = program.folder.path().join("tb_data");
    write_lines(data.join("inputs.hex"), &hex_lines(inputs, &types(&kernel.inputs)));
    write_lines(data.join("outputs.hex"), &hex_lines(&expected, &types(&kernel.outputs)));
    let output = run(&program, &[]);
    let mut failures = String::new();
    for t in &kernel.traces {
        let path = program.folder.path().join(format!("traces/{}.hex", t.file));
        let lines = std::fs::read_to_string(path).unwrap_or_default();
        let layer = trace.layer(&t.layer).unwrap();
        let wanted = hex_lines(std::slice::from_ref(&layer.values), &[t.ty]);
        for (s, (got, want)) in lines.lines().zip(&wanted).enumerate() {
            if got != want {
                failures += &format!(
                    "layer {} ({}), sample {s}:\n  C++      {got}\n  emulator {want}\n",
                    t.layer, t.ty
                );
                break;
            }
        }
        assert_eq!(lines.lines().count(), wanted.len(), "lines of {}", t.file);
    }
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if !failures.is_empty() || output.status.code() != Some(0) {
        let kept = program.folder.keep();
        panic!("{}: {failures}{text}", kept.display());
    }
    assert!(text.contains(", 0 of "), "{text}");
    if kernel.streams.is_some() {
        let program = compile(&kernel, &ap_types, &["-DNNET_BOUNDED"]);
        let (code, text) = run_on(&program, &kernel, inputs, &expected);
        assert_eq!(code, Some(0), "{}: {text}", program.folder.keep().display());
    }
}

/// Runs a compiled kernel on vectors: the exit code, what it says.
pub fn run_on(
    program: &Program,
    kernel: &Kernel,
    inputs: &[ArrayD<i128>],
    expected: &[ArrayD<i128>],
) -> (Option<i32>, String) {
    let types = |side: &netlathe_codegen_hls::Side| side.tensors.iter().map(|t| t.ty).collect::<Vec<_>>();
    let data = program.folder.path().join("tb_data");
    write_lines(data.join("inputs.hex"), &hex_lines(inputs, &types(&kernel.inputs)));
    write_lines(data.join("outputs.hex"), &hex_lines(expected, &types(&kernel.outputs)));
    let output = run(program, &[]);
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), text)
}

const SAMPLES: usize = 40;

/// As [`check`], over random inputs.
pub fn check_random(rng: &mut Rng, net: Net) {
    let network = net.finish();
    let inputs = random_inputs(rng, &network, SAMPLES);
    check(&network, &inputs);
}
