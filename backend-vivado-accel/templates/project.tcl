# What the scripts work on.
set project_name {{ v.project }}
set part {{ v.part }}
set board_name {{ v.board }}
# The first that is installed is taken, in its newest revision.
set board_parts { {{ v.zynq.board_parts|join(" ") }} }
set board_files { {{- v.zynq.board_files -}} }

# The clock of the programmable logic: the fastest that the board makes and that is not above the one asked for.
set clock_period {{ v.period_ns }}
set clock_mhz {{ v.mhz }}
set clock_uncertainty {{ v.uncertainty }}%

# The processing system: what is set beside the board's preset, the port to registers, the port to memory and what is behind it.
set processor_properties {
{%- for (name, value) in v.zynq.properties %} {{ name }} {{ value }}{% endfor %}{% if !v.zynq.properties.is_empty() %} {% endif -%}
}
set control_port {{ v.zynq.control.port }}
set control_port_bits {{ v.zynq.control.port_bits }}
{% if v.uses_memory() %}set memory_port {{ v.zynq.memory.port }}
set memory_port_bits {{ v.zynq.memory.port_bits }}
set memory_regions {
{% for region in v.zynq.memory.regions %}    { {{- region.segment }} {{ v.hex(region.base) }} {{ v.hex(region.bytes) -}} }
{% endfor %}}
{% else %}set memory_port {}
set memory_port_bits 0
set memory_regions {}
{% endif %}
{% if v.is_stream() %}# The DMAs: address; the core's port that it feeds and the bits of a beat; the one that it drains, likewise; - is none.
set dma_bytes {{ v.hex(v.zynq.control.dma_bytes) }}
set dma_length_bits {{ v.zynq.dma.length_bits }}
set dma_address_bits {{ v.zynq.dma.address_bits }}
set dmas {
{% for dma in v.dmas %}    { {{- v.hex(dma.base) }} {{ dma.input_port }} {{ dma.input_bits }} {{ dma.output_port }} {{ dma.output_bits -}} }
{% endfor %}}
{% else %}# The core's registers{% if !v.uses_memory() %} and tensors{% endif %}.
set core_base {{ v.hex(v.zynq.control.base) }}
set core_bytes {{ v.hex(v.core_bytes) }}
{% if v.uses_memory() %}# Its masters of memory, one for each tensor.
set core_masters {
{%- for port in v.ports() %}{% if !loop.first %} {% endif %}{{ port.ident }}{% endfor -%}
}
{% endif %}{% endif %}
# Processes that Vivado may run side by side.
set jobs 4
