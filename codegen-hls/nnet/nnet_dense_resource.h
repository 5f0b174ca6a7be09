#ifndef NNET_DENSE_RESOURCE_H_
#define NNET_DENSE_RESOURCE_H_

#include "nnet_dense.h"

namespace nnet {

// A dense layer in `reuse_factor` blocks of multipliers; arithmetic as dense_latency, but the order of the sum is that of the
// blocks (only an accumulator that saturates can tell).
//
// A block computes rows x columns products. Blocks run over groups of columns, then over groups of rows: with a reuse factor
// rf up to n_in, block `ir` takes the inputs ir, ir + rf, ir + 2 rf, ... of all outputs; above n_in, one input of
// n_in * n_out / rf outputs. `weight` lies in the order of use, so a block reads one wide word of memory.
template <class CONFIG_T, class x_T, class y_T, class weight_T, class bias_T>
void dense_resource(const x_T x[CONFIG_T::n_in], y_T y[CONFIG_T::n_out],
                    const weight_T weight[CONFIG_T::n_in * CONFIG_T::n_out], const bias_T bias[CONFIG_T::n_out]) {
    NNET_INLINE // so that the top function's PIPELINE reaches these loops
    typedef typename CONFIG_T::accum_t accum_t;
    static const int rows = CONFIG_T::block_rows;
    static const int columns = CONFIG_T::block_columns;
    static const int row_blocks = CONFIG_T::n_in / rows;
    NNET_RESHAPE(weight, CONFIG_T::block_size) // a block's weights in one word, one read a clock
    NNET_PARTITION(bias)
    accum_t acc[CONFIG_T::n_out];
    NNET_PARTITION(acc) // all sums of a block grow side by side

    for (int j = 0; j < CONFIG_T::n_out; ++j) {
        NNET_UNROLL
        acc[j] = cast<accum_t>(from_raw<typename CONFIG_T::bias_t>(bias[j]));
    }
    for (int ir = 0; ir < CONFIG_T::reuse_factor; ++ir) {
        NNET_PIPELINE_LOOP(1) // a block a clock; inside a pipelined function all blocks are laid out and share its interval
        const int first_column = ir / row_blocks * columns;
        const int first_row = ir % row_blocks;
        for (int r = 0; r < rows; ++r) {
            NNET_UNROLL // the multipliers of a block work at once
            for (int c = 0; c < columns; ++c) {
                NNET_UNROLL
                const int i = first_row + r * row_blocks;
                const int j = first_column + c;
                const accum_t term =
                    CONFIG_T::times::template of<accum_t>(x[i], weight[(ir * rows + r) * columns + c]);
                acc[j] = accum_t(acc[j] + term);
            }
        }
    }
    for (int j = 0; j < CONFIG_T::n_out; ++j) {
        NNET_UNROLL
        y[j] = CONFIG_T::result::template of<y_T>(acc[j]);
    }
}

} // namespace nnet

#endif
