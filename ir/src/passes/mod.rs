//! What happens to a network between the file and the validated graph. The list below is the table of contents.
//!
//! The order is hls4ml's (flows `convert`, `optimize`, `vivado:init_layers`, `vivado:optimize`), because several passes
//! change numbers. A pass is one file and one function; it either leaves a correct graph or refuses the network.

mod apply_config;
mod attach_tables;
mod bounds;
mod broadcast_stream;
mod choose_tables;
pub mod choose_types;
mod distribute_arithmetic;
mod eliminate_linear;
mod extract_ternary_threshold;
mod factorize_alpha;
mod fix_softmax_table_size;
mod fuse_batch_norm;
mod fuse_consecutive_batch_norm;
mod infer_types;
mod inplace_reshape;
mod insert_zero_padding;
mod lose_quantizers;
mod merge_batch_norm_tanh;
mod quantize_dense_output;
mod quantize_weights;
mod remove_nop_batch_norm;
mod set_reuse_factor;
mod skip_softmax;
mod split_separable;

use crate::config::Config;
use crate::diag::{Diagnostic, Refused};
use crate::graph::Graph;
use crate::validate::{Validated, validate};
pub use choose_types::Calibration;
use netlathe_apfixed::FixedType;
use std::borrow::Cow;

/// Where types come from.
#[derive(Clone, Debug)]
pub enum Types {
    /// A configuration was given; whatever it leaves open gets hls4ml's rule.
    Configured,
    /// None was given: NetLathe chooses, from what the data show.
    Chosen(Calibration),
    /// One type for every tensor, weight and sum that has no quantiser; NetLathe chooses tables and softmax's inner types.
    Wide(FixedType),
}

/// What a pass may read and say.
pub struct Context<'a> {
    /// The configuration, with an entry for each layer that a pass has made of another.
    pub config: Cow<'a, Config>,
    pub types: &'a Types,
    pub notes: Vec<Diagnostic>,
}

/// One step.
pub struct Pass {
    pub name: &'static str,
    pub description: &'static str,
    run: fn(&mut Graph, &mut Context<'_>) -> Result<(), Refused>,
}

/// The steps, in order.
pub const PASSES: &[Pass] = &[
    Pass {
        name: "split_separable",
        description: "a separable convolution becomes a depthwise and a pointwise one",
        run: split_separable::run,
    },
    Pass {
        name: "apply_config",
        description: "the configuration's types, strategies and reuse factors reach their layers",
        run: apply_config::run,
    },
    Pass {
        name: "factorize_alpha",
        description: "a quantiser's scale leaves its weights and becomes a layer of its own",
        run: factorize_alpha::run,
    },
    Pass {
        name: "extract_ternary_threshold",
        description: "a ternary tanh that does not switch at 0.5 gets a scale before it",
        run: extract_ternary_threshold::run,
    },
    // Before fusing: a Keras 2 layer has a linear activation between itself and what follows.
    Pass {
        name: "eliminate_linear",
        description: "linear activations that change no type go",
        run: eliminate_linear::run,
    },
    Pass {
        name: "fuse_consecutive_batch_norm",
        description: "two affine maps in a row become one",
        run: fuse_consecutive_batch_norm::run,
    },
    Pass {
        name: "fuse_batch_norm",
        description: "batch normalisation goes into the layer before it, before weights become fixed point",
        run: fuse_batch_norm::run,
    },
    Pass {
        name: "lose_quantizers",
        description: "a dense layer on several axes has its weights as the file holds them",
        run: lose_quantizers::run,
    },
    // From here on no type is open.
    Pass {
        name: "infer_types",
        description: "open types follow from operands and weights",
        run: infer_types::run,
    },
    Pass {
        name: "choose_types",
        description: "without a configuration: open types follow from data and intervals",
        run: choose_types::run,
    },
    // A linear layer whose type has just turned out to be its operand's own.
    Pass {
        name: "eliminate_linear",
        description: "linear activations that turned out to change no type go",
        run: eliminate_linear::run,
    },
    // After inference, which sees the type that a reshape is configured with.
    Pass {
        name: "inplace_reshape",
        description: "a reshape that moves nothing has its operand's type",
        run: inplace_reshape::run,
    },
    Pass {
        name: "remove_nop_batch_norm",
        description: "a batch normalisation by 1 and 0 goes",
        run: remove_nop_batch_norm::run,
    },
    Pass {
        name: "set_reuse_factor",
        description: "an illegal reuse factor becomes the nearest legal one",
        run: set_reuse_factor::run,
    },
    Pass {
        name: "distribute_arithmetic",
        description: "layers of strategy distributed_arithmetic get exact weights and sums",
        run: distribute_arithmetic::run,
    },
    // These two change the layout of io_stream, no number.
    Pass {
        name: "insert_zero_padding",
        description: "io_stream: the zeros around a convolution's input become a layer of their own",
        run: insert_zero_padding::run,
    },
    Pass {
        name: "broadcast_stream",
        description: "io_stream: an operand of another shape is repeated before its merge",
        run: broadcast_stream::run,
    },
    Pass {
        name: "merge_batch_norm_tanh",
        description: "batch normalisation before a binary or ternary tanh becomes a comparison",
        run: merge_batch_norm_tanh::run,
    },
    Pass {
        name: "quantize_dense_output",
        description: "binary and ternary dense layers behind a comparison sum in integers",
        run: quantize_dense_output::run,
    },
    Pass {
        name: "skip_softmax",
        description: "a softmax that the configuration skips goes",
        run: skip_softmax::run,
    },
    Pass {
        name: "fix_softmax_table_size",
        description: "softmax tables do not outgrow the bits that index them",
        run: fix_softmax_table_size::run,
    },
    // Last: nothing may change a weight's type or an index's type after this.
    Pass {
        name: "quantize_weights",
        description: "weights become the integers of their types",
        run: quantize_weights::run,
    },
    Pass {
        name: "attach_tables",
        description: "tables are computed, once for emulator and generated code",
        run: attach_tables::run,
    },
];

/// A network ready for the emulator and the code generators, and what was noticed on the way.
#[derive(Clone, Debug)]
pub struct Lowered {
    pub network: Validated,
    pub notes: Vec<Diagnostic>,
}

/// Applies the configuration, runs every pass in order, and validates the result.
///
/// # Errors
/// Every reason why the network or its configuration is refused.
pub fn run(mut graph: Graph, config: &Config, types: &Types) -> Result<Lowered, Refused> {
    let mut context = Context { config: Cow::Borrowed(config), types, notes: Vec::new() };
    for pass in PASSES {
        (pass.run)(&mut graph, &mut context)?;
    }
    let mut notes = context.notes;
    let network = validate(graph, &mut notes)?;
    Ok(Lowered { network, notes })
}
