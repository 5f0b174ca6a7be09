//! What is emitted, what the manifest says, what is refused.

use expect_test::expect;
use netlathe_backend_coyote::{Card, Model, Options, emit, emit_many, find};
use netlathe_overlay::{Element, Host, Manifest, Packing};

use crate::models::{on, options, ports};
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
        src/hls/model_wrapper/nnet_bench.h
        src/hls/model_wrapper/nnet_common.h
        src/hls/model_wrapper/nnet_float.h
        src/hls/model_wrapper/nnet_pragmas.h
        src/vfpga_top.svh
        tb/tb_wrapper.cpp
    "#]]
    .assert_eq(&paths);
    assert_eq!(emit(&spec().network(), &spec().kernel(), &options()).unwrap(), project, "same in, same out");
    // Coyote's HLS step copies no folders.
    let kernel = "src/hls/model_wrapper/";
    assert!(
        paths.lines().filter_map(|path| path.strip_prefix(kernel)).all(|file| !file.contains('/')),
        "{paths}"
    );
}

#[test]
fn the_manifest() {
    let project = emit(&spec().network(), &spec().kernel(), &options()).unwrap();
    assert!(project.manifest.to_json().is_err(), "without hashes it is not written");
    let manifest = project.with_hashes(hashes()).manifest;
    assert_eq!(Manifest::from_json(manifest.to_json().unwrap().as_bytes()).unwrap(), manifest);
    assert_eq!(manifest.hashes, hashes());
    assert_eq!((manifest.board.as_str(), manifest.clock_period_ns), ("u55c", 4.0));
    assert_eq!(manifest.host, Host::Coyote { vfpga: 0, input_streams: vec![0], output_streams: vec![0] });
    let input = manifest.input("in_layer").unwrap();
    assert_eq!((input.shape.as_slice(), &input.packing), (&[20][..], &Packing::coyote_float32()));
    assert_eq!(input.ty.cpp(), "ap_fixed<12,4,AP_RND,AP_SAT>");
    assert_eq!(manifest.output("out_layer").unwrap().ty.cpp(), "ap_ufixed<9,0>");
}

#[test]
fn elements_can_be_packed() {
    let packed = Options {
        input: Some(netlathe_backend_coyote::Element::Fixed("ap_fixed<16,8>".parse().unwrap())),
        output: Some(netlathe_backend_coyote::Element::Fixed("ap_ufixed<10,0>".parse().unwrap())),
        user_clock_period_ns: Some(5.0),
        ..options()
    };
    let manifest = emit(&spec().network(), &spec().kernel(), &packed).unwrap().manifest;
    let (input, output) = (&manifest.inputs[0].packing, &manifest.outputs[0].packing);
    assert_eq!((input.beat_bits, input.elements_per_beat), (512, 32));
    // 51 elements of 10 bits: the last 2 bits of a beat are not used.
    assert_eq!((output.beat_bits, output.elements_per_beat), (512, 51));
    assert_eq!(manifest.clock_period_ns, 5.0, "the kernel's clock");
    let wide = Options { input: Some(netlathe_backend_coyote::Element::Fixed("ap_fixed<80,40>".parse().unwrap())), ..options() };
    let refused = emit(&spec().network(), &spec().kernel(), &wide).unwrap_err().to_string();
    assert!(refused.starts_with("NL619: tensor \"in_layer\" cannot be packed into beats: "), "{refused}");
}

/// Four models with 1 or 2 inputs and 1 or 2 outputs.
fn card(options: &Options) -> Card {
    let parts = [ports(1, 1), ports(2, 1), ports(1, 2), ports(2, 2)];
    let models: Vec<_> = ["a", "b", "c", "d"]
        .iter()
        .zip(&parts)
        .map(|(name, (network, kernel))| Model { network, kernel, name: (*name).into() })
        .collect();
    emit_many(&models, options).unwrap()
}

#[test]
fn four_models_in_two_configurations_of_two_vfpgas() {
    let made = card(&Options { regions: Some(2), ..options() });
    let mut told = String::new();
    for m in &made.members {
        told += &format!(
            "{} {} {} c{} v{} {:?} {} {} {}\n{:?}\n",
            m.name,
            m.kernel,
            m.folder,
            m.configuration,
            m.vfpga,
            m.image,
            m.manifest_file,
            m.manifest.project,
            m.wrapper.data_dir,
            m.manifest.host
        );
        assert!(made.tree.get(format!("{}/vfpga_top.svh", m.folder)).is_some());
        assert!(made.tree.get(format!("{}/hls/{}/{}.cpp", m.folder, m.kernel, m.kernel)).is_some());
        assert!(m.wrapper.sources.iter().all(|file| made.tree.get(file).is_some()), "{:?}", m.wrapper);
    }
    expect![[r#"
        a model_wrapper_0 src_0 c0 v0 Some("bitstreams/config_0/vfpga_c0_0.bin") manifest_0.json a tb_data_0
        Coyote { vfpga: 0, input_streams: [0], output_streams: [0] }
        b model_wrapper_1 src_1 c0 v1 Some("bitstreams/config_0/vfpga_c0_1.bin") manifest_1.json b tb_data_1
        Coyote { vfpga: 1, input_streams: [0, 1], output_streams: [0] }
        c model_wrapper_2 src_2 c1 v0 Some("bitstreams/config_1/vfpga_c1_0.bin") manifest_2.json c tb_data_2
        Coyote { vfpga: 0, input_streams: [0], output_streams: [0, 1] }
        d model_wrapper_3 src_3 c1 v1 Some("bitstreams/config_1/vfpga_c1_1.bin") manifest_3.json d tb_data_3
        Coyote { vfpga: 1, input_streams: [0, 1], output_streams: [0, 1] }
    "#]]
    .assert_eq(&told);
    let images = card(&Options { regions: Some(1), ..on("v80") });
    assert_eq!(images.members[3].image.as_deref(), Some("bitstreams/config_3/vfpga_c3_0.pdi"));
    assert_eq!(card(&options()).members[3].image, None, "a vFPGA each: nothing is reconfigured");
}

#[test]
fn the_page_of_several_models() {
    let made = card(&Options { regions: Some(2), ..options() });
    let page = String::from_utf8(made.tree.get("README.md").unwrap().to_vec()).unwrap();
    for line in [
        "| `c` | `src_2/` | `model_wrapper_2` | 0 | 1 | `manifest_2.json` | `bitstreams/config_1/vfpga_c1_0.bin` |",
        "| `d` | input | 1 | `in1` | 3 | `ap_fixed<16,6>` | `float32` | 16 | 1 |",
    ] {
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
}

#[test]
fn what_is_refused() {
    expect!["NL601: there is no Coyote board \"pynq-z2\"; there are: u55c, u250, u280, v80"]
        .assert_eq(&find("pynq-z2").unwrap_err().to_string());
    expect!["NL604: a clock uncertainty of 100 % makes no sense; give 0 to 90 %"].assert_eq(
        &emit(
            &spec().network(),
            &spec().kernel(),
            &Options { clock_uncertainty_percent: Some(100.0), ..options() },
        )
        .unwrap_err()
        .to_string(),
    );
    wrapper_tree::check_refusals(600, "model_wrapper.cpp", |network, kernel, project| {
        let options = Options { project: project.into(), ..options() };
        emit(network, kernel, &options).unwrap_err().to_string()
    });
}
