#include "host_libs.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "device.hpp"

namespace {

using netlathe::argument;
using netlathe::BEAT;
using netlathe::Device;
using netlathe::Fault;
using netlathe::MAX_BYTES;
using netlathe::MAX_STREAMS;
using netlathe::rounded;

thread_local std::string last_error;

// Runs `body`; gives what it gives, or `failed` of a status after keeping the reason.
template <class Body, class Failed> auto guarded(Body body, Failed failed) noexcept -> decltype(body()) {
    int32_t status = NETLATHE_DEVICE;
    try {
        try {
            return body();
        } catch (const Fault& fault) {
            status = fault.status;
            last_error = fault.what();
        } catch (const std::exception& why) {
            last_error = why.what();
        } catch (...) {
            last_error = "an exception that is no std::exception";
        }
    } catch (...) {
        // No memory for the reason.
    }
    return failed(status);
}

template <class Body> int32_t status_of(Body body) noexcept {
    return guarded([&] { body(); return int32_t(NETLATHE_OK); }, [](int32_t status) { return status; });
}

// --- Handles -----------------------------------------------------------------------------------------------------------------

// What a handle stands for. hls4ml's functions keep the numbers of elements.
struct Open {
    std::mutex turn;
    std::unique_ptr<Device> device;
    uint32_t in_size = 0, out_size = 0;
};

// A handle is a number that is never used again, not an address.
class Handles {
  public:
    netlathe_device* add(std::shared_ptr<Open> open) {
        std::lock_guard<std::mutex> lock(mutex_);
        next_ += BEAT;
        open_.emplace(next_, std::move(open));
        return reinterpret_cast<netlathe_device*>(next_);
    }

    std::shared_ptr<Open> find(netlathe_device* handle, bool remove = false) {
        std::lock_guard<std::mutex> lock(mutex_);
        const auto found = open_.find(reinterpret_cast<uintptr_t>(handle));
        if (found == open_.end()) {
            throw argument(handle == nullptr ? "the handle is null: opening has failed"
                                             : "the handle is not open; was it closed before?");
        }
        const std::shared_ptr<Open> open = found->second;
        if (remove) {
            open_.erase(found);
        }
        return open;
    }

  private:
    std::mutex mutex_;
    std::map<uintptr_t, std::shared_ptr<Open>> open_;
    uintptr_t next_ = 0;
};

Handles& handles() {
    static Handles all; // at exit, devices that are open are closed in order
    return all;
}

std::vector<netlathe_stream> streams(const netlathe_stream* given, uint32_t count, const char* side) {
    if (given == nullptr || count == 0 || count > MAX_STREAMS) {
        throw argument(std::string("there must be 1 to 16 ") + side + " streams, not " + std::to_string(count));
    }
    std::vector<netlathe_stream> all(given, given + count);
    for (const auto& stream : all) {
        if (stream.bytes == 0 || stream.bytes % BEAT != 0 || stream.bytes > MAX_BYTES) {
            throw argument(std::string("a sample of an ") + side + " stream has " + std::to_string(stream.bytes) +
                           " bytes; it must be a positive multiple of 64 and at most 128 MiB, Coyote's longest transfer");
        }
        if (stream.stream >= MAX_STREAMS) {
            throw argument(std::string("there is no ") + side + " stream " + std::to_string(stream.stream) + "; they are 0 to 15");
        }
    }
    return all;
}

netlathe_device* open_device(const netlathe_options& options, std::vector<netlathe_stream> inputs,
                             std::vector<netlathe_stream> outputs, uint32_t in_size, uint32_t out_size) {
    auto open = std::make_shared<Open>();
    open->device = std::make_unique<Device>(options, std::move(inputs), std::move(outputs));
    open->in_size = in_size;
    open->out_size = out_size;
    return handles().add(std::move(open));
}

void check_slots(const Device& device, uint64_t samples) {
    if (samples > device.slots()) {
        throw argument(std::to_string(samples) + " samples do not fit in the " + std::to_string(device.slots()) +
                       " slots that the device was opened with");
    }
}

// `slot + 1` would wrap for the largest number there is.
void check_slot(const Device& device, uint64_t slot) {
    if (slot >= device.slots()) {
        throw argument("there is no slot " + std::to_string(slot) + ": the device was opened with " +
                       std::to_string(device.slots()) + " slots");
    }
}

uint64_t float_bytes(uint32_t size) {
    return rounded(uint64_t(size) * sizeof(float), BEAT);
}

// hls4ml's callers look at no status, so that a reason has to be printed.
int32_t told(int32_t status) noexcept {
    if (status != NETLATHE_OK) {
        std::fprintf(stderr, "ERROR: %s\n", last_error.c_str());
    }
    return status;
}

} // namespace

// --- The C interface ---------------------------------------------------------------------------------------------------------

