//! Projects for PCIe cards: their configuration files, manifests, and what is refused.

use std::fs;
use std::process::Command;

use expect_test::expect;
use netlathe_backend_vivado_accel::{Element, InterfaceKind, Options, Project, emit, find};
use netlathe_codegen_hls::Kernel;
use netlathe_ir::apfixed::Precision;
use netlathe_ir::config::{Config, LayerConfig};
use netlathe_ir::op::activation::{Activation, Function};
use netlathe_ir::op::input::Input;
use netlathe_ir::op::merge::{Merge, MergeOp};
use netlathe_ir::passes::{self, Types};
use netlathe_ir::{Graph, NodeId, Op, Origin, Validated};
use netlathe_overlay::{Host, Manifest};

use crate::alveo_ini::{self, For};
use crate::gxx;
use crate::kernels::Spec;
use crate::wrapper_tree::{hashes, spec};

const CARDS: [&str; 5] = ["alveo-u200", "alveo-u250", "alveo-u280", "alveo-u50", "alveo-u55c"];

pub(crate) fn options(board: &str) -> Options {
    Options::new("demo", find(board).unwrap())
}

fn made(options: &Options) -> Project {
    emit(&spec().network(), &spec().kernel(), options).unwrap()
}

fn text<'a>(project: &'a Project, file: &str) -> &'a str {
    std::str::from_utf8(project.tree.get(file).unwrap()).unwrap()
}

fn refused(options: &Options) -> String {
    emit(&spec().network(), &spec().kernel(), options).unwrap_err().to_string()
}

