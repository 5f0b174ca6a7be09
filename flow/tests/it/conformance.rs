use crate::support::{self, can_compile, d, data, save, x, y};
use netlathe_flow::conformance::{self, CaseReport, Executor, Options, Outcome, Report};
use std::path::Path;

const CONFIG: &str = r#"{"HLSConfig": {"Model": {"Precision": {"default": "fixed<16,6>"}, "ReuseFactor": 1,
    "Strategy": "Latency"}}, "Backend": "Vitis", "IOType": "io_parallel"}"#;

/// Lays out a case that passes: the tiny network in ap_fixed<16,6>.
fn case(dir: &Path, name: &str, model: &str) {
    let folder = dir.join(name);
    std::fs::create_dir_all(folder.join("trace")).unwrap();
    std::fs::copy(data(model), folder.join("model.keras")).unwrap();
    std::fs::write(folder.join("config.json"), CONFIG).unwrap();
    save(&folder.join("x.npy"), &x());
    save(&folder.join("y_hls.npy"), &y());
    let two = |a: ndarray::ArrayD<f32>| a.slice_axis(ndarray::Axis(0), (..2).into()).to_owned();
    save(&folder.join("trace/d.npy"), &two(d()));
    save(&folder.join("trace/d_relu.npy"), &two(y()));
}

fn index(dir: &Path, cases: &str) {
    std::fs::write(dir.join("index.json"), cases).unwrap();
}

