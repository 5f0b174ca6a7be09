#ifndef NNET_BENCH_H_
#define NNET_BENCH_H_

// What test benches share: vectors as hexadecimal text, a line a sample, and the count of what differs. Never part of
// synthesis.

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace nnet_bench {

typedef std::vector<bool> bits_t; // lowest first
typedef std::vector<bits_t> sample_t;

// A number of at most `width` bits; false when it is none.
inline bool parse(const std::string &token, int width, bits_t &bits) {
    bits.assign(width, false);
    const int digits = static_cast<int>(token.size());
    for (int d = 0; d < digits; ++d) {
        const char c = token[digits - 1 - d];
        int value = 0;
        if (c >= '0' && c <= '9') {
            value = c - '0';
        } else if (c >= 'a' && c <= 'f') {
            value = c - 'a' + 10;
        } else if (c >= 'A' && c <= 'F') {
            value = c - 'A' + 10;
        } else {
            return false;
        }
        for (int b = 0; b < 4; ++b) {
            if (value >> b & 1) {
                if (4 * d + b >= width) {
                    return false; // more than the element holds
                }
                bits[4 * d + b] = true;
            }
        }
    }
    return digits > 0;
}

// As many digits as the width needs.
inline std::string hexadecimal(const bits_t &bits) {
    std::string text;
    for (int d = (static_cast<int>(bits.size()) + 3) / 4 - 1; d >= 0; --d) {
        int value = 0;
        for (int b = 0; b < 4; ++b) {
            const std::size_t at = 4 * d + b;
            value |= (at < bits.size() && bits[at]) << b;
        }
        text += "0123456789abcdef"[value];
    }
    return text;
}

// The two's complement, or unsigned, integer in decimal, of any width.
inline std::string decimal(bits_t bits, bool is_signed) {
    const bool negative = is_signed && bits.back();
    if (negative) { // two's complement: invert, add one
        bool carry = true;
        for (std::size_t i = 0; i < bits.size(); ++i) {
            const bool inverted = !bits[i];
            bits[i] = inverted != carry;
            carry = inverted && carry;
        }
    }
    std::string digits = "0"; // lowest first
    for (std::size_t i = bits.size(); i-- > 0;) {
        int carry = bits[i];
        for (std::size_t d = 0; d < digits.size(); ++d) {
            const int value = 2 * (digits[d] - '0') + carry;
            digits[d] = static_cast<char>('0' + value % 10);
            carry = value / 10;
        }
        if (carry) {
            digits += '1';
        }
    }
    return (negative ? "-" : "") + std::string(digits.rbegin(), digits.rend());
}

// The samples of a file, elements of these widths; false, after a message, when it is not that.
inline bool read(const std::string &path, const std::vector<int> &widths, std::vector<sample_t> &samples) {
    std::ifstream file(path.c_str());
    if (!file) {
        std::fprintf(stderr, "%s: cannot be read\n", path.c_str());
        return false;
    }
    const unsigned long wanted = widths.size();
    std::string line;
    for (unsigned long number = 1; std::getline(file, line); ++number) {
        std::istringstream tokens(line);
        std::string token;
        sample_t sample;
        while (tokens >> token) {
            bits_t bits;
            if (sample.size() == wanted) {
                std::fprintf(stderr, "%s:%lu: more than %lu elements\n", path.c_str(), number, wanted);
                return false;
            }
            const int width = widths[sample.size()];
            if (!parse(token, width, bits)) {
                std::fprintf(stderr, "%s:%lu: `%s` is no hexadecimal number of %d bits\n", path.c_str(), number,
                             token.c_str(), width);
                return false;
            }
            sample.push_back(bits);
        }
        if (sample.empty()) {
            continue;
        }
        if (sample.size() < wanted) {
            std::fprintf(stderr, "%s:%lu: %lu elements, not %lu\n", path.c_str(), number,
                         static_cast<unsigned long>(sample.size()), wanted);
            return false;
        }
        samples.push_back(sample);
    }
    return true;
}

// Whether there are as many answers as questions; a message if not.
inline bool as_many(const std::string &folder, unsigned long inputs, unsigned long outputs) {
    if (inputs != outputs) {
        std::fprintf(stderr, "%s: %lu samples in, %lu samples out; there must be as many\n", folder.c_str(), inputs, outputs);
    }
    return inputs == outputs;
}

inline void write(std::ofstream &file, const sample_t &sample) {
    for (std::size_t i = 0; i < sample.size(); ++i) {
        file << (i > 0 ? " " : "") << hexadecimal(sample[i]);
    }
    file << '\n';
}

// Whether all that was written has arrived; a message if not.
inline bool close(std::ofstream &file, const std::string &path) {
    file.close();
    if (!file) {
        std::fprintf(stderr, "%s: cannot be written\n", path.c_str());
    }
    return static_cast<bool>(file);
}

// What differs; the first few are printed.
struct tally {
    unsigned long values, different, faults, shown;

    tally() : values(0), different(0), faults(0), shown(0) {}

    bool show() { return shown++ < 10; }

    // Counts a value. True if it is one of the first few that differ: the caller prints it.
    bool differs(const bits_t &got, const bits_t &expected) {
        ++values;
        if (got == expected) {
            return false;
        }
        ++different;
        return show();
    }

    // Counts and prints what is wrong beside values.
    void check(bool right, const char *where, unsigned long sample, const char *what) {
        if (!right) {
            ++faults;
            if (show()) {
                std::printf("%s, sample %lu: %s\n", where, sample, what);
            }
        }
    }

    // Compares a sample's elements, printed by number and bits.
    void compare(const sample_t &got, const sample_t &expected, const char *where, unsigned long sample) {
        for (std::size_t i = 0; i < expected.size(); ++i) {
            if (differs(got[i], expected[i])) {
                std::printf("%s, sample %lu, element %lu: %s, expected %s\n", where, sample, static_cast<unsigned long>(i),
                            hexadecimal(got[i]).c_str(), hexadecimal(expected[i]).c_str());
            }
        }
    }

    // Prints the last lines. The exit code: 0 nothing differs, 1 something does.
    int verdict(unsigned long samples) const {
        if (shown > 10) {
            std::printf("... and %lu more\n", shown - 10);
        }
        if (faults > 0) {
            std::printf("%lu faults of beats, TLAST or TKEEP\n", faults);
        }
        std::printf("%lu samples, %lu of %lu values differ\n", samples, different, values);
        return different > 0 || faults > 0 ? 1 : 0;
    }
};

// The vectors of a wrapper in a folder, beats of these widths: as many outputs as inputs, and at least one.
inline bool read_vectors(
    const std::string &folder,
    const std::vector<int> &input_widths,
    std::vector<sample_t> &inputs,
    const std::vector<int> &output_widths,
    std::vector<sample_t> &outputs
) {
    if (!read(folder + "/wrapper_inputs.hex", input_widths, inputs) ||
        !read(folder + "/wrapper_outputs.hex", output_widths, outputs) ||
        !as_many(folder, inputs.size(), outputs.size())) {
        return false;
    }
    if (inputs.empty()) {
        std::fprintf(stderr, "%s: there must be at least one sample\n", folder.c_str());
    }
    return !inputs.empty();
}

} // namespace nnet_bench

#endif
