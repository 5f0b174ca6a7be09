#ifndef NNET_FLOAT_H_
#define NNET_FLOAT_H_

// Between a float32 or a float64 and its bits, for wrappers with such ports.

namespace nnet {

// C++11 leaves reading the other member of a union to the compiler; Vitis HLS, g++ and clang all give the bits.
union float_bits {
    float value;
    unsigned int bits;
};

union double_bits {
    double value;
    unsigned long long bits;
};

inline float float_of(unsigned int bits) {
    float_bits both;
    both.bits = bits;
    return both.value;
}

inline unsigned int bits_of(float value) {
    float_bits both;
    both.value = value;
    return both.bits;
}

inline double double_of(unsigned long long bits) {
    double_bits both;
    both.bits = bits;
    return both.value;
}

inline unsigned long long bits_of(double value) {
    double_bits both;
    both.value = value;
    return both.bits;
}

} // namespace nnet

#endif
