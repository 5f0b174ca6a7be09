# From the IP core to a bitstream for {{ v.board }} with Vivado 2019.2 or newer:
#
#   vivado -mode batch -source design.tcl
#
# Leaves export/{{ v.project }}.bit and export/{{ v.project }}.hwh, and reports in reports/. Exit code 1 if anything fails, a design
# that misses its timing included: then nothing is exported.
#
# Cells are named as in hls4ml's designs (design_1, hier_0/axi_dma_0), so that drivers written for those fit.

set here [file dirname [file normalize [info script]]]
source [file join $here project.tcl]

{% include "design/common.tcl" %}
{% match v.family %}
{% when Family::Zynq7000 %}
{% include "design/zynq7000.tcl" %}
{% when _ %}
{% include "design/zynq_ultrascale.tcl" %}
{% endmatch %}
{% match v.kind %}
{% when InterfaceKind::AxiStream %}
{% include "design/axi_stream.tcl" %}
{% when InterfaceKind::AxiMaster %}
{% include "design/axi_master.tcl" %}
{% when InterfaceKind::AxiLite %}
{% include "design/axi_lite.tcl" %}
{% endmatch %}
{% include "design/connections.tcl" %}
{% include "design/implementation.tcl" %}
proc build {} {
    global here project_name
    # What an earlier run exported must not be taken for this one's.
    file delete [file join $here export $project_name.bit] [file join $here export $project_name.hwh]
    open_design
    processor
    set parts [accelerator]
    connections $parts
    set cells {}
    foreach name [dict get $parts cells] { lappend cells [get_bd_cells $name] }
    group_bd_cells hier_0 {*}$cells
    addresses
    validate_bd_design
    save_bd_design
    implement
    reports
    check_timing
    export
    close_project
}

if {[catch build message]} {
    puts stderr "ERROR: $message"
    exit 1
}
exit 0
