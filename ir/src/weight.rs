//! Constant tensors: what the file holds, and the integers that the hardware holds.

use ndarray::ArrayD;
use netlathe_apfixed::{FixedType, Precision};

/// How a weight is stored once its type is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Encoding {
    /// A fixed-point number of the weight's type.
    #[default]
    Fixed,
    /// One bit: 0 means -1 and 1 means +1 (hls4ml's `XnorPrecisionType`, QKeras `binary` kernels).
    Xnor,
    /// A sign and a power of two (hls4ml's `ExponentPrecisionType`, QKeras `quantized_po2` kernels). The weight's type is the
    /// exponent's, `ap_int<W>`; the raw integer is `2 * exponent`, plus 1 for a positive weight.
    ///
    /// The product with an input of X bits is the input in `ap_fixed<2 (W + X), W + X>`, shifted by the exponent within that
    /// type (bits that leave it are lost), negated for a negative weight (hls4ml's `weight_exponential`).
    Exponent,
}

/// A quantiser that the file attaches to a weight.
#[derive(Clone, PartialEq, Debug)]
pub struct WeightQuantizer {
    /// The type that the quantiser means in hls4ml.
    pub ty: FixedType,
    pub encoding: Encoding,
    /// hls4ml has another type for this quantiser, one that cannot hold its values: a configuration may name a type, then.
    pub loose: bool,
    /// The quantiser as the file writes it, for messages.
    pub text: String,
    /// The quantiser's scale (QKeras `alpha`), when it is not 1.
    pub scale: Option<Scale>,
    /// The weight before the quantiser, for a layer where hls4ml loses it (`passes::lose_quantizers`).
    pub unquantized: Option<ArrayD<f64>>,
}

/// The scale that a quantiser factors out of a weight, one value per output channel.
#[derive(Clone, PartialEq, Debug)]
pub struct Scale {
    /// One factor per output channel, exact values of float32 numbers.
    pub per_channel: Vec<f64>,
    /// The weights with the factor divided out and quantised again, as hls4ml's `qkeras_factorize_alpha` does.
    pub unit: ArrayD<f64>,
    /// The factors are powers of two (`alpha="auto_po2"`).
    pub po2: bool,
}

/// A constant tensor of a layer.
#[derive(Clone, PartialEq, Debug)]
pub struct Weight {
    /// Values as the file holds them, after the file's quantiser where there is one. Exact values of float32 numbers when
    /// `single`, else float64.
    pub data: ArrayD<f64>,
    /// Arithmetic on the values (batch-norm fusion) is done in float32, as numpy does on float32 arrays.
    pub single: bool,
    pub quantizer: Option<WeightQuantizer>,
    pub precision: Precision,
    pub encoding: Encoding,
    /// The integers that the hardware holds, in `precision`'s type: made by pass `quantize_weights`.
    pub raw: Option<ArrayD<i64>>,
}

impl Weight {
    /// A weight with values as read from a file, its type open.
    pub fn new(data: ArrayD<f64>, single: bool) -> Self {
        Self {
            data,
            single,
            quantizer: None,
            precision: Precision::Auto,
            encoding: Encoding::Fixed,
            raw: None,
        }
    }

    /// The weight with its quantiser.
    #[must_use]
    pub fn quantized_by(mut self, quantizer: WeightQuantizer) -> Self {
        self.quantizer = Some(quantizer);
        self
    }

    /// hls4ml's stand-in for a bias that a layer does not have: zeros of `ap_uint<1>`.
    pub fn no_bias(n: usize) -> Self {
        let mut w = Self::new(ArrayD::zeros(ndarray::IxDyn(&[n])), false);
        w.precision = Precision::Is(FixedType::uint(1));
        w
    }

    /// The type, once the passes have run.
    pub fn ty(&self) -> FixedType {
        match self.precision {
            Precision::Is(ty) => ty,
            Precision::Auto => unreachable!("a validated graph has no open type"),
        }
    }

    /// The integers, once the passes have run.
    pub fn raw(&self) -> &ArrayD<i64> {
        self.raw.as_ref().unwrap_or_else(|| unreachable!("a validated graph has quantised weights"))
    }
}
