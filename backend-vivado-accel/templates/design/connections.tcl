# --- From the core and its DMAs to the processor -----------------------------------------------------------------------------

# A SmartConnect (PG247): it converts between AXI4, AXI4-Lite and the processor's AXI3, and between widths.
proc bus {name masters slaves} {
    cell $name xilinx.com:ip:smartconnect CONFIG.NUM_SI [llength $masters] CONFIG.NUM_MI [llength $slaves]
    set number 0
    foreach master $masters { link $master $name/[format S%02d_AXI $number]; incr number }
    set number 0
    foreach slave $slaves { link $name/[format M%02d_AXI $number] $slave; incr number }
}

# Interrupts, bit 0 first.
proc interrupts {pins} {
    global ps_interrupt
    if {[llength $pins] == 1} {
        wire [lindex $pins 0] $ps_interrupt
        return
    }
    if {[llength [get_ipdefs -all -quiet xilinx.com:ip:xlconcat:*]] > 0} {
        cell xlconcat_0 xilinx.com:ip:xlconcat CONFIG.NUM_PORTS [llength $pins]
    } else {
        # Its successor, where a newer Vivado no longer has it.
        create_bd_cell -type inline_hdl -vlnv [newest xilinx.com:inline_hdl:ilconcat] xlconcat_0
        set_property -dict [list CONFIG.NUM_PORTS [llength $pins]] [get_bd_cells xlconcat_0]
    }
    set number 0
    foreach pin $pins { wire $pin xlconcat_0/In$number; incr number }
    wire xlconcat_0/dout $ps_interrupt
}

proc connections {parts} {
    global ps_clock ps_reset ps_control ps_control_clock ps_memory ps_memory_clock control_bus reset_cell
    set clocks [list $ps_control_clock]
    set buses [list $control_bus]
    bus $control_bus [list $ps_control] [dict get $parts control]
    if {[llength [dict get $parts memory]] > 0} {
        bus axi_mem_intercon [dict get $parts memory] [list $ps_memory]
        lappend clocks $ps_memory_clock
        lappend buses axi_mem_intercon
    }
    cell $reset_cell xilinx.com:ip:proc_sys_reset
    lappend clocks $reset_cell/slowest_sync_clk
    set resets {}
    foreach name $buses { lappend clocks $name/aclk; lappend resets $name/aresetn }
    wire $ps_clock {*}$clocks {*}[dict get $parts clocks]
    wire $ps_reset $reset_cell/ext_reset_in
    wire $reset_cell/peripheral_aresetn {*}$resets {*}[dict get $parts resets]
    interrupts [dict get $parts interrupts]
}

# All memory into the address space of a master.
proc place_memory {space} {
    global ps_segment memory_regions
    foreach region $memory_regions {
        lassign $region segment base bytes
        place $space $ps_segment$segment $base $bytes
    }
}
