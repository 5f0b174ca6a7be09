//! What is emitted, what the manifest says, what is refused.

use expect_test::expect;
use netlathe_backend_coyote::{Error, Fault, Options, boards, emit, find};
use netlathe_overlay::{Manifest, Packing};

use crate::bench::options;
use crate::wrapper_tree::{self, hashes, spec};

#[test]
fn the_files() {
    let project = emit(&spec().network(), &spec().kernel(), &options()).unwrap();
    let paths: String = project.tree.iter().map(|(path, _)| format!("{path}\n")).collect();
    expect![[r#"
        CMakeLists.txt
        README.md
        src/hls/model_wrapper/hand_made.cpp
        src/hls/model_wrapper/hand_made.h
        src/hls/model_wrapper/model_wrapper.cpp
        src/hls/model_wrapper/model_wrapper.hpp
        src/hls/model_wrapper/nnet_beats.h
        src/hls/model_wrapper/nnet_bench.h
        src/hls/model_wrapper/nnet_common.h
        src/hls/model_wrapper/nnet_float.h
        src/hls/model_wrapper/nnet_pragmas.h
        src/hls/model_wrapper/nnet_stream.h
        src/vfpga_top.svh
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
    assert_eq!((manifest.board.as_str(), manifest.clock_period_ns), ("u55c", 4.0));
    let input = manifest.input("in_layer").unwrap();
    assert_eq!((input.shape.as_slice(), &input.packing), (&[20][..], &Packing::coyote_float32()));
    assert_eq!(input.ty.cpp(), "ap_fixed<12,4,AP_RND,AP_SAT>");
    assert_eq!(manifest.output("out_layer").unwrap().ty.cpp(), "ap_ufixed<9,0>");
}

#[test]
fn boards_read_and_have_sane_clocks() {
    let all = boards().unwrap();
    assert!(all.is_sorted_by(|a, b| a.name < b.name), "ordered and unique");
    for board in all {
        let clock = &board.clock;
        assert!((clock.min_mhz..=clock.max_mhz).contains(&clock.default_mhz), "{}", board.name);
        assert_eq!(find(&board.name).unwrap(), board);
    }
    assert_eq!(find("u55c").unwrap().part, "xcu55c-fsvh2892-2L-e");
}

#[test]
fn clocks_are_whole_mhz_and_never_faster_than_asked_for() {
    let clock = find("u55c").unwrap().clock;
    for (period, mhz) in [(4.0, 250), (3.3333333, 300), (5.0, 200), (4.7, 212), (10.0, 100)] {
        assert_eq!(clock.mhz("u55c", Some(period)).unwrap(), mhz, "{period}");
    }
    for bad in [0.0, -4.0, f64::NAN, f64::INFINITY, 1.0, 100.0] {
        assert!(matches!(clock.mhz("u55c", Some(bad)), Err(Error(Fault::Clock { .. }))), "{bad}");
    }
}

#[test]
fn what_is_refused() {
    let (network, kernel) = (spec().network(), spec().kernel());
    let refused = |options: Options| emit(&network, &kernel, &options).unwrap_err().to_string();
    expect!["NL601: there is no Coyote board \"pynq-z2\"; there are: u55c"]
        .assert_eq(&refused(Options { board: "pynq-z2".into(), ..options() }));
    expect![
        "NL603: board u55c cannot be clocked with a period of 1 ns; give ClockPeriod from 2.222 to 20.000 ns"
    ]
    .assert_eq(&refused(Options { clock_period_ns: Some(1.0), ..options() }));
    expect!["NL604: a clock uncertainty of 100 % makes no sense; give 0 to 90 %"]
        .assert_eq(&refused(Options { clock_uncertainty_percent: Some(100.0), ..options() }));

    wrapper_tree::check_refusals(600, "model_wrapper.cpp", |network, kernel, project| {
        let options = Options { project: project.into(), ..options() };
        emit(network, kernel, &options).unwrap_err().to_string()
    });
}
