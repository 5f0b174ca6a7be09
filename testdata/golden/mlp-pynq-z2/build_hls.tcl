# From C++ to an IP core with Vitis HLS:
#
#   vitis_hls -f build_hls.tcl                  up to 2024.2
#   vitis-run --mode hls --tcl build_hls.tcl    from 2024.1
#
# The environment variable NETLATHE_HLS_STEPS says what to do, of: csim csynth cosim export. Default: csim csynth export.
# csim and cosim run tb/tb_wrapper.cpp over tb_data. Exit code 1 if anything fails.

set here [file dirname [file normalize [info script]]]
source [file join $here project.tcl]

# The steps asked for, in the order they are done in.
proc steps {} {
    set known {csim csynth cosim export}
    set asked {csim csynth export}
    if {[info exists ::env(NETLATHE_HLS_STEPS)]} { set asked $::env(NETLATHE_HLS_STEPS) }
    foreach step $asked {
        if {$step ni $known} { error "NETLATHE_HLS_STEPS: there is no step \"$step\"; there are: $known" }
    }
    if {[llength $asked] == 0} { error "NETLATHE_HLS_STEPS names no step; there are: $known" }
    if {("cosim" in $asked || "export" in $asked) && "csynth" ni $asked} {
        error "NETLATHE_HLS_STEPS: cosim and export need csynth"
    }
    set ordered {}
    foreach step $known { if {$step in $asked} { lappend ordered $step } }
    return $ordered
}

proc build {} {
    global here project_name part clock_period clock_uncertainty
    set steps [steps]
    cd $here
    set flags "-std=c++11 -I[file join $here firmware]"

    open_project -reset ${project_name}_hls
    set_top ${project_name}_axi
    foreach source [list mlp_axi.cpp mlp.cpp] {
        add_files [file join firmware $source] -cflags $flags
    }
    if {"csim" in $steps || "cosim" in $steps} {
        foreach data {wrapper_inputs.hex wrapper_outputs.hex} {
            if {![file exists [file join tb_data $data]]} { error "tb_data/$data is missing; csim and cosim need it" }
        }
        add_files -tb [file join tb tb_wrapper.cpp] -cflags $flags
        add_files -tb tb_data
    }
    open_solution -reset -flow_target vivado solution1
    set_part $part
    create_clock -period $clock_period -name default
    set_clock_uncertainty $clock_uncertainty default

    foreach step $steps {
        puts "NetLathe: $step"
        switch $step {
            csim { csim_design }
            csynth { csynth_design }
            cosim { cosim_design }
            export {
                set failed [catch {
                    export_design -format ip_catalog -vendor xilinx.com -library hls -ipname ${project_name}_axi \
                        -version 1.0.0 -display_name ${project_name}_axi
                } why]
                set component [file join ${project_name}_hls solution1 impl ip component.xml]
                if {$failed || ![file exists $component]} {
                    # The revision is made of the date, which no longer fits a number.
                    error "no IP core was exported ($why), or $component is missing. Releases up to 2021.2 fail so since 2022\
                        unless they have AMD's patch y2k22_patch, article 76960"
                }
            }
        }
    }
    close_project
}

if {[catch build message]} {
    puts stderr "ERROR: $message"
    exit 1
}
exit 0
