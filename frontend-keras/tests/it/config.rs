//! Configurations.

use netlathe_frontend_keras::config::parse;
use netlathe_frontend_keras::{Error, code};
use netlathe_ir::config::{IoType, PipelineStyle, Strategy};
use netlathe_ir::op::conv::ConvImplementation;
use netlathe_ir::op::softmax::Implementation;
use netlathe_ir::{FixedType, Precision};

const WHOLE: &str = r"
OutputDir: my-hls-test
ProjectName: jet
Backend: VivadoAccelerator
Version: 1.0.0
Part: xc7z020clg400-1
ClockPeriod: 10
ClockUncertainty: 12.5%
IOType: io_stream
KerasModel: !keras_model 'my-hls-test/keras_model.keras'
InputData: null
AcceleratorConfig:
  Board: pynq-z2
  Interface: axi_stream
  Driver: python
  Precision: {Input: float, Output: 'ap_fixed<16,6>'}
WriterConfig: {Namespace: null, WriteWeightsTxt: true}
HLSConfig:
  Model:
    Precision: {default: 'fixed<16,6>', maximum: 'fixed<24,12>'}
    ReuseFactor: 2
    Strategy: Latency
    PipelineStyle: dataflow
    PipelineInterval: 3
    BramFactor: 1000000000
    TraceOutput: false
  LayerType:
    Dense: {Precision: 'ap_fixed<12,4>', reuse_factor: 8}
    Conv2D: {ConvImplementation: Encoded, ParallelizationFactor: 4}
    LayerNormalization: {TableRangePower2: -3}
  LayerName:
    fc1:
      Trace: true
      Precision: {weight: 'ap_fixed<8,2,AP_RND,AP_SAT>', result: auto}
      Strategy: Resource_unrolled
      accum_t: 'fixed<20,8>'
    softmax: {Implementation: argmax, TableSize: 2048, Skip: false, ExpTableSize: 512}
";

#[test]
fn a_whole_yaml_file_is_read() {
    let config = parse(WHOLE).expect("reads").config;
    assert_eq!(config.default_precision(), FixedType::fixed(16, 6));
    assert_eq!(config.maximum(), Some(FixedType::fixed(24, 12)));
    assert_eq!((config.reuse_factor, config.strategy), (Some(2), Some(Strategy::Latency)));
    assert_eq!(config.io_type, Some(IoType::Stream));
    let dense = &config.layer_type["Dense"];
    assert_eq!(dense.precision["default"], Precision::Is(FixedType::fixed(12, 4)));
    assert_eq!(dense.reuse_factor, Some(8));
    assert_eq!((config.pipeline_style, config.pipeline_interval), (Some(PipelineStyle::Dataflow), Some(3)));
    let conv = &config.layer_type["Conv2D"];
    assert_eq!(conv.conv_implementation, Some(ConvImplementation::Encoded));
    assert_eq!(conv.parallelization_factor, Some(4));
    assert_eq!(config.layer_type["LayerNormalization"].table_range_power2, Some(-3));
    let fc1 = &config.layer_name["fc1"];
    assert_eq!(fc1.precision["result"], Precision::Auto);
    assert_eq!(fc1.precision["accum"], Precision::Is(FixedType::fixed(20, 8)));
    assert_eq!(fc1.strategy, Some(Strategy::ResourceUnrolled));
    assert_eq!(fc1.other["trace"], "true");
    let softmax = &config.layer_name["softmax"];
    assert_eq!((softmax.implementation, softmax.table_size), (Some(Implementation::Argmax), Some(2048)));
    assert_eq!(softmax.skip, Some(false));
    let project = &config.project;
    assert_eq!(project.project_name.as_deref(), Some("jet"));
    assert_eq!(project.board.as_deref(), Some("pynq-z2"));
    assert_eq!(project.part.as_deref(), Some("xc7z020clg400-1"));
    assert_eq!(project.clock_period_ns, Some(10.0));
    assert_eq!(project.clock_uncertainty.as_deref(), Some("12.5%"));
    assert_eq!(project.interface.as_deref(), Some("axi_stream"));
    assert_eq!(project.input_type.as_deref(), Some("float"));
    assert_eq!(project.output_type.as_deref(), Some("ap_fixed<16,6>"));
}

#[test]
fn a_layer_type_that_hls4ml_never_finds_is_noted() {
    let reading = parse("LayerType: {QDense: {ReuseFactor: 4}, dense: {ReuseFactor: 2}}").expect("reads");
    assert_eq!(reading.config.layer_type["Dense"].reuse_factor, Some(2), "keys are spelt either way");
    assert_eq!(reading.notes.len(), 1);
    assert!(reading.notes[0].to_string().contains("LayerType.QDense"), "{}", reading.notes[0]);
}

