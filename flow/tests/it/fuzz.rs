use crate::support::{cache, can_compile};
use netlathe_flow::fuzz::{self, IoType, Options};

fn options(count: usize) -> Options {
    Options {
        count,
        seed: 24_000,
        jobs: 0,
        only: Vec::new(),
        io: None,
        shrink: false,
        keep: None,
        ap_types: None,
        cache: cache(),
    }
}

#[test]
fn random_networks_are_equal_in_cpp_and_emulator() {
    if !can_compile("random networks in C++ and emulator") {
        return;
    }
    let mut heard = 0;
    let report = fuzz::run(&options(24), &mut |_| heard += 1).unwrap();
    let found: Vec<String> = report.failures.iter().map(|f| format!("{:?}\n{}", f.fault, f.text)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert_eq!(report.compared, 24);
    assert!(heard > 0 && report.coverage.met.len() > 30, "{:?}", report.coverage.met);
}

/// A network with every layer's type in reach of a change: x to a ReLU.
const CASE: &str = "network \"r\" io_parallel\n\
    \"x\" #1 = Input() shape=[3] : ap_fixed<8,3>\n\
    \"y\" #2 = Activation(\"x\") function=relu table=ap_fixed<18,8> table_size=1024 reuse=1 : ap_fixed<8,3>\n\
    inputs \"x\"\n\
    outputs \"y\"\n\
    // input 0: -5 7 127\n";

#[test]
fn a_written_case_runs_again() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("case.ir");
    std::fs::write(&file, CASE.replace("7 127", "7 128")).unwrap();
    let e = fuzz::replay(&file, None, &cache()).unwrap_err();
    assert!(e.to_string().contains("`x` of type ap_fixed<8,3> cannot be 128"), "{e}");
    std::fs::write(&file, CASE.replace("-5 7", "-5")).unwrap();
    assert_eq!(fuzz::replay(&file, None, &cache()).unwrap_err().exit_code(), 2);
    if can_compile("a written random network") {
        std::fs::write(&file, CASE).unwrap();
        assert_eq!(fuzz::replay(&file, None, &cache()).unwrap(), None);
    }
}

#[test]
fn kinds_are_chosen_by_name() {
    let wrong = Options { only: vec!["lstm".into()], ..options(1) };
    let e = fuzz::run(&wrong, &mut |_| {}).unwrap_err();
    assert!(e.exit_code() == 2 && e.to_string().contains("layer_norm"), "{e}");
    if can_compile("random poolings") {
        let only =
            Options { only: vec!["po*".into()], io: Some(IoType::Stream), seed: 3, count: 2, ..options(2) };
        let report = fuzz::run(&only, &mut |_| {}).unwrap();
        assert!(report.coverage.met.keys().any(|k| k.contains("Pooling")), "{:?}", report.coverage.met);
        assert!(report.coverage.met.values().all(|(parallel, _)| *parallel == 0));
        assert!(
            report.failures.is_empty(),
            "{:?}",
            report.failures.iter().map(|f| &f.text).collect::<Vec<_>>()
        );
    }
}

/// Networks that once came out differently.
#[test]
fn old_faults_do_not_come_back() {
    if !can_compile("random networks that once failed") {
        return;
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/fuzz");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        assert_eq!(fuzz::replay(&file, None, &cache()).unwrap(), None, "{}", file.display());
    }
}
