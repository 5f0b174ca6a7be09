//! The network in float64: no types, no tables. What the fixed-point network approximates.

use crate::graph::{Graph, Node, NodeId};
use crate::op::Op;
use crate::op::activation::Function;
use crate::op::broadcast;
use crate::op::conv::{Conv, Kind};
use crate::op::dense::Dense;
use crate::op::layer_norm::LayerNorm;
use crate::op::merge::MergeOp;
use crate::op::pool::{Pool, PoolOp};
use crate::op::resize::{Interpolation, Resize};
use crate::op::separable_conv::SeparableConv;
use crate::op::threshold::Levels;
use crate::op::window::{Spatial, Window};
use crate::table::{SELU_ALPHA, SELU_LAMBDA, normal_cdf};
use crate::weight::Weight;
use std::ops::Range;

/// Runs the network on one sample. `inputs` holds a flat tensor for each of the graph's inputs.
/// Returns the flat output of every node, indexed by [`NodeId::index`].
pub fn run(graph: &Graph, order: &[NodeId], inputs: &[&[f64]]) -> Vec<Vec<f64>> {
    let mut values: Vec<Vec<f64>> = vec![Vec::new(); graph.bound()];
    for &id in order {
        let node = graph.node(id);
        let operands: Vec<&[f64]> = node.inputs.iter().map(|i| values[i.index()].as_slice()).collect();
        let shape = |k: usize| graph.node(node.inputs[k]).shape.as_slice();
        let value = match &node.op {
            Op::Input(_) => {
                let port = graph.inputs.iter().position(|&i| i == id).unwrap_or_default();
                inputs[port].to_vec()
            }
            Op::Dense(d) => {
                let product = Matrix::new(d);
                operands[0].chunks(product.n_in).flat_map(|row| product.times(row.iter().copied())).collect()
            }
            Op::Conv(c) => convolve(c, operands[0], shape(0)),
            Op::Activation(a) => match &a.function {
                Function::PRelu { alpha } => {
                    let slopes: Vec<f64> = alpha.data.iter().copied().collect();
                    let each =
                        |(i, &x): (usize, &f64)| if x > 0.0 { x } else { slopes[i % slopes.len()] * x };
                    operands[0].iter().enumerate().map(each).collect()
                }
                function => operands[0].iter().map(|&x| activate(function, x)).collect(),
            },
            Op::Softmax(s) => softmax(operands[0], s.split(&node.shape)),
            Op::BatchNorm(b) => {
                let n = b.channels();
                let (s, t): (Vec<f64>, Vec<f64>) =
                    (b.scale.data.iter().copied().collect(), b.bias.data.iter().copied().collect());
                operands[0].iter().enumerate().map(|(i, x)| x * s[i % n] + t[i % n]).collect()
            }
            Op::Merge(m) => merge(m.op, &operands, &shapes(graph, node), &node.shape),
            Op::Concatenate(c) => concatenate(&operands, &shapes(graph, node), c.axis),
            Op::Reshape(_) => operands[0].to_vec(),
            Op::Pool(p) => pool(p, operands[0], shape(0)),
            Op::LayerNorm(l) => layer_norm(l, operands[0]),
            Op::Dot(d) => dot(d.axes, operands[0], operands[1], [shape(0), shape(1)]),
            Op::ZeroPadding(z) => shift(
                z.spatial,
                operands[0],
                shape(0),
                &node.shape,
                [-(z.sides.top as i64), -(z.sides.left as i64)],
            ),
            Op::Cropping(c) => shift(
                c.spatial,
                operands[0],
                shape(0),
                &node.shape,
                [c.sides.top as i64, c.sides.left as i64],
            ),
            Op::Resize(r) => resize(r, operands[0], shape(0)),
            Op::Transpose(t) => transposed(operands[0], shape(0), &t.perm),
            Op::RepeatVector(r) => operands[0].repeat(r.times),
            Op::Broadcast(b) => pick(operands[0], &broadcast::sources(shape(0), &b.shape)),
            Op::Embedding(e) => {
                let rows = e.table.data.shape()[0];
                let table: Vec<f64> = e.table.data.iter().copied().collect();
                let width = table.len() / rows;
                // As a cast to an unsigned integer does, below 0 and beyond the table too.
                operands[0]
                    .iter()
                    .flat_map(|&x| {
                        let row = (x as usize).min(rows - 1);
                        table[row * width..(row + 1) * width].iter().copied()
                    })
                    .collect()
            }
            // Split before anything is computed; as its two halves.
            Op::SeparableConv(s) => separable(s, operands[0], shape(0)),
            Op::Threshold(t) => {
                let at = |w: &crate::weight::Weight| w.data.iter().copied().collect::<Vec<f64>>();
                let each = |x: &[f64], f: &dyn Fn(usize, f64) -> f64| {
                    x.iter().enumerate().map(|(i, &x)| f(i % t.channels(), x)).collect()
                };
                match &t.levels {
                    Levels::Binary { at: level } => {
                        let level = at(level);
                        each(operands[0], &|c, x| if x >= level[c] { 1.0 } else { 0.0 })
                    }
                    Levels::Ternary { high, low } => {
                        let (high, low) = (at(high), at(low));
                        each(operands[0], &|c, x| {
                            if x > high[c] {
                                1.0
                            } else if x <= low[c] {
                                -1.0
                            } else {
                                0.0
                            }
                        })
                    }
                }
            }
        };
        values[id.index()] = value;
    }
    values
}

