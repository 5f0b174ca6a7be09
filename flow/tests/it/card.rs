//! Several models on one card of Coyote's: project, C simulation, vendor runs and package.

use crate::support::{self, can_compile, data};
use crate::vendor::{LONG, both, entries, tools};
use netlathe_flow::build::{Options, build};
use netlathe_flow::card::Card;
use netlathe_flow::model::Source;
use netlathe_flow::report::{Report, Stage, State};
use netlathe_flow::shell::ShellWishes;
use netlathe_flow::target::Wishes;
use netlathe_flow::vendor::{self, Kind, Project};
use netlathe_flow::{Error, hash, package};
use netlathe_overlay::{Host, Manifest};
use std::path::{Path, PathBuf};

/// A model of the front end's tests: `branches` has two inputs and two outputs, `plain` one of each.
fn source(name: &str) -> Source {
    let file = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/keras");
        folder.join(name)
    };
    match name {
        "plain" => {
            Source { model: file("plain.json"), weights: Some(file("plain.weights.h5")), config: None }
        }
        "tiny" => Source { model: data("tiny.keras"), weights: None, config: None },
        _ => Source { model: file(&format!("{name}.keras")), weights: None, config: None },
    }
}

fn options(place: &Path, board: &str, models: &[&str], shell: ShellWishes, until: Stage) -> Options {
    Options {
        sources: models.iter().map(|name| source(name)).collect(),
        wishes: Wishes {
            project: Some("pair".into()),
            board: Some(board.into()),
            shell,
            ..Wishes::default()
        },
        inputs: Vec::new(),
        expected: Vec::new(),
        out: Some(place.join("p")),
        overwrite: false,
        accept_large: false,
        until: Some(until),
        ap_types: None,
        cache: support::cache(),
        vendor: vendor::Options::default(),
    }
}

fn regions(count: usize) -> ShellWishes {
    ShellWishes { regions: Some(count), ..ShellWishes::default() }
}

fn run(options: &Options) -> Result<Report, Error> {
    build(options, &mut |_| {})
}

fn manifest(place: &Path, name: &str) -> Manifest {
    Manifest::from_json(&std::fs::read(place.join("p").join(name)).unwrap()).unwrap()
}

#[test]
fn two_models_in_two_vfpgas_simulate() {
    let place = tempfile::tempdir().unwrap();
    let p = place.path();
    let until = if can_compile("two models on one card") { Stage::Csim } else { Stage::Write };
    let report = run(&options(p, "u55c", &["branches", "plain"], ShellWishes::default(), until)).unwrap();
    assert_eq!((report.exit_code(), report.state(until)), (0, State::Done));
    let parts: Vec<_> = report.models.iter().map(|m| (m.name.as_str(), m.vfpga, m.configuration)).collect();
    assert_eq!(parts, [("net", Some(0), Some(0)), ("model", Some(1), Some(0))]);
    assert!(report.models.iter().all(|m| m.vectors == 100 && m.differences.is_empty()));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["project"], "pair");
    assert_eq!(json["models"][1]["manifest"], "manifest_1.json");
    assert_eq!(json["models"][1]["layers"][1]["name"], "d1");

    // Every model has its own of everything, and nothing is called as with one.
    for (i, top) in ["net", "model"].into_iter().enumerate() {
        for file in [
            format!("src_{i}/vfpga_top.svh"),
            format!("src_{i}/hls/model_wrapper_{i}/{top}.cpp"),
            format!("tb_{i}/tb_{top}.cpp"),
            format!("tb_{i}/tb_wrapper.cpp"),
            format!("tb_data_{i}/wrapper_inputs.hex"),
            format!("tb_data_{i}/inputs.hex"),
            format!("netlathe_{i}.yml"),
        ] {
            assert!(p.join("p").join(&file).is_file(), "{file}");
        }
    }
    for file in ["src", "tb", "tb_data", "manifest.json", "netlathe.yml"] {
        assert!(!p.join("p").join(file).exists(), "{file}");
    }
    let (a, b) = (manifest(p, "manifest_0.json"), manifest(p, "manifest_1.json"));
    assert_eq!(a.host, Host::Coyote { vfpga: 0, input_streams: vec![0, 1], output_streams: vec![0, 1] });
    assert_eq!(b.host, Host::Coyote { vfpga: 1, input_streams: vec![0], output_streams: vec![0] });
    assert_eq!(a.hashes.tree, b.hashes.tree);
    let model = std::fs::read(source("branches").model).unwrap();
    assert_eq!(a.hashes.model, hash::of(&model));
    assert_ne!(a.hashes.model, b.hashes.model);
    let cmake = std::fs::read_to_string(p.join("p/CMakeLists.txt")).unwrap();
    for line in ["set(N_REGIONS 2)", "set(N_CONFIG 1)", "set(EN_PR 0)", "set(N_STRM_AXI 2)"] {
        assert!(cmake.contains(line), "{line}: {cmake}");
    }
}

