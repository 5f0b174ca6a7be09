#include "{{ v.project }}_axi.h"

#include "nnet_common.h"
#include "nnet_float.h"
#include "nnet_pragmas.h"
{% if v.code.has_streams %}#include "nnet_stream.h"
{% endif %}
namespace wrapper {

static word take(hls::stream<beat> &port) {
    const beat taken = port.read();
#if defined(NNET_WORD_PORTS)
    return taken;
#else
    return (word(taken.last) << 32) | word(taken.data);
#endif
}

static void give(hls::stream<beat> &port, const word &sent) {
#if defined(NNET_WORD_PORTS)
    port.write(sent);
#else
    beat given;
    given.data = ap_uint<32>(sent);
    given.keep = -1;
    given.strb = -1;
    given.last = ap_uint<1>(sent >> 32);
    port.write(given);
#endif
}

// Takes one sample and packs it into the network's input. `closes` tells the stages behind that it ended the batch.
static void read_beats(
    hls::stream<beat> &data_in,
{{ v.code.read_parameters }}
    hls::stream<ap_uint<1> > &closes
) {
    NNET_INLINE_OFF
    input_type sample[INPUT_SIZE];
{% if !v.code.has_streams %}    NNET_PARTITION(sample)
{% endif %}    bool ended = false;
    for (unsigned i = 0; i < INPUT_SIZE; i++) {
        NNET_PIPELINE_LOOP(1)
        ap_uint<32> data = 0;
        if (!ended) {
            const word taken = take(data_in);
            data = ap_uint<32>(taken);
            ended = (taken >> 32) != 0;
        }
        // The constructor applies the type's own rounding and overflow.
        sample[i] = input_type(nnet::float_of(data.to_uint()));
    }

{{ v.code.pack }}

    closes.write(ended);
}

{{ v.code.compute }}

// Unpacks one result and sends it, an element a beat.
static void write_beats(
{{ v.code.write_parameters }}
    hls::stream<ap_uint<1> > &closes,
    hls::stream<beat> &data_out
) {
    NNET_INLINE_OFF
    output_type result[OUTPUT_SIZE];
{% if !v.code.has_streams %}    NNET_PARTITION(result)
{% endif %}{{ v.code.unpack }}
    const bool close = closes.read() != 0;
    for (unsigned i = 0; i < OUTPUT_SIZE; i++) {
        NNET_PIPELINE_LOOP(1)
        word sent = nnet::bits_of(float(result[i]));
        if (close && i + 1 == OUTPUT_SIZE) {
            sent |= word(1) << 32;
        }
        give(data_out, sent);
    }
}

} // namespace wrapper

void {{ v.project }}_axi(hls::stream<wrapper::beat> &data_in, hls::stream<wrapper::beat> &data_out) {
{{ v.code.body }}
}
