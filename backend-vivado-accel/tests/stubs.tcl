# Stands in for Vivado and Vitis HLS: `tclsh stubs.tcl SCRIPT` runs a script with procedures that know the commands, properties,
# pins and values that exist, record what is asked, and fail on everything else. Cells, pins and runs are modelled only as far
# as the scripts look at them.
#
# Environment: STUB_LOG the file to record to; STUB_FAULT one of the faults below.

proc fault {name} { expr {[info exists ::env(STUB_FAULT)] && $::env(STUB_FAULT) eq $name} }

set log [open $::env(STUB_LOG) w]
fconfigure $log -buffering line
proc record {args} { puts $::log $args }

# Splits arguments into flags, options with a value, and the rest. `flags` and `options` say which exist.
proc parse {command flags options arguments} {
    set result [dict create rest {}]
    for {set i 0} {$i < [llength $arguments]} {incr i} {
        set word [lindex $arguments $i]
        if {[string match -* $word] && ![string is double -strict $word]} {
            if {$word in $flags} {
                dict set result $word 1
            } elseif {$word in $options} {
                if {[incr i] >= [llength $arguments]} { error "$command: $word needs a value" }
                dict set result $word [lindex $arguments $i]
            } else {
                error "$command: there is no option $word"
            }
        } else {
            dict lappend result rest $word
        }
    }
    return $result
}

proc one_of {what value known} {
    if {$value ni $known} { error "$what cannot be \"$value\"; it is one of: $known" }
}

# --- Vivado: project and catalogue -----------------------------------------------------------------------------------------

# IP: its versions, and of each pin the kind: m and s interfaces, o and i pins.
set catalogue {
    xilinx.com:ip:processing_system7 {5.5}
    xilinx.com:ip:axi_dma {7.0 7.1}
    xilinx.com:ip:smartconnect {1.0}
    xilinx.com:ip:proc_sys_reset {5.0}
    xilinx.com:ip:xlconcat {2.1}
    xilinx.com:inline_hdl:ilconcat {1.0}
    xilinx.com:hls:demo_axi {1.0}
}
set pins {
    processing_system7 {M_AXI_GP0 m S_AXI_HP0 s FCLK_CLK0 o FCLK_RESET0_N o M_AXI_GP0_ACLK i S_AXI_HP0_ACLK i IRQ_F2P i}
    axi_dma {M_AXIS_MM2S m S_AXIS_S2MM s M_AXI_MM2S m M_AXI_S2MM m S_AXI_LITE s s_axi_lite_aclk i m_axi_mm2s_aclk i
        m_axi_s2mm_aclk i axi_resetn i mm2s_introut o s2mm_introut o}
    smartconnect {S00_AXI s S01_AXI s M00_AXI m aclk i aresetn i}
    proc_sys_reset {slowest_sync_clk i ext_reset_in i peripheral_aresetn o}
    xlconcat {In0 i In1 i dout o}
    ilconcat {In0 i In1 i dout o}
    demo_axi {data_in s data_out m ap_clk i ap_rst_n i}
}
# IP: property and the values it takes, as a list, or two bounds after "from", or anything.
set widths {32 64 128 256 512 1024}
set properties [list \
    processing_system7 {
        PCW_USE_M_AXI_GP0 {0 1} PCW_USE_S_AXI_HP0 {0 1} PCW_S_AXI_HP0_DATA_WIDTH {32 64} PCW_USE_FABRIC_INTERRUPT {0 1}
        PCW_IRQ_F2P_INTR {0 1} PCW_EN_CLK0_PORT {0 1} PCW_EN_RST0_PORT {0 1} PCW_FPGA0_PERIPHERAL_FREQMHZ {from 0.1 250}
    } \
    axi_dma [list \
        c_include_sg {0 1} c_sg_include_stscntrl_strm {0 1} c_sg_length_width {from 8 26} c_include_mm2s {0 1} \
        c_include_s2mm {0 1} c_m_axi_mm2s_data_width $widths c_m_axi_s2mm_data_width $widths \
        c_m_axis_mm2s_tdata_width {8 16 32 64 128 256 512 1024} c_mm2s_burst_size {2 4 8 16 32 64 128 256} \
        c_s2mm_burst_size {2 4 8 16 32 64 128 256} \
    ] \
    smartconnect {NUM_SI {from 1 16} NUM_MI {from 1 16}} \
    proc_sys_reset {} \
    xlconcat {NUM_PORTS {from 1 128}} \
    ilconcat {NUM_PORTS {from 1 128}} \
    demo_axi {}
]
array set cells {}
array set joined {}

