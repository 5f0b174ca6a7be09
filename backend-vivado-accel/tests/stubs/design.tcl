# Block designs (UG835 and UG994): cells, nets, hierarchy, validation.

array set cells {}
array set values {}
# What drives a pin, and what an interface is linked to.
array set driver {}
array set partner {}

proc create_bd_design {name} { record create_bd_design $name }
proc create_bd_cell {args} {
    set a [parse create_bd_cell {} {-type -vlnv} $args]
    set name [only create_bd_cell $a]
    lassign [split [dict get $a -vlnv] :] vendor library ip version
    if {![dict exists $::catalogue $vendor:$library:$ip] || $version ni [dict get $::catalogue $vendor:$library:$ip]} {
        error "create_bd_cell: no [dict get $a -vlnv]"
    }
    # Since 2024.1 small IP are inline HDL, a type of cell of their own (UG994, "Inline HDL").
    set type [expr {$library eq "inline_hdl" ? "inline_hdl" : "ip"}]
    if {[dict get $a -type] ne $type} { error "create_bd_cell: $ip is of type $type" }
    if {[info exists ::cells($name)]} { error "create_bd_cell: $name exists" }
    set ::cells($name) [expr {$library eq "hls" ? "core" : $ip}]
    record create_bd_cell $name [dict get $a -vlnv]
    return $name
}
proc get_bd_cells {name} {
    if {![info exists ::cells($name)]} { error "there is no cell $name" }
    return $name
}
# UG994, "Designer Assistance"; the keys are those that Vivado itself prints in its journal.
proc apply_bd_automation {args} {
    set a [parse apply_bd_automation {} {-rule -config} $args]
    set cell [get_bd_cells [only apply_bd_automation $a]]
    set keys [dict create \
        xilinx.com:bd_rule:processing_system7 {make_external apply_board_preset Master Slave} \
        xilinx.com:bd_rule:zynq_ultra_ps_e {apply_board_preset}]
    one_of "the rule" [dict get $a -rule] [dict keys $keys]
    if {[dict get $a -rule] ne "xilinx.com:bd_rule:$::cells($cell)"} { error "[dict get $a -rule] is not for $cell" }
    foreach key [dict keys [dict get $a -config]] { one_of "a key of the rule" $key [dict get $keys [dict get $a -rule]] }
    one_of apply_board_preset [dict get $a -config apply_board_preset] {0 1}
    if {[dict get $a -config apply_board_preset] && $::board_part eq ""} { error "there is no board whose preset could be applied" }
    record apply_bd_automation $cell [dict get $a -config]
}
proc set_of_cell {property value cell} {
    set ip $::cells($cell)
    if {![regexp {^CONFIG\.(.*)$} $property -> name] || ![dict exists $::properties($ip) $name]} {
        error "$ip has no property $property"
    }
    set legal [dict get $::properties($ip) $name]
    switch -- [lindex $legal 0] {
        from {
            lassign $legal - low high
            if {![string is double -strict $value] || $value < $low || $value > $high} {
                error "$ip: $name cannot be \"$value\"; it is from $low to $high"
            }
        }
        like { if {![string match [lindex $legal 1] $value]} { error "$ip: $name cannot be \"$value\"" } }
        default { one_of "$ip: $name" $value $legal }
    }
    set ::values($cell,$name) $value
    record set $cell $property $value
}

# The frequency nearest to what is asked that two dividers of 1 to 63 make of a PLL: the processing systems choose so, above or below.
proc divided {source asked} {
    set best 0
    for {set d 1} {$d <= 3969} {incr d} {
        set made [expr {$source / $d}]
        if {abs($made - $asked) >= abs($best - $asked)} continue
        for {set a 1} {$a <= 63} {incr a} {
            if {$d % $a == 0 && $d / $a <= 63} { set best $made; break }
        }
    }
    return $best
}
proc property_of_cell {property cell} {
    switch $property {
        CONFIG.PCW_ACT_FPGA0_PERIPHERAL_FREQMHZ { set actual [divided 1000.0 [value $cell PCW_FPGA0_PERIPHERAL_FREQMHZ]] }
        CONFIG.PSU__CRL_APB__PL0_REF_CTRL__ACT_FREQMHZ {
            set actual [divided 1499.985 [value $cell PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ]]
        }
        default { error "not modelled: $property" }
    }
    if {[fault fast_clock]} { return 150.0 }
    if {[fault slow_clock]} { return 50.0 }
    if {[fault no_clock]} { return "" }
    return [format %.6f $actual]
}

