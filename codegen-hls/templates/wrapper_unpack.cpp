{%- for w in port.words %}
    const ap_uint<{{ w.bits }}> {{ w.name }} = {{ w.name }}_words.read();
{%- for s in w.slots %}
    for (unsigned i = 0; i < {{ s.count }}; i++) {
        NNET_UNROLL
        const ap_uint<{{ port.width }}> bits = {{ w.name }} >> ({{ s.lsb }} + {{ port.width }} * i);
        result[{{ s.first }} + i].range() = bits;
    }
{%- endfor %}
{%- endfor %}
