{%- for w in port.words %}
    ap_uint<{{ w.bits }}> {{ w.name }} = 0;
{%- for s in w.slots %}
    for (unsigned i = 0; i < {{ s.count }}; i++) {
        NNET_UNROLL
        const ap_uint<{{ port.width }}> bits = nnet::raw_of(sample[{{ s.first }} + i]);
        {{ w.name }} |= ap_uint<{{ w.bits }}>(bits) << ({{ s.lsb }} + {{ port.width }} * i);
    }
{%- endfor %}
    {{ w.name }}_words.write({{ w.name }});
{%- endfor %}
