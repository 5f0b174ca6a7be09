#include "branches_axi.h"

namespace wrapper {

// Takes the beats of a sample of data_in, and tells whether it closed a batch.
static void read_data_in(
    hls::stream<data_in_beat> &port,
    hls::stream<ap_uint<64> > &data_in_words,
    hls::stream<ap_uint<1> > &data_in_marks
) {
    NNET_PIPELINE_FLUSH(4)
    ap_uint<16> values[data_in_tensor::beats * data_in_tensor::lanes];
    NNET_PARTITION(values)
    bool ended = false;
    for (int i = 0; i < data_in_tensor::beats; ++i) {
        NNET_UNROLL
        const ap_uint<32> data = nnet::next_beat<data_in_tensor>(port, ended);
        for (int lane = 0; lane < data_in_tensor::lanes; ++lane) {
            NNET_UNROLL
            values[i * data_in_tensor::lanes + lane] = nnet::from_lane<data_in_tensor>(data, lane);
        }
        if (i == data_in_tensor::beats - 1) {
            ap_uint<64> word0 = 0;
            for (int k = 0; k < 4; ++k) {
                NNET_UNROLL
                word0 |= ap_uint<64>(values[0 + k]) << (16 * k);
            }
            data_in_words.write(word0);
            data_in_marks.write(ended);
        }
    }
}

// Computes one sample after the other. Drains without further input: the last one must not stay inside.
static void compute(
    hls::stream<ap_uint<64> > &data_in_words,
    hls::stream<ap_uint<1> > &data_in_marks,
    hls::stream<ap_uint<72> > &data_out_words,
    hls::stream<ap_uint<1> > &data_out_marks
) {
    NNET_PIPELINE_FLUSH(2)
    const ap_uint<1> mark = data_in_marks.read();
    const ap_uint<64> x = data_in_words.read();
    ap_uint<72> y;
    ::branches(x, &y);
    data_out_words.write(ap_uint<72>(y >> 0));
    data_out_marks.write(mark);
}

// Sends data_out as beats.
static void write_data_out(
    hls::stream<ap_uint<72> > &data_out_words,
    hls::stream<ap_uint<1> > &data_out_marks,
    hls::stream<data_out_beat> &port
) {
    NNET_PIPELINE_FLUSH(2)
    ap_uint<36> values[data_out_tensor::beats * data_out_tensor::lanes];
    NNET_PARTITION(values)
    bool closes = false;
    for (int i = 0; i < data_out_tensor::beats; ++i) {
        NNET_UNROLL
        if (i == 0) {
            const ap_uint<72> word0 = data_out_words.read();
            for (int k = 0; k < 2; ++k) {
                NNET_UNROLL
                values[0 + k] = ap_uint<36>(word0 >> (36 * k));
            }
            closes = data_out_marks.read() != 0;
        }
        ap_uint<32> data = 0;
        for (int lane = 0; lane < data_out_tensor::lanes; ++lane) {
            NNET_UNROLL
            data |= nnet::to_lane<data_out_tensor>(values[i * data_out_tensor::lanes + lane], lane);
        }
        nnet::give<data_out_tensor>(port, data, i == data_out_tensor::beats - 1 && closes);
    }
}

} // namespace wrapper

void branches_axi(hls::stream<wrapper::data_in_beat> &data_in, hls::stream<wrapper::data_out_beat> &data_out) {
    NNET_INTERFACE_AXIS(data_in)
    NNET_INTERFACE_AXIS(data_out)
    NNET_INTERFACE_FREE
    NNET_DATAFLOW
    hls::stream<ap_uint<64> > data_in_words;
    NNET_STREAM_DEPTH(data_in_words, 2)
    hls::stream<ap_uint<1> > data_in_marks;
    NNET_STREAM_DEPTH(data_in_marks, 2)
    hls::stream<ap_uint<72> > data_out_words;
    NNET_STREAM_DEPTH(data_out_words, 2)
    hls::stream<ap_uint<1> > data_out_marks;
    NNET_STREAM_DEPTH(data_out_marks, 2)

    NNET_PROCESS(wrapper::read_data_in(data_in, data_in_words, data_in_marks))
    NNET_PROCESS(wrapper::compute(data_in_words, data_in_marks, data_out_words, data_out_marks))
    NNET_PROCESS(wrapper::write_data_out(data_out_words, data_out_marks, data_out))
    NNET_PROCESSES_END
}
