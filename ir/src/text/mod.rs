//! A network as text that prints and parses: for tests, for reading, and for reports of bugs.
//!
//! ```text
//! network "tiny" io_parallel
//! "x" #1 = Input() shape=[2] : ap_fixed<16,6>
//! "fc" #2 = Dense("x") weight=f32[2x1]{0.5, -1} bias=f32[1]{0} accum=auto strategy=Latency reuse=1 : auto
//! inputs "x"
//! outputs "fc"
//! ```
//!
//! A line is a node: name, index, operation, operands, attributes, type. What the passes derive (raw integers of weights,
//! tables) is not printed: running the passes makes it again. Floats print with the fewest digits that read back the same.

mod attributes;
mod parse;
mod print;
mod read;

pub use parse::{ParseError, parse};
pub use print::print;

use netlathe_apfixed::Precision;

/// An attribute's value.
#[derive(Clone, PartialEq, Debug)]
enum Value {
    Int(i64),
    Float(f64),
    Word(String),
    Text(String),
    Type(Precision),
    List(Vec<i64>),
    /// Single precision or not, shape, values.
    Tensor(bool, Vec<usize>, Vec<f64>),
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"network "two \"heads\"" io_parallel
"x" #1 = Input() shape=[3] : ap_fixed<16,6>
"u" #2 = Input() shape=[3] integer=[8, 0] : auto
"d" #3 = Dense("x") weight=f32[3x2]{0.5, -1, 0.1, 0, 3, 2.5} weight_type=auto bias=f64[2]{0, 0} bias_type=ap_uint<1> accum=auto strategy=Resource reuse=3 : auto
"q" #4 = Dense("x") weight=f32[3x2]{1, -1, 1, 0.5, 0, 0} weight_type=auto weight_quantizer="quantized_bits(4,0)" weight_quantizer_type=ap_fixed<4,1> weight_scale=f64[2]{0.5, 0.25} weight_unit=f64[3x2]{0.5, -0.25, 0, 0, 0, 0} bias=f32[2]{1, 2} bias_type=auto accum=ap_fixed<30,10> strategy=Latency reuse=1 @ "q_layer"/"" : ap_fixed<8,3,AP_RND,AP_SAT>
"r" #5 = ParametrizedActivation("d") function=leaky_relu alpha=0.3 param=auto table=ap_fixed<18,8> table_size=1024 reuse=1 : auto
"h" #6 = HardActivation("q") function=hard_tanh slope=0.5 shift=0.5 slope_type=ap_ufixed<2,0> shift_type=ap_ufixed<2,0> table=ap_fixed<18,8> table_size=1024 quantizer=ap_fixed<6,1,AP_RND_CONV,AP_SAT> reuse=1 : auto
"bn" #7 = BatchNormalization("r") scale=f32[2]{1, 2} scale_type=auto bias=f32[2]{0, 1} bias_type=auto reuse=1 : auto
"s" #8 = Merge("bn", "h") op=subtract reuse=1 : auto
"c" #9 = Concatenate("s", "u") axis=0 reuse=1 : auto
"f" #10 = Reshape("c") shape=[1, 5] : auto
"p" #11 = Softmax("f") axis=1 implementation=stable accum=ap_fixed<18,8,AP_RND,AP_SAT> table=ap_fixed<18,8> exp_table=ap_fixed<18,8,AP_RND,AP_SAT> inv_table=ap_fixed<18,8,AP_RND,AP_SAT> inv_inp=ap_fixed<18,8,AP_RND,AP_SAT> inp_norm=auto table_size=512 reuse=1 : auto
inputs "x" "u"
outputs "p" "s"
"#;

    #[test]
    fn print_of_parse_is_the_text() {
        let graph = parse(TEXT).unwrap();
        assert_eq!(print(&graph), TEXT);
        assert_eq!(graph.node(graph.find("f").unwrap()).shape, [1, 5]);
        assert_eq!(graph.node(graph.find("q").unwrap()).origin.layer, "q_layer");
    }

