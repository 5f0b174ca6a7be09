//! The test bench itself: what it says and how it ends.

use crate::gxx::ap_types;
use crate::support::{Net, Program, compile, kernel, run, write_lines};
use netlathe_ir::op::reshape::Reshape;
use netlathe_ir::{FixedType, Op};

/// `y = x` in 70 bits, signed, three elements.
fn program() -> Option<Program> {
    let ap_types = ap_types("program")?;
    let mut net = Net::new();
    let x = net.input("x", &[3], FixedType::fixed(70, 30));
    net.output("y", Op::Reshape(Reshape { shape: vec![3] }), &[x], FixedType::fixed(70, 30), &[]);
    Some(compile(&kernel(&net.finish()), &ap_types, &[]))
}

fn write(program: &Program, file: &str, lines: &[&str]) {
    let lines: Vec<String> = lines.iter().map(|&l| l.into()).collect();
    write_lines(program.folder.path().join("data").join(file), &lines);
}

#[test]
fn results_and_exit_codes() {
    let Some(program) = program() else { return };
    let bench = |arguments: &[&str]| {
        let output = run(&program, arguments);
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    assert_eq!(bench(&["data"]).0, Some(2), "no inputs");

    write(&program, "inputs.hex", &["0 1 3fffffffffffffffff", "200000000000000000 F 00a"]);
    assert_eq!(bench(&["data"]).0, Some(2), "no expected outputs");
    assert_eq!(bench(&["data", "--no-compare"]), (Some(0), "2 samples, 0 of 0 values differ\n".into()));
    let results = std::fs::read_to_string(program.folder.path().join("data/results.hex")).unwrap();
    assert_eq!(
        results,
        "000000000000000000 000000000000000001 3fffffffffffffffff\n\
         200000000000000000 00000000000000000f 00000000000000000a\n"
    );

    write(&program, "outputs.hex", &["0 1 3fffffffffffffffff", "200000000000000000 f a"]);
    assert_eq!(bench(&["data"]), (Some(0), "2 samples, 0 of 6 values differ\n".into()));

    write(&program, "outputs.hex", &["0 2 3ffffffffffffffffe", "200000000000000001 f a"]);
    let expected = "sample 0, y[1]: 1, expected 2\n\
                    sample 0, y[2]: -1, expected -2\n\
                    sample 1, y[0]: -590295810358705651712, expected -590295810358705651711\n\
                    2 samples, 3 of 6 values differ\n";
    assert_eq!(bench(&["data"]), (Some(1), expected.into()));

    for bad in ["0 1", "0 1 2 3", "0 1 g", "0 1 400000000000000000", "0 1 -1"] {
        write(&program, "inputs.hex", &[bad]);
        assert_eq!(bench(&["data", "--no-compare"]).0, Some(2), "{bad}");
    }
}