fn activate(function: &Function, x: f64) -> f64 {
    let hard = |slope: f64, shift: f64| (slope * x + shift).clamp(0.0, 1.0);
    match function {
        Function::Linear => x,
        Function::Relu => x.max(0.0),
        Function::LeakyRelu { alpha, .. } => {
            if x > 0.0 {
                x
            } else {
                *alpha * x
            }
        }
        Function::ThresholdedRelu { theta, .. } => {
            if x > *theta {
                x
            } else {
                0.0
            }
        }
        Function::ClippedRelu { max } => x.clamp(0.0, f64::from(*max)),
        Function::GeneralRelu { max, slope, threshold } => match max {
            Some(max) if x >= *max => *max,
            _ if x >= *threshold => x,
            _ => slope * (x - threshold),
        },
        Function::Elu { alpha, .. } => {
            if x >= 0.0 {
                x
            } else {
                *alpha * libm::expm1(x)
            }
        }
        Function::Selu => SELU_LAMBDA * if x >= 0.0 { x } else { SELU_ALPHA * libm::expm1(x) },
        Function::Softplus => x.max(0.0) + libm::log1p(libm::exp(-x.abs())),
        Function::Softsign => x / (x.abs() + 1.0),
        Function::Exponential { .. } => libm::exp(x),
        Function::Gelu { approximate } => x * normal_cdf(x, *approximate),
        Function::Silu => x / (1.0 + libm::exp(-x)),
        Function::Sigmoid => 1.0 / (1.0 + libm::exp(-x)),
        Function::Tanh => libm::tanh(x),
        Function::HardSigmoid { slope, shift, .. } => hard(*slope, *shift),
        Function::HardTanh { slope, shift, .. } => 2.0 * hard(*slope, *shift) - 1.0,
        Function::BinaryTanh => {
            if x >= 0.0 {
                1.0
            } else {
                -1.0
            }
        }
        Function::TernaryTanh { threshold } => {
            if x > *threshold {
                1.0
            } else if x > -*threshold {
                0.0
            } else {
                -1.0
            }
        }
        // One slope an element: see above.
        Function::PRelu { .. } => x,
    }
}

/// A kernel as a matrix (n_in, n_out) and its bias.
struct Matrix {
    n_in: usize,
    weight: Vec<f64>,
    bias: Vec<f64>,
}

impl Matrix {
    fn new(d: &Dense) -> Self {
        Self {
            n_in: d.n_in(),
            weight: d.weight.data.iter().copied().collect(),
            bias: d.bias.data.iter().copied().collect(),
        }
    }

    fn times(&self, x: impl Iterator<Item = f64>) -> Vec<f64> {
        self.some(x, 0..self.bias.len())
    }

