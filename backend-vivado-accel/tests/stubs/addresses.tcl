# Address spaces, segments and their assignment (UG994, "Creating a Memory Map"; UG835 assign_bd_address, create_bd_addr_seg).

# space: list of {segment base bytes}
array set assigned {}

# The master interface that an address space belongs to: DMAs have Data_MM2S and Data_S2MM, HLS cores Data_ and the port's name,
# processing systems Data for all their ports.
proc masters_of {space} {
    set cell [get_bd_cells [file dirname $space]]
    set name [file tail $space]
    switch -glob -- $::cells($cell),$name {
        axi_dma,Data_MM2S { set pins M_AXI_MM2S }
        axi_dma,Data_S2MM { set pins M_AXI_S2MM }
        core,Data_m_axi_* { set pins [string range $name 5 end] }
        processing_system7,Data - zynq_ultra_ps_e,Data {
            set pins {}
            dict for {pin kind} [pins $cell] { if {$kind eq "m:axi"} { lappend pins $pin } }
        }
        default { error "there is no address space $space" }
    }
    set paths {}
    foreach pin $pins { kind $cell/$pin; lappend paths $cell/$pin }
    return $paths
}
# The slave interface of a segment, its name checked.
proc slave_of {segment} {
    set parts [split $segment /]
    set name [lindex $parts end]
    set interface [lindex $parts end-1]
    set cell [get_bd_cells [join [lrange $parts 0 end-2] /]]
    switch -glob -- $::cells($cell) {
        axi_dma { set right [expr {"$interface/$name" eq "S_AXI_LITE/Reg"}] }
        core { set right [expr {"$interface/$name" eq "s_axi_control/Reg"}] }
        processing_system7 {
            # As exported block designs have it: S_AXI_HP0/HP0_DDR_LOWOCM.
            set right [expr {[regexp {^S_AXI_(HP[0-3])$} $interface -> port] && $name eq "${port}_DDR_LOWOCM"}]
        }
        zynq_ultra_ps_e {
            # SAXIGP2/HP0_DDR_LOW, SAXIGP0/HPC0_DDR_HIGH, ...
            set right 0
            foreach {number port} {0 HPC0 1 HPC1 2 HP0 3 HP1 4 HP2 5 HP3} {
                if {$interface eq "SAXIGP$number" && $name in [list ${port}_DDR_LOW ${port}_DDR_HIGH]} {
                    set right 1
                    set interface S_AXI_${port}_FPD
                }
            }
        }
        default { set right 0 }
    }
    if {!$right} { error "there is no address segment $segment" }
    kind $cell/$interface
    return $cell/$interface
}
proc get_bd_addr_spaces {path} { masters_of $path; return $path }
proc get_bd_addr_segs {path} { slave_of $path; return $path }

