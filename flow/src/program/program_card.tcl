# Programs one card through Vivado's hardware manager, and no other:
#   vivado -mode batch -nolog -nojournal -source program_card.tcl -tclargs IMAGE PART ?TARGET?
# IMAGE is a .bit or .pdi, PART how the device's part begins (xcu55c), TARGET a pattern of the JTAG cable where there are several
# (get_hw_targets lists them).
# The sequence of commands is that of UG908 (Vivado Programming and Debugging), Opening a Hardware Target Using Tcl Commands and
# Description of hw_device Tcl Commands; PROGRAM.FILE: UG912 (Properties), HW_BITSTREAM.

proc stop {text} {
    puts stderr "ERROR: $text"
    exit 1
}

if {[llength $argv] < 2 || [llength $argv] > 3} {
    stop "give IMAGE PART ?TARGET?"
}
lassign $argv image part target
if {$target eq ""} {
    set target "*"
}
if {![file isfile $image]} {
    stop "there is no image $image"
}

if {[catch {
    open_hw_manager
    connect_hw_server
} why]} {
    stop "no hardware server: $why"
}

# Every cable is looked at, so that a second card of the same kind is never programmed by chance.
set found {}
foreach cable [get_hw_targets -quiet $target] {
    current_hw_target $cable
    if {[catch {open_hw_target} why]} {
        puts "cable $cable cannot be opened: $why"
        continue
    }
    foreach device [get_hw_devices -quiet] {
        if {[string match -nocase "$part*" [get_property PART $device]]} {
            lappend found [list $cable $device]
        }
    }
    close_hw_target
}
if {[llength $found] == 0} {
    stop "there is no $part on any cable that matches $target; is the card powered, and its USB or PCIe JTAG connected?"
}
if {[llength $found] > 1} {
    stop "there are several $part: $found; say which cable with --jtag"
}

lassign [lindex $found 0] cable device
current_hw_target $cable
open_hw_target
current_hw_device [get_hw_devices $device]
refresh_hw_device -update_hw_probes false [current_hw_device]
set_property PROGRAM.FILE $image [current_hw_device]
if {[catch {program_hw_devices [current_hw_device]} why]} {
    stop "programming failed: $why"
}
close_hw_target
disconnect_hw_server
close_hw_manager
puts "PROGRAMMED $device with $image"
