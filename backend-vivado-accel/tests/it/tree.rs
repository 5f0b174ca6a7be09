//! What is emitted, what the manifest says, what is refused.

use expect_test::{expect, expect_file};
use netlathe_backend_vivado_accel::{InterfaceKind, Options, emit, find};
use netlathe_overlay::{Manifest, Packing};

use crate::bench::options;
use crate::place::with_tensors;
use crate::wrapper_tree::{self, hashes, spec};

#[test]
fn the_files() {
    let project = emit(&spec().network(), &spec().kernel(), &options()).unwrap();
    let paths: String = project.tree.iter().map(|(path, _)| format!("{path}\n")).collect();
    expect![[r#"
        README.md
        axi_stream_driver.py
        build_hls.tcl
        design.tcl
        firmware/demo_axi.cpp
        firmware/demo_axi.h
        firmware/hand_made.cpp
        firmware/hand_made.h
        firmware/nnet_beats.h
        firmware/nnet_bench.h
        firmware/nnet_common.h
        firmware/nnet_float.h
        firmware/nnet_pragmas.h
        firmware/nnet_stream.h
        hls_config.cfg
        project.tcl
        tb/include/ap_axi_sdata.h
        tb/include/hls_stream.h
        tb/include/nnet_coroutines.h
        tb/tb_wrapper.cpp
    "#]]
    .assert_eq(&paths);
    assert_eq!(emit(&spec().network(), &spec().kernel(), &options()).unwrap(), project, "same in, same out");
}

#[test]
fn the_manifest() {
    let project = emit(&spec().network(), &spec().kernel(), &options()).unwrap();
    assert!(project.manifest.to_json().is_err(), "without hashes it is not written");
    let manifest = project.with_hashes(hashes()).manifest;
    assert_eq!(Manifest::from_json(manifest.to_json().unwrap().as_bytes()).unwrap(), manifest);
    assert_eq!(manifest.hashes, hashes());
    assert_eq!((manifest.board.as_str(), manifest.clock_period_ns), ("pynq-z2", 10.0));
    let input = manifest.input("in_layer").unwrap();
    assert_eq!((input.shape.as_slice(), &input.packing), (&[20][..], &Packing::vivado_float32()));
    assert_eq!(input.ty.cpp(), "ap_fixed<12,4,AP_RND,AP_SAT>");
    assert_eq!(manifest.output("out_layer").unwrap().ty.cpp(), "ap_ufixed<9,0>");
}

/// What people read, and what the scripts read.
#[test]
fn the_pages() {
    for (name, kind) in [
        ("pynq-z2", InterfaceKind::AxiStream),
        ("zcu102", InterfaceKind::AxiMaster),
        ("kv260", InterfaceKind::AxiLite),
    ] {
        let options = Options { interface: Some(kind), ..Options::new("demo", find(name).unwrap()) };
        let (network, kernel) = with_tensors(1, 2);
        let tree = emit(&network, &kernel, &options).unwrap().tree;
        for file in ["README.md", "project.tcl", "build_hls.tcl", "hls_config.cfg", "design.tcl"] {
            let text = String::from_utf8(tree.get(file).unwrap().to_vec()).unwrap();
            let lines = || text.lines().enumerate();
            assert!(!text.contains("\n\n\n") && !text.ends_with("\n\n"), "{file}: empty lines:\n{text}");
            let untidy: Vec<_> = lines().filter(|(_, line)| line.trim_end() != *line).collect();
            assert!(untidy.is_empty(), "{file}: {untidy:?}");
            let long: Vec<_> = lines().filter(|(_, l)| l.len() > 132 && !l.starts_with(['|', ' '])).collect();
            assert!(long.is_empty(), "{file}: {long:?}");
        }
        for file in ["README.md", "project.tcl"] {
            let text = String::from_utf8(tree.get(file).unwrap().to_vec()).unwrap();
            expect_file![format!("../snapshots/{}_{file}", kind.name())].assert_eq(&text);
        }
    }
}

#[test]
fn what_is_refused() {
    let (network, kernel) = (spec().network(), spec().kernel());
    let refused = |options: Options| emit(&network, &kernel, &options).unwrap_err().to_string();
    let unknown = find("nexys").unwrap_err().to_string();
    assert!(
        unknown.starts_with("NL621: there is no VivadoAccelerator board \"nexys\"; there are: "),
        "{unknown}"
    );
    expect!["NL623: board pynq-z2 cannot be clocked with a period of 1 ns; give ClockPeriod from 4.000 to 3969.000 ns"]
        .assert_eq(&refused(Options { clock_period_ns: Some(1.0), ..options() }));
    expect!["NL624: a clock uncertainty of 100 % makes no sense; give 0 to 90 %"]
        .assert_eq(&refused(Options { clock_uncertainty_percent: Some(100.0), ..options() }));

    wrapper_tree::check_refusals(620, "demo_axi.cpp", |network, kernel, project| {
        let options = Options { project: project.into(), ..options() };
        emit(network, kernel, &options).unwrap_err().to_string()
    });
}
