// The host library on a device in software. `test_host NAME...` runs some cases, `test_host` all.
//
// What hls4ml's host does wrong, and which case fails on a host with that defect (backend-coyote/tests/it/host.rs puts each of
// them back into this library's source and sees its case fail):
//
//   flush() zeroes out_size bytes instead of elements                | flush_zeroes_all
//   exceptions cross the C interface                                 | no_device, a_command_that_throws
//   getMem's null pointer is used                                    | no_huge_pages, no_memory
//   a wait without an end                                            | a_silent_card, close_of_a_silent_card
//   a thread and buffers for every call                              | one_thread_for_all_runs
//   two huge pages for every sample, sizes that are no whole pages   | samples_share_pages
//   the last, partial batch is dropped                               | every_sample
//   a number of samples that does not fit in what was opened         | every_sample, slots_are_checked
//   memory is freed twice                                            | closed_once
//   more commands than the shell's queue takes                       | every_sample, several_streams
//   a process that ends with transfers in flight                     | a_signal_waits
//   old results where there was no answer                            | no_old_results
//   handles that are null or closed are followed                     | handles_are_checked
//   results of a stream that is behind are read too early            | several_streams
//   the counter of completions is believed to start at 0             | the_counter_wraps

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "host_libs.hpp"
#include "software_device.hpp"

namespace {

int failures = 0;

void check(bool right, const char* what, int line) {
    if (!right) {
        std::printf("    line %d: %s; last error: %s\n", line, what, netlathe_error());
        failures++;
    }
}

#define CHECK(condition) check((condition), #condition, __LINE__)

bool says(const char* part) {
    return std::strstr(netlathe_error(), part) != nullptr;
}

uint64_t count(const char* name) {
    return soft_get(name);
}

using Samples = std::vector<std::vector<float>>; // a tensor's samples one after another, for every stream

// A device with streams of these numbers of floats, multiples of 16.
struct Network {
    std::vector<uint64_t> in, out;
    netlathe_device* device = nullptr;

    Network(std::vector<uint64_t> in, std::vector<uint64_t> out, uint64_t timeout_us = 0, uint64_t slots = 0,
            uint32_t memory = NETLATHE_MEMORY_ANY)
        : in(in), out(out) {
        soft_set("plan_inputs", in.size());
        soft_set("plan_outputs", out.size());
        netlathe_options options = {};
        options.size = sizeof options;
        options.memory = memory;
        options.timeout_us = timeout_us;
        options.slots = slots;
        device = netlathe_open(&options, streams(in).data(), uint32_t(in.size()), streams(out).data(), uint32_t(out.size()));
    }

    static std::vector<netlathe_stream> streams(const std::vector<uint64_t>& sizes) {
        std::vector<netlathe_stream> all;
        for (uint32_t i = 0; i < sizes.size(); i++) {
            all.push_back({sizes[i] * 4, i, 0});
        }
        return all;
    }

    Samples given(uint64_t samples) const {
        Samples all;
        for (size_t i = 0; i < in.size(); i++) {
            all.emplace_back();
            for (uint64_t k = 0; k < samples * in[i]; k++) {
                all[i].push_back(float(k % 1009) + 0.25f * float(i));
            }
        }
        return all;
    }

    // What soft_core() makes of it: (sum of the first elements of all inputs) + 3 * (element of the first input) + j.
    Samples expected(const Samples& x, uint64_t samples) const {
        Samples all;
        for (size_t j = 0; j < out.size(); j++) {
            all.emplace_back();
            for (uint64_t sample = 0; sample < samples; sample++) {
                float sum = float(j);
                for (size_t i = 0; i < in.size(); i++) {
                    sum += x[i][sample * in[i]];
                }
                for (uint64_t e = 0; e < out[j]; e++) {
                    all[j].push_back(sum + 3 * x[0][sample * in[0] + e % in[0]]);
                }
            }
        }
        return all;
    }

    int32_t run(const Samples& x, Samples& y, uint64_t samples, netlathe_result* result = nullptr) const {
        std::vector<const void*> from;
        std::vector<void*> to;
        for (const auto& tensor : x) {
            from.push_back(tensor.data());
        }
        y.clear();
        for (const uint64_t size : out) {
            y.emplace_back(samples * size, -1.0f);
        }
        for (auto& tensor : y) {
            to.push_back(tensor.data());
        }
        return netlathe_run(device, from.data(), to.data(), samples, result);
    }

