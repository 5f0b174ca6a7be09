{%- for x in sources %}
    {{ x.ty }} {{ x.array }}[{{ x.tokens * x.len }}];
    nnet::read_tensor<{{ x.per_word }}, {{ x.len }}, {{ x.tokens }}>({{ x.stream }}, {{ x.array }});
{%- endfor %}
    {{ y.ty }} {{ y.array }}[{{ y.tokens * y.len }}];
{%- for call in calls %}
    {{ call }}
{%- endfor %}
    nnet::write_tensor<{{ y.per_word }}, {{ y.len }}, {{ y.tokens }}>({{ y.stream }}, {{ y.array }});
