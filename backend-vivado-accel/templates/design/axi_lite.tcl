# --- axi_lite: a sample lies in the core's own address range -----------------------------------------------------------------

proc accelerator {} {
    global project_name
    set core ${project_name}_axi_0
    cell $core xilinx.com:hls:${project_name}_axi
    return [dict create cells [list $core] clocks [list $core/ap_clk] resets [list $core/ap_rst_n] \
        control [list $core/s_axi_control] memory {} interrupts [list $core/interrupt]]
}

proc addresses {} {
    global ps project_name core_base core_bytes
    place $ps/Data hier_0/${project_name}_axi_0/s_axi_control/Reg $core_base $core_bytes
}
