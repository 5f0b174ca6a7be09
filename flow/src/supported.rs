//! The page of supported layers, made from the code: each class that is read is lowered, planned and emitted, in both I/O
//! styles and with every strategy.

use crate::kernel;
use ndarray::{ArrayD, IxDyn};
use netlathe_emulator::Plan;
use netlathe_frontend_keras::Support;
use netlathe_ir::config::{Config, IoType, LayerConfig, Strategy};
use netlathe_ir::op::activation::{Activation, Function};
use netlathe_ir::op::batch_norm::BatchNorm;
use netlathe_ir::op::concatenate::Concatenate;
use netlathe_ir::op::conv::{Conv, Kind};
use netlathe_ir::op::cropping::Cropping;
use netlathe_ir::op::dense::Dense;
use netlathe_ir::op::dot::Dot;
use netlathe_ir::op::embedding::Embedding;
use netlathe_ir::op::input::Input;
use netlathe_ir::op::layer_norm::LayerNorm;
use netlathe_ir::op::merge::{Merge, MergeOp};
use netlathe_ir::op::pool::{Extent, Pool, PoolOp};
use netlathe_ir::op::repeat_vector::RepeatVector;
use netlathe_ir::op::reshape::Reshape;
use netlathe_ir::op::resize::{Interpolation, Resize};
use netlathe_ir::op::separable_conv::SeparableConv;
use netlathe_ir::op::softmax::Softmax;
use netlathe_ir::op::transpose::Transpose;
use netlathe_ir::op::window::{Sides, Spatial, Window};
use netlathe_ir::op::zero_padding::ZeroPadding;
use netlathe_ir::passes::{self, Types};
use netlathe_ir::{FixedType, Graph, Op, Origin, Precision, Validated, Weight};
use std::fmt::Write;

/// One layer between its inputs; `None` for a layer that only stands in the file.
type Sample = Option<(Vec<Vec<usize>>, Op)>;

