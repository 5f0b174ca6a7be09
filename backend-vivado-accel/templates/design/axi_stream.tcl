# --- axi_stream: DMAs feed and drain the core (PG021, AXI DMA) ---------------------------------------------------------------

# Properties of one channel, `mm2s` or `s2mm`, whose beats have so many bits. The memory side is 32 bits at least; a burst stays
# within the 4 KiB that AXI allows.
proc channel {name bits} {
    set memory_bits [expr {$bits < 32 ? 32 : $bits}]
    set burst [expr {4096 * 8 / $memory_bits}]
    if {$burst > 256} { set burst 256 }
    set properties [list \
        CONFIG.c_include_$name 1 \
        CONFIG.c_m_axi_${name}_data_width $memory_bits \
        CONFIG.c_${name}_burst_size $burst]
    # The other way, the width is taken from what is connected.
    if {$name eq "mm2s"} { lappend properties CONFIG.c_m_axis_mm2s_tdata_width $bits }
    return $properties
}

proc accelerator {} {
    global project_name dmas dma_length_bits dma_address_bits
    set core ${project_name}_axi_0
    cell $core xilinx.com:hls:${project_name}_axi
    set parts [dict create cells [list $core] clocks [list $core/ap_clk] resets [list $core/ap_rst_n] \
        control {} memory {} interrupts {}]
    set number 0
    foreach dma $dmas {
        lassign $dma address input input_bits output output_bits
        set name axi_dma_$number
        incr number
        # Without scatter and gather: one transfer a command.
        set properties [list \
            CONFIG.c_include_sg 0 \
            CONFIG.c_sg_include_stscntrl_strm 0 \
            CONFIG.c_sg_length_width $dma_length_bits \
            CONFIG.c_addr_width $dma_address_bits]
        foreach {direction port bits} [list mm2s $input $input_bits s2mm $output $output_bits] {
            if {$port eq "-"} {
                lappend properties CONFIG.c_include_$direction 0
            } else {
                lappend properties {*}[channel $direction $bits]
            }
        }
        cell $name xilinx.com:ip:axi_dma {*}$properties
        dict lappend parts cells $name
        dict lappend parts control $name/S_AXI_LITE
        dict lappend parts clocks $name/s_axi_lite_aclk
        dict lappend parts resets $name/axi_resetn
        if {$input ne "-"} {
            link $name/M_AXIS_MM2S $core/$input
            dict lappend parts memory $name/M_AXI_MM2S
            dict lappend parts clocks $name/m_axi_mm2s_aclk
            dict lappend parts interrupts $name/mm2s_introut
        }
        if {$output ne "-"} {
            link $core/$output $name/S_AXIS_S2MM
            dict lappend parts memory $name/M_AXI_S2MM
            dict lappend parts clocks $name/m_axi_s2mm_aclk
            dict lappend parts interrupts $name/s2mm_introut
        }
    }
    return $parts
}

proc addresses {} {
    global ps dmas dma_bytes
    set number 0
    foreach dma $dmas {
        lassign $dma address input input_bits output output_bits
        set name hier_0/axi_dma_$number
        incr number
        place $ps/Data $name/S_AXI_LITE/Reg $address $dma_bytes
        if {$input ne "-"} { place_memory $name/Data_MM2S }
        if {$output ne "-"} { place_memory $name/Data_S2MM }
    }
}
