# --- Zynq-7000 (UG585; PG082, Processing System 7) ---------------------------------------------------------------------------

set ps processing_system7_0
set ps_clock $ps/FCLK_CLK0
set ps_reset $ps/FCLK_RESET0_N
set ps_interrupt $ps/IRQ_F2P
set ps_control $ps/M_AXI_$control_port
set ps_control_clock $ps/M_AXI_${control_port}_ACLK
set ps_memory $ps/S_AXI_$memory_port
set ps_memory_clock $ps/S_AXI_${memory_port}_ACLK
set ps_segment $ps/S_AXI_$memory_port/${memory_port}_
set control_bus ps7_0_axi_periph
set reset_cell rst_ps7_0

proc processor {} {
    global ps clock_mhz control_port memory_port memory_port_bits board_parts processor_properties
    cell $ps xilinx.com:ip:processing_system7
    set preset [expr {[llength $board_parts] > 0}]
    apply_bd_automation -rule xilinx.com:bd_rule:processing_system7 \
        -config [list make_external "FIXED_IO, DDR" apply_board_preset $preset Master Disable Slave Disable] \
        [get_bd_cells $ps]
    set properties {}
    foreach {name value} $processor_properties { lappend properties CONFIG.$name $value }
    foreach port {GP0 GP1} { lappend properties CONFIG.PCW_USE_M_AXI_$port [expr {$port eq $control_port}] }
    foreach port {HP0 HP1 HP2 HP3} { lappend properties CONFIG.PCW_USE_S_AXI_$port [expr {$port eq $memory_port}] }
    if {$memory_port ne ""} { lappend properties CONFIG.PCW_S_AXI_${memory_port}_DATA_WIDTH $memory_port_bits }
    lappend properties \
        CONFIG.PCW_USE_FABRIC_INTERRUPT 1 \
        CONFIG.PCW_IRQ_F2P_INTR 1 \
        CONFIG.PCW_EN_CLK0_PORT 1 \
        CONFIG.PCW_EN_RST0_PORT 1 \
        CONFIG.PCW_FPGA0_PERIPHERAL_FREQMHZ $clock_mhz
    set_property -dict $properties [get_bd_cells $ps]
    check_clock FCLK_CLK0 PCW_ACT_FPGA0_PERIPHERAL_FREQMHZ
}
