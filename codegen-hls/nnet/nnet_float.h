#ifndef NNET_FLOAT_H_
#define NNET_FLOAT_H_

// Between a float32 and its bits, for wrappers whose ports are float32.

namespace nnet {

// C++11 leaves reading the other member of a union to the compiler; Vitis HLS, g++ and clang all give the bits.
union float_bits {
    float value;
    unsigned int bits;
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

} // namespace nnet

#endif
