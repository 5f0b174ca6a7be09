# --- axi_master: the core reads and writes memory itself ---------------------------------------------------------------------

proc accelerator {} {
    global project_name core_masters
    set core ${project_name}_axi_0
    cell $core xilinx.com:hls:${project_name}_axi
    set memory {}
    foreach port $core_masters { lappend memory $core/m_axi_$port }
    return [dict create cells [list $core] clocks [list $core/ap_clk] resets [list $core/ap_rst_n] \
        control [list $core/s_axi_control] memory $memory interrupts [list $core/interrupt]]
}

proc addresses {} {
    global ps project_name core_base core_bytes core_masters
    set core hier_0/${project_name}_axi_0
    place $ps/Data $core/s_axi_control/Reg $core_base $core_bytes
    # UG1399, M_AXI interfaces: a port's address space is called Data_ and its name.
    foreach port $core_masters { place_memory $core/Data_m_axi_$port }
}
