#ifndef NNET_ELU_H_
#define NNET_ELU_H_

// Exponential linear units, for `activate`: a table over -2^log2_span to 0, its first entry that of 0.

#include "nnet_common.h"

namespace nnet {

// The table's entry for a negative x.
template <class CONFIG_T, class x_T> auto entry_below(const x_T &x) -> decltype(CONFIG_T::entry(0)) {
    const int steps = table_steps<CONFIG_T::size, CONFIG_T::log2_span>(x);
    return CONFIG_T::entry(clamp_index<CONFIG_T::size>(-steps));
}

template <class CONFIG_T> struct elu {
    template <class y_T, class x_T> static y_T of(const x_T &x) {
        return x < x_T(0) ? cast<y_T>(CONFIG_T::parameter() * entry_below<CONFIG_T>(x)) : cast<y_T>(x);
    }
};

// The constants of the negative side are in the table; CONFIG_T::lambda() is in a type of 16 bits in io_parallel and in x's
// type in io_stream.
template <class CONFIG_T> struct selu {
    template <class y_T, class x_T> static y_T of(const x_T &x) {
        return x < x_T(0) ? cast<y_T>(entry_below<CONFIG_T>(x)) : cast<y_T>(CONFIG_T::lambda() * x);
    }
};

} // namespace nnet

#endif