    bool right(uint64_t samples) const {
        const Samples x = given(samples);
        Samples y;
        netlathe_result result = {99, 0};
        return run(x, y, samples, &result) == NETLATHE_OK && result.answered == samples && y == expected(x, samples);
    }
};

void every_sample() {
    for (const uint64_t delay : {0, 5}) {
        soft_set("plan_delay", delay);
        const Network net({32}, {16});
        for (const uint64_t samples : {0, 1, 2, 21, 22, 23, 31, 32, 33, 64, 1000}) {
            CHECK(net.right(samples));
        }
        CHECK(count("most") == 22);
        CHECK(netlathe_close(net.device) == NETLATHE_OK);
    }
    // A ring of one sample.
    const Network small({16}, {16}, 0, 1);
    CHECK(netlathe_slots(small.device) == 1 && small.right(5));
    CHECK(netlathe_close(small.device) == NETLATHE_OK);
}

void several_streams() {
    for (const uint64_t ahead : {0, 1}) {
        soft_set("plan_ahead", ahead);
        soft_set("plan_delay", 2);
        for (const auto& [in, out] : std::vector<std::pair<std::vector<uint64_t>, std::vector<uint64_t>>>{
                 {{16, 32}, {48}}, {{16}, {32, 16}}, {{32, 16, 16}, {16, 48}}, {{16, 16}, {16, 16, 32, 16}}}) {
            const Network net(in, out);
            CHECK(net.right(1) && net.right(2) && net.right(50) && net.right(7));
            CHECK(netlathe_close(net.device) == NETLATHE_OK);
        }
    }
    CHECK(count("most") <= 22);
}

void slots_are_checked() {
    const Network net({16}, {16}, 0, 3);
    CHECK(netlathe_input(net.device, 0, 2) != nullptr && netlathe_output(net.device, 0, 2) != nullptr);
    CHECK(netlathe_input(net.device, 0, 3) == nullptr && says("3 slots"));
    CHECK(netlathe_input(net.device, 0, UINT64_MAX) == nullptr && netlathe_output(net.device, 0, UINT64_MAX) == nullptr);
    CHECK(netlathe_output(net.device, 1, 0) == nullptr && says("no output 1"));
    CHECK(netlathe_run_slots(net.device, 4, nullptr) == NETLATHE_ARGUMENT && says("3 slots"));
    for (uint64_t slot = 0; slot < 3; slot++) {
        static_cast<float*>(netlathe_input(net.device, 0, slot))[0] = float(slot);
    }
    CHECK(netlathe_run_slots(net.device, 3, nullptr) == NETLATHE_OK);
    for (uint64_t slot = 0; slot < 3; slot++) {
        CHECK(static_cast<float*>(netlathe_output(net.device, 0, slot))[0] == 4 * float(slot));
    }
    CHECK(netlathe_close(net.device) == NETLATHE_OK);
}

void one_thread_for_all_runs() {
    const Network net({16}, {16});
    for (int i = 0; i < 10; i++) {
        CHECK(net.right(40));
    }
    CHECK(count("opened") == 1 && count("closed") == 0 && count("blocks") == 1);
    CHECK(netlathe_close(net.device) == NETLATHE_OK);
    CHECK(count("opened") == 1 && count("closed") == 1);
}

void samples_share_pages() {
    const Network net({16}, {16}, 0, 1000); // 128 bytes a sample
    CHECK(count("blocks") == 1 && count("bytes") == 2 << 20 && count("huge") == 1);
    CHECK(std::string(netlathe_note(net.device)).empty());
    const Network large({1 << 18}, {16}, 0, 3); // 1 MiB + 64 bytes a sample: 2 pages, not 1.5
    CHECK(count("bytes") == (2 << 20) + (4 << 20) && count("ragged") == 0);
    CHECK(net.right(3) && large.right(7));
    CHECK(netlathe_close(net.device) == NETLATHE_OK && netlathe_close(large.device) == NETLATHE_OK);
    // Beyond a block of 1 GiB (5 x 256 MiB): memory is only touched by zeroing it.
    const Network blocks({1 << 24}, {1 << 24}, 0, 10);
    CHECK(count("blocks") == 2 + 2 && netlathe_input(blocks.device, 0, 9) != nullptr);
    CHECK(netlathe_close(blocks.device) == NETLATHE_OK);
}

void no_huge_pages() {
    soft_set("plan_no_huge", 1);
    const Network net({16}, {16});
    CHECK(net.device != nullptr && count("huge") == 0);
    CHECK(std::strstr(netlathe_note(net.device), "vm.nr_hugepages=9") != nullptr);
    CHECK(net.right(30));
    CHECK(netlathe_close(net.device) == NETLATHE_OK);
    const Network only({16}, {16}, 0, 0, NETLATHE_MEMORY_HUGE);
    CHECK(only.device == nullptr && says("huge pages"));
    CHECK(count("opened") == count("closed"));
}

void no_memory() {
    soft_set("plan_no_huge", 1);
    soft_set("plan_no_regular", 1);
    const Network net({16}, {16});
    CHECK(net.device == nullptr && says("no memory"));
    CHECK(count("opened") == 1 && count("closed") == 1);
}

void no_device() {
    soft_set("plan_no_open", 1);
    const Network net({16}, {16});
    CHECK(net.device == nullptr && says("/dev/coyote_fpga_0_v0") && says("could not be obtained"));
    CHECK(init_model_inference(1, 16, 16) == nullptr && says("could not be obtained"));
}

void a_command_that_throws() {
    soft_set("plan_delay", 3);
    const Network net({16}, {16});
    const Samples x = net.given(40);
    Samples y;
    netlathe_result result = {0, 0};
    soft_set("plan_throw_at", 15);
    CHECK(net.run(x, y, 40, &result) == NETLATHE_DEVICE && says("planned failure"));
    CHECK(result.answered == 0 && count("commands") == 15);
    // Nothing is left in flight that a next run could take for its own.
    CHECK(net.right(40));
    CHECK(netlathe_close(net.device) == NETLATHE_OK && count("closed_busy") == 0);
    // Half a sample was sent: its stream is out of step.
    const Network pair({16, 16}, {16});
    soft_set("plan_throw_at", count("commands") + 2);
    CHECK(pair.run(pair.given(1), y, 1) == NETLATHE_DEVICE && says("planned failure"));
    CHECK(pair.run(pair.given(1), y, 1) == NETLATHE_BROKEN && says("in part"));
}

void a_silent_card() {
    soft_set("plan_answers", 7);
    const Network net({16}, {16}, 50 * 1000);
    const Samples x = net.given(40);
    Samples y;
    netlathe_result result = {0, 0};
    const auto begun = std::chrono::steady_clock::now();
    CHECK(net.run(x, y, 40, &result) == NETLATHE_TIMEOUT && says("sample 7 of 40") && says("0.05"));
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(20));
    CHECK(result.answered == 7);
    const Samples expected = net.expected(x, 7);
    CHECK(std::equal(expected[0].begin(), expected[0].end(), y[0].begin()));
    CHECK(net.run(x, y, 1) == NETLATHE_BROKEN && says("unusable") && says("sample 7 of 40"));
    // Pages that the card may still write into are not unmapped.
    CHECK(netlathe_close(net.device) == NETLATHE_TIMEOUT && says("stay mapped"));
    CHECK(count("closed") == 0);
    CHECK(netlathe_close(net.device) == NETLATHE_ARGUMENT && says("closed before"));
}

