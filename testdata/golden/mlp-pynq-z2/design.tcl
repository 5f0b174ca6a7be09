# From the IP core to a bitstream for pynq-z2 with Vivado 2019.2 or newer:
#
#   vivado -mode batch -source design.tcl
#
# Leaves export/mlp.bit and export/mlp.hwh, and reports in reports/. Exit code 1 if anything fails, a design
# that misses its timing included: then nothing is exported.
#
# Cells are named as in hls4ml's designs (design_1, hier_0/axi_dma_0), so that drivers written for those fit.

set here [file dirname [file normalize [info script]]]
source [file join $here project.tcl]

# --- What every design needs ------------------------------------------------------------------------------------------------

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

# The release, such as 2023.2.
proc release {} {
    if {![regexp {^\d+\.\d+} [version -short] found]} { error "this Vivado tells no version: \"[version -short]\"" }
    return $found
}

# Puts a segment into an address space.
proc place {space segment offset range} {
    if {[package vcompare [release] 2020.1] >= 0} {
        assign_bd_address -offset $offset -range $range -target_address_space [get_bd_addr_spaces $space] \
            [get_bd_addr_segs $segment]
    } else {
        # assign_bd_address has no offset there.
        create_bd_addr_seg -range $range -offset $offset [get_bd_addr_spaces $space] [get_bd_addr_segs $segment] \
            SEG_[string map {/ _} $segment]
    }
}

# The newest installed revision of the first of the board parts that is installed; empty if the board needs none.
proc installed_board_part {} {
    global board_name board_parts board_files
    if {[llength $board_parts] == 0} { return "" }
    foreach board_part $board_parts {
        set pattern "[join [lrange [split $board_part :] 0 end-1] :]:*"
        set installed [lsort -dictionary [get_board_parts -quiet $pattern]]
        if {[llength $installed] > 0} { return [lindex $installed end] }
    }
    error "the board files of $board_name ([join $board_parts {, }]) are not installed in this Vivado; without them the\
        processor's memory is not set up. $board_files"
}

proc open_design {} {
    global here project_name part
    if {[package vcompare [release] 2019.2] < 0} { error "Vivado [release] is too old; use 2019.2 or newer" }
    create_project -force -part $part ${project_name}_vivado_accelerator \
        [file join $here ${project_name}_vivado_accelerator]
    set board_part [installed_board_part]
    if {$board_part ne ""} { set_property board_part $board_part [current_project] }
    set repository [file join $here ${project_name}_hls]
    if {![file isdirectory $repository]} { error "$repository is missing; run build_hls.tcl first" }
    set_property ip_repo_paths $repository [current_project]
    update_ip_catalog
    create_bd_design design_1
}

# The kernel was scheduled for clock_mhz: what the processor's own dividers make of it may not be above, and, because the manifest
# names it, not far below.
proc check_clock {pin property} {
    global ps clock_mhz
    set actual [get_property CONFIG.$property [get_bd_cells $ps]]
    if {![string is double -strict $actual]} { error "the clock of $pin is not known ($property is \"$actual\")" }
    if {$actual > $clock_mhz * 1.0001} {
        error "the clock $pin would be $actual MHz, above the $clock_mhz MHz that the kernel was made for"
    }
    if {$actual < $clock_mhz * 0.999} {
        error "the clock $pin would be $actual MHz, below the $clock_mhz MHz that were asked for; give a ClockPeriod of\
            [format %.4f [expr {1000.0 / $actual}]] ns"
    }
}
# --- Zynq-7000 (UG585; PG082, Processing System 7) ---------------------------------------------------------------------------

set ps processing_system7_0
set ps_clock $ps/FCLK_CLK0
set ps_reset $ps/FCLK_RESET0_N
set ps_interrupt $ps/IRQ_F2P
set ps_control $ps/M_AXI_$control_port
set ps_control_clock $ps/M_AXI_${control_port}_ACLK
set ps_memory $ps/S_AXI_$memory_port
set ps_memory_clock $ps/S_AXI_${memory_port}_ACLK
set ps_segment $ps/S_AXI_$memory_port/${memory_port}_
set control_bus ps7_0_axi_periph
set reset_cell rst_ps7_0

proc processor {} {
    global ps clock_mhz control_port memory_port memory_port_bits board_parts processor_properties
    cell $ps xilinx.com:ip:processing_system7
    set preset [expr {[llength $board_parts] > 0}]
    apply_bd_automation -rule xilinx.com:bd_rule:processing_system7 \
        -config [list make_external "FIXED_IO, DDR" apply_board_preset $preset Master Disable Slave Disable] \
        [get_bd_cells $ps]
    set properties {}
    foreach {name value} $processor_properties { lappend properties CONFIG.$name $value }
    foreach port {GP0 GP1} { lappend properties CONFIG.PCW_USE_M_AXI_$port [expr {$port eq $control_port}] }
    foreach port {HP0 HP1 HP2 HP3} { lappend properties CONFIG.PCW_USE_S_AXI_$port [expr {$port eq $memory_port}] }
    if {$memory_port ne ""} { lappend properties CONFIG.PCW_S_AXI_${memory_port}_DATA_WIDTH $memory_port_bits }
    lappend properties \
        CONFIG.PCW_USE_FABRIC_INTERRUPT 1 \
        CONFIG.PCW_IRQ_F2P_INTR 1 \
        CONFIG.PCW_EN_CLK0_PORT 1 \
        CONFIG.PCW_EN_RST0_PORT 1 \
        CONFIG.PCW_FPGA0_PERIPHERAL_FREQMHZ $clock_mhz
    set_property -dict $properties [get_bd_cells $ps]
    check_clock FCLK_CLK0 PCW_ACT_FPGA0_PERIPHERAL_FREQMHZ
}
# --- axi_stream: DMAs feed and drain the core (PG021, AXI DMA) ---------------------------------------------------------------

