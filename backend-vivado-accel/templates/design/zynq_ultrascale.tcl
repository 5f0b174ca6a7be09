# --- Zynq UltraScale+ MPSoC and RFSoC (UG1085; PG201, Zynq UltraScale+ MPSoC Processing System) ------------------------------

# Numbers of the ports in properties and segments.
set master_numbers {HPM0_FPD 0 HPM1_FPD 1 HPM0_LPD 2}
set slave_numbers {HPC0 0 HPC1 1 HP0 2 HP1 3 HP2 4 HP3 5}

set ps zynq_ultra_ps_e_0
set ps_clock $ps/pl_clk0
set ps_reset $ps/pl_resetn0
set ps_interrupt $ps/pl_ps_irq0
set ps_control $ps/M_AXI_$control_port
set ps_control_clock $ps/maxi[string tolower $control_port]_aclk
if {$memory_port ne ""} {
    set ps_memory $ps/S_AXI_${memory_port}_FPD
    set ps_memory_clock $ps/saxi[string tolower $memory_port]_fpd_aclk
    set ps_segment $ps/SAXIGP[dict get $slave_numbers $memory_port]/${memory_port}_
}
set control_bus ps8_0_axi_periph
set reset_cell rst_ps8_0

proc processor {} {
    global ps clock_mhz control_port control_port_bits memory_port memory_port_bits board_parts processor_properties
    global master_numbers slave_numbers
    cell $ps xilinx.com:ip:zynq_ultra_ps_e
    if {[llength $board_parts] > 0} {
        apply_bd_automation -rule xilinx.com:bd_rule:zynq_ultra_ps_e -config {apply_board_preset 1} [get_bd_cells $ps]
    }
    set properties {}
    foreach {name value} $processor_properties { lappend properties CONFIG.$name $value }
    # A preset turns on more ports than are connected here.
    dict for {port number} $master_numbers {
        lappend properties CONFIG.PSU__USE__M_AXI_GP$number [expr {$port eq $control_port}]
        if {$port eq $control_port} { lappend properties CONFIG.PSU__MAXIGP${number}__DATA_WIDTH $control_port_bits }
    }
    dict for {port number} $slave_numbers {
        lappend properties CONFIG.PSU__USE__S_AXI_GP$number [expr {$port eq $memory_port}]
        if {$port eq $memory_port} { lappend properties CONFIG.PSU__SAXIGP${number}__DATA_WIDTH $memory_port_bits }
    }
    lappend properties \
        CONFIG.PSU__USE__IRQ0 1 \
        CONFIG.PSU__USE__FABRIC__RST 1 \
        CONFIG.PSU__NUM_FABRIC_RESETS 1 \
        CONFIG.PSU__FPGA_PL0_ENABLE 1 \
        CONFIG.PSU__CRL_APB__PL0_REF_CTRL__SRCSEL IOPLL \
        CONFIG.PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ $clock_mhz
    set_property -dict $properties [get_bd_cells $ps]
    check_clock pl_clk0 PSU__CRL_APB__PL0_REF_CTRL__ACT_FREQMHZ
}
