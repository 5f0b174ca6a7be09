// The only file of the kernel that is compiled: the network is included.
#define NNET_INNER
#include "model_wrapper.hpp"

#include "mlp.cpp"

namespace wrapper {

// Takes the beats of a sample of data_in. Between two samples it may rest for a few cycles: it looks first whether
// the packet before had ended.
static void read_data_in(
    hls::stream<data_in_beat> &port,
    hls::stream<ap_uint<96> > &data_in_words
) {
    NNET_INLINE_OFF
    // The packet before has not ended: what is left of it goes first. Set back together with the kernel.
    static bool surplus = false;
    NNET_RESET(surplus)
    while (surplus) {
        NNET_PIPELINE_LOOP(1)
        surplus = !nnet::drop_beat<data_in_tensor>(port);
    }
    ap_uint<16> values[data_in_tensor::beats * data_in_tensor::lanes];
    NNET_PARTITION(values)
    bool ended = false;
    for (int i = 0; i < data_in_tensor::beats; ++i) {
        NNET_PIPELINE_LOOP(1)
        const ap_uint<512> data = nnet::next_beat<data_in_tensor>(port, ended);
        for (int lane = 0; lane < data_in_tensor::lanes; ++lane) {
            NNET_UNROLL
            values[i * data_in_tensor::lanes + lane] = nnet::from_lane<data_in_tensor>(data, lane);
        }
        if (i == data_in_tensor::beats - 1) {
            ap_uint<96> word0 = 0;
            for (int k = 0; k < 6; ++k) {
                NNET_UNROLL
                word0 |= ap_uint<96>(values[0 + k]) << (16 * k);
            }
            data_in_words.write(word0);
        }
    }
    surplus = !ended;
}

// Computes one sample after the other. Drains without further input: the last one must not stay inside.
static void compute(
    hls::stream<ap_uint<96> > &data_in_words,
    hls::stream<ap_uint<48> > &data_out_words
) {
    NNET_PIPELINE_FLUSH(1)
    const ap_uint<96> x = data_in_words.read();
    ap_uint<48> y;
    ::mlp(x, &y);
    data_out_words.write(ap_uint<48>(y >> 0));
}

// Sends data_out as beats.
static void write_data_out(
    hls::stream<ap_uint<48> > &data_out_words,
    hls::stream<data_out_beat> &port
) {
    NNET_PIPELINE_FLUSH(1)
    ap_uint<16> values[data_out_tensor::beats * data_out_tensor::lanes];
    NNET_PARTITION(values)
    for (int i = 0; i < data_out_tensor::beats; ++i) {
        NNET_UNROLL
        if (i == 0) {
            const ap_uint<48> word0 = data_out_words.read();
            for (int k = 0; k < 3; ++k) {
                NNET_UNROLL
                values[0 + k] = ap_uint<16>(word0 >> (16 * k));
            }
            for (int k = data_out_tensor::size; k < data_out_tensor::beats * data_out_tensor::lanes; ++k) {
                NNET_UNROLL
                values[k] = 0;
            }
        }
        ap_uint<512> data = 0;
        for (int lane = 0; lane < data_out_tensor::lanes; ++lane) {
            NNET_UNROLL
            data |= nnet::to_lane<data_out_tensor>(values[i * data_out_tensor::lanes + lane], lane);
        }
        nnet::give<data_out_tensor>(port, data, i == data_out_tensor::beats - 1);
    }
}

} // namespace wrapper

void model_wrapper(hls::stream<wrapper::data_in_beat> &data_in, hls::stream<wrapper::data_out_beat> &data_out) {
    NNET_INTERFACE_AXIS(data_in)
    NNET_INTERFACE_AXIS(data_out)
    NNET_INTERFACE_FREE
    NNET_DATAFLOW
    hls::stream<ap_uint<96> > data_in_words;
    NNET_STREAM_DEPTH(data_in_words, 2)
    hls::stream<ap_uint<48> > data_out_words;
    NNET_STREAM_DEPTH(data_out_words, 2)

    NNET_PROCESS(wrapper::read_data_in(data_in, data_in_words))
    NNET_PROCESS(wrapper::compute(data_in_words, data_out_words))
    NNET_PROCESS(wrapper::write_data_out(data_out_words, data_out))
    NNET_PROCESSES_END
}
