// The generated kernel, wrapper and all, as the vFPGA of the device in software: a call of its top function is a sample.

#include "model_wrapper.hpp"
#include "software_device.hpp"

namespace {

template <class Word>
void call(void (*top)(hls::stream<Word>&, hls::stream<Word>&), const std::vector<uint8_t>& in, std::vector<uint8_t>& out) {
    hls::stream<Word> sent, answered;
    for (size_t at = 0; at < in.size(); at += 64) {
        Word word;
        for (int byte = 0; byte < 64; byte++) {
            word.data.range(8 * byte + 7, 8 * byte) = in[at + byte];
        }
        word.keep = -1;
        word.strb = -1;
        word.last = at + 64 == in.size();
        sent.write(word);
    }
    top(sent, answered);
    // As many beats as there are: the device sees when they are not those that were asked for.
    out.clear();
    while (!answered.empty()) {
        const Word word = answered.read();
        for (int byte = 0; byte < 64; byte++) {
            out.push_back(static_cast<uint8_t>(word.data.range(8 * byte + 7, 8 * byte).to_uint()));
        }
    }
}

} // namespace

void soft_core(const std::vector<std::vector<uint8_t>>& inputs, std::vector<std::vector<uint8_t>>& outputs) {
    call(&model_wrapper, inputs[0], outputs[0]);
}
