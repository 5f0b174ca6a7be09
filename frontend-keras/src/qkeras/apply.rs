//! What a quantiser does to a weight, in float32 and operation by operation as QKeras 0.9.0 does it on TensorFlow.
//!
//! A found scale depends on the last bits of sums, so their order is TensorFlow's: sums over all but the last axis of a
//! row-major tensor run in Eigen's reduction, whose outputs are computed eight at a time (AVX). A full group of eight
//! uses four partial sums when at least sixteen rows are added; the columns left over are added one row after the
//! other. This order was confirmed against scales that hls4ml 1.3.0 exported. Logarithms are correctly rounded here;
//! TensorFlow's may differ in the last bit, which a power of two does not see unless it is half way.

use super::{Alpha, Bits, Po2, Quantizer};

/// `K.epsilon()`.
const EPSILON: f32 = 1e-7;
/// float32 numbers in an AVX register.
const PACKET: usize = 8;
/// Rows from which on Eigen keeps four partial sums.
const TREE_ROWS: usize = 16;
/// QKeras's threshold of `ternary` where the file gives none.
const TERNARY_THRESHOLD: f32 = 0.33;

/// A weight after its quantiser.
#[derive(Clone, PartialEq, Debug)]
pub struct Applied {
    /// Quantised values, the scale included; C order as given.
    pub data: Vec<f32>,
    /// The scale: one value, one per output channel (last axis), or, for a found scale of a vector, one per element.
    pub scale: Vec<f32>,
}

/// A weight whose scale is factored out.
#[derive(Clone, PartialEq, Debug)]
pub struct Factored {
    /// Weights with the scale divided out and quantised again with scale 1.
    pub unit: Vec<f32>,
    /// One factor per output channel. A numeric alpha is kept in float64, found ones are float32 values.
    pub scale: Vec<f64>,
    /// Whether the factors were found as powers of two.
    pub po2: bool,
}

/// Applies a weight's quantiser to `x` of the given shape; `None` for quantisers that are only for activations.
///
/// # Panics
/// If `shape`'s product is not `x.len()`.
pub fn apply(quantizer: &Quantizer, x: &[f32], shape: &[usize]) -> Option<Applied> {
    assert_eq!(shape.iter().product::<usize>(), x.len(), "shape {shape:?} of {} values", x.len());
    let grid = Grid::new(x.len(), shape);
    Some(match quantizer {
        Quantizer::Bits(bits) => match bits.alpha {
            Alpha::Auto | Alpha::AutoPo2 => bits_auto(bits, x, &grid),
            Alpha::Unset => bits_fixed(bits, 1.0, x),
            Alpha::Value(alpha) => bits_fixed(bits, alpha as f32, x),
        },
        Quantizer::Binary { use_01, alpha } => binary(*use_01, *alpha, x, &grid),
        Quantizer::Ternary { alpha, threshold, unrolls } => ternary(*alpha, *threshold, *unrolls, x, &grid),
        Quantizer::Po2(po2) => Applied { data: powers(po2, x), scale: vec![1.0] },
        Quantizer::Relu { .. } | Quantizer::Tanh { .. } | Quantizer::Sigmoid { .. } => return None,
    })
}

/// Factors the scale out of a weight as hls4ml's `qkeras_factorize_alpha` does; `None` where the scale is 1.
pub fn factor(quantizer: &Quantizer, x: &[f32], shape: &[usize]) -> Option<Factored> {
    let alpha = quantizer.alpha();
    if !alpha.is_factored() {
        return None;
    }
    let Applied { data, scale } = apply(quantizer, x, shape)?;
    let channels = shape.last().copied().unwrap_or(1);
    let scale: Vec<f64> = match alpha {
        Alpha::Value(alpha) => vec![alpha; channels],
        _ => scale.iter().map(|&s| f64::from(s)).collect(),
    };
    // float64 of a numeric alpha, float32 of a found one: the reciprocal is rounded to float32 once either way.
    let unscale: Vec<f32> = match alpha {
        Alpha::Value(_) => scale.iter().map(|s| (1.0 / s) as f32).collect(),
        _ => scale.iter().map(|&s| 1.0 / s as f32).collect(),
    };
    // A channel without any weight has scale 0; its weights stay 0 (0 * infinity would not be).
    let divide = |(i, &v): (usize, &f32)| if v == 0.0 { 0.0 } else { unscale[i % unscale.len()] * v };
    let divided: Vec<f32> = data.iter().enumerate().map(divide).collect();
    let unit = apply(&with_alpha_one(quantizer), &divided, shape)?.data;
    Some(Factored { unit, scale, po2: alpha == Alpha::AutoPo2 })
}

fn with_alpha_one(quantizer: &Quantizer) -> Quantizer {
    let one = Alpha::Value(1.0);
    let mut copy = quantizer.clone();
    match &mut copy {
        Quantizer::Bits(bits) => bits.alpha = one,
        Quantizer::Binary { alpha, .. } | Quantizer::Ternary { alpha, .. } => *alpha = one,
        Quantizer::Po2(_) | Quantizer::Relu { .. } | Quantizer::Tanh { .. } | Quantizer::Sigmoid { .. } => {}
    }
    copy
}

