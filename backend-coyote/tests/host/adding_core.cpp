// A network whose answers are worked out in the tests: (sum of the first elements of all inputs) + 3 * (element of the first
// input, again from the start at its end) + the number of the output, in float32.

#include <cstring>

#include "software_device.hpp"

namespace {

float element(const std::vector<uint8_t>& bytes, size_t index) {
    float value;
    std::memcpy(&value, bytes.data() + 4 * index, 4);
    return value;
}

} // namespace

void soft_core(const std::vector<std::vector<uint8_t>>& inputs, std::vector<std::vector<uint8_t>>& outputs) {
    for (size_t j = 0; j < outputs.size(); j++) {
        float sum = static_cast<float>(j);
        for (const auto& input : inputs) {
            sum += element(input, 0);
        }
        for (size_t e = 0; e < outputs[j].size() / 4; e++) {
            const float value = sum + 3 * element(inputs[0], e % (inputs[0].size() / 4));
            std::memcpy(outputs[j].data() + 4 * e, &value, 4);
        }
    }
}
