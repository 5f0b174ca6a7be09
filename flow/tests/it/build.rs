use crate::support::{self, can_compile, data, save, tiny, x, y};
use netlathe_flow::build::{Options, build};
use netlathe_flow::report::{Report, Stage, State};
use netlathe_flow::target::Wishes;
use netlathe_flow::{Error, hash};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        save(&dir.path().join("x.npy"), &x());
        save(&dir.path().join("y.npy"), &y());
        std::fs::write(dir.path().join("c.yml"), "Model: {Precision: 'fixed<16,6>', ReuseFactor: 1}\n")
            .unwrap();
        Self(dir)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn options(&self, out: &str, until: Option<Stage>) -> Options {
        Options {
            sources: vec![tiny(Some(&self.path("c.yml")))],
            wishes: Wishes { project: Some("tiny".into()), ..Wishes::default() },
            inputs: vec![self.path("x.npy")],
            expected: vec![self.path("y.npy")],
            out: Some(self.path(out)),
            overwrite: false,
            accept_large: false,
            until,
            ap_types: None,
            cache: support::cache(),
            vendor: netlathe_flow::vendor::Options::default(),
        }
    }
}

fn run(options: &Options) -> Report {
    build(options, &mut |_| {}).unwrap()
}

fn refusal(options: &Options) -> Error {
    build(options, &mut |_| {}).unwrap_err()
}

fn files(dir: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(
                    path.strip_prefix(dir).unwrap().to_owned(),
                    String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned(),
                );
            }
        }
    }
    found
}

#[test]
fn a_project_is_written_with_vectors_and_manifest() {
    let place = Place::new();
    let report = run(&place.options("p", Some(Stage::Write)));
    assert_eq!((report.exit_code(), report.reached()), (0, Some(Stage::Write)));
    let files = files(&place.path("p"));
    let text = |name: &str| files[Path::new(name)].as_str();
    // 16 bits two's complement in steps of 2^-10, each sample cut to the grid: 1.5 is 0x600, -2^-10 is 0xffff.
    assert_eq!(text("tb_data/inputs.hex"), "0600 fe00\n0100 0c00\n0000 ffff\n");
    assert_eq!(text("tb_data/outputs.hex"), "0900 0000\n0000 1780\n0101 0000\n");
    // The wrapper's are float32: 1.5, -0.5; 2.25, 0.
    assert!(text("tb_data/wrapper_inputs.hex").starts_with("3fc00000 bf000000\n"));
    assert!(text("tb_data/wrapper_outputs.hex").starts_with("40100000 00000000\n"));
    let manifest = netlathe_overlay::Manifest::from_json(text("manifest.json").as_bytes()).unwrap();
    assert_eq!((manifest.project.as_str(), manifest.board.as_str()), ("tiny", "pynq-z2"));
    assert_eq!(manifest.hashes.model, hash::of(&std::fs::read(data("tiny.keras")).unwrap()));
    assert_eq!(manifest.hashes.configuration, hash::of(text("netlathe.yml").as_bytes()));
    assert!(manifest.hashes.bitstream.is_none());
}

#[test]
fn the_same_input_gives_the_same_bytes_anywhere() {
    let (a, b) = (Place::new(), Place::new());
    run(&a.options("one", Some(Stage::Write)));
    run(&b.options("another/place", Some(Stage::Write)));
    let (one, two) = (files(&a.path("one")), files(&b.path("another/place")));
    assert_eq!(one, two);
    let here = a.0.path().to_string_lossy().into_owned();
    for (path, text) in &one {
        assert!(
            !text.contains(&here) && !text.contains(env!("CARGO_MANIFEST_DIR")),
            "{} has a path",
            path.display()
        );
    }
    // Again: nothing to do.
    let report = run(&a.options("one", Some(Stage::Write)));
    let write = report.stages.iter().find(|s| s.stage == Stage::Write).unwrap();
    assert!(write.detail.starts_with("already up to date"), "{}", write.detail);
}