// With more than the shell's queue takes, the wait would be in Coyote's own invoke().
void close_of_a_silent_card() {
    soft_set("plan_answers", 1);
    const Network net({16}, {16}, 50 * 1000);
    Samples y;
    CHECK(net.run(net.given(300), y, 300) == NETLATHE_TIMEOUT);
    soft_set("plan_answers", 0); // it answers late
    CHECK(netlathe_close(net.device) == NETLATHE_OK);
    CHECK(count("closed") == 1 && count("closed_busy") == 0);
}

void closed_once() {
    const Network net({16}, {16});
    CHECK(net.right(3));
    CHECK(netlathe_close(net.device) == NETLATHE_OK);
    CHECK(netlathe_close(net.device) == NETLATHE_ARGUMENT);
    netlathe_device* theirs = init_model_inference(2, 3, 1);
    free_model_inference(theirs);
    free_model_inference(theirs);
    CHECK(count("closed") == 2 && count("freed") == 0);
}

void handles_are_checked() {
    CHECK(predict(nullptr) == NETLATHE_ARGUMENT && says("null"));
    CHECK(flush(nullptr) == NETLATHE_ARGUMENT);
    CHECK(set_inference_data(nullptr, nullptr, 0) == NETLATHE_ARGUMENT);
    CHECK(get_inference_predictions(nullptr, 0) == nullptr);
    free_model_inference(nullptr);
    const auto junk = reinterpret_cast<netlathe_device*>(uintptr_t(0x1234));
    CHECK(netlathe_run(junk, nullptr, nullptr, 1, nullptr) == NETLATHE_ARGUMENT && says("not open"));
    CHECK(netlathe_slots(junk) == 0 && netlathe_set_timeout(junk, 5) == NETLATHE_ARGUMENT);
    CHECK(std::string(netlathe_note(junk)).empty());
    const Network old({16}, {16});
    CHECK(netlathe_close(old.device) == NETLATHE_OK);
    const Network next({16}, {16});
    CHECK(netlathe_slots(old.device) == 0); // even where the next one has taken its place
    CHECK(netlathe_run(next.device, nullptr, nullptr, 1, nullptr) == NETLATHE_ARGUMENT && says("buffer is null"));
    CHECK(netlathe_set_timeout(next.device, 0) == NETLATHE_ARGUMENT);
    CHECK(netlathe_close(next.device) == NETLATHE_OK);
}

