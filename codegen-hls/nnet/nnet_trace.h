#ifndef NNET_TRACE_H_
#define NNET_TRACE_H_

// Traces of the simulation, compiled in by -DNNET_TRACE: every layer appends a line a sample to LAYER.hex in the folder that
// the environment variable NNET_TRACE_DIR names (default: the current one). A line holds the elements in flat order as
// hexadecimal two's complement, as many digits as the type's width needs. Never part of synthesis.

#include <cstdio>
#include <cstdlib>
#include <string>

#include "nnet_common.h"

namespace nnet {

template <class T> void trace(const char *layer, const T *x, int n) {
    static const int width = format<T>::width;
    const char *folder = std::getenv("NNET_TRACE_DIR");
    const std::string path = std::string(folder ? folder : ".") + "/" + layer + ".hex";
    std::FILE *file = std::fopen(path.c_str(), "a");
    if (!file) {
        std::perror(path.c_str());
        std::exit(2);
    }
    for (int i = 0; i < n; ++i) {
        const ap_uint<width> raw = raw_of(x[i]);
        if (i > 0) {
            std::fputc(' ', file);
        }
        for (int digit = (width + 3) / 4 - 1; digit >= 0; --digit) {
            std::fputc("0123456789abcdef"[ap_uint<4>(raw >> (4 * digit)).to_int()], file);
        }
    }
    std::fputc('\n', file);
    std::fclose(file);
}

} // namespace nnet

#endif