/// How a tensor is seen by reductions: rows of the last axis, or a bare vector.
struct Grid {
    rows: usize,
    columns: usize,
    vector: bool,
}

impl Grid {
    fn new(len: usize, shape: &[usize]) -> Self {
        let columns = if shape.len() > 1 { shape[shape.len() - 1] } else { len };
        Self { rows: len.checked_div(columns).unwrap_or(0), columns, vector: shape.len() <= 1 }
    }

    /// Largest magnitude per column; over the whole of a vector.
    fn max_abs(&self, x: &[f32]) -> Vec<f32> {
        let max = |values: &mut dyn Iterator<Item = f32>| values.fold(0.0f32, |m, v| m.max(v.abs()));
        if self.vector {
            return vec![max(&mut x.iter().copied())];
        }
        (0..self.columns).map(|c| max(&mut x.iter().skip(c).step_by(self.columns).copied())).collect()
    }

    /// `K.mean` of a product over all but the last axis, in Eigen's order; the products themselves for a vector.
    fn mean(&self, a: &[f32], b: &[f32]) -> Vec<f32> {
        let product: Vec<f32> = a.iter().zip(b).map(|(a, b)| a * b).collect();
        if self.vector {
            return product;
        }
        let packed = self.columns / PACKET * PACKET;
        let column = |c: usize| (0..self.rows).map(move |r| r * self.columns + c);
        (0..self.columns)
            .map(|c| {
                let sum = if c < packed && self.rows >= TREE_ROWS {
                    let unrolled = self.rows / 4 * 4;
                    let mut part = [0.0f32; 4];
                    for (r, at) in column(c).enumerate() {
                        part[if r < unrolled { r % 4 } else { 0 }] += product[at];
                    }
                    ((part[0] + part[1]) + part[2]) + part[3]
                } else {
                    column(c).fold(0.0f32, |sum, at| sum + product[at])
                };
                sum / self.rows as f32
            })
            .collect()
    }
}

/// One value per element out of one, one per column, or one per element.
fn at(values: &[f32], i: usize) -> f32 {
    values[i % values.len()]
}

/// -1, 0 or 1.
fn sign(x: f32) -> f32 {
    if x == 0.0 { 0.0 } else { x.signum() }
}

/// `x + stop_gradient(-x + y)`: what training's straight-through estimator leaves of `y` in float32.
fn through(x: f32, y: f32) -> f32 {
    x + (-x + y)
}

/// `2^round(log2(s))` as QKeras computes it.
fn nearest_po2(s: f32) -> f32 {
    let log2 = (libm::log(f64::from(s + EPSILON)) as f32) / std::f32::consts::LN_2;
    libm::exp2f(log2.round_ties_even())
}

/// Least-squares scale of `x` on `q` (`_get_scale`).
fn least_squares(po2: bool, x: &[f32], q: &[f32], grid: &Grid) -> Vec<f32> {
    let (qx, qq) = (grid.mean(x, q), grid.mean(q, q));
    let scale = qx.iter().zip(&qq).map(|(qx, qq)| qx / (qq + EPSILON));
    if po2 { scale.map(nearest_po2).collect() } else { scale.collect() }
}

fn exp2i(n: i32) -> f32 {
    libm::exp2f(n as f32)
}

fn bits_fixed(bits: &Bits, scale: f32, x: &[f32]) -> Applied {
    let unsigned = bits.bits as i32 - i32::from(bits.keep_negative);
    let (m, m_i) = (exp2i(unsigned), exp2i(bits.integer));
    let low = if bits.keep_negative { -m + f32::from(u8::from(bits.symmetric)) } else { 0.0 };
    let data = x
        .iter()
        .map(|&x| {
            let q = if unsigned > 0 {
                let p = x * m / m_i;
                m_i * through(p, p.round_ties_even()).max(low).min(m - 1.0) / m
            } else {
                let s = sign(x);
                let s = s + (1.0 - s.abs());
                if bits.keep_negative { s } else { (s + 1.0) / 2.0 }
            };
            through(x, scale * q)
        })
        .collect();
    Applied { data, scale: vec![scale] }
}

