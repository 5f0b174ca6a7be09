    for (int token = 0; token < {{ x.tokens }}; ++token) {
        {{ x.ty }} all[{{ x.len }}];
        nnet::read_token<{{ x.per_word }}, {{ x.len }}>({{ x.stream }}, all);
        for (int i = 0; i < {{ x.len }}; ++i) {
            NNET_PIPELINE_TOKENS(1)
            {{ x.ty }} {{ x.array }}[1];
            {{ x.array }}[0] = all[i];
            {{ y.ty }} {{ y.array }}[{{ y.len }}];
            NNET_PARTITION({{ y.array }})
{%- for call in calls %}
            {{ call }}
{%- endfor %}
            nnet::write_token<{{ y.per_word }}, {{ y.len }}>({{ y.stream }}, {{ y.array }});
        }
    }
