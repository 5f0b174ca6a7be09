// Runs the kernel's outside beat by beat and compares every beat, bit for bit, with what is expected.
//
// Reads {data}/wrapper_inputs.hex and {data}/wrapper_outputs.hex: a line a sample, each element the bits of a float32 in
// hexadecimal, separated by spaces. Writes {data}/wrapper_results.hex in the same form, 8 digits an element. {data} is the
// first argument, or "tb_data".
// Exit code: 0 all equal, 1 something differs, 2 the files cannot be used.
#include "model_wrapper.hpp"

#include "nnet_bench.h"

namespace {

using nnet_bench::sample_t;
using nnet_bench::tally;
using wrapper::INPUT_BEATS;
using wrapper::INPUT_SIZE;
using wrapper::LANES;
using wrapper::OUTPUT_BEATS;
using wrapper::OUTPUT_SIZE;

typedef hls::stream<wrapper::beat> beat_stream;

const nnet_bench::bits_t zero = nnet_bench::from_uint(0);

void send_beat(beat_stream &to, const sample_t &values, unsigned number, bool last) {
    wrapper::beat sent;
    sent.data = 0;
    for (unsigned lane = 0; lane < LANES; lane++) {
        // What lies behind the last element must not matter, so it is not zero.
        const unsigned element = number * LANES + lane;
        const unsigned bits = element < values.size() ? nnet_bench::to_uint(values[element]) : 0x40490fdbu;
        sent.data.range(32 * lane + 31, 32 * lane) = bits;
    }
    sent.keep = -1;
    sent.strb = -1;
    sent.last = last;
    to.write(sent);
}

void send(beat_stream &to, const sample_t &values) {
    for (unsigned i = 0; i < INPUT_BEATS; i++) send_beat(to, values, i, i + 1 == INPUT_BEATS);
}

// Takes the beats of one result; false when some are missing.
bool receive(beat_stream &from, sample_t &values, const char *where, unsigned long number, tally &counts) {
    values.assign(OUTPUT_SIZE, zero);
    for (unsigned i = 0; i < OUTPUT_BEATS; i++) {
        if (from.empty()) {
            counts.check(false, where, number, "a beat is missing");
            return false;
        }
        const wrapper::beat got = from.read();
        counts.check((got.last != 0) == (i + 1 == OUTPUT_BEATS), where, number, "TLAST is wrong");
        counts.check(got.keep.and_reduce(), where, number, "TKEEP is not all ones");
        for (unsigned lane = 0; lane < LANES; lane++) {
            const unsigned bits = got.data.range(32 * lane + 31, 32 * lane).to_uint();
            if (i * LANES + lane < OUTPUT_SIZE) {
                values[i * LANES + lane] = nnet_bench::from_uint(bits);
            } else {
                counts.check(bits == 0, where, number, "an unused lane is not zero");
            }
        }
    }
    return true;
}

// A packet that is too short, and one that is too long: each has one answer, and the next sample is right again.
void wrong_lengths(const sample_t &input, const sample_t &expected, tally &counts) {
    beat_stream to, from;
    sample_t got, padded(input);
    for (unsigned i = LANES; i < INPUT_SIZE; i++) padded[i] = zero;
    sample_t answer;
    send(to, padded);
    model_wrapper(to, from);
    if (!receive(from, answer, "zero padded", 0, counts)) return;

    if (INPUT_BEATS > 1) {
        send_beat(to, input, 0, true);
        send(to, input);
        for (unsigned i = 0; i < 2; i++) model_wrapper(to, from);
        if (receive(from, got, "short packet", 0, counts)) counts.compare(got, answer, "short packet", 0);
        if (receive(from, got, "after a short packet", 0, counts)) {
            counts.compare(got, expected, "after a short packet", 0);
        }
    }

    // Long by one sample and a beat: that takes two further calls to drop.
    for (unsigned i = 0; i < 2 * INPUT_BEATS + 1; i++) send_beat(to, input, i % INPUT_BEATS, i == 2 * INPUT_BEATS);
    send(to, input);
    for (unsigned i = 0; i < 4; i++) model_wrapper(to, from);
    if (receive(from, got, "long packet", 0, counts)) counts.compare(got, expected, "long packet", 0);
    if (receive(from, got, "after a long packet", 0, counts)) counts.compare(got, expected, "after a long packet", 0);
    counts.check(from.empty(), "long packet", 0, "beats are left over");
    counts.check(to.empty(), "long packet", 0, "beats were not taken");
    while (!from.empty()) from.read();
    while (!to.empty()) to.read();
}

} // namespace

int main(int argc, char **argv) {
    const std::string data = argc > 1 ? argv[1] : "tb_data";
    std::vector<sample_t> inputs, outputs;
    if (!nnet_bench::read_float32(data, INPUT_SIZE, inputs, OUTPUT_SIZE, outputs)) return 2;
    const std::string path = data + "/wrapper_results.hex";
    std::ofstream results(path.c_str());

    // All samples wait at the input before the first is taken, as in a burst.
    beat_stream data_in, data_out;
    tally counts;
    for (unsigned long i = 0; i < inputs.size(); i++) send(data_in, inputs[i]);
    for (unsigned long i = 0; i < inputs.size(); i++) model_wrapper(data_in, data_out);
    counts.check(data_in.empty(), "burst", inputs.size(), "beats were not taken");
    while (!data_in.empty()) data_in.read();
    for (unsigned long i = 0; i < inputs.size(); i++) {
        sample_t got;
        if (!receive(data_out, got, "burst", i, counts)) break;
        counts.compare(got, outputs[i], "burst", i);
        nnet_bench::write(results, got);
    }
    counts.check(data_out.empty(), "burst", inputs.size(), "beats are left over");
    while (!data_out.empty()) data_out.read();
    if (!nnet_bench::close(results, path)) return 2;

    wrong_lengths(inputs[0], outputs[0], counts);
    return counts.verdict(inputs.size());
}
