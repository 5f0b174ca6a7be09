`timescale 1ns / 1ps

// What `vfpga_top.svh` meets in Coyote: interfaces with the same signals, directions and tasks, and no more than it needs.
package lynxTypes;
    localparam integer AXI_DATA_BITS = 512;
    localparam integer PID_BITS = 6;
    typedef struct packed {
        logic [31:0] rest;
    } req_t;
endpackage

interface AXI4SR (input logic aclk, input logic aresetn);
    import lynxTypes::*;
    logic [AXI_DATA_BITS-1:0] tdata;
    logic [AXI_DATA_BITS/8-1:0] tkeep;
    logic [PID_BITS-1:0] tid;
    logic tlast;
    logic tready;
    logic tvalid;

    task tie_off_m();
        tdata = 0;
        tkeep = 0;
        tid = 0;
        tlast = 1'b0;
        tvalid = 1'b0;
    endtask

    task tie_off_s();
        tready = 1'b0;
    endtask

    modport m(import tie_off_m, output tdata, tkeep, tid, tlast, tvalid, input tready);
    modport s(import tie_off_s, input tdata, tkeep, tid, tlast, tvalid, output tready);
endinterface

interface AXI4L (input logic aclk, input logic aresetn);
    logic awvalid, awready, arvalid, arready, rvalid, rready, wvalid, wready, bvalid, bready;

    task tie_off_s();
        awready = 1'b0;
        arready = 1'b0;
        rvalid = 1'b0;
        wready = 1'b0;
        bvalid = 1'b0;
    endtask

    modport s(import tie_off_s, input awvalid, arvalid, rready, wvalid, bready, output awready, arready, rvalid, wready, bvalid);
endinterface

interface metaIntf #(parameter type STYPE = logic [63:0]) (input logic aclk, input logic aresetn);
    logic valid;
    logic ready;
    STYPE data;

    task tie_off_s();
        ready = 1'b1;
    endtask

    task tie_off_m();
        valid = 1'b0;
        data = 0;
    endtask

    modport s(import tie_off_s, input valid, data, output ready);
    modport m(import tie_off_m, output valid, data, input ready);
endinterface
