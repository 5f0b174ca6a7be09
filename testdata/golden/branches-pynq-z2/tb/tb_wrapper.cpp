// Runs the kernel's outside beat by beat and compares every beat, bit for bit, with what is expected.
//
// Reads {data}/wrapper_inputs.hex and {data}/wrapper_outputs.hex: a line a sample, each element the bits of a float32 as 8
// hexadecimal digits, separated by spaces. Writes {data}/wrapper_results.hex in the same form. {data} is the first argument,
// or "tb_data".
// Exit code: 0 all equal, 1 something differs, 2 the files cannot be used.
#include "branches_axi.h"

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

using wrapper::INPUT_SIZE;
using wrapper::OUTPUT_SIZE;

typedef std::vector<unsigned int> sample;
typedef hls::stream<wrapper::beat> beat_stream;

const unsigned SHOWN = 10;

// Values and beats that differ; the first few are printed.
struct tally {
    unsigned long values, different, protocol, shown;

    tally() : values(0), different(0), protocol(0), shown(0) {}

    bool show() { return shown++ < SHOWN; }

    void check(bool right, const char *where, unsigned long number, const char *what) {
        if (right) return;
        protocol++;
        if (show()) std::printf("%s, sample %lu: %s\n", where, number, what);
    }
};

bool read_samples(const std::string &path, unsigned size, std::vector<sample> &samples) {
    std::ifstream file(path.c_str());
    if (!file) {
        std::printf("%s: cannot be read\n", path.c_str());
        return false;
    }
    std::string line;
    for (unsigned long number = 1; std::getline(file, line); number++) {
        std::istringstream words(line);
        std::string word;
        sample values;
        while (words >> word) {
            if (word.size() != 8 || word.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
                std::printf("%s:%lu: \"%s\" is not 8 hexadecimal digits\n", path.c_str(), number, word.c_str());
                return false;
            }
            values.push_back(static_cast<unsigned int>(std::stoul(word, 0, 16)));
        }
        if (values.empty()) continue;
        if (values.size() != size) {
            std::printf("%s:%lu: %lu values, a sample has %u\n", path.c_str(), number,
                        static_cast<unsigned long>(values.size()), size);
            return false;
        }
        samples.push_back(values);
    }
    return true;
}

void send_beat(beat_stream &to, unsigned int bits, bool last) {
    wrapper::beat sent;
    sent.data = bits;
    sent.keep = -1;
    sent.strb = -1;
    sent.last = last;
    to.write(sent);
}

// Sends the first `beats` elements of a sample, TLAST on the last of them if it closes a batch.
void send(beat_stream &to, const sample &values, unsigned beats, bool closes) {
    for (unsigned i = 0; i < beats; i++) send_beat(to, values[i], closes && i + 1 == beats);
}

// Takes the beats of one result; false when some are missing.
bool receive(beat_stream &from, sample &values, bool closes, const char *where, unsigned long number, tally &counts) {
    values.assign(OUTPUT_SIZE, 0);
    for (unsigned i = 0; i < OUTPUT_SIZE; i++) {
        if (from.empty()) {
            counts.check(false, where, number, "a beat is missing");
            return false;
        }
        const wrapper::beat got = from.read();
        counts.check((got.last != 0) == (closes && i + 1 == OUTPUT_SIZE), where, number, "TLAST is wrong");
        counts.check(got.keep.and_reduce(), where, number, "TKEEP is not all ones");
        values[i] = got.data.to_uint();
    }
    return true;
}

void compare(const sample &got, const sample &expected, const char *where, unsigned long number, tally &counts) {
    for (unsigned i = 0; i < OUTPUT_SIZE; i++) {
        counts.values++;
        if (got[i] == expected[i]) continue;
        counts.different++;
        if (counts.show()) {
            std::printf("%s, sample %lu, element %u: %08x, expected %08x\n", where, number, i, got[i], expected[i]);
        }
    }
}