/// The page, as `SUPPORTED-LAYERS.md` has it.
///
/// # Errors
/// A class that is read but has no sample here.
pub fn page() -> Result<String, String> {
    let mut out = String::from(
        "# Supported layers\n\n\
         Written by `cargo xtask supported-layers` from the code. For every layer that computes, a small network of its operation was lowered, planned\n\
         by the emulator and emitted as C++, in both I/O styles and with every strategy; layers of QKeras stand for the same operation\n\
         with other weights. Which files hold a layer is the reader's own table. What is not here is refused by name (NL110).\n\n\
         | layer | Keras 2 | Keras 3 | QKeras | HGQ2 | emulator | io_parallel | io_stream | strategies |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for row in netlathe_frontend_keras::supported() {
        let sample = sample(row.class).ok_or_else(|| format!("no sample of {}", row.class))?;
        line(&mut out, row, &sample);
    }
    out.push_str(
        "\nStrategies: L Latency, R Resource, U Resource_unrolled, D distributed_arithmetic; those in parentheses in io_stream only.\n\
         Dropout and its like, GaussianNoise and ActivityRegularization do nothing at inference and are removed.\n\n\
         ## Activation functions\n\n\
         | function | emulator | io_parallel | io_stream |\n|---|---|---|---|\n",
    );
    for function in functions() {
        let name = match function {
            Function::ClippedRelu { .. } => "relu6",
            _ => function.name(),
        };
        let op = Op::Activation(Activation::new(function));
        let sample = (vec![vec![4, 3]], op);
        let [parallel, stream] = [IoType::Parallel, IoType::Stream].map(|io| attempt(&sample, io, None));
        let _ = writeln!(
            out,
            "| {name} | {} | {} | {} |",
            yes(parallel.emulated || stream.emulated),
            yes(parallel.emitted),
            yes(stream.emitted)
        );
    }
    Ok(out)
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

fn line(out: &mut String, row: &Support, sample: &Sample) {
    let whole = Attempt { emulated: true, emitted: true, strategy: None };
    let of = |io, strategy| sample.as_ref().map_or(whole, |s| attempt(s, io, strategy));
    let [parallel, stream] = [IoType::Parallel, IoType::Stream].map(|io| of(io, None));
    let with = |io, strategy| {
        let a = of(io, Some(strategy));
        a.emitted && a.strategy == Some(strategy)
    };
    let letters = [
        (Strategy::Latency, "L"),
        (Strategy::Resource, "R"),
        (Strategy::ResourceUnrolled, "U"),
        (Strategy::DistributedArithmetic, "D"),
    ];
    let strategies: Vec<String> = letters
        .into_iter()
        .filter_map(|(strategy, letter)| {
            match (with(IoType::Parallel, strategy), with(IoType::Stream, strategy)) {
                (true, _) => Some(letter.to_owned()),
                (false, true) => Some(format!("({letter})")),
                (false, false) => None,
            }
        })
        .collect();
    // Writing to a string does not fail.
    let _ = writeln!(
        out,
        "| {} | {} | {} | {} | no | {} | {} | {} | {} |",
        row.class,
        yes(row.keras2),
        yes(row.keras3),
        yes(row.qkeras),
        yes(parallel.emulated || stream.emulated),
        yes(parallel.emitted),
        yes(stream.emitted),
        if strategies.is_empty() { "-".to_owned() } else { strategies.join(" ") }
    );
}

/// How far a layer comes.
#[derive(Clone, Copy)]
struct Attempt {
    emulated: bool,
    emitted: bool,
    /// The strategy that it has in the end.
    strategy: Option<Strategy>,
}

fn attempt(sample: &(Vec<Vec<usize>>, Op), io: IoType, strategy: Option<Strategy>) -> Attempt {
    let none = Attempt { emulated: false, emitted: false, strategy: None };
    let Some(network) = lower(sample, io, strategy) else { return none };
    Attempt {
        emulated: Plan::compile(&network).is_ok(),
        emitted: kernel::emit(&network, "sample").is_ok(),
        strategy: network.nodes().find_map(|(_, node)| node.op.product().map(|d| d.strategy)),
    }
}

fn lower((shapes, op): &(Vec<Vec<usize>>, Op), io: IoType, strategy: Option<Strategy>) -> Option<Validated> {
    let mut graph = Graph::new("sample");
    let origin = |name: &str| Origin { layer: name.into(), role: String::new() };
    let picks = matches!(op, Op::Embedding(_));
    let mut inputs = Vec::new();
    for (i, shape) in shapes.iter().enumerate() {
        let input = Op::Input(Input { shape: shape.clone(), integer: picks.then_some((8, false)) });
        let name = format!("x{i}");
        inputs.push(graph.add(&name, origin(&name), input, &[]).ok()?);
    }
    let y = graph.add("y", origin("y"), op.clone(), &inputs).ok()?;
    graph.inputs = inputs;
    graph.outputs = vec![y];
    let reuse = match strategy {
        // Two share a multiplier; one reuse is no resource_unrolled.
        Some(Strategy::ResourceUnrolled) => Some(2),
        _ => None,
    };
    let mut config = Config { io_type: Some(io), ..Config::default() };
    config
        .layer_name
        .insert("y".into(), LayerConfig { strategy, reuse_factor: reuse, ..LayerConfig::default() });
    passes::run(graph, &config, &Types::Configured).ok().map(|l| l.network)
}

fn ones(shape: &[usize]) -> Weight {
    Weight::new(ArrayD::ones(IxDyn(shape)), true)
}

fn functions() -> Vec<Function> {
    let (slope_ty, shift_ty) = (FixedType::ufixed(16, 0), FixedType::ufixed(2, 0));
    let param = Precision::Auto;
    vec![
        Function::Linear,
        Function::Relu,
        Function::ClippedRelu { max: 6 },
        Function::LeakyRelu { alpha: 0.3, param },
        Function::ThresholdedRelu { theta: 1.0, param },
        Function::GeneralRelu { max: Some(6.0), slope: 0.25, threshold: 0.5 },
        Function::PRelu { alpha: Box::new(ones(&[3])) },
        Function::Elu { alpha: 1.0, param },
        Function::Selu,
        Function::Softplus,
        Function::Softsign,
        Function::Exponential { range_log2: 3 },
        Function::Gelu { approximate: false },
        Function::Silu,
        Function::Sigmoid,
        Function::Tanh,
        Function::HardSigmoid { slope: 0.2, shift: 0.5, slope_ty, shift_ty },
        Function::HardTanh { slope: 0.2, shift: 0.5, slope_ty, shift_ty },
        Function::BinaryTanh,
        Function::TernaryTanh { threshold: 0.5 },
    ]
}

/// What a class becomes, between small inputs; `None` when there is none such here.
fn sample(class: &str) -> Option<Sample> {
    let plain = class.strip_prefix('Q').filter(|c| c.starts_with(char::is_uppercase)).unwrap_or(class);
    let one = if plain.contains("1D") { Spatial::One } else { Spatial::Two };
    let image = if one == Spatial::One { vec![6, 4] } else { vec![6, 6, 4] };
    let tall = |n: usize| if one == Spatial::One { [1, n] } else { [n, n] };
    let window = Window { kernel: tall(2), stride: tall(1), dilation: [1, 1], padding: Sides::default() };
    let [kh, kw] = window.kernel;
    let conv = |kind, groups: usize| {
        let product = Dense::new(ones(&[kh, kw, 4 / groups, 4]), ones(&[4]));
        Op::Conv(Conv::new(kind, one, window, groups, product))
    };
    let sides = Sides { left: 1, right: 1, ..Sides::default() };
    let pool = |op, extent| Op::Pool(Pool::new(op, one, extent));
    let merge = |op| (vec![vec![4, 3]; 2], Op::Merge(Merge { op, reuse_factor: 1 }));
    let function = |f| (vec![vec![4, 3]], Op::Activation(Activation::new(f)));
    let global = Extent::Global { keep_axes: false };
    let param = Precision::Auto;
    let stride = Extent::Window(Window { stride: window.kernel, ..window });
    Some(Some(match plain {
        "InputLayer"
        | "Sequential"
        | "Functional"
        | "Dropout"
        | "AlphaDropout"
        | "GaussianDropout"
        | "GaussianNoise"
        | "SpatialDropout1D"
        | "SpatialDropout2D"
        | "SpatialDropout3D"
        | "ActivityRegularization" => return Some(None),
        "Dense" | "BinaryDense" | "TernaryDense" => {
            (vec![vec![4]], Op::Dense(Dense::new(ones(&[4, 4]), ones(&[4]))))
        }
        "Conv1D" | "Conv2D" => (vec![image], conv(Kind::Plain, 1)),
        "Conv2DBatchnorm" => (vec![image], conv(Kind::BatchNormFolded, 1)),
        "DepthwiseConv1D" | "DepthwiseConv2D" => (vec![image], conv(Kind::Depthwise, 4)),
        "SeparableConv1D" | "SeparableConv2D" => {
            let (depthwise, pointwise) = (ones(&[kh, kw, 1, 4]), ones(&[1, 1, 4, 4]));
            let op = SeparableConv::new(one, window, 4, depthwise, pointwise, ones(&[4]));
            (vec![image], Op::SeparableConv(op))
        }
        "MaxPooling1D" | "MaxPooling2D" => (vec![image], pool(PoolOp::Max, stride)),
        "AveragePooling1D" | "AveragePooling2D" => (vec![image], pool(PoolOp::Average, stride)),
        "GlobalMaxPooling1D" | "GlobalMaxPooling2D" => (vec![image], pool(PoolOp::Max, global)),
        "GlobalAveragePooling1D" | "GlobalAveragePooling2D" => (vec![image], pool(PoolOp::Average, global)),
        "Activation" | "ReLU" => function(Function::Relu),
        "LeakyReLU" => function(Function::LeakyRelu { alpha: 0.3, param }),
        "PReLU" => function(Function::PRelu { alpha: Box::new(ones(&[3])) }),
        "ELU" => function(Function::Elu { alpha: 1.0, param }),
        "ThresholdedReLU" => function(Function::ThresholdedRelu { theta: 1.0, param }),
        "Softmax" => (vec![vec![4, 3]], Op::Softmax(Softmax::new(1))),
        "BatchNormalization" => {
            let op = BatchNorm { scale: ones(&[3]), bias: ones(&[3]), alpha: false, reuse_factor: 1 };
            (vec![vec![4, 3]], Op::BatchNorm(op))
        }
        "LayerNormalization" => {
            (vec![vec![4, 3]], Op::LayerNorm(LayerNorm::new(ones(&[3]), ones(&[3]), 0.001)))
        }
        "Add" => merge(MergeOp::Add),
        "Subtract" => merge(MergeOp::Subtract),
        "Multiply" => merge(MergeOp::Multiply),
        "Average" => merge(MergeOp::Average),
        "Maximum" => merge(MergeOp::Maximum),
        "Minimum" => merge(MergeOp::Minimum),
        "Concatenate" => (vec![vec![4, 3]; 2], Op::Concatenate(Concatenate { axis: 1, reuse_factor: 1 })),
        "Dot" => (vec![vec![4]; 2], Op::Dot(Dot { axes: [0, 0], accum: Precision::Auto, reuse_factor: 1 })),
        "Flatten" | "Reshape" => (vec![vec![4, 3]], Op::Reshape(Reshape { shape: vec![12] })),
        "Permute" => (vec![vec![4, 3]], Op::Transpose(Transpose { perm: vec![1, 0] })),
        "RepeatVector" => (vec![vec![4]], Op::RepeatVector(RepeatVector { times: 2 })),
        "Embedding" => (vec![vec![4]], Op::Embedding(Embedding { table: ones(&[5, 3]), reuse_factor: 1 })),
        "ZeroPadding1D" | "ZeroPadding2D" => {
            (vec![image], Op::ZeroPadding(ZeroPadding { spatial: one, sides }))
        }
        "Cropping1D" | "Cropping2D" => (vec![image], Op::Cropping(Cropping { spatial: one, sides })),
        "UpSampling1D" | "UpSampling2D" => {
            let resize = Resize { spatial: one, factors: tall(2), interpolation: Interpolation::Nearest };
            (vec![image], Op::Resize(resize))
        }
        _ => return None,
    }))
}