# The kind of a pin of a cell, by its path.
proc kind {path} {
    set cell [get_bd_cells [file dirname $path]]
    set pin [file tail $path]
    if {![dict exists [pins $cell] $pin]} { error "$cell ($::cells($cell)) has no pin $pin" }
    return [dict get [pins $cell] $pin]
}
proc get_bd_pins {path} {
    if {![string match {[oi]:*} [kind $path]]} { error "$path is no pin but an interface" }
    return $path
}
proc get_bd_intf_pins {path} {
    if {![string match {[ms]:*} [kind $path]]} { error "$path is no interface but a pin" }
    return $path
}
proc connect_bd_net {args} {
    set sources {}
    foreach path $args { if {[string match o:* [kind $path]]} { lappend sources $path } }
    if {[llength $sources] != 1} { error "connect_bd_net: [llength $sources] pins drive: $args" }
    set source [lindex $sources 0]
    foreach path $args {
        if {$path eq $source} continue
        if {[info exists ::driver($path)]} { error "$path is connected twice" }
        set wanted [lindex [split [kind $path] :] 1]
        set given [lindex [split [kind $source] :] 1]
        if {$wanted ne $given} { error "$path wants a $wanted, $source is a $given" }
        set ::driver($path) $source
    }
    record net {*}$args
}
proc connect_bd_intf_net {args} {
    if {[llength $args] != 2} { error "connect_bd_intf_net: wrong number of arguments: $args" }
    lassign $args master slave
    lassign [split [kind $master] :] direction bus bits
    lassign [split [kind $slave] :] other_direction other_bus other_bits
    if {"$direction$other_direction" ne "ms"} { error "connect_bd_intf_net: not a master and a slave: $args" }
    if {$bus ne $other_bus} { error "connect_bd_intf_net: $master is $bus, $slave is $other_bus" }
    if {$bus eq "axis"} {
        # UG994, parameter propagation: TDATA_NUM_BYTES of both ends must be the same.
        if {[string match upto* $other_bits]} {
            if {$bits > [string range $other_bits 4 end]} { error "$master has $bits bits, $slave takes $other_bits" }
        } elseif {$bits != $other_bits} {
            error "$master has $bits bits, $slave $other_bits"
        }
    }
    foreach path $args { if {[info exists ::partner($path)]} { error "$path is connected twice" } }
    set ::partner($master) $slave
    set ::partner($slave) $master
    record link $master $slave
}
proc group_bd_cells {hierarchy args} {
    foreach cell $args {
        get_bd_cells $cell
        if {[string match */* $cell]} { error "group_bd_cells: $cell is in a hierarchy" }
        foreach array {driver partner} {
            foreach pin [array names ::$array] {
                foreach {key path} [list $pin [set ::${array}($pin)]] break
                unset ::${array}($pin)
                regsub "^$cell/" $key $hierarchy/$cell/ key
                regsub "^$cell/" $path $hierarchy/$cell/ path
                set ::${array}($key) $path
            }
        }
        foreach key [array names ::values $cell,*] { set ::values($hierarchy/$key) $::values($key) }
        set ::cells($hierarchy/$cell) $::cells($cell)
        unset ::cells($cell)
    }
    record group $hierarchy {*}$args
}
# Every input pin and every interface that a configuration has is connected, and every master reaches something.
proc validate_bd_design {} {
    foreach cell [lsort [array names ::cells]] {
        dict for {pin kind} [pins $cell] {
            switch -glob -- $kind {
                i:* { set open [expr {![info exists ::driver($cell/$pin)]}] }
                [ms]:* { set open [expr {![info exists ::partner($cell/$pin)]}] }
                default { set open 0 }
            }
            if {$open} { error "validate_bd_design: $cell/$pin is open" }
        }
        # PG021: the stream side is no wider than the memory side, and a burst stays within 4 KiB.
        if {$::cells($cell) eq "axi_dma" && [value $cell c_include_mm2s]} {
            if {[value $cell c_m_axis_mm2s_tdata_width] > [value $cell c_m_axi_mm2s_data_width]} {
                error "validate_bd_design: $cell: the stream is wider than the memory side"
            }
        }
    }
    validate_addresses
    record validate_bd_design
}
proc save_bd_design {} { record save_bd_design }