    /// Some columns alone.
    fn some(&self, x: impl Iterator<Item = f64>, columns: Range<usize>) -> Vec<f64> {
        let mut y = self.bias[columns.clone()].to_vec();
        for (x, w) in x.zip(self.weight.chunks(self.bias.len())) {
            for (y, w) in y.iter_mut().zip(&w[columns.clone()]) {
                *y += x * w;
            }
        }
        y
    }
}

fn shapes<'a>(graph: &'a Graph, node: &Node) -> Vec<&'a [usize]> {
    node.inputs.iter().map(|&i| graph.node(i).shape.as_slice()).collect()
}

/// (height, width, channels); shapes were checked when the node was made.
fn image(spatial: Spatial, shape: &[usize]) -> [usize; 3] {
    spatial.split(shape).unwrap_or([1, 1, 1])
}

/// The input cell of each of the window's cells at an output position, row by row; `None` in the padding.
pub fn window_cells(w: &Window, [height, width]: [usize; 2], at: [usize; 2]) -> Vec<Option<[usize; 2]>> {
    let mut cells = Vec::with_capacity(w.kernel[0] * w.kernel[1]);
    for i in 0..w.kernel[0] {
        for j in 0..w.kernel[1] {
            let y = (at[0] * w.stride[0] + i * w.dilation[0]).checked_sub(w.padding.top);
            let x = (at[1] * w.stride[1] + j * w.dilation[1]).checked_sub(w.padding.left);
            cells.push(match (y, x) {
                (Some(y), Some(x)) if y < height && x < width => Some([y, x]),
                _ => None,
            });
        }
    }
    cells
}

/// Output positions of a window, row by row, each with its cells.
fn positions(w: &Window, size: [usize; 2]) -> impl Iterator<Item = Vec<Option<[usize; 2]>>> {
    let [rows, columns] = w.positions(size).unwrap_or([0, 0]);
    (0..rows * columns).map(move |p| window_cells(w, size, [p / columns, p % columns]))
}

fn convolve(c: &Conv, x: &[f64], shape: &[usize]) -> Vec<f64> {
    let [height, width, channels] = image(c.spatial, shape);
    let product = Matrix::new(&c.product);
    let (per_group, filters) = (channels / c.groups, c.filters() / c.groups);
    let mut y = Vec::new();
    for cells in positions(&c.window, [height, width]) {
        for group in 0..c.groups {
            let window = cells.iter().flat_map(|cell| {
                (0..per_group).map(move |k| {
                    cell.map_or(0.0, |[i, j]| x[(i * width + j) * channels + group * per_group + k])
                })
            });
            y.extend(product.some(window, group * filters..(group + 1) * filters));
        }
    }
    y
}

fn separable(s: &SeparableConv, x: &[f64], shape: &[usize]) -> Vec<f64> {
    let middle = s.depthwise.data.shape().last().copied().unwrap_or(0);
    let first = Dense::new(s.depthwise.clone(), Weight::no_bias(middle));
    let first = Conv::new(Kind::Depthwise, s.spatial, s.window, s.channels, first);
    let second = Matrix::new(&Dense::new(s.pointwise.clone(), s.bias.clone()));
    convolve(&first, x, shape).chunks(middle).flat_map(|row| second.times(row.iter().copied())).collect()
}

fn pool(p: &Pool, x: &[f64], shape: &[usize]) -> Vec<f64> {
    let [height, width, channels] = image(p.spatial, shape);
    let mut y = Vec::new();
    for cells in positions(&p.window([height, width]), [height, width]) {
        let cells: Vec<[usize; 2]> = cells.into_iter().flatten().collect();
        for c in 0..channels {
            let values = cells.iter().map(|[i, j]| x[(i * width + j) * channels + c]);
            y.push(match p.op {
                PoolOp::Max => values.fold(f64::NEG_INFINITY, f64::max),
                PoolOp::Average => values.sum::<f64>() / cells.len() as f64,
            });
        }
    }
    y
}

