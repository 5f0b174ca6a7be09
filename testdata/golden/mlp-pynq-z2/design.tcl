# From the IP core to a bitstream for pynq-z2 with Vivado 2020.2 or newer:
#
#   vivado -mode batch -source design.tcl
#
# Leaves export/mlp.bit and export/mlp.hwh, and reports in reports/. Exit code 1 if anything fails, a design
# that misses its timing included: then nothing is exported.
#
# Processor, DMA and kernel are named as in hls4ml's designs (design_1, hier_0/axi_dma_0), so that drivers written for those fit.

set here [file dirname [file normalize [info script]]]
source [file join $here project.tcl]

# The newest IP that the catalogue has of a name, whatever this Vivado's version of it is.
proc newest {name} {
    set found [lsort -dictionary [get_ipdefs -all -quiet "$name:*"]]
    if {[llength $found] == 0} { error "this Vivado's IP catalogue has no $name" }
    return [lindex $found end]
}

proc cell {name ip args} {
    create_bd_cell -type ip -vlnv [newest $ip] $name
    if {[llength $args] > 0} { set_property -dict $args [get_bd_cells $name] }
}

# Connects pins; the first one drives.
proc wire {args} {
    set pins {}
    foreach pin $args { lappend pins [get_bd_pins $pin] }
    connect_bd_net {*}$pins
}

proc link {master slave} { connect_bd_intf_net [get_bd_intf_pins $master] [get_bd_intf_pins $slave] }

proc open_design {} {
    global here project_name part board_name board_part
    create_project -force -part $part ${project_name}_vivado_accelerator \
        [file join $here ${project_name}_vivado_accelerator]
    # Any revision of the board files will do.
    set pattern "[join [lrange [split $board_part :] 0 end-1] :]:*"
    set installed [lsort -dictionary [get_board_parts -quiet $pattern]]
    if {[llength $installed] == 0} {
        error "the board files of $board_name ($board_part) are not installed in this Vivado; without them the processor's\
            memory is not set up. Install them from the board's vendor, or with the XHub store"
    }
    set_property board_part [lindex $installed end] [current_project]
    set repository [file join $here ${project_name}_hls]
    if {![file isdirectory $repository]} { error "$repository is missing; run build_hls.tcl first" }
    set_property ip_repo_paths $repository [current_project]
    update_ip_catalog
    create_bd_design design_1
}

proc processor {} {
    global clock_mhz memory_port memory_port_bits
    cell processing_system7_0 xilinx.com:ip:processing_system7
    apply_bd_automation -rule xilinx.com:bd_rule:processing_system7 \
        -config {make_external "FIXED_IO, DDR" apply_board_preset "1" Master "Disable" Slave "Disable"} \
        [get_bd_cells processing_system7_0]
    set_property -dict [list \
        CONFIG.PCW_USE_M_AXI_GP0 1 \
        CONFIG.PCW_USE_S_AXI_$memory_port 1 \
        CONFIG.PCW_S_AXI_${memory_port}_DATA_WIDTH $memory_port_bits \
        CONFIG.PCW_USE_FABRIC_INTERRUPT 1 \
        CONFIG.PCW_IRQ_F2P_INTR 1 \
        CONFIG.PCW_EN_CLK0_PORT 1 \
        CONFIG.PCW_EN_RST0_PORT 1 \
        CONFIG.PCW_FPGA0_PERIPHERAL_FREQMHZ $clock_mhz \
    ] [get_bd_cells processing_system7_0]
    set actual [get_property CONFIG.PCW_ACT_FPGA0_PERIPHERAL_FREQMHZ [get_bd_cells processing_system7_0]]
    # The processor's own dividers decide; the kernel was scheduled for clock_mhz.
    if {![string is double -strict $actual] || $actual > $clock_mhz * 1.0001} {
        error "the clock FCLK_CLK0 would be $actual MHz, above the $clock_mhz MHz that the kernel was made for"
    }
}

proc kernel_and_dma {} {
    global project_name stream_bits
    # Without scatter and gather: one transfer of up to 2^26 - 1 bytes a command.
    cell axi_dma_0 xilinx.com:ip:axi_dma \
        CONFIG.c_include_sg 0 \
        CONFIG.c_sg_include_stscntrl_strm 0 \
        CONFIG.c_sg_length_width 26 \
        CONFIG.c_include_mm2s 1 \
        CONFIG.c_m_axi_mm2s_data_width $stream_bits \
        CONFIG.c_m_axis_mm2s_tdata_width $stream_bits \
        CONFIG.c_mm2s_burst_size 256 \
        CONFIG.c_include_s2mm 1 \
        CONFIG.c_m_axi_s2mm_data_width $stream_bits \
        CONFIG.c_s2mm_burst_size 256
    cell ${project_name}_axi_0 xilinx.com:hls:${project_name}_axi
    link axi_dma_0/M_AXIS_MM2S ${project_name}_axi_0/data_in
    link ${project_name}_axi_0/data_out axi_dma_0/S_AXIS_S2MM
}

