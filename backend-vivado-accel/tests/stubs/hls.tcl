# Vitis HLS (UG1399, "Tcl Command Reference") and Vivado HLS (UG902, "High-Level Synthesis Reference Guide").

proc legacy {} { expr {$::env(STUB_TOOL) eq "vivado_hls"} }

proc open_project {args} {
    set ::hls_project [only open_project [parse open_project -reset {} $args]]
    record open_project $::hls_project
}
proc set_top {name} { record set_top $name }
proc add_files {args} {
    set a [parse add_files -tb -cflags $args]
    set path [only add_files $a]
    if {![file exists $path]} { error "add_files: $path is missing" }
    set flags {}
    if {[dict exists $a -cflags]} {
        foreach flag [dict get $a -cflags] {
            # Folders are the test's own business.
            if {[string match -I* $flag]} {
                if {![file isdirectory [string range $flag 2 end]]} { error "add_files: no folder $flag" }
                set flag -I...
            } elseif {![regexp {^-(std=c\+\+\d\d|D\w+(=\w+)?)$} $flag]} {
                error "add_files: no flag $flag"
            }
            lappend flags $flag
        }
    }
    record add_files [expr {[dict exists $a -tb] ? "bench" : "design"}] $path {*}$flags
}
proc open_solution {args} {
    # UG902 has no -flow_target; UG1399: vivado or vitis.
    set a [parse open_solution -reset [expr {[legacy] ? {} : {-flow_target}}] $args]
    if {[dict exists $a -flow_target]} { one_of -flow_target [dict get $a -flow_target] {vivado vitis} }
    record open_solution [only open_solution $a]
}
proc set_part {part} { record set_part $part }
proc create_clock {args} { record create_clock [dict get [parse create_clock {} {-period -name} $args] -period] }
proc set_clock_uncertainty {value clock} {
    if {![regexp {^[0-9.]+%?$} $value]} { error "set_clock_uncertainty: $value" }
    record set_clock_uncertainty $value
}
proc config_interface {args} {
    # Of the options of both manuals, those that are asked for.
    set a [parse config_interface -m_axi_addr64 {} $args]
    if {[llength [dict get $a rest]] != 0} { error "config_interface: too many arguments" }
    record config_interface {*}$args
}
proc csim_design {} { record csim_design; if {[fault csim]} { error "csim_design: the test bench returned 1" } }
proc csynth_design {} { record csynth_design }
proc cosim_design {} { record cosim_design }
proc export_design {args} {
    set a [parse export_design {} {-format -vendor -library -ipname -version -display_name} $args]
    one_of -format [dict get $a -format] ip_catalog
    record export_design [dict get $a -vendor]:[dict get $a -library]:[dict get $a -ipname]:[dict get $a -version]
    if {![fault no_export]} { touch [file join $::hls_project solution1 impl ip component.xml] ip }
}
proc close_project {} { record close_project }