# Properties of one channel, `mm2s` or `s2mm`, whose beats have so many bits. The memory side is 32 bits at least; a burst stays
# within the 4 KiB that AXI allows.
proc channel {name bits} {
    set memory_bits [expr {$bits < 32 ? 32 : $bits}]
    set burst [expr {4096 * 8 / $memory_bits}]
    if {$burst > 256} { set burst 256 }
    set properties [list \
        CONFIG.c_include_$name 1 \
        CONFIG.c_m_axi_${name}_data_width $memory_bits \
        CONFIG.c_${name}_burst_size $burst]
    # The other way, the width is taken from what is connected.
    if {$name eq "mm2s"} { lappend properties CONFIG.c_m_axis_mm2s_tdata_width $bits }
    return $properties
}

proc accelerator {} {
    global project_name dmas dma_length_bits dma_address_bits
    set core ${project_name}_axi_0
    cell $core xilinx.com:hls:${project_name}_axi
    set parts [dict create cells [list $core] clocks [list $core/ap_clk] resets [list $core/ap_rst_n] \
        control {} memory {} interrupts {}]
    set number 0
    foreach dma $dmas {
        lassign $dma address input input_bits output output_bits
        set name axi_dma_$number
        incr number
        # Without scatter and gather: one transfer a command.
        set properties [list \
            CONFIG.c_include_sg 0 \
            CONFIG.c_sg_include_stscntrl_strm 0 \
            CONFIG.c_sg_length_width $dma_length_bits \
            CONFIG.c_addr_width $dma_address_bits]
        foreach {direction port bits} [list mm2s $input $input_bits s2mm $output $output_bits] {
            if {$port eq "-"} {
                lappend properties CONFIG.c_include_$direction 0
            } else {
                lappend properties {*}[channel $direction $bits]
            }
        }
        cell $name xilinx.com:ip:axi_dma {*}$properties
        dict lappend parts cells $name
        dict lappend parts control $name/S_AXI_LITE
        dict lappend parts clocks $name/s_axi_lite_aclk
        dict lappend parts resets $name/axi_resetn
        if {$input ne "-"} {
            link $name/M_AXIS_MM2S $core/$input
            dict lappend parts memory $name/M_AXI_MM2S
            dict lappend parts clocks $name/m_axi_mm2s_aclk
            dict lappend parts interrupts $name/mm2s_introut
        }
        if {$output ne "-"} {
            link $core/$output $name/S_AXIS_S2MM
            dict lappend parts memory $name/M_AXI_S2MM
            dict lappend parts clocks $name/m_axi_s2mm_aclk
            dict lappend parts interrupts $name/s2mm_introut
        }
    }
    return $parts
}

proc addresses {} {
    global ps dmas dma_bytes
    set number 0
    foreach dma $dmas {
        lassign $dma address input input_bits output output_bits
        set name hier_0/axi_dma_$number
        incr number
        place $ps/Data $name/S_AXI_LITE/Reg $address $dma_bytes
        if {$input ne "-"} { place_memory $name/Data_MM2S }
        if {$output ne "-"} { place_memory $name/Data_S2MM }
    }
}
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
# --- Implementation, reports, export ------------------------------------------------------------------------------------------

proc implement {} {
    global jobs
    make_wrapper -files [get_files design_1.bd] -top -import
    set_property top design_1_wrapper [current_fileset]
    update_compile_order -fileset sources_1
    launch_runs impl_1 -to_step write_bitstream -jobs $jobs
    wait_on_run impl_1
    set status [get_property STATUS [get_runs impl_1]]
    if {[get_property PROGRESS [get_runs impl_1]] eq "100%" && [string match -nocase *complete* $status]} { return }
    # A synthesis that fails, of the design or of one of its cells, leaves the implementation waiting.
    set failed impl_1
    foreach run [get_runs] {
        if {[string match -nocase *error* [get_property STATUS $run]]} {
            set failed $run
            set status [get_property STATUS $run]
            break
        }
    }
    error "the run $failed ended with \"$status\"; see runme.log in [get_property DIRECTORY [get_runs $failed]]"
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
    set parts [accelerator]
    connections $parts
    set cells {}
    foreach name [dict get $parts cells] { lappend cells [get_bd_cells $name] }
    group_bd_cells hier_0 {*}$cells
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