fn layer_norm(l: &LayerNorm, x: &[f64]) -> Vec<f64> {
    let n = l.scale.data.len();
    let mut y = Vec::with_capacity(x.len());
    for row in x.chunks(n) {
        let mean = row.iter().sum::<f64>() / n as f64;
        let variance = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n as f64;
        let root = 1.0 / (variance + l.epsilon).sqrt();
        y.extend(
            row.iter().zip(&l.scale.data).zip(&l.bias.data).map(|((x, s), b)| (x - mean) * root * s + b),
        );
    }
    y
}

fn dot([i, j]: [usize; 2], a: &[f64], b: &[f64], [sa, sb]: [&[usize]; 2]) -> Vec<f64> {
    // Each operand as (before the axis, the axis, after it).
    let split = |s: &[usize], axis: usize| {
        (s[..axis].iter().product::<usize>(), s[axis], s[axis + 1..].iter().product::<usize>())
    };
    let ((ao, n, ai), (bo, _, bi)) = (split(sa, i), split(sb, j));
    let mut y = Vec::with_capacity(ao * ai * bo * bi);
    for p in 0..ao * ai {
        for q in 0..bo * bi {
            y.push(
                (0..n)
                    .map(|k| {
                        let x = a[(p / ai * n + k) * ai + p % ai];
                        x * b[(q / bi * n + k) * bi + q % bi]
                    })
                    .sum(),
            );
        }
    }
    y
}

/// The image that starts at cell `from` of the input; 0 outside.
fn shift(spatial: Spatial, x: &[f64], shape: &[usize], to: &[usize], from: [i64; 2]) -> Vec<f64> {
    let ([h, w, c], [oh, ow, _]) = (image(spatial, shape), image(spatial, to));
    let mut y = Vec::with_capacity(oh * ow * c);
    for p in 0..oh * ow {
        let (i, j) = ((p / ow) as i64 + from[0], (p % ow) as i64 + from[1]);
        let inside = (0..h as i64).contains(&i) && (0..w as i64).contains(&j);
        let at = (i * w as i64 + j) * c as i64;
        y.extend((0..c).map(|k| if inside { x[at as usize + k] } else { 0.0 }));
    }
    y
}

fn resize(r: &Resize, x: &[f64], shape: &[usize]) -> Vec<f64> {
    let [h, w, c] = image(r.spatial, shape);
    let [fh, fw] = r.factors;
    // The two cells along an axis that an output cell lies between, and its distance from the first.
    let between = |at: usize, factor: usize, n: usize| {
        let centre = ((at as f64 + 0.5) / factor as f64 - 0.5).clamp(0.0, n as f64 - 1.0);
        let low = centre as usize;
        (low, (low + 1).min(n - 1), centre - low as f64)
    };
    let mut y = Vec::with_capacity(x.len() * fh * fw);
    for i in 0..h * fh {
        for j in 0..w * fw {
            let at = |i: usize, j: usize, k: usize| x[(i * w + j) * c + k];
            let ((i0, i1, u), (j0, j1, v)) = (between(i, fh, h), between(j, fw, w));
            y.extend((0..c).map(|k| match r.interpolation {
                Interpolation::Nearest => at(i / fh, j / fw, k),
                Interpolation::Bilinear => {
                    let top = at(i0, j0, k) * (1.0 - v) + at(i0, j1, k) * v;
                    let bottom = at(i1, j0, k) * (1.0 - v) + at(i1, j1, k) * v;
                    top * (1.0 - u) + bottom * u
                }
            }));
        }
    }
    y
}

/// A flat tensor with its axes in another order: output axis `i` is input axis `perm[i]`.
pub fn transposed<T: Copy>(x: &[T], shape: &[usize], perm: &[usize]) -> Vec<T> {
    let stride = |axis: usize| shape[axis + 1..].iter().product::<usize>();
    let (to, strides): (Vec<usize>, Vec<usize>) = perm.iter().map(|&a| (shape[a], stride(a))).unzip();
    (0..x.len())
        .map(|flat| {
            let (mut rest, mut source) = (flat, 0);
            for (n, stride) in to.iter().zip(&strides).rev() {
                source += rest % n * stride;
                rest /= n;
            }
            x[source]
        })
        .collect()
}

fn pick(x: &[f64], sources: &[usize]) -> Vec<f64> {
    sources.iter().map(|&i| x[i]).collect()
}

