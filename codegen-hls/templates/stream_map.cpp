    for (int token = 0; token < {{ tokens }}; ++token) {
{%- if !in_blocks %}
        NNET_PIPELINE_TOKENS({{ ii }})
{%- endif %}
{%- for x in sources %}
        {{ x.ty }} {{ x.array }}[{{ x.len }}];
        NNET_PARTITION({{ x.array }})
        nnet::read_token<{{ x.per_word }}, {{ x.len }}>({{ x.stream }}, {{ x.array }});
{%- endfor %}
        {{ y.ty }} {{ y.array }}[{{ y.len }}];
        NNET_PARTITION({{ y.array }})
{%- for call in calls %}
        {{ call }}
{%- endfor %}
        nnet::write_token<{{ y.per_word }}, {{ y.len }}>({{ y.stream }}, {{ y.array }});
    }
