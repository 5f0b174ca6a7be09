//! What is emitted, looked at as text.

use crate::gxx::ap_types;
use crate::support::{Net, Rng, activation, compile, dense, kernel, weight};
use netlathe_ir::config::{IoType, Strategy};
use netlathe_ir::op::activation::Function;
use netlathe_ir::op::conv::{Conv, Kind};
use netlathe_ir::op::dense::Dense;
use netlathe_ir::op::window::{Sides, Spatial, Window};
use netlathe_ir::{FixedType, Op, Validated};
use std::process::Command;

fn small(io_type: Option<IoType>) -> Result<Validated, netlathe_ir::Refused> {
    let mut rng = Rng::new(40);
    let mut net = Net::new();
    let ty = FixedType::fixed(16, 6);
    let x = net.input("x", &[4], ty);
    let op = dense(&mut rng, 4, 2, &ty, &ty);
    let fc = net.layer("fc1", op, &[x], ty, &[("weight", ty), ("bias", ty), ("accum", ty)]);
    net.set("fc1", |l| {
        l.strategy = Some(Strategy::Resource);
        l.reuse_factor = Some(2);
    });
    net.output("sig", activation(Function::Sigmoid), &[fc], ty, &[]);
    net.config.io_type = io_type;
    Ok(netlathe_ir::passes::run(net.graph, &net.config, &netlathe_ir::passes::Types::Configured)?.network)
}

#[test]
fn files_of_a_kernel() {
    let kernel = kernel(&small(None).unwrap());
    let files: Vec<&str> = kernel.tree.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        files,
        [
            "defines.h",
            "myproject.cpp",
            "myproject.h",
            "nnet_activation.h",
            "nnet_bench.h",
            "nnet_common.h",
            "nnet_dense.h",
            "nnet_dense_resource.h",
            "nnet_pragmas.h",
            "nnet_trace.h",
            "tables_sig.h",
            "weights_fc1.h",
        ]
    );
    assert_eq!(kernel.pipeline_ii, 2);
    let text = |file: &str| String::from_utf8(kernel.tree.get(file).unwrap().to_vec()).unwrap();
    assert!(text("myproject.h").contains("void myproject(ap_uint<64> x, ap_uint<32> *y);"));
    assert!(text("myproject.cpp").contains("NNET_PIPELINE(2)"));
    assert!(!text("defines.h").contains("AP_INT_MAX_W"));
    for (path, content) in kernel.tree.iter() {
        let content = std::str::from_utf8(content).unwrap();
        assert!(content.is_ascii() && content.ends_with('\n') && !content.contains("iostream>"), "{path}");
        assert!(!content.lines().any(|l| l.ends_with(' ') || l.contains('\t')), "{path}");
    }
}

/// `PipelineInterval` stands for the largest reuse factor, `ParallelizationFactor` for positions side by side.
#[test]
fn what_the_configuration_says_of_time() {
    let mut rng = Rng::new(42);
    let mut net = Net::new();
    let ty = FixedType::fixed(16, 6);
    let x = net.input("x", &[5, 2], ty);
    let window = Window { kernel: [1, 2], stride: [1, 1], dilation: [1, 1], padding: Sides::default() };
    let product = Dense::new(weight(&mut rng, &[1, 2, 2, 3], &ty), weight(&mut rng, &[3], &ty));
    let op = Op::Conv(Conv::new(Kind::Plain, Spatial::One, window, 1, product));
    net.output("conv", op, &[x], ty, &[("weight", ty), ("bias", ty), ("accum", ty)]);
    net.set("conv", |l| l.parallelization_factor = Some(2));
    net.config.pipeline_interval = Some(7);
    let kernel = kernel(&net.finish());
    let top = String::from_utf8(kernel.tree.get("myproject.cpp").unwrap().to_vec()).unwrap();
    assert_eq!(kernel.pipeline_ii, 7);
    assert!(top.contains("NNET_PIPELINE(7)"), "{top}");
    assert!(top.contains("static const int parallel_positions = 2;"), "{top}");
}

#[test]
fn the_same_bytes_every_time() {
    let [a, b] = [kernel(&small(None).unwrap()), kernel(&small(None).unwrap())];
    assert_eq!(a, b);
}

