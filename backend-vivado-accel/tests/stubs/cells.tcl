# The IP: its versions, its properties with the values that they take, and the pins that a configuration gives it.
#
# A pin is `direction:kind`: o and i are single pins (clk, rst, irq), m and s are interfaces (axi; axis:bits).
# A value is checked against a list, or two bounds after "from", or a pattern after "like".

lassign $::env(STUB_CORE) core_name core_interface core_inputs core_outputs

set catalogue [dict create \
    xilinx.com:ip:processing_system7 {5.5} \
    xilinx.com:ip:zynq_ultra_ps_e {3.3 3.5} \
    xilinx.com:ip:axi_dma {7.0 7.1} \
    xilinx.com:ip:smartconnect {1.0} \
    xilinx.com:ip:proc_sys_reset {5.0} \
    xilinx.com:ip:xlconcat {2.1} \
    xilinx.com:inline_hdl:ilconcat {1.0} \
    xilinx.com:hls:$core_name {1.0}]

# --- Properties --------------------------------------------------------------------------------------------------------------

set bit {0 1}
# PG021, "Field Descriptions"; exported block designs spell the names.
set properties(axi_dma) [dict create \
    c_include_sg $bit c_sg_include_stscntrl_strm $bit c_sg_length_width {from 8 26} c_addr_width {from 32 64} \
    c_include_mm2s $bit c_include_s2mm $bit \
    c_m_axi_mm2s_data_width {32 64 128 256 512 1024} c_m_axi_s2mm_data_width {32 64 128 256 512 1024} \
    c_m_axis_mm2s_tdata_width {8 16 32 64 128 256 512 1024} \
    c_mm2s_burst_size {2 4 8 16 32 64 128 256} c_s2mm_burst_size {2 4 8 16 32 64 128 256}]
# PG247, "Customizing and Generating the Core".
set properties(smartconnect) {NUM_SI {from 1 16} NUM_MI {from 1 16}}
set properties(proc_sys_reset) {}
set properties(xlconcat) {NUM_PORTS {from 1 128}}
set properties(ilconcat) {NUM_PORTS {from 1 128}}
set properties(core) {}
# PG082 and UG585.
set properties(processing_system7) [dict create \
    PCW_USE_FABRIC_INTERRUPT $bit PCW_IRQ_F2P_INTR $bit PCW_EN_CLK0_PORT $bit PCW_EN_RST0_PORT $bit \
    PCW_FPGA0_PERIPHERAL_FREQMHZ {from 0.1 250} PCW_UIPARAM_DDR_PARTNO {like *}]
foreach port {0 1} { dict set properties(processing_system7) PCW_USE_M_AXI_GP$port $bit }
foreach port {0 1 2 3} {
    dict set properties(processing_system7) PCW_USE_S_AXI_HP$port $bit
    dict set properties(processing_system7) PCW_S_AXI_HP${port}_DATA_WIDTH {32 64}
}
# PG201; the numbers of ports: S_AXI_GP0 and 1 are HPC0 and 1, 2 to 5 are HP0 to 3, 6 is LPD.
set properties(zynq_ultra_ps_e) [dict create \
    PSU__USE__IRQ0 $bit PSU__USE__FABRIC__RST $bit PSU__NUM_FABRIC_RESETS {from 1 4} PSU__FPGA_PL0_ENABLE $bit \
    PSU__CRL_APB__PL0_REF_CTRL__SRCSEL {IOPLL RPLL DPLL} PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ {from 1 1000} \
    PSU__OVERRIDE__BASIC_CLOCK $bit]
foreach port {0 1 2} {
    dict set properties(zynq_ultra_ps_e) PSU__USE__M_AXI_GP$port $bit
    dict set properties(zynq_ultra_ps_e) PSU__MAXIGP${port}__DATA_WIDTH {32 64 128}
}
foreach port {0 1 2 3 4 5 6} {
    dict set properties(zynq_ultra_ps_e) PSU__USE__S_AXI_GP$port $bit
    dict set properties(zynq_ultra_ps_e) PSU__SAXIGP${port}__DATA_WIDTH {32 64 128}
}

# What a cell has before anything is set. zynq_ultra_ps_e: an IP without a preset has both HPM ports of the full-power domain on,
# and so do the presets of the board store (boards/Xilinx/zcu104, kv260_som, Avnet/ultra96v2: PSU__USE__M_AXI_GP0 and 1).
set defaults(axi_dma) {c_include_mm2s 1 c_include_s2mm 1 c_m_axi_mm2s_data_width 32 c_m_axi_s2mm_data_width 32
    c_m_axis_mm2s_tdata_width 32 c_include_sg 1 c_addr_width 32 c_mm2s_burst_size 16 c_s2mm_burst_size 16}
set defaults(smartconnect) {NUM_SI 2 NUM_MI 1}
set defaults(proc_sys_reset) {}
set defaults(xlconcat) {NUM_PORTS 2}
set defaults(ilconcat) {NUM_PORTS 2}
set defaults(core) {}
set defaults(processing_system7) {PCW_USE_M_AXI_GP0 1 PCW_EN_CLK0_PORT 0 PCW_EN_RST0_PORT 0 PCW_FPGA0_PERIPHERAL_FREQMHZ 50
    PCW_USE_FABRIC_INTERRUPT 0 PCW_IRQ_F2P_INTR 0}
