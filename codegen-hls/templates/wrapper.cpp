{% if one_unit %}// The only file of the kernel that is compiled: the network is included.
#define NNET_INNER
{% endif %}#include "{{ header }}"
{% if one_unit %}
#include "{{ kernel_source }}"
{% endif %}
namespace wrapper {
{% for function in functions %}
{{ function }}
{%- endfor %}
} // namespace wrapper

{{ linkage }}void {{ top }}({{ parameters }}) {
{{ body }}
}
