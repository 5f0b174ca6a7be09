//! The program `test` on a generated network: its wrapper is the vFPGA, the manifest is the project's own.

use std::fs;
use std::process::Command;
use std::time::Duration;

use netlathe_backend_coyote::{Model, emit_many};

use crate::gxx;
use crate::host::{copy, run, stand_in};
use crate::models::{hashes, options, spec};

const LONG: Duration = Duration::from_secs(300);

fn beats(values: &[f32]) -> String {
    let beat = |lanes: &[f32]| {
        let digits: String = lanes.iter().rev().map(|x| format!("{:08x}", x.to_bits())).collect();
        format!("{digits:0>128}")
    };
    values.chunks(16).map(beat).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_program_runs_a_generated_network() {
    let Some(ap_types) = gxx::ap_types("the_program_runs_a_generated_network") else { return };
    let (network, kernel) = (spec().network(), spec().kernel());
    let model = Model { network: &network, kernel: &kernel, name: "m".into() };
    let card = emit_many(&[model], &options()).unwrap();
    let member = &card.members[0];
    let folder = copy();
    let project = folder.path().join("project");
    for (path, content) in card.tree.iter() {
        let path = project.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let mut manifest = member.manifest.clone();
    manifest.hashes = hashes();
    fs::write(project.join("manifest.json"), manifest.to_json().unwrap()).unwrap();

    // 20 values in two beats; 3 out of them, unchanged where they lie on both grids.
    let sample = |k: usize| (0..20).map(|i| (i + 4 * k) as f32 / 64.0).collect::<Vec<f32>>();
    let data = project.join("tb_data");
    fs::create_dir_all(&data).unwrap();
    let outputs = manifest.outputs[0].shape.iter().product::<usize>();
    let lines = |f: &dyn Fn(usize) -> String| (0..7).map(|k| f(k) + "\n").collect::<String>();
    fs::write(data.join("wrapper_inputs.hex"), lines(&|k| beats(&sample(k)))).unwrap();
    fs::write(data.join("wrapper_outputs.hex"), lines(&|k| beats(&sample(k)[..outputs]))).unwrap();

    let mut objects = Vec::new();
    let mut compile = |source: std::path::PathBuf, flags: &[&str]| {
        let object = folder.path().join(format!("{}.o", objects.len()));
        let mut gxx = Command::new("g++");
        gxx.args(["-O1", "-w", "-pthread"])
            .args(flags)
            .arg("-I")
            .arg(stand_in())
            .arg("-I")
            .arg(folder.path());
        gxx.args(member.wrapper.include_dirs.iter().map(|dir| format!("-I{}", project.join(dir).display())));
        gxx.arg("-isystem").arg(&ap_types).arg("-c").arg(&source).arg("-o").arg(&object);
        let (code, said) = run(&mut gxx, LONG);
        assert_eq!(code, Some(0), "{}: {said}", source.display());
        objects.push(object);
    };
    for source in member.wrapper.sources.iter().filter(|path| !path.as_str().contains("tb_wrapper")) {
        compile(project.join(source), &["-std=c++11"]);
    }
    compile(stand_in().join("wrapper_core.cpp"), &["-std=c++11"]);
    compile(stand_in().join("software_device.cpp"), &["-std=c++17"]);
    for source in ["test.cpp", "host_libs.cpp"] {
        compile(folder.path().join(source), &["-std=c++17"]);
    }
    let program = folder.path().join("test");
    let (code, said) = run(Command::new("g++").arg("-pthread").args(&objects).arg("-o").arg(&program), LONG);
    assert_eq!(code, Some(0), "{said}");
    let mut test = Command::new(&program);
    test.current_dir(folder.path())
        .arg("-p")
        .arg(&data)
        .args(["-c", "-b", "3"])
        .env("SOFT_PLAN", "plan_delay=2");
    let (code, said) = run(&mut test, LONG);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("All 7 samples are as expected") && said.contains("the last one of 1"), "{said}");
}
