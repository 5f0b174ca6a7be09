//! Pass tests as text: every `testdata/passes/*.ir` runs through all passes, and what comes out is compared with its `.expect`.
//!
//! Lines `//! ...` at the head of a case are its configuration:
//! `//! types configured | chosen | wide TYPE`, `//! model VAR=TYPE ... reuse=N strategy=S`,
//! `//! layer NAME VAR=TYPE ... reuse=N strategy=S table_size=N implementation=I skip=true parallelization=N table_range_power2=N`,
//! `//! class NAME ...`, `//! io io_stream`.
//! `UPDATE_EXPECT=1 cargo test -p netlathe-ir` writes the expectations; review them by diff.

use netlathe_ir::config::{Config, IoType, LayerConfig, Strategy};
use netlathe_ir::op::conv::ConvImplementation;
use netlathe_ir::op::softmax::Implementation;
use netlathe_ir::passes::{self, Calibration, Types};
use netlathe_ir::text;
use std::fmt::Write;
use std::path::{Path, PathBuf};

fn strategy(name: &str) -> Strategy {
    match name {
        "Latency" => Strategy::Latency,
        "Resource" => Strategy::Resource,
        "Resource_unrolled" => Strategy::ResourceUnrolled,
        "distributed_arithmetic" => Strategy::DistributedArithmetic,
        _ => panic!("strategy {name}"),
    }
}

fn settings(text: &str) -> LayerConfig {
    let mut layer = LayerConfig::default();
    for item in text.split_whitespace() {
        let (key, value) = item.split_once('=').unwrap();
        match key {
            "reuse" => layer.reuse_factor = Some(value.parse().unwrap()),
            "strategy" => layer.strategy = Some(strategy(value)),
            "table_size" => layer.table_size = Some(value.parse().unwrap()),
            "implementation" if value != "Encoded" => layer.implementation = Implementation::parse(value),
            "parallelization" => layer.parallelization_factor = Some(value.parse().unwrap()),
            "table_range_power2" => layer.table_range_power2 = Some(value.parse().unwrap()),
            "implementation" if value == "Encoded" => {
                layer.conv_implementation = Some(ConvImplementation::Encoded);
            }
            "skip" => layer.skip = Some(value == "true"),
            "fuse" => layer.fuse = Some(value == "true"),
            var => {
                layer.precision.insert(var.into(), value.parse().unwrap());
            }
        }
    }
    layer
}

fn configuration(case: &str) -> (Config, Types) {
    let (mut config, mut types) = (Config::default(), Types::Configured);
    for line in case.lines().filter_map(|l| l.strip_prefix("//! ")) {
        let (what, rest) = line.split_once(' ').unwrap();
        match what {
            "types" => {
                types = match rest.split_once(' ') {
                    None if rest == "chosen" => Types::Chosen(Calibration::default()),
                    None => Types::Configured,
                    Some((_, ty)) => Types::Wide(ty.parse().unwrap()),
                }
            }
            "io" => {
                config.io_type = [IoType::Parallel, IoType::Stream].into_iter().find(|io| io.name() == rest)
            }
            "model" => {
                let all = settings(rest);
                config.reuse_factor = all.reuse_factor;
                config.strategy = all.strategy;
                for (var, p) in all.precision {
                    let netlathe_ir::Precision::Is(ty) = p else { panic!("auto in model") };
                    config.model_precision.insert(var, ty);
                }
            }
            "layer" | "class" => {
                let (name, rest) = rest.split_once(' ').unwrap();
                let map = if what == "layer" { &mut config.layer_name } else { &mut config.layer_type };
                map.insert(name.into(), settings(rest));
            }
            _ => panic!("{line}"),
        }
    }
    (config, types)
}

fn run(case: &str) -> String {
    let (config, types) = configuration(case);
    let graph = text::parse(case).unwrap();
    match passes::run(graph, &config, &types) {
        Err(refused) => format!("refused\n{refused}\n"),
        Ok(lowered) => {
            let mut out = text::print(lowered.network.graph());
            for (_, node) in lowered.network.nodes() {
                for (name, weight) in node.op.weights() {
                    let raw: Vec<String> = weight.raw().iter().map(i64::to_string).collect();
                    writeln!(out, "raw {}.{name} = {}", node.name, raw.join(" ")).unwrap();
                }
            }
            for note in lowered.notes {
                writeln!(out, "{note}").unwrap();
            }
            out
        }
    }
}

#[test]
fn passes_give_what_is_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/passes");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "ir"))
        .collect();
    cases.sort();
    assert!(cases.len() >= 8, "the cases are in {}", folder.display());
    let mut wrong = Vec::new();
    for case in cases {
        let got = run(&std::fs::read_to_string(&case).unwrap());
        let expect = case.with_extension("expect");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&expect, &got).unwrap();
        } else if std::fs::read_to_string(&expect).unwrap_or_default() != got {
            wrong.push(format!("{}:\n{got}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "differs from its .expect:\n{}", wrong.join("\n"));
}