# The master port through which an address space reaches a slave interface; empty if it does not.
proc way {space slave} {
    foreach master [masters_of $space] {
        if {![info exists ::partner($master)]} continue
        set next $::partner($master)
        if {$next eq $slave} { return $master }
        set cell [file dirname $next]
        if {$::cells($cell) ne "smartconnect"} continue
        dict for {pin kind} [pins $cell] {
            if {$kind eq "m:axi" && [info exists ::partner($cell/$pin)] && $::partner($cell/$pin) eq $slave} { return $master }
        }
    }
    return ""
}
# First and last address that a master port, or a slave segment, can have.
proc window {master} {
    set cell [file dirname $master]
    switch -glob -- $::cells($cell),[file tail $master] {
        axi_dma,* { return [list 0 [expr {(1 << [value $cell c_addr_width]) - 1}]] }
        core,* { return [list 0 [expr {(1 << 64) - 1}]] }
        processing_system7,M_AXI_GP0 { return {0x40000000 0x7fffffff} }
        processing_system7,M_AXI_GP1 { return {0x80000000 0xbfffffff} }
        zynq_ultra_ps_e,M_AXI_HPM0_FPD { return {0xa0000000 0xafffffff} }
        zynq_ultra_ps_e,M_AXI_HPM1_FPD { return {0xb0000000 0xbfffffff} }
        zynq_ultra_ps_e,M_AXI_HPM0_LPD { return {0x80000000 0x9fffffff} }
    }
    error "no window of $master"
}
proc extent {segment} {
    switch -glob -- [file tail $segment] {
        *_DDR_LOWOCM { return {0 0x3fffffff} }
        *_DDR_LOW { return {0 0x7fffffff} }
        *_DDR_HIGH { return {0x800000000 0xfffffffff} }
    }
    return ""
}
proc assign {space segment offset range} {
    set slave [slave_of $segment]
    set master [way $space $slave]
    if {$master eq ""} { error "$space does not reach $segment" }
    if {![string is entier -strict $offset] || ![string is entier -strict $range]} { error "no numbers: $offset $range" }
    if {$range < 4096 || ($range & ($range - 1)) != 0 || $offset % $range != 0} {
        error "$segment: $range bytes cannot be at $offset: a range is a power of two, an offset a multiple of it"
    }
    set last [expr {$offset + $range - 1}]
    foreach {what bounds} [list $master [window $master] $segment [extent $segment]] {
        if {$bounds eq ""} continue
        lassign $bounds low high
        if {$offset < $low || $last > $high} { error "$segment: $offset to [format %#x $last] is beyond what $what has" }
    }
    if {[info exists ::assigned($space)]} {
        foreach other $::assigned($space) {
            lassign $other name base bytes
            if {$name eq $segment} { error "$space has $segment twice" }
            if {$offset < $base + $bytes && $base <= $last} { error "$space: $segment overlaps with $name" }
        }
    }
    lappend ::assigned($space) [list $segment $offset $range]
    record address $space $segment $offset $range
}
proc assign_bd_address {args} {
    # Real block designs exported by 2019.2 have create_bd_addr_seg; from 2020.1 on assign_bd_address with -offset.
    if {[package vcompare $::env(STUB_RELEASE) 2020.1] < 0} { error "assign_bd_address: there is no option -offset" }
    set a [parse assign_bd_address {} {-offset -range -target_address_space} $args]
    assign [dict get $a -target_address_space] [only assign_bd_address $a] [dict get $a -offset] [dict get $a -range]
}
proc create_bd_addr_seg {args} {
    set a [parse create_bd_addr_seg {} {-offset -range} $args]
    if {[llength [dict get $a rest]] != 3} { error "create_bd_addr_seg: wrong number of arguments: [dict get $a rest]" }
    lassign [dict get $a rest] space segment name
    if {![regexp {^\w+$} $name]} { error "create_bd_addr_seg: no name: $name" }
    assign $space $segment [dict get $a -offset] [dict get $a -range]
}
# UG994: a slave that is connected and not mapped is an error.
proc validate_addresses {} {
    foreach cell [lsort [array names ::cells]] {
        set spaces {}
        switch $::cells($cell) {
            axi_dma {
                if {[value $cell c_include_mm2s]} { lappend spaces Data_MM2S }
                if {[value $cell c_include_s2mm]} { lappend spaces Data_S2MM }
            }
            core { dict for {pin kind} [pins $cell] { if {$kind eq "m:axi"} { lappend spaces Data_$pin } } }
            processing_system7 - zynq_ultra_ps_e { lappend spaces Data }
        }
        foreach space $spaces {
            if {![info exists ::assigned($cell/$space)]} { error "validate_bd_design: $cell/$space has nothing assigned" }
        }
        foreach segment {S_AXI_LITE/Reg s_axi_control/Reg} {
            if {![dict exists [pins $cell] [file dirname $segment]]} continue
            set found 0
            foreach space [array names ::assigned] {
                foreach entry $::assigned($space) { if {[lindex $entry 0] eq "$cell/$segment"} { incr found } }
            }
            if {!$found} { error "validate_bd_design: $cell/$segment has no address" }
        }
    }
}
