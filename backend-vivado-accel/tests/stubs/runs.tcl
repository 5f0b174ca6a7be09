# Runs, reports and files (UG835, commands of these names; UG904 for the properties of runs).

proc get_runs {name} { one_of "a run" $name {impl_1 synth_1}; return $name }
proc property_of_run {property object} {
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
proc get_files {name} { one_of "a file" $name design_1.bd; return $name }
proc make_wrapper {args} { record make_wrapper [dict get [parse make_wrapper {-top -import} -files $args] -files] }
proc update_compile_order {args} { parse update_compile_order {} -fileset $args }
proc launch_runs {args} {
    set a [parse launch_runs {} {-to_step -jobs} $args]
    one_of -to_step [dict get $a -to_step] write_bitstream
    record launch_runs [get_runs [only launch_runs $a]] [dict get $a -to_step] [dict get $a -jobs]
    if {![fault no_bit]} { touch [file join $::project_folder runs impl_1 design_1_wrapper.bit] bitstream }
    if {![fault no_hwh]} {
        # Up to 2020.1 it is below .srcs.
        set below [expr {[package vcompare $::env(STUB_RELEASE) 2020.2] < 0 ? "srcs" : "gen"}]
        touch [file join $::project_folder $below sources_1 bd design_1 hw_handoff design_1.hwh] handoff
    }
}
proc wait_on_run {name} { record wait_on_run [get_runs $name] }
proc open_run {name} { get_runs $name }
proc report_to {command flags arguments} {
    set path [dict get [parse $command $flags -file $arguments] -file]
    touch $path report
    record $command [file tail $path]
}
proc report_utilization {args} { report_to report_utilization -hierarchical $args }
proc report_timing_summary {args} { report_to report_timing_summary {} $args }
proc report_power {args} { report_to report_power {} $args }
proc close_project {} { record close_project }
