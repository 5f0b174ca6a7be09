//! `vfpga_top.svh`: its text, and what a parser of SystemVerilog says of it between interfaces like Coyote's.

use std::path::{Path, PathBuf};
use std::process::Command;

use expect_test::expect;
use netlathe_backend_coyote::{Model, Options, emit, emit_many};

use crate::models::{options, ports};
use crate::tools::{self, put};
use crate::wrapper_tree::spec;

/// The integration header of the last of two models; the first one has more tensors.
fn second() -> String {
    let parts = [ports(2, 3), ports(1, 2)];
    let models: Vec<_> =
        parts.iter().map(|(network, kernel)| Model { network, kernel, name: "m".into() }).collect();
    let card = emit_many(&models, &Options { card_streams: 1, ..options() }).unwrap();
    text(card.tree.get("src_1/vfpga_top.svh"))
}

fn single() -> String {
    text(emit(&spec().network(), &spec().kernel(), &options()).unwrap().tree.get("src/vfpga_top.svh"))
}

fn text(content: Option<&[u8]>) -> String {
    String::from_utf8(content.unwrap().to_vec()).unwrap()
}

#[test]
fn the_text_for_one_model() {
    expect![[r#"
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
    "#]]
    .assert_eq(&single());
}

#[test]
fn the_text_where_streams_are_left() {
    expect![[r#"
        // The vFPGA: 1 of 3 host streams in, the network, 2 of 3 host streams out. No control registers,
        // no interrupts. Coyote includes this file in a module that has these interfaces as its ports.

        model_wrapper_1_hls_ip inst_model_wrapper_1 (
            .data_in_TDATA (axis_host_recv[0].tdata),
            .data_in_TKEEP (axis_host_recv[0].tkeep),
            .data_in_TSTRB (axis_host_recv[0].tkeep),
            .data_in_TLAST (axis_host_recv[0].tlast),
            .data_in_TVALID (axis_host_recv[0].tvalid),
            .data_in_TREADY (axis_host_recv[0].tready),

            .data_out0_TDATA (axis_host_send[0].tdata),
            .data_out0_TKEEP (axis_host_send[0].tkeep),
            .data_out0_TSTRB (),
            .data_out0_TLAST (axis_host_send[0].tlast),
            .data_out0_TVALID (axis_host_send[0].tvalid),
            .data_out0_TREADY (axis_host_send[0].tready),

            .data_out1_TDATA (axis_host_send[1].tdata),
            .data_out1_TKEEP (axis_host_send[1].tkeep),
            .data_out1_TSTRB (),
            .data_out1_TLAST (axis_host_send[1].tlast),
            .data_out1_TVALID (axis_host_send[1].tvalid),
            .data_out1_TREADY (axis_host_send[1].tready),

            .ap_clk (aclk),
            .ap_rst_n (aresetn)
        );

        assign axis_host_send[0].tid = '0;
        assign axis_host_send[1].tid = '0;

        // What this model does not use.
        always_comb axis_host_recv[1].tie_off_s();
        always_comb axis_host_recv[2].tie_off_s();
        always_comb axis_host_send[2].tie_off_m();
        always_comb axis_card_recv[0].tie_off_s();
        always_comb axis_card_send[0].tie_off_m();
        always_comb sq_rd.tie_off_m();
        always_comb sq_wr.tie_off_m();
        always_comb cq_rd.tie_off_s();
        always_comb cq_wr.tie_off_s();
        always_comb notify.tie_off_m();
        always_comb axi_ctrl.tie_off_s();
    "#]]
    .assert_eq(&second());
}

/// Ports of the kernel's IP as Vitis HLS makes them of `hls::stream<ap_axiu<512, 0, 0, 0> >` (as in the instance of Coyote's
/// example 02_hls_vadd).
pub(crate) fn ip(kernel: &str, inputs: &[impl AsRef<str>], outputs: &[impl AsRef<str>]) -> String {
    let stream = |name: &str, given: &str, taken: &str| {
        format!(
            "    {given} logic [511:0] {name}_TDATA, {given} logic [63:0] {name}_TKEEP, {given} logic [63:0] {name}_TSTRB,\n    \
             {given} logic [0:0] {name}_TLAST, {given} logic {name}_TVALID, {taken} logic {name}_TREADY,\n"
        )
    };
    let mut text = format!("`timescale 1ns / 1ps\nmodule {kernel}_hls_ip (\n");
    text.extend(inputs.iter().map(|name| stream(name.as_ref(), "input", "output")));
    text.extend(outputs.iter().map(|name| stream(name.as_ref(), "output", "input")));
    text + "    input logic ap_clk, input logic ap_rst_n);\nendmodule\n"
}

/// The module that includes the header, and a shell around it, with so many host streams; card streams if `card`.
fn shell(streams: usize, card: bool) -> String {
    let card_ports = if card { "AXI4SR.s axis_card_recv [1], AXI4SR.m axis_card_send [1]," } else { "" };
    let card_wires =
        if card { "AXI4SR axis_card_recv [1] (.*); AXI4SR axis_card_send [1] (.*);" } else { "" };
    format!(
        "`timescale 1ns / 1ps\nimport lynxTypes::*;\nmodule design_user_logic (\n    AXI4L.s axi_ctrl, metaIntf.m notify, metaIntf.m sq_rd, metaIntf.m sq_wr,\n    \
         metaIntf.s cq_rd, metaIntf.s cq_wr,\n    AXI4SR.s axis_host_recv [{streams}], AXI4SR.m axis_host_send [{streams}], {card_ports}\n    \
         input wire aclk, input wire [0:0] aresetn\n);\n`include \"vfpga_top.svh\"\nendmodule\n\
         module shell (input wire aclk, input wire [0:0] aresetn);\n    AXI4L axi_ctrl (.*);\n    \
         metaIntf #(.STYPE(req_t)) notify (.*), sq_rd (.*), sq_wr (.*), cq_rd (.*), cq_wr (.*);\n    \
         AXI4SR axis_host_recv [{streams}] (.*); AXI4SR axis_host_send [{streams}] (.*); {card_wires}\n    \
         design_user_logic inst (.*);\nendmodule\n"
    )
}

/// Whether the parser takes a header in such a shell, and what it says.
fn parse(pyslang: &Path, header: &str, shell: &str, ip: &str) -> (bool, String) {
    let root = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = root.path().join(name);
        put(&path, content);
        path
    };
    file("header/vfpga_top.svh", header);
    let files = [
        file("interfaces.sv", include_str!("svh/interfaces.sv")),
        file("shell.sv", shell),
        file("ip.sv", ip),
    ];
    parse_files(pyslang, "shell", &root.path().join("header"), &files)
}

/// Whether the parser takes these files, and what it says.
pub(crate) fn parse_files(pyslang: &Path, top: &str, include: &Path, files: &[PathBuf]) -> (bool, String) {
    let root = tempfile::tempdir().unwrap();
    let script = root.path().join("check.py");
    put(&script, include_str!("svh/check.py"));
    let done = Command::new("python3")
        .env("PYTHONPATH", pyslang)
        .arg(&script)
        .args([top.as_ref(), include.as_os_str()])
        .args(files)
        .output()
        .unwrap();
    (done.status.success(), String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned())
}

#[test]
fn a_parser_takes_it() {
    let Some(pyslang) = tools::pyslang("a_parser_takes_it") else { return };
    let single_ip = ip("model_wrapper", &["data_in"], &["data_out"]);
    let (right, said) = parse(&pyslang, &single(), &shell(1, false), &single_ip);
    assert!(right, "{said}");
    let second_ip = ip("model_wrapper_1", &["data_in"], &["data_out0", "data_out1"]);
    let (right, said) = parse(&pyslang, &second(), &shell(3, true), &second_ip);
    assert!(right, "{said}");

    // And it does look.
    for (from, to, expected) in [
        ("axis_host_recv[2]", "axis_host_recv[3]", "out of scope's declared range"),
        (".data_in_TKEEP (axis_host_recv[0].tkeep),", "", "has no connection"),
        (
            ".data_in_TLAST (axis_host_recv[0].tlast)",
            ".data_in_TLAST (axis_host_recv[0].tkeep)",
            "truncates from 64",
        ),
        (".data_out1_TDATA", ".data_out2_TDATA", "does not exist"),
        ("cq_wr.tie_off_s", "cq_wr.tie_off_m", "cannot access"),
        ("axis_host_send[1].tvalid", "axis_host_send[0].tvalid", "multiple continuous assignments"),
    ] {
        assert!(second().contains(from), "{from}");
        let (right, said) = parse(&pyslang, &second().replacen(from, to, 1), &shell(3, true), &second_ip);
        assert!(!right && said.contains(expected), "{from}: {said}");
    }
}

/// Every stream that a vFPGA has is connected or tied off, and only once.
#[test]
fn every_stream_has_one_end() {
    for (header, streams, card) in [(single(), 1, 0), (second(), 3, 1)] {
        for i in 0..=streams.max(card) {
            let count = |what: String| header.matches(&what).count();
            for (kind, signal, tie, wanted) in [
                ("host_recv", "tready", "tie_off_s()", streams),
                ("host_send", "tvalid", "tie_off_m()", streams),
                ("card_recv", "tready", "tie_off_s()", card),
                ("card_send", "tvalid", "tie_off_m()", card),
            ] {
                let ends =
                    count(format!("axis_{kind}[{i}].{signal}")) + count(format!("axis_{kind}[{i}].{tie}"));
                assert_eq!(ends, usize::from(i < wanted), "{kind} {i}: {header}");
            }
        }
    }
}