fn bits_auto(bits: &Bits, x: &[f32], grid: &Grid) -> Applied {
    let unsigned = bits.bits as i32 - i32::from(bits.keep_negative);
    let (m, m_i) = (exp2i(unsigned), exp2i(bits.integer));
    let levels = ((1u64 << (bits.bits - 1)) - 1) as f32 * 2.0;
    let unit: Vec<f32> = x.iter().map(|x| x / m_i).collect();
    let mut scale: Vec<f32> = grid.max_abs(&unit).iter().map(|max| (max * 2.0) / levels).collect();
    let quantise = |scale: &[f32]| -> Vec<f32> {
        unit.iter()
            .enumerate()
            .map(|(i, &x)| {
                let v = (x.abs() / at(scale, i) + 0.5).floor();
                sign(x) * if v < levels / 2.0 { v } else { levels / 2.0 }
            })
            .collect()
    };
    let z = if bits.alpha == Alpha::AutoPo2 {
        scale = scale.iter().map(|&s| nearest_po2(s)).collect();
        let mut z = Vec::new();
        for _ in 0..5 {
            z = quantise(&scale);
            scale = least_squares(true, &unit, &z, grid);
        }
        z
    } else {
        quantise(&scale)
    };
    let scale: Vec<f32> = scale.iter().map(|s| s * m).collect();
    let data = unit
        .iter()
        .zip(&z)
        .enumerate()
        .map(|(i, (&x, &z))| through(m_i * x, at(&scale, i) * (m_i * z / m)))
        .collect();
    Applied { data, scale }
}

/// The nearest powers of two, exactly: QKeras's sum of number and correction may miss one by its last bit, which neither
/// its own reader nor hls4ml's exponents mean.
fn powers(po2: &Po2, x: &[f32]) -> Vec<f32> {
    let (low, high) = po2.bounds().unwrap_or((0, 0));
    let exponent = |magnitude: f32| -> f32 {
        if magnitude < EPSILON {
            // Not doubled where exponents are even: QKeras takes the bound itself here.
            return low as f32;
        }
        let limited = po2.max_value.map_or(magnitude, |max| magnitude.min(max as f32));
        let root = if po2.quadratic { limited.sqrt() } else { limited };
        let log2 = (libm::log(f64::from(root)) as f32) / std::f32::consts::LN_2;
        let whole = if po2.floor { log2.floor() } else { log2.round_ties_even() };
        let clipped = whole.clamp(low as f32, high as f32);
        if po2.quadratic { 2.0 * clipped } else { clipped }
    };
    let power = |magnitude: f32| libm::exp2f(exponent(magnitude));
    x.iter()
        .map(|&x| match po2.relu {
            None if x < 0.0 => -power(-x),
            None => power(x),
            Some(slope) if x < 0.0 && slope != 0.0 => -power(-x * slope as f32),
            Some(_) => power(x.max(0.0)),
        })
        .collect()
}

fn binary(use_01: bool, alpha: Alpha, x: &[f32], grid: &Grid) -> Applied {
    let q: Vec<f32> = x
        .iter()
        .map(|&x| {
            let s = sign(x);
            let s = s + (1.0 - s.abs());
            if use_01 { (s + 1.0) / 2.0 } else { s }
        })
        .collect();
    // Without alpha the estimator runs over tanh(x), whose rounding the sum keeps.
    let x: Vec<f32> = match alpha {
        Alpha::Unset => x.iter().map(|&x| libm::tanhf(x)).collect(),
        _ => x.to_vec(),
    };
    let scale = match alpha {
        Alpha::Unset => vec![1.0],
        Alpha::Value(alpha) => vec![alpha as f32],
        Alpha::Auto => least_squares(false, &x, &q, grid),
        Alpha::AutoPo2 => least_squares(true, &x, &q, grid),
    };
    let data = x.iter().zip(&q).enumerate().map(|(i, (&x, &q))| through(x, at(&scale, i) * q)).collect();
    Applied { data, scale }
}

fn ternary(alpha: Alpha, threshold: Option<f64>, unrolls: u32, x: &[f32], grid: &Grid) -> Applied {
    let beyond = |x: f32, v: f32, limit: f32| if v.abs() >= limit { sign(x) } else { 0.0 };
    let fixed = |scale: f32| {
        let limit = threshold.map_or(TERNARY_THRESHOLD, |t| t as f32);
        (vec![scale], x.iter().map(|&x| beyond(x, x, limit)).collect::<Vec<f32>>())
    };
    let (scale, q) = match alpha {
        Alpha::Unset => fixed(1.0),
        Alpha::Value(alpha) => fixed(alpha as f32),
        Alpha::Auto | Alpha::AutoPo2 => {
            let po2 = alpha == Alpha::AutoPo2;
            let mut scale: Vec<f32> = grid.max_abs(x).iter().map(|m| 2.0 * m / 3.0).collect();
            if po2 {
                scale = scale.iter().map(|&s| nearest_po2(s)).collect();
            }
            let mut q = vec![0.0; x.len()];
            for _ in 0..unrolls {
                q = x
                    .iter()
                    .enumerate()
                    .map(|(i, &x)| {
                        let s = at(&scale, i);
                        let p = x / s;
                        beyond(x, s * through(p, p.round_ties_even()), s / 2.0)
                    })
                    .collect();
                scale = least_squares(po2, x, &q, grid);
            }
            (scale, q)
        }
    };
    let data = x
        .iter()
        .zip(&q)
        .enumerate()
        .map(|(i, (&x, &q))| {
            through(if alpha == Alpha::Unset { libm::tanhf(x) } else { x }, at(&scale, i) * q)
        })
        .collect();
    Applied { data, scale }
}
