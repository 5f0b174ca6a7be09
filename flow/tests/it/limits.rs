use ndarray::{ArrayD, IxDyn};
use netlathe_codegen_hls::limits::check;
use netlathe_flow::Error;
use netlathe_flow::limits;
use netlathe_flow::model::{self, Loaded, Source};
use netlathe_ir::config::Config;
use netlathe_ir::op::conv::{Conv, Kind};
use netlathe_ir::op::dense::Dense;
use netlathe_ir::op::input::Input;
use netlathe_ir::op::window::{Sides, Spatial, Window};
use netlathe_ir::{Graph, Op, Origin, Weight};

fn source() -> Source {
    Source { model: "model.keras".into(), weights: None, config: None }
}

fn ones(shape: &[usize]) -> Weight {
    Weight::new(ArrayD::ones(IxDyn(shape)), true)
}

fn network(shape: &[usize], op: Op) -> Loaded {
    let mut graph = Graph::new("large");
    let origin = |name: &str| Origin { layer: name.into(), role: String::new() };
    let input = Op::Input(Input { shape: shape.to_vec(), integer: None });
    let x = graph.add("x", origin("x"), input, &[]).unwrap();
    let y = graph.add("large", origin("large"), op, &[x]).unwrap();
    graph.inputs = vec![x];
    graph.outputs = vec![y];
    Loaded { graph, config: Some(Config::default()), notes: Vec::new() }
}

fn dense(n_in: usize, n_out: usize) -> Loaded {
    network(&[n_in], Op::Dense(Dense::new(ones(&[n_in, n_out]), ones(&[n_out]))))
}

fn conv(side: usize, channels: usize, filters: usize) -> Loaded {
    let window = Window { kernel: [3, 3], stride: [1, 1], dilation: [1, 1], padding: Sides::default() };
    let product = Dense::new(ones(&[3, 3, channels, filters]), ones(&[filters]));
    let conv = Conv::new(Kind::Plain, Spatial::Two, window, 1, product);
    network(&[side, side, channels], Op::Conv(conv))
}

fn verdict(loaded: &Loaded) -> Result<(), Error> {
    let lowered = model::lower(loaded, &source(), &[]).unwrap();
    limits::check(loaded, &source(), &[], &lowered.network)
}

/// The configuration that the refusal advises, applied.
fn follow(loaded: &Loaded, message: &str) -> Loaded {
    let (_, advice) = message.split_once("this configuration fits:\n").expect(message);
    let config = netlathe_frontend_keras::config::parse(advice).unwrap().config;
    Loaded { config: Some(config), ..loaded.clone() }
}

#[test]
fn a_large_dense_layer_is_refused_with_a_reuse_factor_that_fits() {
    let large = dense(784, 128);
    let e = verdict(&large).unwrap_err();
    assert_eq!(e.exit_code(), 3);
    let text = e.to_string();
    // 784 * 128 products.
    assert!(text.contains("error[NL502]: layer `large`") && text.contains("100352 products"), "{text}");
    // The legal factors divide 784 here: 28 is the first with at most 4096 of 100352 at a time.
    assert!(text.contains("\"large\": {Strategy: Resource, ReuseFactor: 28}"), "{text}");
    let followed = follow(&large, &text);
    verdict(&followed).unwrap();
    let network = model::lower(&followed, &source(), &[]).unwrap().network;
    assert_eq!(check(&network), []);
    // 64 * 64 is exactly what fits.
    verdict(&dense(64, 64)).unwrap();
    assert!(verdict(&dense(65, 64)).is_err());
}

#[test]
fn a_large_image_is_sent_through_streams() {
    let large = conv(32, 3, 16);
    let text = verdict(&large).unwrap_err().to_string();
    // 30 * 30 * 16 elements, 27 * 16 products at each of 900 positions.
    assert!(text.contains("error[NL501]: layer `large`: its tensor has 14400 elements"), "{text}");
    assert!(text.contains("388800 products"), "{text}");
    assert!(text.contains("IOType: io_stream"), "{text}");
    verdict(&follow(&large, &text)).unwrap();
}

#[test]
fn what_nothing_fits_says_so() {
    // One token of a stream is a vector whole.
    let text = verdict(&dense(5000, 2)).unwrap_err().to_string();
    assert!(text.contains("NL501") && text.contains("--accept-large"), "{text}");
    assert!(!text.contains("this configuration fits"), "{text}");
}
