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