#[test]
fn the_dictionary_alone_and_its_json_are_read() {
    let json = r#"{"Model": {"Precision": "ap_fixed<16,6>", "ReuseFactor": 1, "Strategy": "DA"}}"#;
    let config = parse(json).expect("reads").config;
    assert_eq!(config.strategy, Some(Strategy::DistributedArithmetic));
    let nested = r#"{"HLSConfig": {"Model": {"ReuseFactor": 3}}, "IOType": "io_parallel",
        "convert_kwargs": {"board": "zcu102", "input_type": "ap_fixed<16,6>"}, "bit_exact": null,
        "project_config": {"ProjectName": "p", "ClockPeriod": 5, "IOType": "io_stream"}}"#;
    let config = parse(nested).expect("reads").config;
    assert_eq!(config.io_type, Some(IoType::Parallel), "the file itself comes first");
    assert_eq!(config.project.board.as_deref(), Some("zcu102"));
    assert_eq!(config.project.clock_period_ns, Some(5.0));
    assert_eq!(config.project.project_name.as_deref(), Some("p"));
}

#[test]
fn what_is_wrong_is_named_with_its_path() {
    let cases: [(&str, &str, &[&str]); 17] = [
        (
            "Model: {Precison: 'fixed<16,6>'}",
            code::UNKNOWN_KEY,
            &["Model", "`Precison`", "Precision, ReuseFactor"],
        ),
        ("Modle: {}\nHLSConfig: {}", code::UNKNOWN_KEY, &["`Modle`", "HLSConfig"]),
        ("LayerName: {fc1: {Reuse: 4}}", code::UNKNOWN_KEY, &["LayerName.fc1", "`Reuse`"]),
        (
            "LayerName: {fc1: {Precision: {wieght: auto}}}",
            code::UNKNOWN_KEY,
            &["LayerName.fc1.Precision", "`wieght`", "weight"],
        ),
        ("LayerType: {Dence: {}}", code::UNKNOWN_KEY, &["LayerType", "`Dence`", "Dense"]),
        ("Model: {Precision: 'ap_fixd<16,6>'}", code::BAD_TYPE, &["Model.Precision", "ap_fixd<16,6>"]),
        (
            "Model: {Precision: {weight: 'ap_fixed<16>'}}",
            code::BAD_TYPE,
            &["Model.Precision.weight", "ap_fixed<16>"],
        ),
        ("Model: {Precision: auto}", code::BAD_VALUE, &["Model.Precision", "auto"]),
        (
            "Model: {Strategy: Fastest}",
            code::UNKNOWN_STRATEGY,
            &["Model.Strategy", "Fastest", "Latency", "Resource_unrolled"],
        ),
        ("LayerName: {fc1: {ReuseFactor: 0}}", code::BAD_VALUE, &["LayerName.fc1.ReuseFactor", "0"]),
        (
            "LayerName: {s: {Implementation: fast}}",
            code::BAD_VALUE,
            &["LayerName.s.Implementation", "argmax"],
        ),
        ("Model: {PipelineStyle: fast}", code::BAD_VALUE, &["Model.PipelineStyle", "fast", "dataflow"]),
        (
            "LayerName: {c: {ConvImplementation: Fast}}",
            code::BAD_VALUE,
            &["LayerName.c.ConvImplementation", "LineBuffer, Encoded"],
        ),
        ("LayerName: {n: {TableRangePower2: x}}", code::BAD_VALUE, &["LayerName.n.TableRangePower2", "-62"]),
        ("HLSConfig: {}\nIOType: io_serial", code::BAD_VALUE, &["IOType", "io_serial", "io_stream"]),
        ("HLSConfig: {}\nClockPeriod: fast", code::BAD_VALUE, &["ClockPeriod", "nanoseconds"]),
        ("- 1\n- 2", code::BAD_VALUE, &["dictionary"]),
    ];
    for (text, want, says) in cases {
        let error = parse(text).expect_err(text);
        assert_eq!(error.code(), want, "{text}: {error}");
        for word in says {
            assert!(error.to_string().contains(word), "{text}: `{error}` does not say `{word}`");
        }
    }
    let two = parse("Model: {Strategy: Fastest, ReuseFactor: -1}").expect_err("two findings");
    let Error::Refused(refused) = two else { panic!("{two}") };
    assert_eq!(refused.0.len(), 2, "all findings are listed: {refused}");
    assert!(matches!(parse("{\"Model\": {"), Err(Error::Json { line: 1, .. })));
    assert!(matches!(parse("Model: [1, {"), Err(Error::Text { .. })));
    assert!(parse("HLSConfig: &a [*a]").is_err());
    // Nine layers of nine aliases each: what would expand to hundreds of millions of items is refused at once.
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for i in 1..10 {
        let aliases = vec![format!("*a{}", i - 1); 9].join(", ");
        laughs += &format!("a{i}: &a{i} [{aliases}]\n");
    }
    assert!(matches!(parse(&laughs), Err(Error::Text { .. })));
}
