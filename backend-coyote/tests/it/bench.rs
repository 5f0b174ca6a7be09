//! Test benches of emitted projects under g++. The wrapper itself is tested where it is made; here, that each model of a card
//! has a bench which compiles from the project's folders and tells right from wrong.

use std::fs;
use std::process::Command;

use netlathe_backend_coyote::{Card, Member, Model, Options, emit_many};

use crate::gxx;
use crate::models::{options, ports, spec};

/// The beats of a sample of floats as the bench reads them: 16 a beat, the first in the lowest bits.
fn floats(values: &[f32]) -> String {
    let beat = |lanes: &[f32]| {
        let digits: String = lanes.iter().rev().map(|x| format!("{:08x}", x.to_bits())).collect();
        format!("{digits:0>128}")
    };
    values.chunks(16).map(beat).collect::<Vec<_>>().join(" ")
}

/// Compiles the bench of a model, gives it vectors, and says how it ended.
fn run(
    card: &Card,
    member: &Member,
    inputs: &str,
    outputs: &str,
    ap_types: &std::path::Path,
) -> (Option<i32>, String) {
    let texts = |paths: &[camino::Utf8PathBuf]| paths.iter().map(ToString::to_string).collect::<Vec<_>>();
    let (dirs, sources) = (texts(&member.wrapper.include_dirs), texts(&member.wrapper.sources));
    let dirs: Vec<&str> = dirs.iter().map(String::as_str).collect();
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    let root = gxx::compile(&card.tree, &dirs, &sources, &[], ap_types);
    let data = root.path().join(&member.wrapper.data_dir);
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("wrapper_inputs.hex"), inputs).unwrap();
    fs::write(data.join("wrapper_outputs.hex"), outputs).unwrap();
    let done =
        Command::new("./program").arg(&member.wrapper.data_dir).current_dir(root.path()).output().unwrap();
    (done.status.code(), String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned())
}

#[test]
fn every_model_of_a_card_has_a_bench() {
    let Some(ap_types) = gxx::ap_types("every_model_of_a_card_has_a_bench") else { return };
    let (two_in, two_in_kernel) = ports(2, 3);
    let (one, one_kernel) = (spec().network(), spec().kernel());
    let model = |network, kernel| Model { network, kernel, name: "m".into() };
    let models = [model(&one, &one_kernel), model(&two_in, &two_in_kernel)];
    let card = emit_many(&models, &options()).unwrap();
    assert_eq!(card.shell.host_streams, 3);

    // 20 values in two beats, 3 values out; two samples.
    let values = |add: f32| (0..20).map(|i| add + (i as f32) / 64.0).collect::<Vec<_>>();
    let inputs = format!("{}\n{}\n", floats(&values(0.0)), floats(&values(0.5)));
    let right = format!("{}\n{}\n", floats(&values(0.0)[..3]), floats(&values(0.5)[..3]));
    let (code, said) = run(&card, &card.members[0], &inputs, &right, &ap_types);
    assert_eq!(code, Some(0), "{said}");
    let wrong = right.replacen("3f000000", "3f000001", 1);
    assert_ne!(wrong, right);
    let (code, said) = run(&card, &card.members[0], &inputs, &wrong, &ap_types);
    assert_eq!(code, Some(1), "{said}");

    // Two tensors in, three out: the first, the second, the first.
    let (a, b) = (floats(&[1.5, -2.0, 0.25]), floats(&[3.0, 4.0, -5.5]));
    let (code, said) =
        run(&card, &card.members[1], &format!("{a} {b}\n"), &format!("{a} {b} {a}\n"), &ap_types);
    assert_eq!(code, Some(0), "{said}");
}

/// Elements of 16 bits, 32 a beat, that the network's types round and saturate.
#[test]
fn a_bench_of_packed_elements() {
    let Some(ap_types) = gxx::ap_types("a_bench_of_packed_elements") else { return };
    let packed = Options {
        input: Some("ap_fixed<16,6>".parse().unwrap()),
        output: Some("ap_ufixed<16,4>".parse().unwrap()),
        ..options()
    };
    let (network, kernel) = (spec().network(), spec().kernel());
    let card = emit_many(&[Model { network: &network, kernel: &kernel, name: "m".into() }], &packed).unwrap();
    let beat = |lanes: &[u16]| {
        let digits: String = lanes.iter().rev().map(|x| format!("{x:04x}")).collect();
        format!("{digits:0>128}\n")
    };
    // ap_fixed<16,6> has 10 fraction bits, the network's ap_fixed<12,4,AP_RND,AP_SAT> 8: 0.5 stays; 0.25 + 3/1024 rounds to
    // 0.25 + 1/256; 9 saturates to 8 - 1/256. The result's ap_ufixed<9,0> has 9 fraction bits and wraps: 0.5 = 256/512,
    // 0.25 + 1/256 = 130/512, 8 - 1/256 leaves 510/512. On the stream it has 12 fraction bits: times 8.
    let mut lanes = [0u16; 20];
    lanes[..3].copy_from_slice(&[512, 256 + 3, 9 * 1024]);
    let outputs = beat(&[256 * 8, 130 * 8, 510 * 8]);
    let (code, said) = run(&card, &card.members[0], &beat(&lanes), &outputs, &ap_types);
    assert_eq!(code, Some(0), "{said}");
}