fn merge(op: MergeOp, operands: &[&[f64]], shapes: &[&[usize]], to: &[usize]) -> Vec<f64> {
    let mut all = operands.iter().zip(shapes).map(|(x, shape)| pick(x, &broadcast::sources(shape, to)));
    let mut y = all.next().unwrap_or_default();
    for x in all {
        for (y, x) in y.iter_mut().zip(x) {
            *y = match op {
                MergeOp::Add | MergeOp::Average => *y + x,
                MergeOp::Subtract => *y - x,
                MergeOp::Multiply => *y * x,
                MergeOp::Maximum => y.max(x),
                MergeOp::Minimum => y.min(x),
            };
        }
    }
    if op == MergeOp::Average {
        y.iter_mut().for_each(|y| *y /= operands.len() as f64);
    }
    y
}

fn softmax(x: &[f64], (outer, slice, inner): (usize, usize, usize)) -> Vec<f64> {
    let mut y = vec![0.0; x.len()];
    for o in 0..outer {
        for k in 0..inner {
            let at = |i: usize| (o * slice + i) * inner + k;
            let max = (0..slice).map(|i| x[at(i)]).fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = (0..slice).map(|i| libm::exp(x[at(i)] - max)).sum();
            for i in 0..slice {
                y[at(i)] = libm::exp(x[at(i)] - max) / sum;
            }
        }
    }
    y
}

