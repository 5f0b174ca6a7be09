#ifndef NNET_CENTRED_H_
#define NNET_CENTRED_H_

// Functions, for `activate`, by tables over -2^log2_span / 2 to 2^log2_span / 2 whose entries hold the value at the middle of
// their step.

#include "nnet_raw.h"

namespace nnet {

template <class CONFIG_T, class x_T> auto centred_entry(const x_T &x) -> decltype(CONFIG_T::entry(0)) {
    const int steps = table_floor<CONFIG_T::size, CONFIG_T::log2_span>(x);
    return CONFIG_T::entry(clamp_index<CONFIG_T::size>(steps + CONFIG_T::size / 2));
}

// The entry itself.
template <class CONFIG_T> struct by_centred_table {
    template <class y_T, class x_T> static y_T of(const x_T &x) { return cast<y_T>(centred_entry<CONFIG_T>(x)); }
};

// x times the entry (gelu, silu).
template <class CONFIG_T> struct times_centred_table {
    template <class y_T, class x_T> static y_T of(const x_T &x) { return cast<y_T>(x * centred_entry<CONFIG_T>(x)); }
};

} // namespace nnet

#endif