#[test]
fn fewer_vfpgas_than_models_are_reconfigured() {
    let place = tempfile::tempdir().unwrap();
    let report = run(&options(place.path(), "u55c", &["tiny", "plain"], regions(1), Stage::Write)).unwrap();
    let places: Vec<_> = report.models.iter().map(|m| (m.vfpga, m.configuration)).collect();
    assert_eq!(places, [(Some(0), Some(0)), (Some(0), Some(1))]);
    let cmake = std::fs::read_to_string(place.path().join("p/CMakeLists.txt")).unwrap();
    for line in ["set(N_REGIONS 1)", "set(N_CONFIG 2)", "set(EN_PR 1)", "VFPGA_C1_0 \"src_1\""] {
        assert!(cmake.contains(line), "{line}: {cmake}");
    }
    let card = Card::read(&place.path().join("p")).unwrap();
    let images: Vec<_> = card.models.iter().map(|m| m.image.as_deref().unwrap()).collect();
    assert_eq!(images, ["bitstreams/config_0/vfpga_c0_0.bin", "bitstreams/config_1/vfpga_c1_0.bin"]);
}

#[test]
fn options_of_the_shell_reach_the_project() {
    let place = tempfile::tempdir().unwrap();
    let p = place.path();
    let plan = p.join("plan.xdc");
    std::fs::write(&plan, "add_cells_to_pblock p [get_cells inst_shell/inst_dynamic/inst_user_wrapper_0]\n")
        .unwrap();
    let shell = ShellWishes {
        reconfigurable: true,
        user_clock_period_ns: Some(5.0),
        hls_clock_period_ns: Some(4.0),
        optimise_timing: true,
        cores: Some(3),
        card_streams: Some(2),
        floorplan: Some(plan.clone()),
        ..ShellWishes::default()
    };
    let mut wishes = options(p, "u55c", &["tiny"], shell, Stage::Write);
    wishes.wishes.clock_uncertainty_percent = Some(25.0);
    run(&wishes).unwrap();
    let cmake = std::fs::read_to_string(p.join("p/CMakeLists.txt")).unwrap();
    // 75 % of 4 ns are 60 % of the kernels' 5 ns.
    for says in [
        "set(EN_UCLK 1 ",
        "set(UCLK_F 200 ",
        "set(HLS_CLOCK_UNCERTAINTY \"40\" ",
        "set(BUILD_OPT 1 ",
        "set(COMP_CORES 3 ",
        "set(EN_PR 1)",
        "set(N_CARD_AXI 2)",
        "floorplan.xdc",
    ] {
        assert!(cmake.contains(says), "{says}: {cmake}");
    }
    assert_eq!(std::fs::read(p.join("p/floorplan.xdc")).unwrap(), std::fs::read(&plan).unwrap());

    let refused = |board: &str, shell: ShellWishes, code: u8, says: &str| {
        let e = run(&options(p, board, &["tiny"], shell, Stage::Write)).unwrap_err();
        assert!(e.exit_code() == code && e.to_string().contains(says), "{e}");
    };
    let pcie = |generation| ShellWishes { pcie_generation: Some(generation), ..ShellWishes::default() };
    refused("u55c", pcie(5), 3, "NL613");
    refused("u55c", ShellWishes { floorplan: Some(plan.clone()), ..ShellWishes::default() }, 3, "NL618");
    let gone = ShellWishes { floorplan: Some(p.join("gone.xdc")), ..ShellWishes::default() };
    refused("u55c", gone, 2, "gone.xdc");
    let both = ShellWishes { static_layer: true, reconfigurable: true, ..ShellWishes::default() };
    refused("u55c", both, 3, "NL612");
    refused("pynq-z2", regions(1), 2, "--regions means nothing for board `pynq-z2`");
    refused("u55c", regions(2), 3, "NL611");
}

