//! Projects for PCIe cards: their configuration files, manifests, and what is refused.

use expect_test::expect;
use netlathe_backend_vivado_accel::{Element, InterfaceKind, Options, Project, emit, find};
use netlathe_overlay::{Host, Manifest};

use crate::alveo_ini::{self, For};
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
        build_xclbin.sh
        compile.cfg
        firmware/demo_axi.cpp
        firmware/hand_made.cpp
        firmware/hand_made.h
        hls_pre.tcl
        link.cfg
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