fn equal(name: &str) -> String {
    format!(r#"{{"name": "{name}", "category": "a", "expect": "equal", "io_type": "io_parallel"}}"#)
}

fn options(dir: &Path, executors: &[Executor]) -> Options {
    Options {
        dir: dir.to_owned(),
        cases: Vec::new(),
        executors: executors.to_vec(),
        cpp_every: 1,
        jobs: 2,
        ap_types: None,
        cache: support::cache(),
        program: None,
    }
}

fn run(options: &Options) -> Report {
    let mut heard = 0;
    let report = conformance::run(options, &mut |_, _| heard += 1).unwrap();
    assert_eq!(heard, report.cases.len());
    report
}

fn one(dir: &Path, executors: &[Executor]) -> CaseReport {
    let mut report = run(&options(dir, executors));
    assert_eq!(report.cases.len(), 1);
    report.cases.remove(0)
}

#[track_caller]
fn failure(report: &CaseReport) -> String {
    match &report.outcome {
        Outcome::Failed(lines) => lines.join("\n"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn equal_numbers_pass_in_every_executor() {
    let place = tempfile::tempdir().unwrap();
    case(place.path(), "good", "tiny.keras");
    // A trace of a layer that our network does not have is counted, not failed.
    save(&place.path().join("good/trace/other.npy"), &y());
    index(place.path(), &format!("[{}]", equal("good")));
    let report = one(place.path(), &[Executor::Emulator]);
    assert_eq!((report.outcome, report.untraced), (Outcome::Passed, vec!["other".to_owned()]));
    if can_compile("conformance runner with C++") {
        assert_eq!(one(place.path(), &[]).outcome, Outcome::Passed);
    }
}

#[test]
fn one_bit_is_a_difference() {
    let place = tempfile::tempdir().unwrap();
    case(place.path(), "off", "tiny.keras");
    let mut wrong = y();
    wrong[[1, 1]] += 2f32.powi(-10); // 5.875 is 6016 steps of 2^-10
    save(&place.path().join("off/y_hls.npy"), &wrong);
    index(place.path(), &format!("[{}]", equal("off")));
    let wanted =
        "output d_relu: sample 1 element 1: ours 6016 (5.875), hls4ml 6017 (ap_fixed<16,6>; 1 of 6 differ)";
    let text = failure(&one(place.path(), &[Executor::Emulator]));
    assert_eq!(text, format!("emulator: {wanted}"));
    if can_compile("conformance runner with C++ that differs") {
        let text = failure(&one(place.path(), &[Executor::Cpp]));
        assert_eq!(text, format!("cpp: {wanted}"));
    }
    // Half a step is no number of the type at all.
    wrong[[1, 1]] = 5.875 + 2f32.powi(-11);
    save(&place.path().join("off/y_hls.npy"), &wrong);
    let text = failure(&one(place.path(), &[Executor::Emulator]));
    assert!(text.contains("which ap_fixed<16,6> does not have"), "{text}");
}

#[test]
fn the_first_traced_layer_that_differs_is_named() {
    let place = tempfile::tempdir().unwrap();
    case(place.path(), "traced", "tiny.keras");
    let mut wrong = d();
    wrong[[0, 1]] = -0.75;
    save(&place.path().join("traced/trace/d.npy"), &wrong);
    index(place.path(), &format!("[{}]", equal("traced")));
    let text = failure(&one(place.path(), &[Executor::Emulator]));
    assert_eq!(
        text,
        "emulator: trace d: sample 0 element 1: ours -512 (-0.5), hls4ml -768 (ap_fixed<16,6>; 1 of 6 differ)"
    );
}

#[test]
fn refused_and_unsupported_are_told_apart() {
    let place = tempfile::tempdir().unwrap();
    case(place.path(), "refused", "tiny.keras");
    let config =
        CONFIG.replace(r#""HLSConfig": {"#, r#""HLSConfig": {"LayerName": {"nobody": {"ReuseFactor": 2}}, "#);
    std::fs::write(place.path().join("refused/config.json"), config).unwrap();
    case(place.path(), "unsupported", "unsupported.keras");
    case(place.path(), "good", "tiny.keras");
    index(place.path(), &format!("[{}, {}, {}]", equal("refused"), equal("unsupported"), equal("good")));
    let report = run(&options(place.path(), &[Executor::Emulator]));
    assert_eq!((report.passed, report.failed, report.skipped), (1, 1, 1));
    assert!(!report.is_good());
    // In the order of the index, whoever was faster.
    let names: Vec<&str> = report.cases.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["refused", "unsupported", "good"]);
    assert!(failure(&report.cases[0]).contains("nobody"));
    let Outcome::Skipped(why) = &report.cases[1].outcome else { panic!("{:?}", report.cases[1]) };
    assert!(why.starts_with("unsupported ") && why.contains("nit"), "{why}");
}

#[test]
fn keras_cases_have_a_tolerance() {
    let place = tempfile::tempdir().unwrap();
    case(place.path(), "near", "tiny.keras");
    let keras = |tolerance: f64, ty: &str| {
        index(
            place.path(),
            &format!(
                r#"[{{"name": "near", "expect": "keras", "io_type": "io_parallel", "default_type": "{ty}",
                "tolerance": {tolerance}}}]"#
            ),
        );
    };
    // What Keras answers to the third sample, which a wide type does not truncate: 0.25 + 2^-10.
    let mut exact = y();
    exact[[2, 0]] = 0.25 + 2f32.powi(-10);
    exact[[0, 0]] += 0.05;
    save(&place.path().join("near/y_keras.npy"), &exact);
    // The largest output is 5.875: 0.01 of it is 0.059.
    keras(0.01, "ap_fixed<32,12,AP_RND,AP_SAT>");
    assert_eq!(one(place.path(), &[Executor::Emulator]).outcome, Outcome::Passed);
    keras(0.008, "ap_fixed<32,12,AP_RND,AP_SAT>");
    let text = failure(&one(place.path(), &[Executor::Emulator]));
    assert!(
        text.contains("sample 0 element 0: ours") && text.contains("the largest error is 0.0499"),
        "{text}"
    );
    // The index's type is used: with one integer bit the answers saturate below 1.
    keras(0.01, "ap_fixed<16,1,AP_RND,AP_SAT>");
    assert!(failure(&one(place.path(), &[Executor::Emulator])).contains("ap_fixed<16,1"));
    keras(0.01, "ap_fixed<16>");
    assert!(failure(&one(place.path(), &[Executor::Emulator])).contains("default_type of near"));
}

#[test]
fn an_incomplete_case_is_that_cases_failure() {
    let place = tempfile::tempdir().unwrap();
    case(place.path(), "incomplete", "tiny.keras");
    std::fs::remove_file(place.path().join("incomplete/y_hls.npy")).unwrap();
    index(place.path(), &format!("[{}]", equal("incomplete")));
    assert!(failure(&one(place.path(), &[Executor::Emulator])).contains("has no y_hls.npy"));
}

#[test]
fn cases_are_chosen_by_name() {
    let place = tempfile::tempdir().unwrap();
    case(place.path(), "one", "tiny.keras");
    case(place.path(), "two", "tiny.keras");
    index(place.path(), &format!("[{}, {}]", equal("one"), equal("two")));
    let mut options = options(place.path(), &[Executor::Emulator]);
    options.cases = vec!["t*".into()];
    assert_eq!(run(&options).cases[0].name, "two");
    options.cases = vec!["three".into()];
    assert_eq!(conformance::run(&options, &mut |_, _| {}).unwrap_err().exit_code(), 2);
    index(place.path(), "{}");
    assert_eq!(conformance::run(&options, &mut |_, _| {}).unwrap_err().exit_code(), 2);
    // A name is a folder in this one, nowhere else.
    index(place.path(), &format!("[{}]", equal("../one")));
    assert_eq!(conformance::run(&options, &mut |_, _| {}).unwrap_err().exit_code(), 2);
}

#[test]
fn bad_files_must_be_refused_quickly_with_exit_code_3() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempfile::tempdir().unwrap();
    let bad = place.path().join("bad");
    std::fs::create_dir(&bad).unwrap();
    for name in ["accepted.keras", "refused.keras", "silent.h5", "slow.keras", "usage.keras", "hungry.keras"]
    {
        std::fs::write(bad.join(name), "").unwrap();
    }
    std::fs::write(bad.join("refused.config.json"), "").unwrap();
    index(place.path(), "[]");
    // Stands for netlathe: `config MODEL [--config FILE]`.
    let program = place.path().join("program");
    std::fs::write(
        &program,
        "#!/bin/sh\ncase \"$2\" in\n\
         *accepted*) exit 0;;\n\
         *refused*) echo \"refused $1 $3 $(basename $4)\"; exit 3;;\n\
         *silent*) exit 3;;\n\
         *slow*) sleep 60;;\n\
         *hungry*) x=$(head -c 400000000 /dev/zero | tr '\\0' a) && echo enough && exit 3; exit 9;;\n\
         *) echo what; exit 2;;\nesac\n",
    )
    .unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut options = options(place.path(), &[Executor::Emulator]);
    options.program = Some(program);
    let report = run(&options);
    let problem = |name: &str| report.bad.iter().find(|b| b.name.starts_with(name)).unwrap().problem.clone();
    assert_eq!(problem("refused"), None);
    assert_eq!(problem("accepted").as_deref(), Some("it was accepted"));
    assert_eq!(problem("silent").as_deref(), Some("it was refused without a message"));
    assert_eq!(problem("slow").as_deref(), Some("it was not refused within 2 s"));
    assert!(problem("usage").is_some_and(|p| p.contains("exit status: 2")));
    assert!(problem("hungry").is_some());
    let refused = report.bad.iter().find(|b| b.name == "refused.keras").unwrap();
    assert_eq!(refused.message, "refused config --config refused.config.json");
    assert!(!report.is_good());
    assert_eq!(report.bad.len(), 6);
}