#[test]
fn what_does_not_go_together_is_refused_at_once() {
    let place = tempfile::tempdir().unwrap();
    let p = place.path();
    let refused = |change: &dyn Fn(&mut Options), says: &str| {
        let mut o = options(p, "u55c", &["branches", "plain"], ShellWishes::default(), Stage::Write);
        change(&mut o);
        let e = run(&o).unwrap_err();
        assert!(e.exit_code() == 2 && e.to_string().contains(says), "{e}");
        assert!(!p.join("p").exists());
    };
    refused(&|o| o.wishes.board = Some("pynq-z2".into()), "2 models are given");
    refused(&|o| o.wishes.board = Some("alveo-u50".into()), "2 models are given");
    let one = || vec![PathBuf::from("x.npy")];
    refused(&|o| o.inputs = one(), "--inputs is given 1 times, the models have 2 + 1 inputs");
    refused(&|o| o.expected = one(), "without --inputs");
    refused(&|o| o.sources.clear(), "no model is given");
}

#[test]
fn a_card_is_built_reported_and_packed() {
    let place = tempfile::tempdir().unwrap();
    let p = place.path();
    std::fs::create_dir_all(p.join("Coyote/cmake")).unwrap();
    let tools = tools(Some(&p.join("Coyote")));
    run(&options(p, "u55c", &["tiny", "plain"], regions(1), Stage::Write)).unwrap();
    let project = Project::open(&p.join("p")).unwrap();
    assert_eq!((project.kind, project.name()), (Kind::Coyote, "pair"));
    let text = vendor::plan(&project, &tools, Stage::Bitstream, LONG).unwrap().text();
    let expected = "\
hls (hls): make -C build/hw project
  at most 60 min, log logs/hls.log
  reads CMakeLists.txt src_0/ src_1/
bitstream (bitstream): make -C build/hw bitgen
  at most 60 min, log logs/bitstream.log
  writes build/hw/bitstreams/cyt_top.bit build/hw/bitstreams/config_0/vfpga_c0_0.bin \
build/hw/bitstreams/config_1/vfpga_c1_0.bin
report hls of tiny: build/hw/**/model_wrapper_0_csynth.xml
report hls of model: build/hw/**/model_wrapper_1_csynth.xml
report utilization: build/hw/reports/**/shell_utilization*.rpt
report timing: build/hw/reports/**/shell_timing_summary*.rpt
export export/cyt_top.bit from build/hw/bitstreams/cyt_top.bit
export export/vfpga_c0_0.bin from build/hw/bitstreams/config_0/vfpga_c0_0.bin
export export/vfpga_c1_0.bin from build/hw/bitstreams/config_1/vfpga_c1_0.bin
";
    assert!(text.ends_with(expected), "{text}");

    // A model's image that is not made is a failure, and nothing is exported.
    let (hardware, result) = both(&project, &tools, "no_part");
    assert!(result.unwrap_err().to_string().contains("vfpga_c1_0.bin"));
    assert!(hardware.failure.is_some() && !project.dir.join("export/cyt_top.bit").exists());

    let (hardware, result) = both(&project, &tools, "");
    result.unwrap();
    let kernels: Vec<_> =
        hardware.kernels.iter().map(|k| (k.model.as_str(), k.hls.clock_estimated_ns)).collect();
    assert_eq!((kernels.as_slice(), &hardware.hls), (&[("tiny", 7.125), ("model", 7.125)][..], &None));
    assert!(hardware.unread.is_empty(), "{:?}", hardware.unread);
    let words = netlathe_flow::reports::text::describe(&hardware);
    assert!(words.contains("model: HLS: an answer takes 21 to 23 cycles"), "{words}");

    let packed = package::package(&project.dir, None).unwrap();
    let entries = entries(&packed.path);
    let bytes = |name: &str| {
        let name = format!("pair/{name}");
        let names = || entries.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>();
        &entries.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("{name}: {:?}", names())).1
    };
    for name in [
        "tb_data_0/x.npy",
        "tb_data_0/y.npy",
        "tb_data_1/x.npy",
        "tb_data_1/y.npy",
        "sw/host_libs.cpp",
        "sw/coyote_overlay.py",
        "shell_top.bin",
        "card.json",
    ] {
        assert!(!bytes(name).is_empty(), "{name}");
    }
    // Configuration 0 is in the full image, the other model comes with its own.
    for (name, image) in [("manifest_0.json", "cyt_top.bit"), ("manifest_1.json", "vfpga_c1_0.bin")] {
        let manifest = Manifest::from_json(bytes(name)).unwrap();
        assert_eq!(manifest.hashes.bitstream, Some(hash::of(bytes(image))), "{name}");
    }
    assert_eq!(bytes("vfpga_c1_0.bin"), b"the bits of src_1\n");
    let page = String::from_utf8(bytes("README.md").clone()).unwrap();
    assert!(page.contains("2 neural networks") && page.contains("`tb_data_1/x.npy`"), "{page}");
    assert!(page.contains("vFPGA 0 of configuration 1; `vfpga_c1_0.bin` puts it there"), "{page}");
    // An image of an older run is told.
    std::fs::write(project.dir.join("export/vfpga_c1_0.bin"), "other bits").unwrap();
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    let part = std::fs::File::options().write(true).open(project.dir.join("export/vfpga_c1_0.bin")).unwrap();
    part.set_modified(old).unwrap();
    let e = package::package(&project.dir, None).unwrap_err().to_string();
    assert!(e.contains("export/vfpga_c1_0.bin is older than"), "{e}");
}

