// The vFPGA: {{ inputs.len() }} of {{ streams }} host streams in, the network, {{ outputs.len() }} of {{ streams }} host streams out. No control registers,
// no interrupts. Coyote includes this file in a module that has these interfaces as its ports.

{{ kernel }}_hls_ip inst_{{ kernel }} (
{% for port in inputs %}    .{{ port }}_TDATA (axis_host_recv[{{ loop.index0 }}].tdata),
    .{{ port }}_TKEEP (axis_host_recv[{{ loop.index0 }}].tkeep),
    .{{ port }}_TSTRB (axis_host_recv[{{ loop.index0 }}].tkeep),
    .{{ port }}_TLAST (axis_host_recv[{{ loop.index0 }}].tlast),
    .{{ port }}_TVALID (axis_host_recv[{{ loop.index0 }}].tvalid),
    .{{ port }}_TREADY (axis_host_recv[{{ loop.index0 }}].tready),

{% endfor %}{% for port in outputs %}    .{{ port }}_TDATA (axis_host_send[{{ loop.index0 }}].tdata),
    .{{ port }}_TKEEP (axis_host_send[{{ loop.index0 }}].tkeep),
    .{{ port }}_TSTRB (),
    .{{ port }}_TLAST (axis_host_send[{{ loop.index0 }}].tlast),
    .{{ port }}_TVALID (axis_host_send[{{ loop.index0 }}].tvalid),
    .{{ port }}_TREADY (axis_host_send[{{ loop.index0 }}].tready),

{% endfor %}    .ap_clk (aclk),
    .ap_rst_n (aresetn)
);
{% for port in outputs %}
assign axis_host_send[{{ loop.index0 }}].tid = '0;
{%- endfor %}

// What this model does not use.
{% for i in inputs.len()..streams %}always_comb axis_host_recv[{{ i }}].tie_off_s();
{% endfor %}{% for i in outputs.len()..streams %}always_comb axis_host_send[{{ i }}].tie_off_m();
{% endfor %}{% for i in 0..card_streams %}always_comb axis_card_recv[{{ i }}].tie_off_s();
always_comb axis_card_send[{{ i }}].tie_off_m();
{% endfor %}always_comb sq_rd.tie_off_m();
always_comb sq_wr.tie_off_m();
always_comb cq_rd.tie_off_s();
always_comb cq_wr.tie_off_s();
always_comb notify.tie_off_m();
always_comb axi_ctrl.tie_off_s();