/// Joins flat tensors along an axis.
pub fn concatenate<T: Copy>(parts: &[&[T]], shapes: &[&[usize]], axis: usize) -> Vec<T> {
    let outer: usize = shapes[0][..axis].iter().product();
    let rows: Vec<usize> = shapes.iter().map(|s| s[axis..].iter().product()).collect();
    (0..outer)
        .flat_map(|o| parts.iter().zip(&rows).flat_map(move |(p, &n)| p[o * n..(o + 1) * n].iter().copied()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text;

    /// The output of node `y` of a network of inputs `x` and, if there are two, `z`.
    fn y(lines: &str, outputs: &str, inputs: &[&[f64]]) -> Vec<f64> {
        let graph = text::parse(&format!("network \"t\" io_parallel\n{lines}\n{outputs}\n")).unwrap();
        let id = graph.find("y").unwrap();
        run(&graph, &graph.order(), inputs).swap_remove(id.index())
    }

    fn one(shape: &str, node: &str, x: &[f64]) -> Vec<f64> {
        let lines = format!("\"x\" #1 = Input() shape={shape} : auto\n\"y\" #2 = {node} : auto");
        y(&lines, "inputs \"x\"\noutputs \"y\"", &[x])
    }

    fn close(got: &[f64], want: &[f64]) {
        let near = got.len() == want.len() && got.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(near, "{got:?} is not {want:?}");
    }

    /// Worked out by hand.
    #[test]
    fn windows() {
        let image = [1.0, 2.0, 3.0, 4.0];
        let window = "kernel=[2, 2] stride=[1, 1] dilation=[1, 1] padding=[0, 1, 0, 1]";
        let product = "accum=auto strategy=Latency reuse=1 parallelization=1 implementation=LineBuffer";
        let conv = format!(
            "Conv2D(\"x\") {window} groups=1 weight=f32[2x2x1x1]{{1, 0, 0, 1}} weight_type=auto bias=f32[1]{{0.5}} \
             bias_type=auto {product}"
        );
        close(&one("[2, 2, 1]", &conv, &image), &[5.5, 2.5, 3.5, 4.5]);
        let pool = |op: &str| format!("Pooling2D(\"x\") op={op} {window} accum=auto");
        close(&one("[2, 2, 1]", &pool("Average"), &image), &[2.5, 3.0, 3.5, 4.0]);
        close(&one("[2, 2, 1]", &pool("Max"), &image), &[4.0; 4]);
        close(&one("[2, 2, 1]", "GlobalPooling2D(\"x\") op=Average accum=auto", &image), &[2.5]);
        // Cells two apart; each channel by itself.
        let dilated = format!(
            "DepthwiseConv1D(\"x\") kernel=[1, 2] stride=[1, 1] dilation=[1, 2] padding=[0, 0, 0, 0] groups=2 \
             weight=f32[1x2x1x2]{{1, 10, 2, 20}} weight_type=auto bias=f32[2]{{0, 0}} bias_type=auto {product}"
        );
        close(&one("[3, 2]", &dilated, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), &[11.0, 140.0]);
    }

    #[test]
    fn elements_move() {
        let six = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        close(&one("[2, 3]", "Transpose(\"x\") perm=[1, 0]", &six), &[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        close(
            &one("[2, 1]", "ZeroPadding1D(\"x\") sides=[0, 0, 1, 2]", &six[..2]),
            &[0.0, 1.0, 2.0, 0.0, 0.0],
        );
        close(&one("[2, 3, 1]", "Cropping2D(\"x\") sides=[1, 0, 1, 0]", &six), &[5.0, 6.0]);
        close(&one("[2]", "RepeatVector(\"x\") times=2", &six[..2]), &[1.0, 2.0, 1.0, 2.0]);
        let resize = |how: &str| format!("Resize(\"x\") dimensions=1 factors=[1, 2] interpolation={how}");
        close(&one("[2, 1]", &resize("nearest"), &[1.0, 3.0]), &[1.0, 1.0, 3.0, 3.0]);
        close(&one("[2, 1]", &resize("bilinear"), &[1.0, 3.0]), &[1.0, 1.5, 2.5, 3.0]);
        let rows = "Embedding(\"x\") embeddings=f32[2x2]{1, 2, 3, 4} embeddings_type=auto reuse=1";
        close(&one("[3]", rows, &[1.0, 0.0, 9.0]), &[3.0, 4.0, 1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn sums() {
        let norm = "LayerNormalization(\"x\") scale=f32[2]{1, 2} scale_type=auto bias=f32[2]{0, 1} bias_type=auto epsilon=1 \
                    accum=auto table=auto table_size=2 range_power2=0 reuse=1";
        let root = 0.5f64.sqrt();
        close(&one("[2]", norm, &[1.0, 3.0]), &[-root, 1.0 + 2.0 * root]);
        let two = "\"x\" #1 = Input() shape=[2, 3] : auto\n\"z\" #2 = Input() shape=[2, 3] : auto\n";
        let ports = "inputs \"x\" \"z\"\noutputs \"y\"";
        let (a, b) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 0.0, 0.0, 0.0, 1.0, 1.0]);
        let dot = format!("{two}\"y\" #3 = Dot(\"x\", \"z\") axes=[1, 1] accum=auto reuse=1 : auto");
        close(&y(&dot, ports, &[&a, &b]), &[1.0, 5.0, 4.0, 11.0]);
        let row = two.replace("\"z\" #2 = Input() shape=[2, 3]", "\"z\" #2 = Input() shape=[3]");
        let merge = format!("{row}\"y\" #3 = Merge(\"x\", \"z\", \"x\") op=average reuse=1 : auto");
        close(&y(&merge, ports, &[&a, &[1.0, 2.0, 0.0]]), &[1.0, 2.0, 2.0, 3.0, 4.0, 4.0]);
    }

    /// Expected: numpy and math.erf, 16 digits.
    #[test]
    fn functions() {
        let at = |function: Function, x: f64| activate(&function, x);
        let general = Function::GeneralRelu { max: Some(2.0), slope: 0.5, threshold: 1.0 };
        close(&[-1.0, 1.5, 3.0].map(|x| activate(&general, x)), &[-1.0, 1.5, 2.0]);
        close(
            &[
                at(Function::Selu, -1.0),
                at(Function::Softplus, -1.0),
                at(Function::Softplus, 50.0),
                at(Function::Softsign, -3.0),
                at(Function::Gelu { approximate: false }, 1.0),
                at(Function::Silu, 1.0),
                at(Function::ClippedRelu { max: 6 }, 7.0),
            ],
            &[
                -1.111_330_737_812_562_8,
                0.313_261_687_518_222_8,
                50.0,
                -0.75,
                0.841_344_746_068_542_9,
                0.731_058_578_630_004_9,
                6.0,
            ],
        );
    }
}
