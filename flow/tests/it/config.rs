use crate::support::{self, tiny};
use netlathe_flow::model::{self, Loaded, Source};
use netlathe_flow::settings::{self, Format};
use netlathe_flow::{check, predict};
use netlathe_ir::Validated;
use std::path::Path;

fn lowered(source: &Source, x: &[ndarray::ArrayD<f64>]) -> (Loaded, Validated) {
    let loaded = model::load(source).unwrap();
    let network = model::lower(&loaded, source, x).unwrap().network;
    (loaded, network)
}

fn answers(network: &Validated) -> Vec<ndarray::ArrayD<f64>> {
    predict::compile(network).unwrap().predict(&[support::x().view()]).unwrap()
}

#[test]
fn a_chosen_network_reads_back_as_itself() {
    let x = support::x().mapv(f64::from);
    let (loaded, network) = lowered(&tiny(None), std::slice::from_ref(&x));
    let place = tempfile::tempdir().unwrap();
    for name in ["c.yml", "c.json"] {
        let path = place.path().join(name);
        let text = settings::write(
            &loaded,
            &network,
            &loaded.config.clone().unwrap_or_default().project,
            Format::of(&path).unwrap(),
        );
        assert!(!text.contains("auto"), "{text}");
        assert_eq!(settings::difference(&loaded, &network, &text), None);
        std::fs::write(&path, &text).unwrap();
        let (_, again) = lowered(&tiny(Some(&path)), &[]);
        assert_eq!(answers(&again), answers(&network), "{name}");
    }
}

#[test]
fn an_open_configuration_becomes_concrete() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("c.yml");
    std::fs::write(
        &path,
        "Model: {Precision: 'fixed<12,5>', ReuseFactor: 2, Strategy: Resource}\nLayerName: {d: {Precision: {result: auto}}}\n",
    )
    .unwrap();
    let (loaded, network) = lowered(&tiny(Some(&path)), &[]);
    let text =
        settings::write(&loaded, &network, &loaded.config.clone().unwrap_or_default().project, Format::Yaml);
    // Two products of <12,5> by <12,5>, one bit for their sum and one for the bias: <26,12>.
    assert!(
        text.contains("    d:\n      Precision:\n        result: \"fixed<26,12,TRN,WRAP,0>\"\n"),
        "{text}"
    );
    assert!(text.contains("      ReuseFactor: 2\n      Strategy: \"Resource\"\n"), "{text}");
    assert_eq!(settings::difference(&loaded, &network, &text), None);
}

#[test]
fn a_difference_is_found() {
    let x = support::x().mapv(f64::from);
    let (loaded, network) = lowered(&tiny(None), &[x]);
    let text =
        settings::write(&loaded, &network, &loaded.config.clone().unwrap_or_default().project, Format::Yaml);
    // Another type of the last layer: the same names, other numbers.
    let at = text.find("    d_relu:").unwrap();
    let changed = format!("{}{}", &text[..at], text[at..].replacen("ufixed<16,", "ufixed<15,", 1));
    assert_ne!(changed, text);
    assert_eq!(settings::difference(&loaded, &network, &changed).as_deref(), Some("layer `d_relu` differs"));
    let refused = settings::difference(&loaded, &network, "Model: {Strategy: Fastest}").unwrap();
    assert!(refused.contains("refused") && refused.contains("Fastest"), "{refused}");
}

#[test]
fn names_that_yaml_misreads_are_quoted() {
    let mut loaded = model::load(&tiny(None)).unwrap();
    let id = loaded.graph.find("d").unwrap();
    loaded.graph.node_mut(id).name = "no: [\"x\"".into();
    let network = model::lower(&loaded, &tiny(None), &[support::x().mapv(f64::from)]).unwrap().network;
    for format in [Format::Yaml, Format::Json] {
        let text =
            settings::write(&loaded, &network, &loaded.config.clone().unwrap_or_default().project, format);
        assert_eq!(settings::difference(&loaded, &network, &text), None, "{text}");
    }
}

#[test]
fn only_known_kinds_of_files() {
    let e = Format::of(Path::new("c.txt")).unwrap_err();
    assert_eq!(e.exit_code(), 2);
}

/// Every conformance case that lowers: the configuration that is written gives the same network.
#[test]
fn conformance_configurations_read_back() {
    let Some(cases) = std::env::var_os(check::CASES) else { return };
    let mut differing = Vec::new();
    let mut seen = 0;
    let mut folders: Vec<_> = std::fs::read_dir(cases).unwrap().map(|e| e.unwrap().path()).collect();
    folders.sort();
    for folder in folders {
        let model = ["model.keras", "model.h5"].iter().map(|n| folder.join(n)).find(|p| p.is_file());
        let (Some(model), config) = (model, folder.join("config.json")) else { continue };
        let source = Source { model, weights: None, config: config.is_file().then_some(config) };
        let Ok(loaded) = model::load(&source) else { continue };
        let Ok(lowered) = model::lower(&loaded, &source, &[]) else { continue };
        seen += 1;
        let text = settings::write(
            &loaded,
            &lowered.network,
            &loaded.config.clone().unwrap_or_default().project,
            Format::Yaml,
        );
        if let Some(why) = settings::difference(&loaded, &lowered.network, &text) {
            differing.push(format!("{}: {why}", folder.display()));
        }
    }
    assert!(seen > 10, "only {seen} cases were compared");
    assert_eq!(differing, Vec::<String>::new());
}
