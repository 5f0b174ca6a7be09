# Projects, boards and the catalogue (UG835, commands of these names).

set board_part ""

proc version {args} {
    if {$args ne "-short"} { error "version: only -short is known here" }
    return $::env(STUB_RELEASE)
}
proc create_project {args} {
    set a [parse create_project -force -part $args]
    lassign [dict get $a rest] name ::project_folder
    file mkdir $::project_folder
    record create_project [dict get $a -part]
}
proc current_project {} { return project }
proc current_fileset {} { return fileset }
proc get_board_parts {args} {
    set pattern [only get_board_parts [parse get_board_parts -quiet {} $args]]
    if {[fault no_board]} { return {} }
    return [lsearch -all -inline -glob $::env(STUB_BOARDS) $pattern]
}
proc update_ip_catalog {} { record update_ip_catalog }
proc get_ipdefs {args} {
    set pattern [only get_ipdefs [parse get_ipdefs {-all -quiet} {} $args]]
    set found {}
    dict for {name versions} $::catalogue {
        if {[fault no_kernel] && [string match xilinx.com:hls:* $name]} continue
        if {[fault no_xlconcat] && $name eq "xilinx.com:ip:xlconcat"} continue
        foreach version $versions { if {[string match $pattern $name:$version]} { lappend found $name:$version } }
    }
    return $found
}

# UG835 set_property: one property and its value, or -dict and many.
proc set_property {args} {
    set a [parse set_property {} -dict $args]
    set rest [dict get $a rest]
    if {[dict exists $a -dict]} {
        if {[llength $rest] != 1} { error "set_property: wrong number of arguments: $rest" }
        if {[llength [dict get $a -dict]] % 2} { error "set_property: a property without a value" }
        foreach {property value} [dict get $a -dict] { set_one $property $value [lindex $rest 0] }
    } elseif {[llength $rest] == 3} {
        set_one {*}$rest
    } else {
        error "set_property: wrong number of arguments: $rest"
    }
}
proc set_one {property value object} {
    if {[info exists ::cells($object)]} {
        set_of_cell $property $value $object
        return
    }
    set known {project {board_part ip_repo_paths} fileset {top}}
    if {![dict exists $known $object] || $property ni [dict get $known $object]} { error "$object has no property $property" }
    if {$property eq "board_part"} {
        if {$value ni $::env(STUB_BOARDS)} { error "there is no board part $value" }
        set ::board_part $value
    }
    # Paths are the test's own business.
    record set $object $property [expr {$property eq "ip_repo_paths" ? "..." : $value}]
}
proc get_property {property object} {
    if {[info exists ::cells($object)]} { return [property_of_cell $property $object] }
    return [property_of_run $property $object]
}