    const LAYERS: &str = r#"network "layers" io_stream
"x" #1 = Input() shape=[4, 4, 2] : ap_fixed<16,6>
"c" #2 = Conv2D("x") kernel=[2, 2] stride=[1, 2] dilation=[2, 1] padding=[1, 0, 1, 0] groups=2 weight=f32[2x2x1x2]{1, 2, 3, 4, 5, 6, 7, 8} weight_type=ap_int<4> weight_encoding=exponent bias=f64[2]{0, 0} bias_type=ap_uint<1> accum=auto input_encoding=xnor strategy=Resource reuse=4 parallelization=2 implementation=Encoded : auto
"d" #3 = DepthwiseConv2D("c") kernel=[1, 1] stride=[1, 1] dilation=[1, 1] padding=[0, 0, 0, 0] groups=2 weight=f32[1x1x1x2]{1, 2} weight_type=auto bias=f32[2]{1, 0} bias_type=auto accum=auto strategy=Latency reuse=1 parallelization=1 implementation=LineBuffer : auto
"p" #4 = PointwiseConv2D("d") kernel=[1, 1] stride=[1, 1] dilation=[1, 1] padding=[0, 0, 0, 0] groups=1 weight=f32[1x1x2x1]{1, 2} weight_type=auto bias=f32[1]{1} bias_type=auto accum=auto strategy=distributed_arithmetic reuse=1 parallelization=1 implementation=LineBuffer : auto
"f" #5 = Conv2DBatchnorm("p") kernel=[1, 1] stride=[1, 1] dilation=[1, 1] padding=[0, 0, 0, 0] groups=1 weight=f32[1x1x1x1]{1} weight_type=auto bias=f32[1]{1} bias_type=auto accum=auto strategy=Latency reuse=1 parallelization=1 implementation=LineBuffer : auto
"s" #6 = SeparableConv2D("x") kernel=[2, 1] stride=[1, 1] dilation=[1, 1] padding=[0, 0, 0, 0] channels=2 depthwise=f32[2x1x1x2]{1, 2, 3, 4} depthwise_type=auto pointwise=f32[1x1x2x1]{1, 2} pointwise_type=auto bias=f64[1]{0} bias_type=ap_uint<1> depthwise_accum=auto pointwise_accum=ap_fixed<8,3> depthwise_result=auto : auto
"m" #7 = Pooling2D("x") op=Max kernel=[2, 2] stride=[2, 2] dilation=[1, 1] padding=[0, 0, 0, 0] accum=auto : auto
"a" #8 = GlobalPooling2D("x") op=Average keep_axes=true accum=ap_fixed<20,10> : auto
"g" #9 = GlobalPooling2D("x") op=Max accum=auto : auto
"n" #10 = LayerNormalization("x") scale=f32[2]{1, 2} scale_type=auto bias=f32[2]{0, 1} bias_type=auto epsilon=0.001 accum=auto table=auto table_size=4096 root=normalised reuse=1 : auto
"o" #11 = LayerNormalization("n") scale=f32[2]{1, 2} scale_type=auto bias=f32[2]{0, 1} bias_type=auto epsilon=0.001 accum=auto table=auto table_size=4096 range_power2=-1 reuse=1 : auto
"z" #12 = ZeroPadding2D("x") sides=[1, 2, 3, 4] : auto
"k" #13 = Cropping2D("z") sides=[1, 2, 3, 4] : auto
"u" #14 = Resize("k") dimensions=2 factors=[2, 3] interpolation=bilinear : auto
"t" #15 = Transpose("u") perm=[2, 0, 1] : auto
"v" #16 = RepeatVector("g") times=3 : auto
"w" #17 = Dot("v", "v") axes=[1, 1] accum=auto reuse=2 : auto
"b" #18 = Broadcast("a") shape=[4, 4, 2] : auto
"i" #19 = Input() shape=[3] : auto
"e" #20 = Embedding("i") embeddings=f32[2x1]{1, 2} embeddings_type=auto reuse=1 : auto
"fa" #21 = Activation("e") function=relu6 max=6 table=auto table_size=1 reuse=1 : auto
"fb" #22 = Activation("e") function=clipped_relu max=3 table=auto table_size=1 reuse=1 : auto
"fc" #23 = Activation("e") function=general_relu slope=0.5 threshold=1 table=auto table_size=1 reuse=1 : auto
"fd" #24 = Activation("e") function=general_relu max=2.5 slope=0.5 threshold=1 table=auto table_size=1 reuse=1 : auto
"fe" #25 = PReLU("e") function=prelu param=f32[3x1]{0.5, 0.25, 0.75} param_type=auto table=auto table_size=1 reuse=1 : auto
"ff" #26 = ParametrizedActivation("e") function=elu alpha=0.5 param=auto table=auto table_size=1 reuse=1 : auto
"fg" #27 = Activation("e") function=selu table=auto table_size=1 reuse=1 : auto
"fh" #28 = Activation("e") function=softplus table=auto table_size=1 reuse=1 : auto
"fi" #29 = Activation("e") function=softsign table=auto table_size=1 reuse=1 : auto
"fj" #30 = Activation("e") function=exponential range_log2=4 table=auto table_size=1 reuse=1 : auto
"fk" #31 = Activation("e") function=gelu approximate=true table=auto table_size=1 reuse=1 : auto
"fl" #32 = Activation("e") function=gelu table=auto table_size=1 reuse=1 : auto
"fm" #33 = Activation("e") function=silu table=auto table_size=1 reuse=1 : auto
inputs "x" "i"
outputs "f"
"#;

    #[test]
    fn every_operation_prints_as_it_was_written() {
        let graph = parse(LAYERS).unwrap();
        assert_eq!(print(&graph), LAYERS);
        let shape = |name: &str| graph.node(graph.find(name).unwrap()).shape.clone();
        // Height: (4 + 1 - 3) / 1 + 1; width: (4 + 1 - 2) / 2 + 1.
        assert_eq!(shape("c"), [3, 2, 2]);
        assert_eq!(shape("s"), [3, 4, 1]);
        assert_eq!(shape("t"), [2, 8, 12]);
        assert_eq!(shape("w"), [3, 3]);
    }

    #[test]
    fn faults_name_the_line_and_what_is_wrong() {
        let fault = |from: &str, to: &str| {
            assert!(TEXT.contains(from), "{from}");
            parse(&TEXT.replacen(from, to, 1)).unwrap_err().to_string()
        };
        assert_eq!(fault("Merge(\"bn\"", "Merge(\"nb\""), "line 9: no node `nb` above this line");
        assert_eq!(fault("Reshape(", "Reshap("), "line 11: `Reshap` is no operation");
        assert_eq!(fault("axis=0 ", ""), "line 10: Concatenate needs `axis`");
        assert_eq!(fault("axis=0 ", "axis=0 ax=1 "), "line 10: Concatenate has no `ax`");
        assert_eq!(fault("[3x2]{0.5, ", "[3x2]{"), "line 4: `weight` has 5 values, its shape needs 6");
        assert!(fault("ap_fixed<30,10>", "ap_fixed<30>").starts_with("line 5: "));
        assert_eq!(fault("outputs \"p\" \"s\"\n", ""), "line 13: the text ends without `outputs`");
        assert!(fault("shape=[1, 5]", "shape=[1, 6]").starts_with("line 11: "));
    }
}
