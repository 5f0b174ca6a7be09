    NNET_INTERFACE_AXIS(data_in)
    NNET_INTERFACE_AXIS(data_out)
    NNET_INTERFACE_FREE
    NNET_DATAFLOW
{%- for w in inputs %}
    hls::stream<ap_uint<{{ w.bits }}> > {{ w.name }}_words;
{%- endfor %}
{%- for w in outputs %}
    hls::stream<ap_uint<{{ w.bits }}> > {{ w.name }}_words;
{%- endfor %}
    hls::stream<ap_uint<1> > marks_in;
    hls::stream<ap_uint<1> > marks_out;

    wrapper::read_beats(data_in{% for w in inputs %}, {{ w.name }}_words{% endfor %}, marks_in);
    wrapper::compute({% for w in inputs %}{{ w.name }}_words, {% endfor %}marks_in{% for w in outputs %}, {{ w.name }}_words{% endfor %}, marks_out);
    wrapper::write_beats({% for w in outputs %}{{ w.name }}_words, {% endfor %}marks_out, data_out);