set defaults(zynq_ultra_ps_e) {PSU__USE__M_AXI_GP0 1 PSU__USE__M_AXI_GP1 1 PSU__FPGA_PL0_ENABLE 1 PSU__USE__IRQ0 0
    PSU__USE__FABRIC__RST 1 PSU__NUM_FABRIC_RESETS 1 PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ 100}

# --- Pins --------------------------------------------------------------------------------------------------------------------

proc value {cell property} {
    if {[info exists ::values($cell,$property)]} { return $::values($cell,$property) }
    set ip $::cells($cell)
    if {[dict exists $::defaults($ip) $property]} { return [dict get $::defaults($ip) $property] }
    return 0
}

# Pins of a cell and their kinds.
proc pins {cell} { return [pins_of_$::cells($cell) $cell] }

proc pins_of_axi_dma {cell} {
    set pins {S_AXI_LITE s:axi s_axi_lite_aclk i:clk axi_resetn i:rst}
    if {[value $cell c_include_sg]} { dict set pins M_AXI_SG m:axi; dict set pins m_axi_sg_aclk i:clk }
    if {[value $cell c_include_mm2s]} {
        dict set pins M_AXI_MM2S m:axi
        dict set pins M_AXIS_MM2S m:axis:[value $cell c_m_axis_mm2s_tdata_width]
        dict set pins m_axi_mm2s_aclk i:clk
        dict set pins mm2s_introut o:irq
    }
    if {[value $cell c_include_s2mm]} {
        dict set pins M_AXI_S2MM m:axi
        # Its width is that of what is connected, and no more than the memory side's.
        dict set pins S_AXIS_S2MM s:axis:upto[value $cell c_m_axi_s2mm_data_width]
        dict set pins m_axi_s2mm_aclk i:clk
        dict set pins s2mm_introut o:irq
    }
    return $pins
}
proc pins_of_smartconnect {cell} {
    set pins {aclk i:clk aresetn i:rst}
    for {set i 0} {$i < [value $cell NUM_SI]} {incr i} { dict set pins [format S%02d_AXI $i] s:axi }
    for {set i 0} {$i < [value $cell NUM_MI]} {incr i} { dict set pins [format M%02d_AXI $i] m:axi }
    return $pins
}
proc pins_of_proc_sys_reset {cell} {
    return {slowest_sync_clk i:clk ext_reset_in i:rst peripheral_aresetn o:rst interconnect_aresetn o:rst}
}
proc pins_of_xlconcat {cell} {
    set pins {dout o:irq}
    for {set i 0} {$i < [value $cell NUM_PORTS]} {incr i} { dict set pins In$i i:irq }
    return $pins
}
proc pins_of_ilconcat {cell} { return [pins_of_xlconcat $cell] }

# UG1399, "AXI4-Stream Interfaces", "AXI4 Master Interface", "AXI4-Lite Interface": names of ports in RTL.
proc pins_of_core {cell} {
    set pins {ap_clk i:clk ap_rst_n i:rst}
    if {$::core_interface ne "axi_stream"} { dict set pins s_axi_control s:axi; dict set pins interrupt o:irq }
    foreach {side direction} {core_inputs s core_outputs m} {
        foreach port [set ::$side] {
            lassign $port name bits
            switch $::core_interface {
                axi_stream { dict set pins $name $direction:axis:$bits }
                axi_master { dict set pins m_axi_$name m:axi }
            }
        }
    }
    return $pins
}
proc pins_of_processing_system7 {cell} {
    set pins {}
    if {[value $cell PCW_EN_CLK0_PORT]} { dict set pins FCLK_CLK0 o:clk }
    if {[value $cell PCW_EN_RST0_PORT]} { dict set pins FCLK_RESET0_N o:rst }
    if {[value $cell PCW_USE_FABRIC_INTERRUPT] && [value $cell PCW_IRQ_F2P_INTR]} { dict set pins IRQ_F2P i:irq }
    foreach {use port} {PCW_USE_M_AXI_GP0 M_AXI_GP0 PCW_USE_M_AXI_GP1 M_AXI_GP1} {
        if {[value $cell $use]} { dict set pins $port m:axi; dict set pins ${port}_ACLK i:clk }
    }
    foreach port {S_AXI_HP0 S_AXI_HP1 S_AXI_HP2 S_AXI_HP3} {
        if {[value $cell PCW_USE_$port]} { dict set pins $port s:axi; dict set pins ${port}_ACLK i:clk }
    }
    return $pins
}
proc pins_of_zynq_ultra_ps_e {cell} {
    set pins {}
    if {[value $cell PSU__FPGA_PL0_ENABLE]} { dict set pins pl_clk0 o:clk }
    if {[value $cell PSU__USE__FABRIC__RST]} { dict set pins pl_resetn0 o:rst }
    if {[value $cell PSU__USE__IRQ0]} { dict set pins pl_ps_irq0 i:irq }
    foreach {number port} {0 HPM0_FPD 1 HPM1_FPD 2 HPM0_LPD} {
        if {[value $cell PSU__USE__M_AXI_GP$number]} {
            dict set pins M_AXI_$port m:axi
            dict set pins maxi[string tolower $port]_aclk i:clk
        }
    }
    foreach {number port} {0 HPC0_FPD 1 HPC1_FPD 2 HP0_FPD 3 HP1_FPD 4 HP2_FPD 5 HP3_FPD} {
        if {[value $cell PSU__USE__S_AXI_GP$number]} {
            dict set pins S_AXI_$port s:axi
            dict set pins saxi[string tolower $port]_aclk i:clk
        }
    }
    return $pins
}