void wrong_sizes() {
    netlathe_options options = {};
    netlathe_stream stream = {64, 0, 0};
    CHECK(netlathe_open(&options, &stream, 1, &stream, 1) == nullptr && says("another version"));
    CHECK(netlathe_open(nullptr, &stream, 1, &stream, 1) == nullptr);
    options.size = sizeof options;
    CHECK(netlathe_open(&options, &stream, 0, &stream, 1) == nullptr && says("1 to 16 input"));
    CHECK(netlathe_open(&options, &stream, 1, nullptr, 1) == nullptr && says("1 to 16 output"));
    for (const uint64_t bytes : {uint64_t(0), uint64_t(63), uint64_t(80), (uint64_t(128) << 20) + 64}) {
        stream.bytes = bytes;
        CHECK(netlathe_open(&options, &stream, 1, &stream, 1) == nullptr && says("multiple of 64"));
    }
    stream = {64, 16, 0};
    CHECK(netlathe_open(&options, &stream, 1, &stream, 1) == nullptr && says("stream 16"));
    stream = {64, 0, 0};
    options.slots = uint64_t(1) << 60;
    CHECK(netlathe_open(&options, &stream, 1, &stream, 1) == nullptr && says("smaller batch"));
    options.slots = 0;
    options.memory = 3;
    CHECK(netlathe_open(&options, &stream, 1, &stream, 1) == nullptr && says("kind of memory 3"));
    CHECK(init_model_inference(0, 4, 4) == nullptr && count("opened") == 0);
}

// 20 floats in and 10 out: two beats and one, padding and all.
void hls4ml_interface() {
    netlathe_device* device = init_model_inference(5, 20, 10);
    CHECK(device != nullptr);
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 5; i++) {
            std::vector<float> x(20, 1.5f);
            x[0] = float(i + 10 * round);
            CHECK(set_inference_data(device, x.data(), i) == NETLATHE_OK);
        }
        flush(device);
        CHECK(predict(device) == NETLATHE_OK);
        for (uint32_t i = 0; i < 5; i++) {
            const float* y = get_inference_predictions(device, i);
            CHECK(y[0] == 4 * float(i + 10 * round) && y[9] == float(i + 10 * round) + 4.5f);
        }
    }
    // Lanes past the input are zero: element 24 of the core's 32 is one of them.
    CHECK(static_cast<float*>(netlathe_input(device, 0, 4))[24] == 0);
    std::vector<float> x(20);
    CHECK(set_inference_data(device, x.data(), 5) == NETLATHE_ARGUMENT && says("5 slots"));
    CHECK(get_inference_predictions(device, 5) == nullptr);
    free_model_inference(device);
}

void flush_zeroes_all() {
    netlathe_device* device = init_model_inference(2, 16, 16);
    const std::vector<float> x(16, 2.0f);
    set_inference_data(device, x.data(), 0);
    set_inference_data(device, x.data(), 1);
    CHECK(predict(device) == NETLATHE_OK);
    CHECK(get_inference_predictions(device, 1)[15] == 8);
    CHECK(flush(device) == NETLATHE_OK);
    for (uint32_t i = 0; i < 2; i++) {
        for (int e = 0; e < 16; e++) {
            CHECK(get_inference_predictions(device, i)[e] == 0);
        }
    }
    free_model_inference(device);
}

void no_old_results() {
    netlathe_device* device = init_model_inference(4, 16, 16);
    netlathe_set_timeout(device, 20 * 1000);
    CHECK(predict(device) == NETLATHE_OK);
    soft_set("plan_answers", 4 + 2); // the card falls silent in the second call
    CHECK(predict(device) == NETLATHE_TIMEOUT);
    for (uint32_t i = 0; i < 4; i++) {
        CHECK(std::isnan(get_inference_predictions(device, i)[15]) == (i >= 2));
    }
    free_model_inference(device);
}

