//! QKeras's quantisers against numpy, bit for bit.

use netlathe_frontend_keras::qkeras::{self, Alpha, Quantizer};
use serde_json::Value;

fn floats(value: &Value) -> Vec<f32> {
    let list = value.as_array().expect("a list of numbers");
    list.iter().map(|v| v.as_f64().expect("a number") as f32).collect()
}

#[test]
fn quantisers_equal_the_numpy_reference_bit_for_bit() {
    let text = std::fs::read_to_string(crate::testdata("quantizers.json")).expect("fixture");
    let root: Value = serde_json::from_str(&text).expect("JSON");
    let x = floats(&root["x"]);
    let shape: Vec<usize> = floats(&root["shape"]).iter().map(|&d| d as usize).collect();
    let cases = root["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 12);
    for case in cases {
        let quantizer = qkeras::parse(&case["quantizer"]).expect("parses").expect("not null");
        let applied = qkeras::apply(&quantizer, &x, &shape).expect("a weight quantiser");
        let bits = |v: &[f32]| v.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        // -0 and 0 are one value.
        let plain = |v: Vec<f32>| v.into_iter().map(|v| v + 0.0).collect::<Vec<_>>();
        assert_eq!(
            bits(&plain(applied.scale)),
            bits(&plain(floats(&case["scale"]))),
            "scale of {}",
            case["quantizer"]
        );
        assert_eq!(
            bits(&plain(applied.data)),
            bits(&plain(floats(&case["data"]))),
            "data of {}",
            case["quantizer"]
        );
    }
}

#[test]
fn a_factored_weight_is_its_scale_times_its_unit() {
    let x: Vec<f32> = (0..60).map(|i| ((i * 37 % 41) as f32 - 20.0) / 16.0).collect();
    for text in ["quantized_bits(4,0,alpha='auto')", "binary(alpha='auto')", "ternary(alpha=0.5)"] {
        let quantizer = qkeras::parse(&text.into()).expect("parses").expect("not null");
        let applied = qkeras::apply(&quantizer, &x, &[10, 6]).expect("weights");
        let factored = qkeras::factor(&quantizer, &x, &[10, 6]).expect("has a scale");
        assert_eq!(factored.scale.len(), 6, "{text}");
        for (i, (&q, &u)) in applied.data.iter().zip(&factored.unit).enumerate() {
            let product = f64::from(u) * factored.scale[i % 6];
            assert!((product - f64::from(q)).abs() < 1e-6, "{text}: {product} is not {q} at {i}");
            assert!((f64::from(u) * 8.0).fract().abs() < 1e-6, "{text}: unit {u} is off its grid");
        }
    }
    let plain = Quantizer::Binary { use_01: false, alpha: Alpha::Unset };
    assert_eq!(qkeras::factor(&plain, &x, &[60]), None);
}

#[test]
fn an_empty_channel_stays_zero() {
    let mut x = vec![0.25f32; 12];
    for row in 0..4 {
        x[row * 3 + 1] = 0.0;
    }
    for text in
        ["quantized_bits(4,0,alpha='auto')", "quantized_bits(4,0,alpha='auto_po2')", "ternary(alpha='auto')"]
    {
        let quantizer = qkeras::parse(&text.into()).expect("parses").expect("not null");
        let factored = qkeras::factor(&quantizer, &x, &[4, 3]).expect("has a scale");
        assert!(factored.unit.iter().skip(1).step_by(3).all(|v| *v == 0.0), "{text}: {:?}", factored.unit);
        assert!(factored.scale.iter().all(|s| s.is_finite()), "{text}");
    }
}