proc create_project {args} {
    set a [parse create_project -force -part $args]
    lassign [dict get $a rest] ::project_name_stub ::project_folder
    file mkdir $::project_folder
    record create_project [dict get $a -part]
}
proc current_project {} { return project }
proc current_fileset {} { return fileset }
proc get_runs {name} { one_of "a run" $name {impl_1 synth_1}; return $name }
proc get_bd_cells {name} {
    if {![info exists ::cells($name)]} { error "there is no cell $name" }
    return $name
}
proc get_board_parts {args} {
    set pattern [lindex [dict get [parse get_board_parts -quiet {} $args] rest] 0]
    set installed {tul.com.tw:pynq-z2:part0:1.0 xilinx.com:zcu102:part0:3.4}
    if {[fault no_board]} { set installed {} }
    return [lsearch -all -inline -glob $installed $pattern]
}
proc update_ip_catalog {} { record update_ip_catalog }
proc get_ipdefs {args} {
    set pattern [lindex [dict get [parse get_ipdefs {-all -quiet} {} $args] rest] 0]
    set found {}
    dict for {name versions} $::catalogue {
        if {[fault no_kernel] && $name eq "xilinx.com:hls:demo_axi"} continue
        if {[fault no_xlconcat] && $name eq "xilinx.com:ip:xlconcat"} continue
        foreach version $versions { if {[string match $pattern $name:$version]} { lappend found $name:$version } }
    }
    return $found
}

# --- Vivado: block design --------------------------------------------------------------------------------------------------