// A batch whose last sample is cut short: it is answered as if zeros had followed, and the next batch is right again.
void short_sample(const sample &input, const sample &expected, tally &counts) {
    beat_stream to, from;
    sample got, answer, padded(input);
    const unsigned kept = INPUT_SIZE / 2;
    if (kept == 0) return; // A sample of one beat cannot be cut.
    for (unsigned i = kept; i < INPUT_SIZE; i++) padded[i] = 0;
    send(to, padded, INPUT_SIZE, true);
    branches_axi(to, from);
    if (!receive(from, answer, true, "zero padded", 0, counts)) return;

    send(to, input, INPUT_SIZE, false);
    send(to, input, kept, true);
    send(to, input, INPUT_SIZE, true);
    for (unsigned i = 0; i < 3; i++) branches_axi(to, from);
    if (receive(from, got, false, "before a short sample", 0, counts)) {
        compare(got, expected, "before a short sample", 0, counts);
    }
    if (receive(from, got, true, "short sample", 0, counts)) compare(got, answer, "short sample", 0, counts);
    if (receive(from, got, true, "after a short sample", 0, counts)) {
        compare(got, expected, "after a short sample", 0, counts);
    }
    counts.check(from.empty(), "short sample", 0, "beats are left over");
    counts.check(to.empty(), "short sample", 0, "beats were not taken");
    while (!from.empty()) from.read();
    while (!to.empty()) to.read();
}

} // namespace

int main(int argc, char **argv) {
    const std::string data = argc > 1 ? argv[1] : "tb_data";
    std::vector<sample> inputs, outputs;
    if (!read_samples(data + "/wrapper_inputs.hex", INPUT_SIZE, inputs)) return 2;
    if (!read_samples(data + "/wrapper_outputs.hex", OUTPUT_SIZE, outputs)) return 2;
    if (inputs.empty() || inputs.size() != outputs.size()) {
        std::printf("%s: %lu samples in, %lu samples out; there must be as many, and at least one\n", data.c_str(),
                    static_cast<unsigned long>(inputs.size()), static_cast<unsigned long>(outputs.size()));
        return 2;
    }
    const std::string results = data + "/wrapper_results.hex";
    std::FILE *file = std::fopen(results.c_str(), "w");
    if (!file) {
        std::printf("%s: cannot be written\n", results.c_str());
        return 2;
    }

    // Batches of 1, 2, 3, ... samples and what remains, all of them waiting at the input before the first is taken.
    std::vector<bool> closes(inputs.size(), false);
    for (unsigned long size = 1, end = 0; end < inputs.size(); size++) {
        end = end + size < inputs.size() ? end + size : inputs.size();
        closes[end - 1] = true;
    }
    beat_stream data_in, data_out;
    tally counts;
    for (unsigned long i = 0; i < inputs.size(); i++) send(data_in, inputs[i], INPUT_SIZE, closes[i]);
    for (unsigned long i = 0; i < inputs.size(); i++) branches_axi(data_in, data_out);
    counts.check(data_in.empty(), "batches", inputs.size(), "beats were not taken");
    while (!data_in.empty()) data_in.read();
    for (unsigned long i = 0; i < inputs.size(); i++) {
        sample got;
        if (!receive(data_out, got, closes[i], "batches", i, counts)) break;
        compare(got, outputs[i], "batches", i, counts);
        for (unsigned j = 0; j < OUTPUT_SIZE; j++) std::fprintf(file, j ? " %08x" : "%08x", got[j]);
        std::fprintf(file, "\n");
    }
    counts.check(data_out.empty(), "batches", inputs.size(), "beats are left over");
    while (!data_out.empty()) data_out.read();
    if (std::fclose(file) != 0) {
        std::printf("%s: cannot be written\n", results.c_str());
        return 2;
    }

    short_sample(inputs[0], outputs[0], counts);
    if (counts.shown > SHOWN) std::printf("... and %lu more\n", counts.shown - SHOWN);
    if (counts.protocol) std::printf("%lu faults of beats, TLAST or TKEEP\n", counts.protocol);
    std::printf("%lu samples, %lu of %lu values differ\n", static_cast<unsigned long>(inputs.size()), counts.different,
                counts.values);
    return counts.different || counts.protocol ? 1 : 0;
}