#[test]
fn what_is_written() {
    let project = made(&options("alveo-u250"));
    let names: Vec<&str> = project
        .tree
        .iter()
        .map(|(path, _)| path.as_str())
        .filter(|path| !path.starts_with("firmware/nnet"))
        .collect();
    expect![[r#"
        README.md
        axi_master_driver.py
        build_xclbin.sh
        compile.cfg
        firmware/demo_axi.cpp
        firmware/demo_axi.h
        firmware/hand_made.cpp
        firmware/hand_made.h
        hls_pre.tcl
        link.cfg
        tb/include/hls_stream.h
        tb/include/nnet_coroutines.h
        tb/tb_wrapper.cpp"#]]
    .assert_eq(&names.join("\n"));
    expect![[r##"
        # v++ -c: from C++ to a kernel. Sections and keys: UG1393, "Vitis Compiler Configuration File" and "--hls Options", the same from
        # 2020.2 to 2025.2 (then UG1702).

        [hls]
        # The kernel is scheduled for the clock that it is linked with: Hz, then the kernel.
        clock=300000000:demo_axi
        # Run before synthesis.
        pre_tcl=hls_pre.tcl
    "##]].assert_eq(text(&project, "compile.cfg"));
    expect![[r##"
        # Run by v++ -c before synthesis (compile.cfg). The share of the clock period that is left to placement and routing; the tool's
        # own is 27 % (UG1399, "set_clock_uncertainty").
        set_clock_uncertainty 12.5%
    "##]].assert_eq(text(&project, "hls_pre.tcl"));
    expect![[r##"
        # v++ -l: from the kernel to an xclbin. Sections and keys: UG1393, "Vitis Compiler Configuration File", "v++ General Options" and
        # "--connectivity Options", the same from 2020.2 to 2025.2 (then UG1702).

        # Clock 0 of the platform, which is the kernel's, in MHz. The linker lowers it where timing is missed, and says so in the xclbin
        # only; build_xclbin.sh looks.
        kernel_frequency=0:300

        [connectivity]
        # One compute unit.
        nk=demo_axi:1:demo_axi_1
        # Where it is put. A kernel that is larger than a super logic region must not be bound to one: build_xclbin.sh -s any.
        slr=demo_axi_1:SLR0
        # A memory for each tensor: the compute unit's argument, then the bank.
        sp=demo_axi_1.data_in:DDR[0]
        sp=demo_axi_1.data_out:DDR[1]
    "##]].assert_eq(text(&project, "link.cfg"));
}

#[test]
fn every_card_has_files_that_read_and_a_manifest_that_holds() {
    for name in CARDS {
        let project = made(&options(name));
        let (compile, link) = (text(&project, "compile.cfg"), text(&project, "link.cfg"));
        let compile = alveo_ini::read(compile, For::Compile).unwrap_or_else(|why| panic!("{name}: {why}"));
        let link = alveo_ini::read(link, For::Link).unwrap_or_else(|why| panic!("{name}: {why}"));
        let value = |config: &alveo_ini::Config, section: &str, key: &str| {
            config.get(&(section.to_owned(), key.to_owned())).cloned().unwrap_or_default().join(" ")
        };
        assert_eq!(value(&compile, "hls", "clock"), "300000000:demo_axi");
        assert!(project.tree.get(value(&compile, "hls", "pre_tcl")).is_some());
        assert_eq!(value(&link, "", "kernel_frequency"), "0:300");
        assert_eq!(value(&link, "connectivity", "nk"), "demo_axi:1:demo_axi_1");
        assert_eq!(value(&link, "connectivity", "slr"), "demo_axi_1:SLR0");
        let memory = if name == "alveo-u200" || name == "alveo-u250" { "DDR" } else { "HBM" };
        assert_eq!(
            value(&link, "connectivity", "sp"),
            format!("demo_axi_1.data_in:{memory}[0] demo_axi_1.data_out:{memory}[1]"),
            "{name}"
        );

        let manifest = project.with_hashes(hashes()).manifest;
        let Host::Xrt { kernel, compute_unit, arguments, banks } = &manifest.host else { panic!("{name}") };
        assert_eq!((kernel.as_str(), compute_unit.as_str()), ("demo_axi", "demo_axi_1"));
        assert_eq!(arguments, &["in_layer", "out_layer", "batch"]);
        let banks: Vec<_> = banks.iter().map(|bank| (bank.tensor.as_str(), bank.memory.as_str())).collect();
        assert_eq!(banks, [("in_layer", &*format!("{memory}[0]")), ("out_layer", &*format!("{memory}[1]"))]);
        assert_eq!(manifest.inputs[0].packing.beat_bits, 512);
        assert_eq!(manifest.inputs[0].packing.elements_per_beat, 16);
        assert!((manifest.clock_period_ns - 10.0 / 3.0).abs() < 1e-9);
        assert!(manifest.platform.as_deref().is_some_and(|p| p.starts_with("xilinx_u")), "{name}");
        let registers: Vec<_> = manifest.registers.0.iter().map(|r| (r.name.as_str(), r.offset)).collect();
        assert_eq!(registers[4..], [("data_in", 0x10), ("data_out", 0x1c), ("batch", 0x28)]);
        let text = manifest.to_json().unwrap_or_else(|why| panic!("{name}: {why}"));
        assert_eq!(Manifest::from_json(text.as_bytes()).unwrap(), manifest);
    }
}

#[test]
fn the_clock_is_one_that_xrt_makes_and_never_faster_than_asked() {
    // Steps of 5 MHz: 1000 / 4.1 is 243.9, 1000 / 7 is 142.8.
    for (asked, mhz) in [(4.0, 250), (4.1, 240), (7.0, 140), (2.0, 500), (100.0, 10), (3.3333333, 300)] {
        let project = made(&Options { clock_period_ns: Some(asked), ..options("alveo-u55c") });
        let link = text(&project, "link.cfg");
        assert!(link.contains(&format!("\nkernel_frequency=0:{mhz}\n")), "{asked}: {link}");
        let compile = text(&project, "compile.cfg");
        assert!(compile.contains(&format!("\nclock={mhz}000000:demo_axi\n")), "{asked}: {compile}");
        assert!(text(&project, "build_xclbin.sh").contains(&format!("\nmhz={mhz}\n")), "{asked}");
        assert_eq!(project.manifest.clock_period_ns, 1000.0 / f64::from(mhz));
    }
    for asked in [1.0, 0.0, 101.0, f64::NAN] {
        let said = refused(&Options { clock_period_ns: Some(asked), ..options("alveo-u55c") });
        assert!(said.starts_with("NL623: "), "{asked}: {said}");
    }
}

#[test]
fn elements_fill_beats() {
    let element = |text: &str| Element::Fixed(text.parse().unwrap());
    let project = made(&Options {
        input: Some(element("ap_fixed<12,4,AP_RND,AP_SAT>")),
        output: Some(Element::Float64),
        ..options("alveo-u50")
    });
    let (input, output) = (&project.manifest.inputs[0].packing, &project.manifest.outputs[0].packing);
    assert_eq!((input.beat_bits, input.elements_per_beat), (512, 42));
    assert_eq!((output.beat_bits, output.elements_per_beat), (512, 8));
    let readme = text(&project, "README.md");
    assert!(readme.contains("| input | `data_in` | `in_layer` | [20] |"), "{readme}");
    // One beat a sample each way: 256 MiB / 64.
    assert!(readme.contains("at most\n4194304 samples a start"), "{readme}");
    let said = refused(&Options { input: Some(element("ap_fixed<80,4>")), ..options("alveo-u50") });
    assert!(said.starts_with("NL631: input `in_layer` cannot travel as ap_fixed<80,4>"), "{said}");
}

#[test]
fn what_a_card_cannot_do_is_refused_with_a_remedy() {
    for kind in [InterfaceKind::AxiStream, InterfaceKind::AxiLite] {
        let said = refused(&Options { interface: Some(kind), ..options("alveo-u280") });
        assert!(said.starts_with("NL630: board alveo-u280 has no interface "), "{said}");
        assert!(
            said.contains("platform reaches kernels by their own AXI masters")
                && said.ends_with("axi_master"),
            "{said}"
        );
    }
    let said = refused(&Options {
        platform: Some("xilinx_u50_gen3x16_xdma_5_202210_1".into()),
        ..options("alveo-u280")
    });
    assert!(said.starts_with("NL634: "), "{said}");
    let said = refused(&Options { legacy_hls: true, ..options("alveo-u280") });
    assert!(said.starts_with("NL633: --legacy-hls cannot be used with board alveo-u280: "), "{said}");
    let said = refused(&Options { clock_uncertainty_percent: Some(91.0), ..options("alveo-u280") });
    assert!(said.starts_with("NL624: "), "{said}");
    let said = refused(&Options { project: "a b".into(), ..options("alveo-u280") });
    assert!(said.starts_with("NL625: "), "{said}");
}

/// Inputs `a` and `b`, outputs `sum` and `copy` of `b`, and the kernel that is generated for them.
pub(crate) fn two() -> (Validated, Kernel) {
    let (mut graph, mut config) = (Graph::new("two"), Config::default());
    let mut layer = |name: &str, op: Op, from: &[NodeId], ty: &str| {
        let mut types = LayerConfig::default();
        types.precision.insert("result".into(), Precision::Is(ty.parse().unwrap()));
        config.layer_name.insert(name.into(), types);
        graph.add(name, Origin { layer: name.into(), role: String::new() }, op, from).unwrap()
    };
    let input = || Op::Input(Input { shape: vec![20], integer: None });
    let a = layer("a", input(), &[], "ap_fixed<12,4>");
    let b = layer("b", input(), &[], "ap_fixed<10,4>");
    let add = Op::Merge(Merge { op: MergeOp::Add, reuse_factor: 1 });
    let sum = layer("sum", add, &[a, b], "ap_fixed<13,5>");
    let copy = layer("copy", Op::Activation(Activation::new(Function::Linear)), &[b], "ap_fixed<9,4>");
    graph.inputs = vec![a, b];
    graph.outputs = vec![sum, copy];
    let network = passes::run(graph, &config, &Types::Configured).unwrap().network;
    let kernel =
        netlathe_codegen_hls::emit(&network, &netlathe_codegen_hls::Options { project: "two".into() })
            .unwrap();
    (network, kernel)
}

#[test]
fn several_tensors_have_a_port_and_a_bank_each() {
    let (network, kernel) = two();
    for (board, banks) in [
        ("alveo-u55c", ["HBM[0]", "HBM[1]", "HBM[2]", "HBM[3]"]),
        // Two of the U200's channels are at SLR1, one at SLR2.
        ("alveo-u200", ["DDR[0]", "DDR[1]", "DDR[2]", "DDR[3]"]),
    ] {
        let project = emit(&network, &kernel, &options(board)).unwrap();
        let link = alveo_ini::read(text(&project, "link.cfg"), For::Link).unwrap();
        let ports = ["data_in0", "data_in1", "data_out0", "data_out1"];
        let expected: Vec<_> =
            ports.iter().zip(banks).map(|(port, bank)| format!("demo_axi_1.{port}:{bank}")).collect();
        assert_eq!(link[&("connectivity".into(), "sp".into())], expected);
        let manifest = project.with_hashes(hashes()).manifest;
        let Host::Xrt { arguments, banks: on, .. } = &manifest.host else { panic!("{board}") };
        assert_eq!(arguments, &["a", "b", "sum", "copy", "batch"]);
        let on: Vec<_> = on.iter().map(|bank| (bank.tensor.as_str(), bank.memory.as_str())).collect();
        assert_eq!(on, ["a", "b", "sum", "copy"].into_iter().zip(banks).collect::<Vec<_>>());
        let registers: Vec<_> = manifest.registers.0.iter().map(|r| (r.name.as_str(), r.offset)).collect();
        assert_eq!(
            registers[4..],
            [
                ("data_in0", 0x10),
                ("data_in1", 0x1c),
                ("data_out0", 0x28),
                ("data_out1", 0x34),
                ("batch", 0x40)
            ]
        );
        manifest.to_json().unwrap_or_else(|why| panic!("{board}: {why}"));
    }
}

#[test]
fn more_tensors_than_ports_are_refused() {
    let (network, kernel) = two();
    let mut board = find("alveo-u50").unwrap();
    board.alveo.as_mut().unwrap().memory[0].banks = 3;
    let said = emit(&network, &kernel, &Options::new("demo", board)).unwrap_err().to_string();
    let expected = "NL632: board alveo-u50 with axi_master: 4 tensors, but HBM has ports for 3; join";
    assert!(said.starts_with(expected), "{said}");
}

#[test]
fn the_kernel_is_one_of_xrt() {
    let project = made(&options("alveo-u50"));
    let source = text(&project, "firmware/demo_axi.cpp");
    // UG1393, "C/C++ Kernels": the declaration has C linkage. XRT starts ap_ctrl_chain again before the last start is done.
    let signature =
        "extern \"C\" void demo_axi(const ap_uint<512> *data_in, ap_uint<512> *data_out, unsigned batch)";
    assert!(source.contains(signature), "{source}");
    for pragma in ["NNET_INTERFACE_CHAIN", "NNET_INTERFACE_MEMORY(data_in,", "NNET_INTERFACE_CONTROL(batch)"]
    {
        assert!(source.contains(pragma), "{pragma}: {source}");
    }
}

/// Elements of a sample as beats of 512 bits, float32 each, element 0 in the lowest bits.
fn beats_of(sample: &[f32]) -> String {
    let beat = |lanes: &[f32]| {
        let mut words = [0u32; 16];
        for (word, lane) in words.iter_mut().zip(lanes) {
            *word = lane.to_bits();
        }
        words.iter().rev().map(|word| format!("{word:08x}")).collect::<String>()
    };
    sample.chunks(16).map(beat).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_kernel_computes_a_batch() {
    let Some(ap_types) = gxx::ap_types("the_kernel_computes_a_batch") else { return };
    let identity = Spec {
        inputs: 20,
        outputs: 17,
        input_ty: "ap_fixed<12,4>",
        output_ty: "ap_fixed<9,5>",
        expression: "v_j",
        split: None,
    };
    let project = emit(&identity.network(), &identity.kernel(), &options("alveo-u280")).unwrap();
    let strings = |paths: &[camino::Utf8PathBuf]| paths.iter().map(ToString::to_string).collect::<Vec<_>>();
    let (dirs, sources) = (strings(&project.wrapper.include_dirs), strings(&project.wrapper.sources));
    let dirs: Vec<&str> = dirs.iter().map(String::as_str).collect();
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    let root = gxx::compile(&project.tree, &dirs, &sources, &[], &ap_types);
    // Multiples of 1/16 that both types hold: what goes in comes out. All 5 * 20 are different.
    let samples: Vec<Vec<f32>> =
        (0..5).map(|s| (0..20).map(|i| (20 * s + i - 50) as f32 / 16.0).collect()).collect();
    let data = root.path().join("tb_data");
    fs::create_dir_all(&data).unwrap();
    let write = |file: &str, count: usize| {
        let text: String = samples.iter().map(|sample| beats_of(&sample[..count]) + "\n").collect();
        fs::write(data.join(file), text).unwrap();
    };
    write("wrapper_inputs.hex", 20);
    write("wrapper_outputs.hex", 17);
    let run = || Command::new("./program").current_dir(root.path()).output().unwrap();
    let done = run();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    // And it is looked at: another result is a failure.
    write("wrapper_outputs.hex", 16);
    assert!(!run().status.success());
}
