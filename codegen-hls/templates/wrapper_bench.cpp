// Runs the outside of the kernel beat by beat and compares every beat, bit for bit, with what is expected.
//
// Reads {data}/wrapper_inputs.hex and {data}/wrapper_outputs.hex: a line a sample, all beats of the first tensor, then those of
// the next, each a number in hexadecimal. Writes {data}/wrapper_results.hex in the same form. {data} is the first argument, or
// "tb_data".
// Exit code: 0 all equal, 1 something differs, 2 the files cannot be used, 3 something waits for ever.
#include "{{ header }}"

#include "nnet_bench.h"

namespace {

using nnet_bench::bits_t;
using nnet_bench::sample_t;
using nnet_bench::tally;

struct tensor {
    const char *name;
    unsigned size, lanes, lane_bits, beats, bits;
    // Where its beats start in a line.
    unsigned first;
};

const unsigned inputs = {{ inputs.len() }};
const unsigned outputs = {{ outputs.len() }};
const tensor input[inputs] = {
{%- for t in inputs %}
    { "{{ t.ident }}", {{ t.size }}, {{ t.lanes }}, {{ t.lane_bits }}, {{ t.beats }}, {{ t.bits }}, {{ t.first }} },
{%- endfor %}
};
const tensor output[outputs] = {
{%- for t in outputs %}
    { "{{ t.ident }}", {{ t.size }}, {{ t.lanes }}, {{ t.lane_bits }}, {{ t.beats }}, {{ t.bits }}, {{ t.first }} },
{%- endfor %}
};

std::vector<int> widths(const tensor *side, unsigned count) {
    std::vector<int> all;
    for (unsigned t = 0; t < count; t++) all.insert(all.end(), side[t].beats, static_cast<int>(side[t].bits));
    return all;
}

// A beat as it is sent: what holds no element must not matter, so it is not zero.
bits_t dirty(const tensor &t, unsigned beat, bits_t bits) {
    for (unsigned bit = 0; bit < t.bits; bit++) {
        const unsigned lane = bit / t.lane_bits;
        if (lane >= t.lanes || beat * t.lanes + lane >= t.size) bits[bit] = (bit + beat) % 3 != 0;
    }
    return bits;
}

template <int bits> ap_uint<bits> word_of(const bits_t &from) {
    ap_uint<bits> word = 0;
    for (int i = 0; i < bits; i++) word[i] = from[i];
    return word;
}

template <int bits> bits_t bits_of(const ap_uint<bits> &word) {
    bits_t to(bits);
    for (int i = 0; i < bits; i++) to[i] = word[i] != 0;
    return to;
}

// The vectors, and what was answered.
std::vector<sample_t> given, expected, results;
{% if is_stream %}
{%- for t in inputs %}
hls::stream<wrapper::{{ t.ident }}_beat> {{ t.ident }};
{%- endfor %}
{%- for t in outputs %}
hls::stream<wrapper::{{ t.ident }}_beat> {{ t.ident }};
{%- endfor %}

void run(unsigned long calls) {
    for (unsigned long i = 0; i < calls; i++) {{ top }}({{ arguments }});
}

template <class beat_t> void send_to(hls::stream<beat_t> &port, const bits_t &bits, bool last) {
    beat_t beat;
    for (std::size_t i = 0; i < bits.size(); i++) beat.data[i] = bits[i];
    beat.keep = -1;
    beat.strb = -1;
    beat.last = last;
    port.write(beat);
}

void send_beat(unsigned t, const bits_t &bits, bool last) {
    switch (t) {
{%- for t in inputs %}
    case {{ loop.index0 }}: send_to({{ t.ident }}, bits, last); break;
{%- endfor %}
    }
}

// Beats of a sample from one on, TLAST on the last of them if it closes something.
void send(unsigned t, const sample_t &sample, unsigned from, unsigned beats, bool closes) {
    for (unsigned i = from; i < beats; i++) {
        send_beat(t, dirty(input[t], i, sample[input[t].first + i]), closes && i + 1 == beats);
    }
}

void send_all(const sample_t &sample, bool closes) {
    for (unsigned t = 0; t < inputs; t++) send(t, sample, 0, input[t].beats, closes);
}

template <class beat_t> bool receive_from(hls::stream<beat_t> &port, bits_t &bits, bool &last, bool &full) {
    if (port.empty()) return false;
    const beat_t beat = port.read();
    for (std::size_t i = 0; i < bits.size(); i++) bits[i] = beat.data[i] != 0;
    last = beat.last != 0;
    full = beat.keep.and_reduce() && beat.strb.and_reduce();
    return true;
}

bool receive_beat(unsigned t, bits_t &bits, bool &last, bool &full) {
    bits.assign(output[t].bits, false);
    switch (t) {
{%- for t in outputs %}
    case {{ loop.index0 }}: return receive_from({{ t.ident }}, bits, last, full);
{%- endfor %}
    }
    return false;
}

// Takes the beats of one answer; false when some are missing.
bool receive(sample_t &answer, bool closes, const char *where, unsigned long number, tally &counts) {
    answer.clear();
    for (unsigned t = 0; t < outputs; t++) {
        for (unsigned i = 0; i < output[t].beats; i++) {
            bits_t bits;
            bool last = false, full = false;
            if (!receive_beat(t, bits, last, full)) {
                counts.check(false, where, number, "a beat is missing");
                return false;
            }
            counts.check(last == (closes && i + 1 == output[t].beats), where, number, "TLAST is wrong");
            counts.check(full, where, number, "TKEEP is not all ones");
            answer.push_back(bits);
        }
    }
    return true;
}

void answers(const sample_t &right, bool closes, const char *where, tally &counts) {
    sample_t got;
    if (receive(got, closes, where, 0, counts)) counts.compare(got, right, where, 0);
}

// Nothing waits at any port.
void check_empty(const char *where, unsigned long number, tally &counts) {
{%- for t in inputs %}
    counts.check({{ t.ident }}.empty(), where, number, "beats were not taken");
    while (!{{ t.ident }}.empty()) {{ t.ident }}.read();
{%- endfor %}
{%- for t in outputs %}
    counts.check({{ t.ident }}.empty(), where, number, "beats are left over");
    while (!{{ t.ident }}.empty()) {{ t.ident }}.read();
{%- endfor %}
}

// All samples wait at the inputs before the first is taken.
{%- if closes_sample %}
void all_samples(tally &counts) {
    for (std::size_t i = 0; i < given.size(); i++) send_all(given[i], true);
    run(given.size());
    for (std::size_t i = 0; i < given.size(); i++) {
        sample_t got;
        if (!receive(got, true, "samples", i, counts)) break;
        counts.compare(got, expected[i], "samples", i);
        results.push_back(got);
    }
    check_empty("samples", given.size(), counts);
}
{%- else %}
// Batches of 1, 2, 3, ... samples and what remains; every second one is closed by one of the inputs alone.
void all_samples(tally &counts) {
    std::vector<bool> closes(given.size(), false);
    std::size_t begin = 0;
    for (std::size_t size = 1; begin < given.size(); size++) {
        const std::size_t end = begin + size < given.size() ? begin + size : given.size();
        closes[end - 1] = true;
        for (std::size_t i = begin; i < end; i++) {
            for (unsigned t = 0; t < inputs; t++) {
                const bool alone = size % 2 == 0 && t != size / 2 % inputs;
                send(t, given[i], 0, input[t].beats, closes[i] && !alone);
            }
        }
        begin = end;
    }
    run(given.size());
    for (std::size_t i = 0; i < given.size(); i++) {
        sample_t got;
        if (!receive(got, closes[i], "samples", i, counts)) break;
        counts.compare(got, expected[i], "samples", i);
        results.push_back(got);
    }
    check_empty("samples", given.size(), counts);
}
{%- endif %}

// One input's sample ends after so many beats: it is answered as if zeros had followed, and the next sample is right again.
void cut(unsigned t, unsigned beats, tally &counts) {
    sample_t zero_filled(given[0]), answer;
    for (unsigned i = beats; i < input[t].beats; i++) zero_filled[input[t].first + i].assign(input[t].bits, false);
    send_all(zero_filled, true);
    run(1);
    if (!receive(answer, true, "zero filled", 0, counts)) return;

    const std::size_t next = given.size() > 1 ? 1 : 0;
    send_all(given[next], {{ closes_sample }});
    for (unsigned other = 0; other < inputs; other++) {
        send(other, given[0], 0, other == t ? beats : input[other].beats, {% if closes_sample %}true{% else %}other == t{% endif %});
    }
    send_all(given[next], true);
    run(3);
    answers(expected[next], {{ closes_sample }}, "before a short sample", counts);
    answers(answer, true, "short sample", counts);
    answers(expected[next], true, "after a short sample", counts);
    check_empty("short sample", 0, counts);
}
{%- if closes_sample %}

// One input's sample ends so many beats too late: it is answered once, and the next sample is right again.
void overlong(unsigned t, unsigned beats, tally &counts) {
    const std::size_t next = given.size() > 1 ? 1 : 0;
    for (unsigned other = 0; other < inputs; other++) send(other, given[0], 0, input[other].beats, other != t);
    for (unsigned i = 0; i < beats; i++) {
        send_beat(t, dirty(input[t], i, given[0][input[t].first + i % input[t].beats]), i + 1 == beats);
    }
    send_all(given[next], true);
    run(2);
    answers(expected[0], true, "long packet", counts);
    answers(expected[next], true, "after a long packet", counts);
    check_empty("long packet", 0, counts);
}
{%- endif %}

void wrong_lengths(tally &counts) {
    for (unsigned t = 0; t < inputs; t++) {
        const unsigned beats = input[t].beats;
        for (unsigned kept = 1; kept < beats; kept++) {
            if (kept == 1 || kept == beats / 2 || kept + 1 == beats) cut(t, kept, counts);
        }
{%- if closes_sample %}
        overlong(t, 1, counts);
        overlong(t, beats, counts);
        overlong(t, 2 * beats + 1, counts);
{%- endif %}
    }
}
{% else %}
// More than any run writes.
const unsigned guard = 3;
{% if is_memory %}
// Beats of a buffer: so many samples, as many at least as a cosimulation reads, and the guard.
std::size_t room(const tensor &t, std::size_t samples) {
    return (samples > {{ cosim_samples }} ? samples : {{ cosim_samples }}) * t.beats + guard;
}

// Runs samples of the vectors, and compares; a run of none must not change anything.
void run(std::size_t begin, std::size_t samples, const char *where, tally &counts) {
{%- for t in inputs %}
    std::vector<ap_uint<{{ t.bits }}> > {{ t.ident }}(room(input[{{ loop.index0 }}], samples));
    for (std::size_t i = 0; i < samples * {{ t.beats }}; i++) {
        const unsigned beat = static_cast<unsigned>(i % {{ t.beats }});
        {{ t.ident }}[i] = word_of<{{ t.bits }}>(dirty(input[{{ loop.index0 }}], beat, given[begin + i / {{ t.beats }}][{{ t.first }} + beat]));
    }
{%- endfor %}
{%- for t in outputs %}
    std::vector<ap_uint<{{ t.bits }}> > {{ t.ident }}(room(output[{{ loop.index0 }}], samples), ap_uint<{{ t.bits }}>(0x5a));
{%- endfor %}
    {{ top }}({{ arrays }}, static_cast<unsigned>(samples));
    for (std::size_t i = 0; i < samples; i++) {
        sample_t got;
{%- for t in outputs %}
        for (unsigned beat = 0; beat < {{ t.beats }}; beat++) got.push_back(bits_of<{{ t.bits }}>({{ t.ident }}[i * {{ t.beats }} + beat]));
{%- endfor %}
        counts.compare(got, expected[begin + i], where, begin + i);
        if (begin + i == results.size()) results.push_back(got);
    }
{%- for t in outputs %}
    for (std::size_t i = samples * {{ t.beats }}; i < {{ t.ident }}.size(); i++) {
        counts.check({{ t.ident }}[i] == 0x5a, where, begin, "written behind the last sample");
    }
{%- endfor %}
}

// Batches of 1, 2, 3, ... samples and what remains, none at all, and all together.
void all_samples(tally &counts) {
    std::size_t begin = 0;
    for (std::size_t size = 1; begin < given.size(); size++) {
        const std::size_t samples = begin + size < given.size() ? size : given.size() - begin;
        run(begin, samples, "batches", counts);
        begin += samples;
    }
    run(0, 0, "empty batch", counts);
    run(0, given.size(), "one batch", counts);
}
{% else %}
// Each sample by itself.
void all_samples(tally &counts) {
    for (std::size_t i = 0; i < given.size(); i++) {
{%- for t in inputs %}
        ap_uint<{{ t.bits }}> {{ t.ident }}[{{ t.beats }} + guard];
        for (unsigned beat = 0; beat < {{ t.beats }}; beat++) {
            {{ t.ident }}[beat] = word_of<{{ t.bits }}>(dirty(input[{{ loop.index0 }}], beat, given[i][{{ t.first }} + beat]));
        }
{%- endfor %}
{%- for t in outputs %}
        ap_uint<{{ t.bits }}> {{ t.ident }}[{{ t.beats }} + guard];
        for (unsigned beat = 0; beat < {{ t.beats }} + guard; beat++) {{ t.ident }}[beat] = 0x5a;
{%- endfor %}
        {{ top }}({{ arguments }});
        sample_t got;
{%- for t in outputs %}
        for (unsigned beat = 0; beat < {{ t.beats }}; beat++) got.push_back(bits_of<{{ t.bits }}>({{ t.ident }}[beat]));
        for (unsigned beat = {{ t.beats }}; beat < {{ t.beats }} + guard; beat++) {
            counts.check({{ t.ident }}[beat] == 0x5a, "samples", i, "written behind the last beat");
        }
{%- endfor %}
        counts.compare(got, expected[i], "samples", i);
        results.push_back(got);
    }
}
{% endif %}
void wrong_lengths(tally &) {} // There are none: nobody but the kernel counts the beats.
{% endif %}
} // namespace

int main(int argc, char **argv) {
    const std::string data = argc > 1 ? argv[1] : "tb_data";
    if (!nnet_bench::read_vectors(data, widths(input, inputs), given, widths(output, outputs), expected)) return 2;
    const std::string path = data + "/wrapper_results.hex";
    std::ofstream file(path.c_str());
    tally counts;
    all_samples(counts);
    for (std::size_t i = 0; i < results.size(); i++) nnet_bench::write(file, results[i]);
    if (!nnet_bench::close(file, path)) return 2;
    wrong_lengths(counts);
    return counts.verdict(given.size());
}