void the_counter_wraps() {
    soft_set("plan_count", 0xfffffff0);
    const Network net({16}, {16});
    CHECK(net.right(100) && net.right(3));
    CHECK(netlathe_close(net.device) == NETLATHE_OK);
    // Two programs on one thread of a vFPGA: counts are no longer to be trusted.
    const Network shared({16}, {16}, 100 * 1000);
    soft_set("plan_surplus", 1);
    Samples y;
    CHECK(shared.run(shared.given(1), y, 1) == NETLATHE_DEVICE && says("more transfers"));
    CHECK(shared.run(shared.given(1), y, 1) == NETLATHE_BROKEN);
}

volatile std::sig_atomic_t signalled = 0;

void note(int number) {
    signalled = number;
}

// A signal in the middle of a run: the handler that was there runs after what was in flight has been answered.
void a_signal_waits() {
    std::signal(SIGINT, note);
    soft_set("plan_delay", 20000);
    const Network net({16}, {16});
    Samples y;
    netlathe_result result = {0, 0};
    std::thread sender([] {
        while (count("commands") < 10) {
            std::this_thread::yield();
        }
        kill(getpid(), SIGINT);
    });
    const uint64_t samples = 100 * 1000;
    const int32_t status = net.run(net.given(samples), y, samples, &result);
    sender.join();
    CHECK(status == NETLATHE_INTERRUPTED && says("a signal came"));
    CHECK(signalled == SIGINT && result.answered >= 1 && result.answered < samples);
    CHECK(result.answered == count("commands")); // nothing is in flight
    soft_set("plan_delay", 0);
    CHECK(net.right(5));
    CHECK(netlathe_close(net.device) == NETLATHE_OK && count("closed_busy") == 0);

    // The default action still ends the process.
    const pid_t child = fork();
    if (child == 0) {
        std::signal(SIGTERM, SIG_DFL);
        soft_set("plan_delay", 20000);
        soft_set("commands", 0);
        const Network own({16}, {16});
        const pid_t self = getpid();
        std::thread killer([self] {
            while (count("commands") < 10) {
                std::this_thread::yield();
            }
            kill(self, SIGTERM);
        });
        own.run(own.given(samples), y, samples);
        std::_Exit(3);
    }
    int status_of_child = 0;
    waitpid(child, &status_of_child, 0);
    CHECK(WIFSIGNALED(status_of_child) && WTERMSIG(status_of_child) == SIGTERM);
}

void a_fork_does_not_use_the_parent_s_device() {
    const Network net({16}, {16});
    const pid_t child = fork();
    if (child == 0) {
        Samples y;
        const bool refused = net.run(net.given(1), y, 1) == NETLATHE_ARGUMENT && says("another process");
        netlathe_close(net.device);
        std::_Exit(refused && count("closed") == 0 ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(net.right(2) && netlathe_close(net.device) == NETLATHE_OK);
}

struct Case {
    const char* name;
    void (*run)();
};

#define CASE(name) {#name, name}

const Case CASES[] = {
    CASE(every_sample), CASE(several_streams), CASE(slots_are_checked), CASE(one_thread_for_all_runs),
    CASE(samples_share_pages), CASE(no_huge_pages), CASE(no_memory), CASE(no_device), CASE(a_command_that_throws),
    CASE(a_silent_card), CASE(close_of_a_silent_card), CASE(closed_once), CASE(handles_are_checked), CASE(wrong_sizes),
    CASE(hls4ml_interface), CASE(flush_zeroes_all), CASE(no_old_results), CASE(the_counter_wraps), CASE(a_signal_waits),
    CASE(a_fork_does_not_use_the_parent_s_device),
};

} // namespace

int main(int argc, char** argv) {
    int ran = 0;
    for (const Case& one : CASES) {
        bool wanted = argc < 2;
        for (int i = 1; i < argc; i++) {
            wanted = wanted || std::strcmp(argv[i], one.name) == 0;
        }
        if (wanted) {
            std::printf("%s\n", one.name);
            std::fflush(stdout);
            soft_reset();
            one.run();
            ran++;
        }
    }
    std::printf("%d cases, %d failures\n", ran, failures);
    return failures == 0 && ran > 0 ? 0 : 1;
}
