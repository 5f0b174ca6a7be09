# What build_hls.tcl and design.tcl work on.
set project_name branches
set part xc7z020clg400-1
set board_name pynq-z2
set board_part tul.com.tw:pynq-z2:part0:1.0

# The clock of the programmable logic: the fastest that the board makes and that is not above the one asked for.
set clock_period 10
set clock_mhz 100
set clock_uncertainty 12.5%

# One float32 a beat each way.
set stream_bits 32

set memory_port HP0
set memory_port_bits 64
set memory_base 0x00000000
set memory_bytes 0x20000000
set dma_base 0x40400000
set dma_bytes 0x00010000

# Processes that Vivado may run side by side.
set jobs 4
