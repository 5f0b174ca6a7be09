// Computes one sample. Drains without further input: the last sample of a burst must not stay inside.
static void compute(
{%- for w in inputs %}
    hls::stream<ap_uint<{{ w.bits }}> > &{{ w.name }}_words,
{%- endfor %}
    hls::stream<ap_uint<1> > &marks_in,
{%- for w in outputs %}
    hls::stream<ap_uint<{{ w.bits }}> > &{{ w.name }}_words,
{%- endfor %}
    hls::stream<ap_uint<1> > &marks_out
) {
    NNET_PIPELINE_FLUSH({{ ii }})
    const ap_uint<1> mark = marks_in.read();
{%- for w in inputs %}
    const ap_uint<{{ w.bits }}> {{ w.name }} = {{ w.name }}_words.read();
{%- endfor %}
{%- for w in outputs %}
    ap_uint<{{ w.bits }}> {{ w.name }};
{%- endfor %}
    {{ top }}({% for w in inputs %}{{ w.name }}, {% endfor %}{% for w in outputs %}&{{ w.name }}{% if !loop.last %}, {% endif %}{% endfor %});
{%- for w in outputs %}
    {{ w.name }}_words.write({{ w.name }});
{%- endfor %}
    marks_out.write(mark);
}
