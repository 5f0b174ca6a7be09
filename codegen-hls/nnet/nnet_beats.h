#ifndef NNET_BEATS_H_
#define NNET_BEATS_H_

// Between the beats of a bus and the words of a network, for wrappers.
//
// A wrapper describes each tensor by a struct:
//   size, lanes, beats, bits   elements of a sample, elements of a beat, beats of a sample, bits of a beat
//   type                       the network's type of an element, of the class of fixed-point types
//   lane                       what a lane of a beat holds: float32_lane, float64_lane or fixed_lane
// and, where the network takes streams of tokens,
//   len, per_word              elements of a token, elements of a word at most

#include "nnet_float.h"
#include "nnet_stream.h"

namespace nnet {

// The smallest normal number with the sign of a denormal one, bits of anything else as they are. `fraction` and `width` are bits
// of the format. Both round to the same value of every type whose step is far larger; that is why this may be done, and it is
// done because the types of the simulation misread a denormal double, and the hardware's conversions take denormal numbers as
// zero (PG109, "Denormalized Numbers", of the Floating-Point Operator), which rounding down tells from a negative number.
template <int width, int fraction> ap_uint<width> without_denormals(const ap_uint<width> &bits) {
    const ap_uint<width - 1 - fraction> exponent = bits >> fraction;
    const ap_uint<fraction> significand = bits;
    ap_uint<width> result = bits;
    if (exponent == 0 && significand != 0) {
        result = bits | (ap_uint<width>(1) << fraction);
    }
    return result;
}

struct float32_lane {
    static const int width = 32;
    // The constructor applies the type's own rounding and overflow.
    template <class T> static T value(const ap_uint<32> &bits) {
        return T(float_of((format<T>::frac < 120 ? without_denormals<32, 23>(bits) : bits).to_uint()));
    }
    // To the nearest, halves to even.
    template <class T> static ap_uint<32> bits(const T &x) { return ap_uint<32>(bits_of(float(x))); }
};

struct float64_lane {
    static const int width = 64;
    template <class T> static T value(const ap_uint<64> &bits) {
        return T(double_of(without_denormals<64, 52>(bits).to_uint64()));
    }
    template <class T> static ap_uint<64> bits(const T &x) { return ap_uint<64>(bits_of(double(x))); }
};

// The integer behind element_T.
template <class element_T> struct fixed_lane {
    static const int width = format<element_T>::width;
    template <class T> static T value(const ap_uint<width> &bits) { return cast<T>(from_raw<element_T>(bits)); }
    template <class T> static ap_uint<width> bits(const T &x) { return raw_of(cast<element_T>(x)); }
};

// The bits of a network's element.
template <class tensor> struct raw_element {
    static const int width = format<typename tensor::type>::width;
    typedef ap_uint<width> type;
};

// What the network makes of a lane.
template <class tensor> typename raw_element<tensor>::type from_lane(const ap_uint<tensor::bits> &data, int lane) {
    static const int width = tensor::lane::width;
    const ap_uint<width> bits = ap_uint<width>(data >> (width * lane));
    return raw_of(tensor::lane::template value<typename tensor::type>(bits));
}

// A network's element in its lane, the other bits zero.
template <class tensor> ap_uint<tensor::bits> to_lane(const typename raw_element<tensor>::type &raw, int lane) {
    const typename tensor::type x = from_raw<typename tensor::type>(raw);
    return ap_uint<tensor::bits>(tensor::lane::bits(x)) << (tensor::lane::width * lane);
}

// How a beat is taken and sent, `last` being its TLAST. At a port: a struct, or a word whose top bit is TLAST.
template <class tensor, class beat_t> struct beat_of {
    static void split(const beat_t &beat, ap_uint<tensor::bits> &data, bool &last) {
#if defined(NNET_WORD_PORTS)
        data = ap_uint<tensor::bits>(beat);
        last = (beat >> tensor::bits) != 0;
#else
        data = beat.data;
        last = beat.last != 0;
#endif
    }
    // TKEEP all ones.
    static beat_t join(const ap_uint<tensor::bits> &data, bool last) {
        beat_t beat;
#if defined(NNET_WORD_PORTS)
        beat = beat_t(data) | (beat_t(last) << tensor::bits);
#else
        beat.data = data;
        beat.keep = -1;
        beat.strb = -1;
        beat.last = last;
#endif
        return beat;
    }
};

// From and to memory: there is no TLAST.
template <class tensor> struct beat_of<tensor, ap_uint<tensor::bits> > {
    static void split(const ap_uint<tensor::bits> &beat, ap_uint<tensor::bits> &data, bool &last) {
        data = beat;
        last = false;
    }
    static ap_uint<tensor::bits> join(const ap_uint<tensor::bits> &data, bool) { return data; }
};

template <class tensor, class beat_t> void take(hls::stream<beat_t> &port, ap_uint<tensor::bits> &data, bool &last) {
    beat_of<tensor, beat_t>::split(port.read(), data, last);
}

template <class tensor, class beat_t> void give(hls::stream<beat_t> &port, const ap_uint<tensor::bits> &data, bool last) {
    port.write(beat_of<tensor, beat_t>::join(data, last));
}

// The next beat of a sample; zero, and nothing is taken, when the sample has ended.
template <class tensor, class port_t> ap_uint<tensor::bits> next_beat(port_t &port, bool &ended) {
    ap_uint<tensor::bits> data = 0;
    if (!ended) {
        bool last = false;
        take<tensor>(port, data, last);
        ended = last;
    }
    return data;
}

// Drops a beat; its TLAST.
template <class tensor, class port_t> bool drop_beat(port_t &port) {
    ap_uint<tensor::bits> data = 0;
    bool last = false;
    take<tensor>(port, data, last);
    return last;
}

// Between beats of `lanes` elements and words of up to `per_word`, of tokens of `len`: a buffer of a beat and a word at most.
//
// The one side is put behind the `have` elements that wait, the other is taken from the front. A round puts at most once and
// takes at most once: it puts only when too few wait. So where a beat has as many elements as a word or more, every round of
// reading takes a word, and a sample needs as many rounds as it has words; where it has fewer, every round puts a beat, and a
// sample needs as many rounds as it has beats. (A token's last word may be so short that it has to wait for a round of its own:
// the wrapper has counted the rounds.) What is left of the last beat of a sample is no element; the next sample starts with
// an empty buffer.
constexpr int common_divisor(int a, int b) { return b == 0 ? a : common_divisor(b, a % b); }

template <class tensor> struct gearbox {
    static const int per_word = tensor::per_word;
    // Elements of a token's last word.
    static const int tail = tensor::len - (tensor::len - 1) / per_word * per_word;
    // Elements are put behind a multiple of this many only: what else could be, the hardware need not choose from.
    static const int grain = common_divisor(common_divisor(tensor::lanes, per_word), tail);
    static const int room = tensor::lanes + per_word;
    static const int word_bits = per_word * raw_element<tensor>::width;
};

// Elements of the word that starts with element `first` of its token.
template <class tensor> int word_elements(int first) {
    return first + tensor::per_word <= tensor::len ? tensor::per_word : gearbox<tensor>::tail;
}

// The first element of the word that follows.
template <class tensor> int next_word(int first) {
    return first + tensor::per_word < tensor::len ? first + tensor::per_word : 0;
}

// Elements of a beat.
template <class tensor> int beat_elements(int beat) {
    return beat == tensor::beats - 1 ? tensor::size - (tensor::beats - 1) * tensor::lanes : tensor::lanes;
}

// Puts n elements behind `have`, which is below `limit`.
template <class tensor, int n, int limit>
void put_elements(
    typename raw_element<tensor>::type buffer[gearbox<tensor>::room], int have, const typename raw_element<tensor>::type x[n]
) {
    for (int at = 0; at < limit; at += gearbox<tensor>::grain) {
        NNET_UNROLL
        if (have == at) {
            for (int i = 0; i < n; ++i) {
                NNET_UNROLL
                buffer[at + i] = x[i];
            }
        }
    }
}

// Removes n elements from the front.
template <class tensor, int n> void drop_elements(typename raw_element<tensor>::type buffer[gearbox<tensor>::room]) {
    for (int i = 0; i + n < gearbox<tensor>::room; ++i) {
        NNET_UNROLL
        buffer[i] = buffer[i + n];
    }
}

// A round of reading: a beat in, a word out, where they are due.
template <class tensor, class port_t>
void read_round(
    port_t &port,
    hls::stream<ap_uint<gearbox<tensor>::word_bits> > &words,
    typename raw_element<tensor>::type buffer[gearbox<tensor>::room],
    int &have,
    int &first,
    bool &ended
) {
    typedef typename raw_element<tensor>::type raw_t;
    typedef ap_uint<gearbox<tensor>::word_bits> word_t;
    const int wanted = word_elements<tensor>(first);
    if (have < wanted) {
        const ap_uint<tensor::bits> data = next_beat<tensor>(port, ended);
        raw_t x[tensor::lanes];
        NNET_PARTITION(x)
        for (int lane = 0; lane < tensor::lanes; ++lane) {
            NNET_UNROLL
            x[lane] = from_lane<tensor>(data, lane);
        }
        put_elements<tensor, tensor::lanes, tensor::per_word>(buffer, have, x);
        have += tensor::lanes;
    }
    if (have >= wanted) {
        word_t word = 0;
        for (int i = 0; i < tensor::per_word; ++i) {
            NNET_UNROLL
            const raw_t x = i < wanted ? buffer[i] : raw_t(0);
            word |= word_t(x) << (raw_element<tensor>::width * i);
        }
        words.write(word);
        if (wanted == tensor::per_word) {
            drop_elements<tensor, tensor::per_word>(buffer);
        } else {
            drop_elements<tensor, gearbox<tensor>::tail>(buffer);
        }
        have -= wanted;
        first = next_word<tensor>(first);
    }
}

// The first half of a round of writing: a word in where it is due. True if `data` is a whole beat then.
template <class tensor>
bool write_round(
    hls::stream<ap_uint<gearbox<tensor>::word_bits> > &words,
    typename raw_element<tensor>::type buffer[gearbox<tensor>::room],
    int &have,
    int &first,
    int beat,
    ap_uint<tensor::bits> &data
) {
    typedef typename raw_element<tensor>::type raw_t;
    const int wanted = beat_elements<tensor>(beat);
    if (have < wanted) {
        const ap_uint<gearbox<tensor>::word_bits> word = words.read();
        raw_t x[tensor::per_word];
        NNET_PARTITION(x)
        for (int i = 0; i < tensor::per_word; ++i) {
            NNET_UNROLL
            x[i] = raw_t(word >> (raw_element<tensor>::width * i));
        }
        put_elements<tensor, tensor::per_word, tensor::lanes>(buffer, have, x);
        have += word_elements<tensor>(first);
        first = next_word<tensor>(first);
    }
    data = 0;
    if (have < wanted) {
        return false;
    }
    for (int lane = 0; lane < tensor::lanes; ++lane) {
        NNET_UNROLL
        const raw_t x = lane < wanted ? buffer[lane] : raw_t(0);
        data |= to_lane<tensor>(x, lane);
    }
    drop_elements<tensor, tensor::lanes>(buffer);
    have -= wanted;
    return true;
}

} // namespace nnet

#endif