proc create_bd_design {name} { record create_bd_design $name }
proc create_bd_cell {args} {
    set a [parse create_bd_cell {} {-type -vlnv} $args]
    set name [dict get $a rest]
    lassign [split [dict get $a -vlnv] :] vendor library ip version
    if {$version ni [dict get $::catalogue $vendor:$library:$ip]} { error "create_bd_cell: no [dict get $a -vlnv]" }
    set type [expr {$library eq "inline_hdl" ? "inline_hdl" : "ip"}]
    if {[dict get $a -type] ne $type} { error "create_bd_cell: $ip is of type $type" }
    if {[info exists ::cells($name)]} { error "create_bd_cell: $name exists" }
    set ::cells($name) $ip
    record create_bd_cell $name [dict get $a -vlnv]
    return $name
}
proc apply_bd_automation {args} {
    set a [parse apply_bd_automation {} {-rule -config} $args]
    one_of "the rule" [dict get $a -rule] xilinx.com:bd_rule:processing_system7
    foreach key [dict keys [dict get $a -config]] {
        one_of "a key of the rule" $key {make_external apply_board_preset Master Slave}
    }
    record apply_bd_automation [get_bd_cells [dict get $a rest]] [dict get $a -config]
}
proc set_one {property value object} {
    if {[info exists ::cells($object)]} {
        set ip $::cells($object)
        if {![regexp {^CONFIG\.(.*)$} $property -> name] || ![dict exists $::properties $ip $name]} {
            error "$ip has no property $property"
        }
        set legal [dict get $::properties $ip $name]
        if {[lindex $legal 0] eq "from"} {
            lassign $legal - low high
            if {![string is double -strict $value] || $value < $low || $value > $high} {
                error "$ip: $name cannot be \"$value\"; it is from $low to $high"
            }
        } else {
            one_of "$ip: $name" $value $legal
        }
        set ::values($object,$name) $value
    } else {
        set known {project {board_part ip_repo_paths} fileset {top}}
        if {![dict exists $known $object] || $property ni [dict get $known $object]} {
            error "$object has no property $property"
        }
    }
    # Paths are the test's own business.
    record set $object $property [expr {$property eq "ip_repo_paths" ? "..." : $value}]
}
proc set_property {args} {
    set a [parse set_property {} -dict $args]
    set rest [dict get $a rest]
    if {[dict exists $a -dict]} {
        foreach {property value} [dict get $a -dict] { set_one $property $value $rest }
    } elseif {[llength $rest] == 3} {
        set_one {*}$rest
    } else {
        error "set_property: wrong number of arguments"
    }
}
proc get_property {property object} {
    if {[info exists ::cells($object)]} {
        if {$property ne "CONFIG.PCW_ACT_FPGA0_PERIPHERAL_FREQMHZ"} { error "not modelled: $property" }
        return [expr {[fault fast_clock] ? 150.0 : $::values($object,PCW_FPGA0_PERIPHERAL_FREQMHZ)}]
    }
    set run [file join $::project_folder runs impl_1]
    switch $object.$property {
        project.DIRECTORY { return $::project_folder }
        impl_1.DIRECTORY { return $run }
        impl_1.STATUS { return [expr {[fault run] ? "place_design ERROR" : "write_bitstream Complete!"}] }
        impl_1.PROGRESS { return [expr {[fault run] ? "60%" : "100%"}] }
        impl_1.STATS.WNS { return [expr {[fault setup] ? -0.012 : [fault unknown] ? "" : 0.213}] }
        impl_1.STATS.WHS { return [expr {[fault hold] ? -0.001 : 0.021}] }
        impl_1.STATS.TPWS { return 0.000 }
    }
    error "$object has no property $property"
}

# A pin of a cell, and its kind.
proc kind {path} {
    lassign [split $path /] cell pin
    set ip $::cells([get_bd_cells $cell])
    if {![dict exists $::pins $ip $pin]} { error "$cell ($ip) has no pin $pin" }
    return [dict get $::pins $ip $pin]
}
proc get_bd_pins {path} { one_of "pin $path" [kind $path] {o i}; return $path }
proc get_bd_intf_pins {path} { one_of "interface $path" [kind $path] {m s}; return $path }
proc join_pin {path} {
    if {[info exists ::joined($path)]} { error "$path is connected twice" }
    set ::joined($path) 1
}
proc connect_bd_net {args} {
    set sources 0
    foreach path $args {
        if {[kind $path] eq "o"} { incr sources } else { join_pin $path }
    }
    if {$sources != 1} { error "connect_bd_net: $sources pins drive: $args" }
    record net {*}$args
}
proc connect_bd_intf_net {args} {
    set kinds {}
    foreach path $args { lappend kinds [kind $path] }
    if {$kinds ne "m s"} { error "connect_bd_intf_net: not a master and a slave: $args" }
    foreach path $args { join_pin $path }
    record link {*}$args
}
proc group_bd_cells {hierarchy args} {
    foreach cell $args {
        set ::cells($hierarchy/$cell) $::cells([get_bd_cells $cell])
        unset ::cells($cell)
    }
    record group $hierarchy {*}$args
}
proc get_bd_addr_spaces {path} {
    one_of "an address space" $path {processing_system7_0/Data hier_0/axi_dma_0/Data_MM2S hier_0/axi_dma_0/Data_S2MM}
    return $path
}
proc get_bd_addr_segs {path} {
    one_of "an address segment" $path {hier_0/axi_dma_0/S_AXI_LITE/Reg processing_system7_0/S_AXI_HP0/HP0_DDR_LOWOCM}
    return $path
}
proc assign_bd_address {args} {
    set a [parse assign_bd_address {} {-offset -range -target_address_space} $args]
    record address [dict get $a -target_address_space] [dict get $a rest] [dict get $a -offset] [dict get $a -range]
}
proc validate_bd_design {} {
    # Every pin that must be driven is, and every interface but the surplus ones of an interconnect is connected.
    foreach cell [lsort [array names ::cells]] {
        dict for {pin kind} [dict get $::pins $::cells($cell)] {
            set short [file tail $cell]
            if {$pin eq "S01_AXI" && $::values($short,NUM_SI) < 2} continue
            if {$kind ne "o" && ![info exists ::joined($short/$pin)]} { error "validate_bd_design: $cell/$pin is open" }
        }
    }
    record validate_bd_design
}
proc save_bd_design {} { record save_bd_design }

