# Stands in for Vivado and the HLS tools: `tclsh main.tcl SCRIPT` runs a script with procedures that know the commands, options,
# properties, pins, address segments and values that exist, record what is asked, and fail on everything else. Where a fact comes
# from stands beside it: UG835 (Vivado Tcl commands), UG994 (IP integrator), UG1399 and UG902 (HLS), product guides of the IP.
#
# Environment:
#   STUB_LOG      the file to record to
#   STUB_TOOL     vivado, vitis_hls or vivado_hls
#   STUB_RELEASE  what `version -short` says
#   STUB_BOARDS   board parts that are installed
#   STUB_CORE     name of the HLS core, its interface, and lists of {port bits} of its inputs and outputs
#   STUB_FAULT    one of the faults that are asked for by `fault`

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

# The only argument that is no option.
proc only {command parsed} {
    set rest [dict get $parsed rest]
    if {[llength $rest] != 1} { error "$command: wrong number of arguments: $rest" }
    return [lindex $rest 0]
}

proc one_of {what value known} {
    if {$value ni $known} { error "$what cannot be \"$value\"; it is one of: $known" }
}

proc touch {path text} {
    file mkdir [file dirname $path]
    set file [open $path w]
    puts -nonewline $file $text
    close $file
}

set stubs [file dirname [file normalize [info script]]]
if {$::env(STUB_TOOL) eq "vivado"} {
    foreach part {cells project design addresses runs} { source [file join $stubs $part.tcl] }
} else {
    source [file join $stubs hls.tcl]
}

# Vivado and the HLS tools have Tcl 8.5.
foreach command {lmap try throw tailcall coroutine yield yieldto zlib} { rename $command {} }

set script [lindex $argv 0]
set argv {}
source $script