#[test]
fn the_report_counts_and_compares() {
    let place = Place::new();
    let mut wrong = y();
    wrong[[0, 1]] = 3.0; // the largest element of sample 0 is now another one, 3 away
    save(&place.path("y.npy"), &wrong);
    let report = run(&place.options("p", Some(Stage::Emulate)));
    assert!(!place.path("p").exists());
    assert_eq!((report.state(Stage::Write), report.exit_code()), (State::NotAsked, 0));
    let a = &report.models[0].agreement[0];
    assert_eq!((a.samples, a.same_argmax, a.max_abs_difference), (3, Some(2.0 / 3.0), 3.0));
    let d = report.models[0].layers.iter().find(|l| l.layer.name == "d").unwrap();
    assert_eq!(
        (d.layer.class.as_str(), d.layer.shape.as_slice(), d.layer.multiplications),
        ("Dense", &[2][..], 4)
    );
    assert_eq!(d.layer.result, "ap_fixed<16,6>");
    assert_eq!(d.overflows.wrapped + d.overflows.saturated, 0);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["schema_version"], 1);
    assert_eq!(json["models"][0]["layers"][1]["name"], "d");
}

#[test]
fn overflows_are_counted() {
    let place = Place::new();
    // 40 does not fit ap_fixed<16,6>, which ends below 32: with weight 1 and bias 0.25, 31 + 20.25 wraps.
    save(&place.path("x.npy"), &ndarray::array![[31.0, -20.0]].into_dyn());
    let mut options = place.options("p", Some(Stage::Emulate));
    options.expected.clear();
    let report = run(&options);
    let d = report.models[0].layers.iter().find(|l| l.layer.name == "d").unwrap();
    let all = [d.overflows, d.inner_overflows].map(|c| c.wrapped + c.saturated);
    assert!(all[0] + all[1] > 0, "{d:?}");
}

#[test]
fn a_stage_that_cannot_be_reached_is_exit_code_1() {
    let place = Place::new();
    if !can_compile("build as far as HLS") {
        return;
    }
    let report = run(&place.options("p", Some(Stage::Hls)));
    assert_eq!(report.state(Stage::Csim), State::Done);
    assert_eq!(report.state(Stage::Hls), State::NotReached);
    assert_eq!((report.exit_code(), report.reached()), (1, Some(Stage::Csim)));
    assert!(report.next.command.contains("vivado -mode batch"));
    // Nobody asked: then it is enough to say so.
    let report = run(&place.options("p", None));
    assert_eq!((report.exit_code(), report.reached()), (0, Some(Stage::Csim)));
    assert_eq!(report.state(Stage::Bitstream), State::NotReached);
    assert!(report.models[0].differences.is_empty());
}

#[test]
fn every_board_gets_a_project_that_simulates() {
    let place = Place::new();
    let compile = can_compile("C simulation for every board");
    for board in netlathe_flow::target::boards().unwrap() {
        let board = board.name().to_owned();
        let mut options = place.options(&board, Some(if compile { Stage::Csim } else { Stage::Write }));
        options.wishes.board = Some(board.clone());
        // Made-up vectors, so that saturation and rounding at the ports are met.
        options.inputs.clear();
        options.expected.clear();
        let report = run(&options);
        assert_eq!(
            (report.exit_code(), report.models[0].vectors),
            (0, 100),
            "{board}: {:?}",
            report.models[0].differences
        );
    }
}

#[test]
fn mistakes_are_said_before_anything_is_written() {
    let place = Place::new();
    let with = |change: &dyn Fn(&mut Options)| {
        let mut options = place.options("p", Some(Stage::Write));
        change(&mut options);
        let e = refusal(&options);
        assert!(!place.path("p").exists(), "{e}");
        (e.exit_code(), e.to_string())
    };
    let (code, text) = with(&|o| o.sources[0].model = "no.keras".into());
    assert!(code == 2 && text.contains("the model no.keras does not exist"), "{text}");
    let (code, text) = with(&|o| o.sources[0].model = place.path("x.npy"));
    assert!(code == 3 && text.contains("x.npy"), "{text}");
    let (code, text) = with(&|o| o.wishes.board = Some("abacus".into()));
    assert!(code == 2 && text.contains("pynq-z2"), "{text}");
    let (code, text) = with(&|o| o.inputs.clear());
    assert!(code == 2 && text.contains("--expected is given without --inputs"), "{text}");
    let (code, text) = with(&|o| o.wishes.project = Some("../x".into()));
    assert!(code == 3 && text.contains("../x"), "{text}");
    let (code, text) = with(&|o| o.sources[0].model = data("unsupported.keras"));
    assert!(code == 3 && text.contains("unit"), "{text}");
    let (code, _) = with(&|o| o.expected = vec![place.path("x.npy"), place.path("y.npy")]);
    assert_eq!(code, 2);
    // A file where the folder should go.
    let (code, _) = with(&|o| o.out = Some(place.path("x.npy").join("deeper")));
    assert_eq!(code, 2);
}
