// The tensors of a manifest, and their beats as text and as numbers.

#ifndef NETLATHE_TENSORS_HPP
#define NETLATHE_TENSORS_HPP

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "json.hpp"

namespace netlathe {

constexpr uint64_t BEAT_BYTES = 64;

// One input or output.
struct Tensor {
    std::string name;
    uint64_t elements = 1, per_beat = 1, beats = 1;
    bool floating = false; // float32 or float64, by `bits`; else fixed-point
    uint32_t bits = 0;
    bool is_signed = false;
    int fraction = 0;
    uint32_t stream = 0;

    uint64_t bytes() const { return beats * BEAT_BYTES; }

    // The first bit of an element in a sample's beats, which are little end first.
    uint64_t first_bit(uint64_t element) const {
        return element / per_beat * 8 * BEAT_BYTES + element % per_beat * bits;
    }
};

// What a manifest says to a host.
struct Manifest {
    std::string project;
    int32_t vfpga = 0;
    std::vector<Tensor> inputs, outputs;
};

inline Tensor tensor_of(const Json& json, uint32_t stream) {
    Tensor tensor;
    tensor.name = json.at("name").string();
    tensor.stream = stream;
    for (const Json& axis : json.at("shape").list) {
        tensor.elements *= axis.count();
    }
    const Json& packing = json.at("packing");
    const std::string element = packing.at("element").string();
    char sign[16] = "";
    unsigned width = 0;
    int integer = 0;
    const int found = std::sscanf(element.c_str(), "ap_%15[a-z]<%u,%d", sign, &width, &integer);
    if (element == "float32" || element == "float64") {
        tensor.floating = true;
        tensor.bits = element == "float32" ? 32 : 64;
    } else if (found >= 2 && width > 0 && width <= 64) {
        const std::string kind = sign;
        tensor.bits = width;
        tensor.is_signed = kind == "fixed" || kind == "int";
        tensor.fraction = kind == "int" || kind == "uint" ? 0 : static_cast<int>(width) - integer;
        if (kind != "int" && kind != "uint" && (found != 3 || (kind != "fixed" && kind != "ufixed"))) {
            throw std::runtime_error("element " + element + " is not known");
        }
    } else {
        throw std::runtime_error("element " + element + " is not known");
    }
    tensor.per_beat = packing.at("elements_per_beat").count();
    if (packing.at("beat_bits").count() != 8 * BEAT_BYTES || tensor.per_beat == 0 || tensor.elements == 0 ||
        tensor.per_beat * tensor.bits > 8 * BEAT_BYTES) {
        throw std::runtime_error("tensor " + tensor.name + " does not come in beats of 512 bits");
    }
    tensor.beats = (tensor.elements + tensor.per_beat - 1) / tensor.per_beat;
    return tensor;
}

inline Manifest manifest_of(const std::string& path) {
    std::ifstream file(path);
    if (!file) {
        throw std::runtime_error("cannot read the manifest " + path);
    }
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    try {
        const Json json = JsonReader::read(text);
        Manifest manifest;
        manifest.project = json.at("project").string();
        const Json& host = json.at("host");
        if (host.at("interface").string() != "coyote") {
            throw std::runtime_error("it is of a network behind " + host.at("interface").string() + ", not behind Coyote");
        }
        manifest.vfpga = static_cast<int32_t>(host.at("vfpga").count());
        const auto side = [&](const char* tensors, const char* streams, std::vector<Tensor>& all) {
            const auto& numbers = host.at(streams).list;
            for (const Json& tensor : json.at(tensors).list) {
                if (all.size() >= numbers.size()) {
                    throw std::runtime_error(std::string("there are fewer ") + streams + " than " + tensors);
                }
                all.push_back(tensor_of(tensor, static_cast<uint32_t>(numbers[all.size()].count())));
            }
        };
        side("inputs", "input_streams", manifest.inputs);
        side("outputs", "output_streams", manifest.outputs);
        return manifest;
    } catch (const std::exception& why) {
        throw std::runtime_error(path + ": " + why.what());
    }
}

inline uint64_t bits_at(const uint8_t* sample, uint64_t first, uint32_t bits) {
    uint64_t value = 0;
    for (uint32_t i = 0; i < bits; i++) {
        const uint64_t bit = first + i;
        value |= static_cast<uint64_t>((sample[bit / 8] >> (bit % 8)) & 1) << i;
    }
    return value;
}

// An element as a number.
inline double number_at(const Tensor& tensor, const uint8_t* sample, uint64_t element) {
    const uint64_t bits = bits_at(sample, tensor.first_bit(element), tensor.bits);
    if (tensor.floating && tensor.bits == 32) {
        const uint32_t narrow = static_cast<uint32_t>(bits);
        float value;
        std::memcpy(&value, &narrow, sizeof value);
        return value;
    }
    if (tensor.floating) {
        double value;
        std::memcpy(&value, &bits, sizeof value);
        return value;
    }
    const bool negative = tensor.is_signed && (bits >> (tensor.bits - 1)) != 0;
    // Two's complement without its sign bits; exact in 64 bits.
    const uint64_t magnitude = negative ? ~bits + 1 : bits;
    const uint64_t kept = tensor.bits < 64 ? magnitude & ((uint64_t(1) << tensor.bits) - 1) : magnitude;
    return std::ldexp(negative ? -static_cast<double>(kept) : static_cast<double>(kept), -tensor.fraction);
}

// Puts a number into a zeroed sample; only where beats hold floats. Fixed-point elements need a rounding and an overflow mode,
// which NetLathe applies when it writes wrapper_inputs.hex, and coyote_overlay.py when it sends numpy arrays.
inline void put_number(const Tensor& tensor, uint8_t* sample, uint64_t element, double value) {
    const uint64_t at = tensor.first_bit(element) / 8;
    if (tensor.bits == 32) {
        const float narrow = static_cast<float>(value);
        std::memcpy(sample + at, &narrow, sizeof narrow);
    } else {
        std::memcpy(sample + at, &value, sizeof value);
    }
}

// Appends a beat of 128 hexadecimal digits, the highest first, to `bytes`; false when it is none.
inline bool read_beat(const std::string& token, std::vector<uint8_t>& bytes) {
    if (token.size() != 2 * BEAT_BYTES || token.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
        return false;
    }
    for (size_t byte = BEAT_BYTES; byte-- > 0;) {
        bytes.push_back(static_cast<uint8_t>(std::stoul(token.substr(2 * byte, 2), nullptr, 16)));
    }
    return true;
}

inline std::string write_beat(const uint8_t* beat) {
    static const char digits[] = "0123456789abcdef";
    std::string text;
    for (size_t byte = BEAT_BYTES; byte-- > 0;) {
        text += digits[beat[byte] >> 4];
        text += digits[beat[byte] & 15];
    }
    return text;
}

} // namespace netlathe

#endif
