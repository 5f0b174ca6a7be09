// The only file of the kernel that is compiled: Coyote's HLS step takes {kernel}.cpp alone, so the network is included.
#define NNET_INNER
#include "model_wrapper.hpp"

#include "{{ cpp }}"
#include "nnet_common.h"
#include "nnet_float.h"
#include "nnet_pragmas.h"
{% if code.has_streams %}#include "nnet_stream.h"
{% endif %}
namespace wrapper {

static word take(hls::stream<beat> &port) {
    const beat taken = port.read();
#if defined(NNET_WORD_PORTS)
    return taken;
#else
    return (word(taken.last) << 512) | word(taken.data);
#endif
}

static void give(hls::stream<beat> &port, const word &sent) {
#if defined(NNET_WORD_PORTS)
    port.write(sent);
#else
    beat given;
    given.data = ap_uint<512>(sent);
    given.keep = -1;
    given.strb = -1;
    given.last = ap_uint<1>(sent >> 512);
    port.write(given);
#endif
}

// Takes one sample from its beats and packs it into the network's input. `skip` tells the stages behind that these beats
// were the surplus of an over-long packet, not a sample.
static void read_beats(
    hls::stream<beat> &data_in,
{{ code.read_parameters }}
    hls::stream<ap_uint<1> > &skips
) {
    NNET_INLINE_OFF
    // The packet before has not ended yet. Reset together with the kernel.
    static bool surplus = false;
    NNET_RESET(surplus)

    input_type sample[INPUT_BEATS * LANES];
{% if !code.has_streams %}    NNET_PARTITION(sample)
{% endif %}    bool ended = false;
    for (unsigned i = 0; i < INPUT_BEATS; i++) {
        NNET_PIPELINE_LOOP(1)
        ap_uint<512> data = 0;
        if (!ended) {
            const word taken = take(data_in);
            data = ap_uint<512>(taken);
            ended = (taken >> 512) != 0;
        }
        for (unsigned lane = 0; lane < LANES; lane++) {
            NNET_UNROLL
            // The constructor applies the type's own rounding and overflow.
            sample[i * LANES + lane] = input_type(nnet::float_of(ap_uint<32>(data >> (32 * lane)).to_uint()));
        }
    }

{{ code.pack }}

    skips.write(surplus);
    surplus = !ended;
}

{{ code.compute }}

// Unpacks one result and sends it as beats.
static void write_beats(
{{ code.write_parameters }}
    hls::stream<ap_uint<1> > &skips,
    hls::stream<beat> &data_out
) {
    NNET_INLINE_OFF
    output_type result[OUTPUT_BEATS * LANES];
{% if !code.has_streams %}    NNET_PARTITION(result)
{% endif %}    for (unsigned i = OUTPUT_SIZE; i < OUTPUT_BEATS * LANES; i++) {
        NNET_UNROLL
        result[i] = 0;
    }
{{ code.unpack }}
    const bool skip = skips.read() != 0;
    for (unsigned i = 0; i < OUTPUT_BEATS; i++) {
        NNET_PIPELINE_LOOP(1)
        word sent = 0;
        for (unsigned lane = 0; lane < LANES; lane++) {
            NNET_UNROLL
            sent |= word(nnet::bits_of(float(result[i * LANES + lane]))) << (32 * lane);
        }
        if (i + 1 == OUTPUT_BEATS) {
            sent |= word(1) << 512;
        }
        if (!skip) {
            give(data_out, sent);
        }
    }
}

} // namespace wrapper

void model_wrapper(hls::stream<wrapper::beat> &data_in, hls::stream<wrapper::beat> &data_out) {
{{ code.body }}
}
