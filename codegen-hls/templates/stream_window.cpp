{%- let c = config %}
    {{ x.ty }} rows[{{ c }}::buffer_rows][{{ c }}::padded_width][{{ c }}::channels];
    {{ x.ty }} cells[{{ c }}::reach_height][{{ c }}::reach_width][{{ c }}::channels];
    NNET_PARTITION_DIM(rows, 1) // a column of the window and all channels of a pixel are read at once
    NNET_PARTITION_DIM(rows, 3)
    NNET_PARTITION(cells)
    for (int row = 0; row < {{ c }}::padded_height; ++row) {
        for (int column = 0; column < {{ c }}::padded_width; ++column) {
{%- if !in_blocks %}
            NNET_PIPELINE_TOKENS({{ ii }})
{%- endif %}
            {{ x.ty }} pixel[{{ x.len }}];
            NNET_PARTITION(pixel)
            if (nnet::is_inside<{{ c }}>(row, column)) {
                nnet::read_token<{{ x.per_word }}, {{ x.len }}>({{ x.stream }}, pixel);
            } else {
                nnet::clear_token<{{ x.len }}>(pixel);
            }
            nnet::shift_window<{{ c }}>(rows, cells, pixel, column);
            if (nnet::is_position<{{ c }}>(row, column)) {
                {{ x.ty }} {{ x.array }}[{{ window_len }}];
                NNET_PARTITION({{ x.array }})
                nnet::take_window<{{ c }}>(cells, {{ x.array }});
                {{ y.ty }} {{ y.array }}[{{ y.len }}];
                NNET_PARTITION({{ y.array }})
{%- for call in calls %}
                {{ call }}
{%- endfor %}
                nnet::write_token<{{ y.per_word }}, {{ y.len }}>({{ y.stream }}, {{ y.array }});
            }
        }
    }
