// Runs the kernel's outside beat by beat and compares every beat, bit for bit, with what is expected.
//
// Reads {data}/wrapper_inputs.hex and {data}/wrapper_outputs.hex: a line a sample, each element the bits of a float32 in
// hexadecimal, separated by spaces. Writes {data}/wrapper_results.hex in the same form, 8 digits an element. {data} is the
// first argument, or "tb_data".
// Exit code: 0 all equal, 1 something differs, 2 the files cannot be used.
#include "mlp_axi.h"

#include "nnet_bench.h"

namespace {

using nnet_bench::sample_t;
using nnet_bench::tally;
using wrapper::INPUT_SIZE;
using wrapper::OUTPUT_SIZE;

typedef hls::stream<wrapper::beat> beat_stream;

const nnet_bench::bits_t zero = nnet_bench::from_uint(0);

void send_beat(beat_stream &to, const nnet_bench::bits_t &bits, bool last) {
    wrapper::beat sent;
    sent.data = nnet_bench::to_uint(bits);
    sent.keep = -1;
    sent.strb = -1;
    sent.last = last;
    to.write(sent);
}

// Sends the first `beats` elements of a sample, TLAST on the last of them if it closes a batch.
void send(beat_stream &to, const sample_t &values, unsigned beats, bool closes) {
    for (unsigned i = 0; i < beats; i++) send_beat(to, values[i], closes && i + 1 == beats);
}

// Takes the beats of one result; false when some are missing.
bool receive(beat_stream &from, sample_t &values, bool closes, const char *where, unsigned long number, tally &counts) {
    values.assign(OUTPUT_SIZE, zero);
    for (unsigned i = 0; i < OUTPUT_SIZE; i++) {
        if (from.empty()) {
            counts.check(false, where, number, "a beat is missing");
            return false;
        }
        const wrapper::beat got = from.read();
        counts.check((got.last != 0) == (closes && i + 1 == OUTPUT_SIZE), where, number, "TLAST is wrong");
        counts.check(got.keep.and_reduce(), where, number, "TKEEP is not all ones");
        values[i] = nnet_bench::from_uint(got.data.to_uint());
    }
    return true;
}

// A batch whose last sample is cut short: it is answered as if zeros had followed, and the next batch is right again.
void short_sample(const sample_t &input, const sample_t &expected, tally &counts) {
    beat_stream to, from;
    sample_t got, answer, padded(input);
    const unsigned kept = INPUT_SIZE / 2;
    if (kept == 0) return; // A sample of one beat cannot be cut.
    for (unsigned i = kept; i < INPUT_SIZE; i++) padded[i] = zero;
    send(to, padded, INPUT_SIZE, true);
    mlp_axi(to, from);
    if (!receive(from, answer, true, "zero padded", 0, counts)) return;

    send(to, input, INPUT_SIZE, false);
    send(to, input, kept, true);
    send(to, input, INPUT_SIZE, true);
    for (unsigned i = 0; i < 3; i++) mlp_axi(to, from);
    if (receive(from, got, false, "before a short sample", 0, counts)) {
        counts.compare(got, expected, "before a short sample", 0);
    }
    if (receive(from, got, true, "short sample", 0, counts)) counts.compare(got, answer, "short sample", 0);
    if (receive(from, got, true, "after a short sample", 0, counts)) {
        counts.compare(got, expected, "after a short sample", 0);
    }
    counts.check(from.empty(), "short sample", 0, "beats are left over");
    counts.check(to.empty(), "short sample", 0, "beats were not taken");
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

    // Batches of 1, 2, 3, ... samples and what remains, all of them waiting at the input before the first is taken.
    std::vector<bool> closes(inputs.size(), false);
    for (unsigned long size = 1, end = 0; end < inputs.size(); size++) {
        end = end + size < inputs.size() ? end + size : inputs.size();
        closes[end - 1] = true;
    }
    beat_stream data_in, data_out;
    tally counts;
    for (unsigned long i = 0; i < inputs.size(); i++) send(data_in, inputs[i], INPUT_SIZE, closes[i]);
    for (unsigned long i = 0; i < inputs.size(); i++) mlp_axi(data_in, data_out);
    counts.check(data_in.empty(), "batches", inputs.size(), "beats were not taken");
    while (!data_in.empty()) data_in.read();
    for (unsigned long i = 0; i < inputs.size(); i++) {
        sample_t got;
        if (!receive(data_out, got, closes[i], "batches", i, counts)) break;
        counts.compare(got, outputs[i], "batches", i);
        nnet_bench::write(results, got);
    }
    counts.check(data_out.empty(), "batches", inputs.size(), "beats are left over");
    while (!data_out.empty()) data_out.read();
    if (!nnet_bench::close(results, path)) return 2;

    short_sample(inputs[0], outputs[0], counts);
    return counts.verdict(inputs.size());
}
