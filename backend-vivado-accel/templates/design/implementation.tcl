# --- Implementation, reports, export ------------------------------------------------------------------------------------------

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