/// A process for each layer; a stream between two, with the depth that the pragma and the kernel say.
#[test]
fn files_of_a_kernel_with_streams() {
    let kernel = kernel(&small(Some(IoType::Stream)).unwrap());
    let files: Vec<&str> = kernel.tree.iter().map(|(path, _)| path.as_str()).collect();
    for file in ["nnet_stream.h", "nnet_stream_trace.h", "weights_fc1.h", "tables_sig.h"] {
        assert!(files.contains(&file), "{files:?}");
    }
    let text = |file: &str| String::from_utf8(kernel.tree.get(file).unwrap().to_vec()).unwrap();
    let streams = kernel.streams.as_ref().unwrap();
    assert!(
        text("myproject.h")
            .contains("void myproject(hls::stream<ap_uint<64> > &x_2, hls::stream<ap_uint<32> > &sig);"),
        "{}",
        text("myproject.h")
    );
    let [fifo] = &streams.fifos[..] else { panic!("{streams:?}") };
    assert_eq!((fifo.depth, fifo.bits), (2, 32));
    let cpp = text("myproject.cpp");
    assert!(cpp.contains(&format!("NNET_STREAM_DEPTH({}, 2)", fifo.name)), "{cpp}");
    assert!(cpp.contains(&format!("NNET_PROCESS(fc1_process(x_2, {}))", fifo.name)), "{cpp}");
    assert_eq!(kernel.pipeline_ii, 2);
    assert!(kernel.inputs.words.is_empty() && kernel.inputs.tensors.len() == 1);
}

/// The pragmas as each tool would see them, from the preprocessor.
#[test]
fn pragmas_in_the_form_of_each_tool() {
    let Some(ap_types) = ap_types("pragmas_in_the_form_of_each_tool") else { return };
    let program = compile(&kernel(&small(None).unwrap()), &ap_types, &[]);
    let pragmas = |flag: &str| {
        let output = Command::new("g++")
            .current_dir(program.folder.path())
            .args(["-E", "-P", "-std=c++11", flag, "-isystem"])
            .arg(&ap_types)
            .arg("myproject.cpp")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().filter(|l| l.contains("#pragma HLS")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(pragmas("-DNOTHING"), Vec::<String>::new());
    let count = |lines: &[String], what: &str| lines.iter().filter(|l| l.contains(what)).count();
    let vitis = pragmas("-D__SYNTHESIS__");
    assert_eq!(count(&vitis, "PIPELINE II=2"), 1);
    assert_eq!(count(&vitis, "HLS INLINE"), 3);
    let bambu = pragmas("-DNNET_BAMBU");
    assert_eq!(count(&bambu, "PIPELINE II=2"), 1);
    assert_eq!(count(&bambu, "HLS INLINE"), 3);
    assert_eq!(count(&bambu, "INTERFACE mode=ap_none port=x"), 1);
    assert_eq!(count(&bambu, "INTERFACE mode=ap_vld port=y"), 1);
    assert_eq!(bambu.len(), 6, "{bambu:?}");
    assert!(count(&vitis, "ARRAY_PARTITION variable=layer") >= 2, "{vitis:?}");
}

#[test]
fn pragmas_of_streams() {
    let Some(ap_types) = ap_types("pragmas_of_streams") else { return };
    let program = compile(&kernel(&small(Some(IoType::Stream)).unwrap()), &ap_types, &[]);
    let output = Command::new("g++")
        .current_dir(program.folder.path())
        .args(["-E", "-P", "-std=c++11", "-D__SYNTHESIS__", "-isystem"])
        .arg(&ap_types)
        .arg("myproject.cpp")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let count = |what: &str| text.lines().filter(|l| l.contains("#pragma HLS") && l.contains(what)).count();
    assert_eq!(count("DATAFLOW"), 1);
    assert_eq!(count("INLINE off"), 2);
    assert_eq!(count("STREAM variable=layer2_out depth=2"), 1, "{text}");
    // The product in two blocks is a pipeline of its own; the loop over tokens around it is none.
    assert_eq!(count("PIPELINE II=2"), 0);
    assert_eq!(count("PIPELINE II=1") - count("PIPELINE II=1 style=flp"), 1);
}

/// Five layers of 100 x 100: weights are integers because a list of fixed-point literals would take g++ minutes.
#[test]
fn a_larger_network_compiles_in_seconds() {
    let Some(ap_types) = ap_types("a_larger_network_compiles_in_seconds") else { return };
    let mut rng = Rng::new(41);
    let mut net = Net::new();
    let ty = FixedType::fixed(16, 6);
    let mut last = net.input("x", &[100], ty);
    for i in 0..5 {
        let name = format!("fc{i}");
        let op = dense(&mut rng, 100, 100, &ty, &ty);
        last = net.layer(&name, op, &[last], ty, &[("weight", ty), ("bias", ty), ("accum", ty)]);
        net.set(&name, |l| {
            l.strategy = Some(Strategy::Resource);
            l.reuse_factor = Some(100);
        });
    }
    net.graph.outputs.push(last);
    let start = std::time::Instant::now();
    compile(&kernel(&net.finish()), &ap_types, &[]);
    let seconds = start.elapsed().as_secs();
    assert!(seconds < 60, "{seconds} s");
}
