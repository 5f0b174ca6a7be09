{%- for w in port.words %}
    const ap_uint<{{ w.bits }}> {{ w.name }} = {{ w.name }}_words.read();
{%- for s in w.slots %}
    for (unsigned i = 0; i < {{ s.count }}; i++) {
        NNET_UNROLL
        const ap_uint<{{ port.width }}> bits = ap_uint<{{ port.width }}>({{ w.name }} >> ({{ s.lsb }} + {{ port.width }} * i));
        result[{{ s.first }} + i] = nnet::from_raw<output_type>(bits);
    }
{%- endfor %}
{%- endfor %}
