#ifndef NNET_CONV_GROUPED_H_
#define NNET_CONV_GROUPED_H_

#include "nnet_conv.h"
#include "nnet_dense.h"

namespace nnet {

// The y of one position of a convolution in groups: output j belongs to group j / (n_out / groups) and reads that group's
// CONFIG_T::group_channels neighbouring channels of each cell. A depthwise convolution has as many groups as channels.
//
// Arithmetic and blocks are those of dense_resource, n_in the size of one group's window; the latency strategy is one block.
struct position_grouped {
    template <class CONFIG_T, class x_T, class y_T, class weight_T, class bias_T>
    static void of(const x_T window[CONFIG_T::n_window], y_T y[CONFIG_T::n_out],
                   const weight_T weight[CONFIG_T::n_in * CONFIG_T::n_out], const bias_T bias[CONFIG_T::n_out]) {
        typedef typename CONFIG_T::accum_t accum_t;
        static const int rows = CONFIG_T::block_rows;
        static const int columns = CONFIG_T::block_columns;
        static const int row_blocks = CONFIG_T::n_in / rows;
        static const int group_outputs = CONFIG_T::n_out / CONFIG_T::groups;
        NNET_RESHAPE(weight, CONFIG_T::block_size) // a block's weights in one word, one read a clock
        NNET_PARTITION(bias)
        accum_t acc[CONFIG_T::n_out];
        NNET_PARTITION(acc) // all sums of a block grow side by side

        for (int j = 0; j < CONFIG_T::n_out; ++j) {
            NNET_UNROLL
            acc[j] = cast<accum_t>(from_raw<typename CONFIG_T::bias_t>(bias[j]));
        }
        for (int ir = 0; ir < CONFIG_T::reuse_factor; ++ir) {
            NNET_PIPELINE_LOOP(1) // as in dense_resource
            const int first_column = ir / row_blocks * columns;
            const int first_row = ir % row_blocks;
            for (int r = 0; r < rows; ++r) {
                NNET_UNROLL // the multipliers of a block work at once
                for (int c = 0; c < columns; ++c) {
                    NNET_UNROLL
                    const int i = first_row + r * row_blocks;
                    const int j = first_column + c;
                    const int cell = i / CONFIG_T::group_channels;
                    const int channel = j / group_outputs * CONFIG_T::group_channels + i % CONFIG_T::group_channels;
                    const accum_t term = CONFIG_T::times::template of<accum_t>(
                        window[cell * CONFIG_T::channels + channel], weight[(ir * rows + r) * columns + c]);
                    acc[j] = accum_t(acc[j] + term);
                }
            }
        }
        for (int j = 0; j < CONFIG_T::n_out; ++j) {
            NNET_UNROLL
            y[j] = CONFIG_T::result::template of<y_T>(acc[j]);
        }
    }
};

} // namespace nnet

#endif