# --- Vivado: runs ----------------------------------------------------------------------------------------------------------

proc get_files {name} { one_of "a file" $name design_1.bd; return $name }
proc make_wrapper {args} { record make_wrapper [dict get [parse make_wrapper {-top -import} -files $args] -files] }
proc update_compile_order {args} { parse update_compile_order {} -fileset $args }
proc touch {path text} {
    file mkdir [file dirname $path]
    set file [open $path w]
    puts -nonewline $file $text
    close $file
}
proc launch_runs {args} {
    set a [parse launch_runs {} {-to_step -jobs} $args]
    record launch_runs [get_runs [dict get $a rest]] [dict get $a -to_step] [dict get $a -jobs]
    if {![fault no_bit]} {
        touch [file join $::project_folder runs impl_1 design_1_wrapper.bit] bitstream
    }
    if {![fault no_hwh]} {
        touch [file join $::project_folder gen sources_1 bd design_1 hw_handoff design_1.hwh] handoff
    }
}
proc wait_on_run {name} { record wait_on_run [get_runs $name] }
proc open_run {name} { get_runs $name }
proc report_utilization {args} { record report_utilization [file tail [dict get [parse r -hierarchical -file $args] -file]] }
proc report_timing_summary {args} { record report_timing_summary [file tail [dict get [parse r {} -file $args] -file]] }
proc report_power {args} { record report_power [file tail [dict get [parse r {} -file $args] -file]] }

# --- Vitis HLS -------------------------------------------------------------------------------------------------------------

proc open_project {args} { set ::hls_project [dict get [parse open_project -reset {} $args] rest]; record open_project $::hls_project }
proc set_top {name} { record set_top $name }
proc add_files {args} {
    set a [parse add_files -tb -cflags $args]
    set path [dict get $a rest]
    if {![file exists $path]} { error "add_files: $path is missing" }
    record add_files [expr {[dict exists $a -tb] ? "bench" : "design"}] $path
}
proc open_solution {args} { record open_solution [dict get [parse open_solution -reset -flow_target $args] rest] }
proc set_part {part} { record set_part $part }
proc create_clock {args} { record create_clock [dict get [parse create_clock {} {-period -name} $args] -period] }
proc set_clock_uncertainty {value clock} { record set_clock_uncertainty $value }
proc csim_design {} { record csim_design; if {[fault csim]} { error "csim_design: the test bench returned 1" } }
proc csynth_design {} { record csynth_design }
proc cosim_design {} { record cosim_design }
proc export_design {args} {
    set a [parse export_design {} {-format -vendor -library -ipname -version -display_name} $args]
    record export_design [dict get $a -vendor]:[dict get $a -library]:[dict get $a -ipname]:[dict get $a -version]
    if {![fault no_export]} { touch [file join $::hls_project solution1 impl ip component.xml] ip }
}
proc close_project {} { record close_project }

# Older Vivados have Tcl 8.5.
foreach command {lmap try throw tailcall coroutine yield yieldto zlib} { rename $command {} }

set script [lindex $argv 0]
set argv {}
source $script
