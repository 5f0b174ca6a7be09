# What the scripts work on.
set project_name demo
set part xck26-sfvc784-2LV-c
set board_name kv260
# The first that is installed is taken, in its newest revision.
set board_parts { xilinx.com:kv260_som:part0:1.4 }
set board_files {they come with Vivado or from the XHub store (Tools, XHub Stores)}

# The clock of the programmable logic: the fastest that the board makes and that is not above the one asked for.
set clock_period 10.0001
set clock_mhz 99.999
set clock_uncertainty 12.5%

# The processing system: what is set beside the board's preset, the port to registers, the port to memory and what is behind it.
set processor_properties {}
set control_port HPM0_FPD
set control_port_bits 128
set memory_port {}
set memory_port_bits 0
set memory_regions {}

# The core's registers and tensors.
set core_base 0xa0000000
set core_bytes 0x00001000

# Processes that Vivado may run side by side.
set jobs 4
