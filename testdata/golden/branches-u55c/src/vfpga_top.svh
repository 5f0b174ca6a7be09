// The vFPGA: one host stream in, the network, one host stream out. No control registers, no interrupts.

model_wrapper_hls_ip inst_model_wrapper (
    .data_in_TDATA   (axis_host_recv[0].tdata),
    .data_in_TKEEP   (axis_host_recv[0].tkeep),
    .data_in_TSTRB   (axis_host_recv[0].tkeep),
    .data_in_TLAST   (axis_host_recv[0].tlast),
    .data_in_TVALID  (axis_host_recv[0].tvalid),
    .data_in_TREADY  (axis_host_recv[0].tready),

    .data_out_TDATA  (axis_host_send[0].tdata),
    .data_out_TKEEP  (axis_host_send[0].tkeep),
    .data_out_TSTRB  (),
    .data_out_TLAST  (axis_host_send[0].tlast),
    .data_out_TVALID (axis_host_send[0].tvalid),
    .data_out_TREADY (axis_host_send[0].tready),

    .ap_clk          (aclk),
    .ap_rst_n        (aresetn)
);

assign axis_host_send[0].tid = '0;

always_comb begin
    sq_rd.tie_off_m();
    sq_wr.tie_off_m();
    cq_rd.tie_off_s();
    cq_wr.tie_off_s();
    notify.tie_off_m();
    axi_ctrl.tie_off_s();
end