proc connections {} {
    global project_name memory_port
    # SmartConnect converts between AXI4, AXI4-Lite and the processor's AXI3, and between widths.
    cell ps7_0_axi_periph xilinx.com:ip:smartconnect CONFIG.NUM_SI 1 CONFIG.NUM_MI 1
    link processing_system7_0/M_AXI_GP0 ps7_0_axi_periph/S00_AXI
    link ps7_0_axi_periph/M00_AXI axi_dma_0/S_AXI_LITE

    cell axi_mem_intercon xilinx.com:ip:smartconnect CONFIG.NUM_SI 2 CONFIG.NUM_MI 1
    link axi_dma_0/M_AXI_MM2S axi_mem_intercon/S00_AXI
    link axi_dma_0/M_AXI_S2MM axi_mem_intercon/S01_AXI
    link axi_mem_intercon/M00_AXI processing_system7_0/S_AXI_$memory_port

    cell rst_ps7_0 xilinx.com:ip:proc_sys_reset
    wire processing_system7_0/FCLK_CLK0 \
        processing_system7_0/M_AXI_GP0_ACLK processing_system7_0/S_AXI_${memory_port}_ACLK \
        rst_ps7_0/slowest_sync_clk ps7_0_axi_periph/aclk axi_mem_intercon/aclk \
        axi_dma_0/s_axi_lite_aclk axi_dma_0/m_axi_mm2s_aclk axi_dma_0/m_axi_s2mm_aclk \
        ${project_name}_axi_0/ap_clk
    wire processing_system7_0/FCLK_RESET0_N rst_ps7_0/ext_reset_in
    wire rst_ps7_0/peripheral_aresetn \
        ps7_0_axi_periph/aresetn axi_mem_intercon/aresetn axi_dma_0/axi_resetn ${project_name}_axi_0/ap_rst_n

    # Interrupts: bit 0 when the input has been read, bit 1 when the output has been written.
    if {[llength [get_ipdefs -all -quiet xilinx.com:ip:xlconcat:*]] > 0} {
        cell xlconcat_0 xilinx.com:ip:xlconcat CONFIG.NUM_PORTS 2
    } else {
        # Its successor, where a newer Vivado no longer has it.
        create_bd_cell -type inline_hdl -vlnv [newest xilinx.com:inline_hdl:ilconcat] xlconcat_0
        set_property -dict {CONFIG.NUM_PORTS 2} [get_bd_cells xlconcat_0]
    }
    wire axi_dma_0/mm2s_introut xlconcat_0/In0
    wire axi_dma_0/s2mm_introut xlconcat_0/In1
    wire xlconcat_0/dout processing_system7_0/IRQ_F2P
}

proc addresses {} {
    global memory_port memory_base memory_bytes dma_base dma_bytes
    assign_bd_address -offset $dma_base -range $dma_bytes \
        -target_address_space [get_bd_addr_spaces processing_system7_0/Data] \
        [get_bd_addr_segs hier_0/axi_dma_0/S_AXI_LITE/Reg]
    foreach space {Data_MM2S Data_S2MM} {
        assign_bd_address -offset $memory_base -range $memory_bytes \
            -target_address_space [get_bd_addr_spaces hier_0/axi_dma_0/$space] \
            [get_bd_addr_segs processing_system7_0/S_AXI_$memory_port/${memory_port}_DDR_LOWOCM]
    }
}

proc implement {} {
    global jobs
    make_wrapper -files [get_files design_1.bd] -top -import
    set_property top design_1_wrapper [current_fileset]
    update_compile_order -fileset sources_1
    launch_runs impl_1 -to_step write_bitstream -jobs $jobs
    wait_on_run impl_1
    set status [get_property STATUS [get_runs impl_1]]
    if {[get_property PROGRESS [get_runs impl_1]] ne "100%" || ![string match -nocase *complete* $status]} {
        error "implementation ended with \"$status\"; see runme.log in [get_property DIRECTORY [get_runs impl_1]]"
    }
}

proc reports {} {
    global here
    set folder [file join $here reports]
    file mkdir $folder
    open_run impl_1
    report_utilization -hierarchical -file [file join $folder utilization.rpt]
    report_timing_summary -file [file join $folder timing.rpt]
    report_power -file [file join $folder power.rpt]
}

# Setup, hold and pulse width: no slack may be negative.
proc check_timing {} {
    foreach {what property} {setup STATS.WNS hold STATS.WHS "pulse width" STATS.TPWS} {
        set slack [get_property $property [get_runs impl_1]]
        if {![string is double -strict $slack]} { error "the $what slack is not known ($property is \"$slack\")" }
        puts "NetLathe: $what slack $slack ns"
        if {$slack < 0} {
            error "timing is missed: the $what slack is $slack ns. Give a longer ClockPeriod or a larger ReuseFactor;\
                see reports/timing.rpt"
        }
    }
}

# All files of that name below a folder.
proc find_below {folder pattern} {
    set found [glob -nocomplain -directory $folder -types f -- $pattern]
    foreach inner [lsort [glob -nocomplain -directory $folder -types d -- *]] {
        lappend found {*}[find_below $inner $pattern]
    }
    return $found
}

# Versions differ in where they put the two files.
proc export {} {
    global here project_name
    set project [get_property DIRECTORY [current_project]]
    set folder [file join $here export]
    file mkdir $folder
    foreach {pattern below extension} [list \
        design_1_wrapper.bit [get_property DIRECTORY [get_runs impl_1]] bit \
        design_1.hwh $project hwh \
    ] {
        set found [find_below $below $pattern]
        if {[llength $found] == 0} { error "Vivado left no $pattern below $below" }
        set newest [lindex $found 0]
        foreach file $found { if {[file mtime $file] > [file mtime $newest]} { set newest $file } }
        file copy -force $newest [file join $folder $project_name.$extension]
    }
}

proc build {} {
    global here project_name
    # What an earlier run exported must not be taken for this one's.
    file delete [file join $here export $project_name.bit] [file join $here export $project_name.hwh]
    open_design
    processor
    kernel_and_dma
    connections
    group_bd_cells hier_0 [get_bd_cells axi_dma_0] [get_bd_cells ${project_name}_axi_0]
    addresses
    validate_bd_design
    save_bd_design
    implement
    reports
    check_timing
    export
    close_project
}

if {[catch build message]} {
    puts stderr "ERROR: $message"
    exit 1
}
exit 0
