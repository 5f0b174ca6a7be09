# What the scripts work on.
set project_name demo
set part xczu9eg-ffvb1156-2-e
set board_name zcu102
# The first that is installed is taken, in its newest revision.
set board_parts { xilinx.com:zcu102:part0:3.4 }
set board_files {they come with Vivado or from the XHub store (Tools, XHub Stores)}

# The clock of the programmable logic: the fastest that the board makes and that is not above the one asked for.
set clock_period 10.0001
set clock_mhz 99.999
set clock_uncertainty 12.5%

# The processing system: what is set beside the board's preset, the port to registers, the port to memory and what is behind it.
set processor_properties {}
set control_port HPM0_FPD
set control_port_bits 128
set memory_port HP0
set memory_port_bits 128
set memory_regions {
    {DDR_LOW 0x00000000 0x80000000}
    {DDR_HIGH 0x800000000 0x80000000}
}

# The core's registers.
set core_base 0xa0000000
set core_bytes 0x00010000
# Its masters of memory, one for each tensor.
set core_masters {data_in data_out0 data_out1}

# Processes that Vivado may run side by side.
set jobs 4