extern "C" {

const char* netlathe_error(void) {
    return last_error.c_str();
}

netlathe_device* netlathe_open(const netlathe_options* options, const netlathe_stream* inputs, uint32_t input_count,
                               const netlathe_stream* outputs, uint32_t output_count) {
    const auto body = [&] {
        if (options == nullptr || options->size != sizeof(netlathe_options)) {
            throw argument("the options are missing or of another version of this library");
        }
        if (options->memory > NETLATHE_MEMORY_REGULAR) {
            throw argument("there is no kind of memory " + std::to_string(options->memory));
        }
        return open_device(*options, streams(inputs, input_count, "input"), streams(outputs, output_count, "output"), 0, 0);
    };
    return guarded(body, [](int32_t) -> netlathe_device* { return nullptr; });
}

int32_t netlathe_run(netlathe_device* device, const void* const* inputs, void* const* outputs, uint64_t samples,
                     netlathe_result* result) {
    netlathe_result here = {0, 0};
    const int32_t status = status_of([&] {
        const auto open = handles().find(device);
        std::lock_guard<std::mutex> lock(open->turn);
        const auto null = [](const void* p) { return p == nullptr; };
        if (samples > 0 && (inputs == nullptr || outputs == nullptr ||
                            std::any_of(inputs, inputs + open->device->inputs().size(), null) ||
                            std::any_of(outputs, outputs + open->device->outputs().size(), null))) {
            throw argument("a buffer is null");
        }
        open->device->run(inputs, outputs, samples, here);
    });
    if (result != nullptr) {
        *result = here;
    }
    return status;
}

int32_t netlathe_run_slots(netlathe_device* device, uint64_t samples, netlathe_result* result) {
    netlathe_result here = {0, 0};
    const int32_t status = status_of([&] {
        const auto open = handles().find(device);
        std::lock_guard<std::mutex> lock(open->turn);
        check_slots(*open->device, samples);
        open->device->run_slots(samples, here);
    });
    if (result != nullptr) {
        *result = here;
    }
    return status;
}

void* netlathe_input(netlathe_device* device, uint32_t input, uint64_t slot) {
    const auto body = [&]() -> void* {
        const auto open = handles().find(device);
        check_slot(*open->device, slot);
        if (input >= open->device->inputs().size()) {
            throw argument("there is no input " + std::to_string(input));
        }
        return open->device->input(input, slot);
    };
    return guarded(body, [](int32_t) -> void* { return nullptr; });
}

void* netlathe_output(netlathe_device* device, uint32_t output, uint64_t slot) {
    const auto body = [&]() -> void* {
        const auto open = handles().find(device);
        check_slot(*open->device, slot);
        if (output >= open->device->outputs().size()) {
            throw argument("there is no output " + std::to_string(output));
        }
        return open->device->output(output, slot);
    };
    return guarded(body, [](int32_t) -> void* { return nullptr; });
}

uint64_t netlathe_slots(netlathe_device* device) {
    return guarded([&] { return handles().find(device)->device->slots(); }, [](int32_t) { return uint64_t(0); });
}

const char* netlathe_note(netlathe_device* device) {
    return guarded([&] { return handles().find(device)->device->note().c_str(); }, [](int32_t) { return ""; });
}

int32_t netlathe_set_timeout(netlathe_device* device, uint64_t timeout_us) {
    return status_of([&] {
        const auto open = handles().find(device);
        std::lock_guard<std::mutex> lock(open->turn);
        open->device->set_timeout(timeout_us);
    });
}

int32_t netlathe_close(netlathe_device* device) {
    return status_of([&] {
        const auto open = handles().find(device, true);
        std::lock_guard<std::mutex> lock(open->turn);
        const bool settled = open->device->settle();
        if (!settled) {
            throw Fault(NETLATHE_TIMEOUT, "transfers were in flight and not answered: the buffers stay mapped until the process "
                                          "ends; program the card again and insert the driver again");
        }
    });
}

netlathe_device* init_model_inference(uint32_t batch_size, uint32_t in_size, uint32_t out_size) {
    const auto body = [&] {
        if (batch_size == 0 || in_size == 0 || out_size == 0) {
            throw argument("batch size, input size and output size must be more than 0");
        }
        netlathe_options options = {};
        options.size = sizeof options;
        options.slots = batch_size;
        const netlathe_stream input = {float_bytes(in_size), 0, 0}, output = {float_bytes(out_size), 0, 0};
        netlathe_device* device =
            open_device(options, streams(&input, 1, "input"), streams(&output, 1, "output"), in_size, out_size);
        const std::string& note = handles().find(device)->device->note();
        if (!note.empty()) {
            std::fprintf(stderr, "NOTE: %s\n", note.c_str());
        }
        return device;
    };
    return guarded(body, [](int32_t status) -> netlathe_device* {
        told(status);
        return nullptr;
    });
}

void free_model_inference(netlathe_device* device) {
    told(netlathe_close(device));
}

int32_t flush(netlathe_device* device) {
    return told(status_of([&] {
        const auto open = handles().find(device);
        std::lock_guard<std::mutex> lock(open->turn);
        for (uint64_t slot = 0; slot < open->device->slots(); slot++) {
            std::memset(open->device->output(0, slot), 0, open->device->outputs()[0].bytes);
        }
    }));
}

int32_t predict(netlathe_device* device) {
    return told(status_of([&] {
        const auto open = handles().find(device);
        std::lock_guard<std::mutex> lock(open->turn);
        Device& held = *open->device;
        netlathe_result result = {0, 0};
        try {
            held.run_slots(held.slots(), result);
        } catch (...) {
            for (uint64_t slot = result.answered; slot < held.slots(); slot++) {
                float* values = reinterpret_cast<float*>(held.output(0, slot));
                std::fill(values, values + open->out_size, std::numeric_limits<float>::quiet_NaN());
            }
            throw;
        }
    }));
}

int32_t set_inference_data(netlathe_device* device, const float* data, uint32_t i) {
    return told(status_of([&] {
        const auto open = handles().find(device);
        std::lock_guard<std::mutex> lock(open->turn);
        check_slot(*open->device, i);
        if (data == nullptr || open->in_size == 0) {
            throw argument("there is no data, or the device was not opened by init_model_inference");
        }
        std::memcpy(open->device->input(0, i), data, uint64_t(open->in_size) * sizeof(float));
    }));
}

float* get_inference_predictions(netlathe_device* device, uint32_t i) {
    const auto body = [&] { return static_cast<float*>(netlathe_output(device, 0, i)); };
    return guarded(body, [](int32_t) -> float* { return nullptr; });
}

} // extern "C"
