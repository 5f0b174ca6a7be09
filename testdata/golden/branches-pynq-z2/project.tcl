# What the scripts work on.
set project_name branches
set part xc7z020clg400-1
set board_name pynq-z2
# The first that is installed is taken, in its newest revision.
set board_parts { tul.com.tw:pynq-z2:part0:1.0 }
set board_files {TUL publishes them, the XHub store (Tools, XHub Stores) has them, and PYNQ's pages for the board link to them}

# The clock of the programmable logic: the fastest that the board makes and that is not above the one asked for.
set clock_period 10
set clock_mhz 100
set clock_uncertainty 12.5%

# The processing system: what is set beside the board's preset, the port to registers, the port to memory and what is behind it.
set processor_properties {}
set control_port GP0
set control_port_bits 32
set memory_port HP0
set memory_port_bits 64
set memory_regions {
    {DDR_LOWOCM 0x00000000 0x20000000}
}

# The DMAs: address; the core's port that it feeds and the bits of a beat; the one that it drains, likewise; - is none.
set dma_bytes 0x00010000
set dma_length_bits 26
set dma_address_bits 32
set dmas {
    {0x40400000 data_in 32 data_out 32}
}

# Processes that Vivado may run side by side.
set jobs 4
