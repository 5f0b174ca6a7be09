# What build_hls.tcl and design.tcl work on.
set project_name {{ v.project }}
set part {{ v.part }}
set board_name {{ v.board }}
set board_part {{ v.board_part }}

# The clock of the programmable logic: the fastest that the board makes and that is not above the one asked for.
set clock_period {{ v.period_ns }}
set clock_mhz {{ v.mhz }}
set clock_uncertainty {{ v.uncertainty }}%

# One float32 a beat each way.
set stream_bits 32

set memory_port {{ v.memory_port }}
set memory_port_bits {{ v.memory_port_bits }}
set memory_base {{ v.memory_base }}
set memory_bytes {{ v.memory_bytes }}
set dma_base {{ v.dma_base }}
set dma_bytes {{ v.dma_bytes }}

# Processes that Vivado may run side by side.
set jobs 4
