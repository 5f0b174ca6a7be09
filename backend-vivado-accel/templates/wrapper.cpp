#include "{{ v.project }}_axi.h"

#include "nnet_pragmas.h"

namespace wrapper {

// C++11 leaves reading the other member of a union to the compiler; Vitis HLS, g++ and clang all give the bits.
union float_bits {
    float value;
    unsigned int bits;
};

static float float_of(unsigned int bits) {
    float_bits both;
    both.bits = bits;
    return both.value;
}

static unsigned int bits_of(float value) {
    float_bits both;
    both.value = value;
    return both.bits;
}

// Takes one sample and packs it into the network's input. `closes` tells the stages behind that it ended the batch.
static void read_beats(
    hls::stream<beat> &data_in,{% for w in v.input.words %}
    hls::stream<ap_uint<{{ w.bits }}> > &{{ w.name }}_words,{% endfor %}
    hls::stream<ap_uint<1> > &closes
) {
    NNET_INLINE_OFF
    input_type sample[INPUT_SIZE];
    NNET_PARTITION(sample)
    bool ended = false;
    for (unsigned i = 0; i < INPUT_SIZE; i++) {
        NNET_PIPELINE_LOOP(1)
        ap_uint<32> data = 0;
        if (!ended) {
            const beat taken = data_in.read();
            data = taken.data;
            ended = taken.last != 0;
        }
        // The constructor applies the type's own rounding and overflow.
        sample[i] = input_type(float_of(data.to_uint()));
    }
{% for w in v.input.words %}
    ap_uint<{{ w.bits }}> {{ w.name }} = 0;
{%- for s in w.slots %}
    for (unsigned i = 0; i < {{ s.count }}; i++) {
        NNET_UNROLL
        const ap_uint<{{ v.input.width }}> bits = sample[{{ s.first }} + i].range();
        {{ w.name }} |= ap_uint<{{ w.bits }}>(bits) << ({{ s.lsb }} + {{ v.input.width }} * i);
    }
{%- endfor %}
    {{ w.name }}_words.write({{ w.name }});
{% endfor %}
    closes.write(ended);
}

// Computes one sample. Drains without further input: the last sample of a burst must not stay inside.
static void compute({% for w in v.input.words %}
    hls::stream<ap_uint<{{ w.bits }}> > &{{ w.name }}_words,{% endfor %}
    hls::stream<ap_uint<1> > &closes_in,{% for w in v.output.words %}
    hls::stream<ap_uint<{{ w.bits }}> > &{{ w.name }}_words,{% endfor %}
    hls::stream<ap_uint<1> > &closes_out
) {
    NNET_PIPELINE_FLUSH({{ v.ii }})
    const ap_uint<1> close = closes_in.read();
{%- for w in v.input.words %}
    const ap_uint<{{ w.bits }}> {{ w.name }} = {{ w.name }}_words.read();
{%- endfor %}
{%- for w in v.output.words %}
    ap_uint<{{ w.bits }}> {{ w.name }};
{%- endfor %}
    {{ v.top }}({% for w in v.input.words %}{{ w.name }}, {% endfor %}{% for w in v.output.words %}&{{ w.name }}{% if !loop.last %}, {% endif %}{% endfor %});
{%- for w in v.output.words %}
    {{ w.name }}_words.write({{ w.name }});
{%- endfor %}
    closes_out.write(close);
}

// Unpacks one result and sends it, an element a beat.
static void write_beats({% for w in v.output.words %}
    hls::stream<ap_uint<{{ w.bits }}> > &{{ w.name }}_words,{% endfor %}
    hls::stream<ap_uint<1> > &closes,
    hls::stream<beat> &data_out
) {
    NNET_INLINE_OFF
    output_type result[OUTPUT_SIZE];
    NNET_PARTITION(result)
{%- for w in v.output.words %}
    const ap_uint<{{ w.bits }}> {{ w.name }} = {{ w.name }}_words.read();
{%- for s in w.slots %}
    for (unsigned i = 0; i < {{ s.count }}; i++) {
        NNET_UNROLL
        const ap_uint<{{ v.output.width }}> bits = {{ w.name }} >> ({{ s.lsb }} + {{ v.output.width }} * i);
        result[{{ s.first }} + i].range() = bits;
    }
{%- endfor %}
{%- endfor %}
    const bool close = closes.read() != 0;
    for (unsigned i = 0; i < OUTPUT_SIZE; i++) {
        NNET_PIPELINE_LOOP(1)
        beat sent;
        sent.data = bits_of(float(result[i]));
        sent.keep = -1;
        sent.strb = -1;
        sent.last = close && i + 1 == OUTPUT_SIZE;
        data_out.write(sent);
    }
}

} // namespace wrapper

void {{ v.project }}_axi(hls::stream<wrapper::beat> &data_in, hls::stream<wrapper::beat> &data_out) {
    NNET_INTERFACE_AXIS(data_in)
    NNET_INTERFACE_AXIS(data_out)
    NNET_INTERFACE_FREE
    NNET_DATAFLOW
{%- for w in v.input.words %}
    hls::stream<ap_uint<{{ w.bits }}> > {{ w.name }}_words;
{%- endfor %}
{%- for w in v.output.words %}
    hls::stream<ap_uint<{{ w.bits }}> > {{ w.name }}_words;
{%- endfor %}
    hls::stream<ap_uint<1> > closes_in;
    hls::stream<ap_uint<1> > closes_out;

    wrapper::read_beats(data_in{% for w in v.input.words %}, {{ w.name }}_words{% endfor %}, closes_in);
    wrapper::compute({% for w in v.input.words %}{{ w.name }}_words, {% endfor %}closes_in{% for w in v.output.words %}, {{ w.name }}_words{% endfor %}, closes_out);
    wrapper::write_beats({% for w in v.output.words %}{{ w.name }}_words, {% endfor %}closes_out, data_out);
}