#[test]
fn images_of_versal_cards_are_pdis() {
    let place = tempfile::tempdir().unwrap();
    let p = place.path();
    std::fs::create_dir_all(p.join("Coyote/cmake")).unwrap();
    let tools = tools(Some(&p.join("Coyote")));
    let shell = ShellWishes { reconfigurable: true, ..ShellWishes::default() };
    run(&options(p, "v80", &["tiny"], shell, Stage::Write)).unwrap();
    let project = Project::open(&p.join("p")).unwrap();
    both(&project, &tools, "").1.unwrap();
    let packed = package::package(&project.dir, None).unwrap();
    for name in ["pair/cyt_top.pdi", "pair/vfpga_c0_0.pdi", "pair/manifest.json", "pair/x.npy"] {
        assert!(packed.files.iter().any(|f| f == name), "{packed:?}");
    }
}

#[test]
fn a_damaged_card_is_refused() {
    let place = tempfile::tempdir().unwrap();
    run(&options(place.path(), "u55c", &["tiny"], ShellWishes::default(), Stage::Write)).unwrap();
    let folder = place.path().join("p");
    let path = folder.join("card.json");
    let text = std::fs::read_to_string(&path).unwrap();
    for (from, to, says) in [
        ("\"schema_version\": 1", "\"schema_version\": 2", "version is 2"),
        ("bitstreams/cyt_top.bit", "../cyt_top.bit", "no name of a project's"),
        ("\"manifest.json\"", "\"/etc/passwd\"", "no name of a project's"),
        ("\"regions\"", "\"places\"", "places"),
    ] {
        assert!(text.contains(from), "{text}");
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let e = Project::open(&folder).unwrap_err();
        assert!(e.exit_code() == 2 && e.to_string().contains(says), "{e}");
    }
    std::fs::remove_file(&path).unwrap();
    assert!(Project::open(&folder).unwrap_err().to_string().contains("card.json"));
}
