// The vFPGA: 1 of 1 host streams in, the network, 1 of 1 host streams out. No control registers,
// no interrupts. Coyote includes this file in a module that has these interfaces as its ports.

model_wrapper_hls_ip inst_model_wrapper (
    .data_in_TDATA (axis_host_recv[0].tdata),
    .data_in_TKEEP (axis_host_recv[0].tkeep),
    .data_in_TSTRB (axis_host_recv[0].tkeep),
    .data_in_TLAST (axis_host_recv[0].tlast),
    .data_in_TVALID (axis_host_recv[0].tvalid),
    .data_in_TREADY (axis_host_recv[0].tready),

    .data_out_TDATA (axis_host_send[0].tdata),
    .data_out_TKEEP (axis_host_send[0].tkeep),
    .data_out_TSTRB (),
    .data_out_TLAST (axis_host_send[0].tlast),
    .data_out_TVALID (axis_host_send[0].tvalid),
    .data_out_TREADY (axis_host_send[0].tready),

    .ap_clk (aclk),
    .ap_rst_n (aresetn)
);

assign axis_host_send[0].tid = '0;

// What this model does not use.
always_comb sq_rd.tie_off_m();
always_comb sq_wr.tie_off_m();
always_comb cq_rd.tie_off_s();
always_comb cq_wr.tie_off_s();
always_comb notify.tie_off_m();
always_comb axi_ctrl.tie_off_s();
