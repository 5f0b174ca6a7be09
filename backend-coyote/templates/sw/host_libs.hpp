// The C interface of the host library: beats through a network in a vFPGA of the Coyote shell.
//
// A sample is so many bytes on each stream, a multiple of 64 (a beat). No call throws. Calls that can fail give a
// netlathe_status, or a null pointer; netlathe_error() then says why. Nothing waits for ever: when no sample is answered for
// the time-out, a call returns. Handles are checked, so that one that was closed is refused, not followed. Calls on one handle
// take turns; different handles are independent.
//
// One Coyote thread and one set of buffers are kept from open to close. While transfers are in flight SIGINT, SIGTERM and
// SIGHUP are put off until those have been answered: a process that dies earlier leaves a card that writes into memory which is
// no longer its own.

#ifndef NETLATHE_HOST_LIBS_HPP
#define NETLATHE_HOST_LIBS_HPP

#include <cstdint>

extern "C" {

// Opaque.
struct netlathe_device;

enum netlathe_status : int32_t {
    NETLATHE_OK = 0,
    NETLATHE_ARGUMENT = 1,    // the call makes no sense; nothing was done
    NETLATHE_DEVICE = 2,      // Coyote or the system refused
    NETLATHE_TIMEOUT = 3,     // the card does not answer; the handle can only be closed
    NETLATHE_INTERRUPTED = 4, // a signal came; what was in flight has been answered
    NETLATHE_BROKEN = 5       // an earlier call timed out; the handle can only be closed
};

// Where a device's buffers are.
enum netlathe_memory : uint32_t {
    NETLATHE_MEMORY_ANY = 0,    // huge pages, or regular memory (with a note) when there are none
    NETLATHE_MEMORY_HUGE = 1,   // huge pages, or an error
    NETLATHE_MEMORY_REGULAR = 2 // regular memory, as Coyote's simulation wants it
};

// One AXI4 stream between host and vFPGA.
struct netlathe_stream {
    uint64_t bytes;    // of one sample, a positive multiple of 64, at most 128 MiB
    uint32_t stream;   // i of axis_host_recv[i] or axis_host_send[i], 0 to 15
    uint32_t reserved; // 0
};

// What to open. Fields that are 0 have the value in parentheses.
struct netlathe_options {
    uint32_t size;       // sizeof(netlathe_options); never 0
    int32_t vfpga;       // which vFPGA of the card
    uint32_t device;     // which card
    uint32_t memory;     // netlathe_memory
    uint64_t slots;      // samples that the buffers hold (32)
    uint64_t timeout_us; // longest time without an answer (10 s)
};

// What came of a run, whether it succeeded or not.
struct netlathe_result {
    uint64_t answered;    // samples with results; they are the first ones
    uint64_t nanoseconds; // of the run, copies to and from the buffers included
};

// Why the last call of this thread failed; never null, valid until the thread's next failing call.
const char* netlathe_error(void);

// Opens a vFPGA with at least one stream each way; null on failure.
netlathe_device* netlathe_open(const netlathe_options* options, const netlathe_stream* inputs, uint32_t input_count,
                               const netlathe_stream* outputs, uint32_t output_count);

// Sends `samples` samples and fetches their results, any number of them. inputs[i] holds all samples of input i, one after
// another; outputs[j] takes those of output j.
int32_t netlathe_run(netlathe_device* device, const void* const* inputs, void* const* outputs, uint64_t samples,
                     netlathe_result* result);

// The same without copies: sample k is taken from slot k's inputs and answered into slot k's outputs.
int32_t netlathe_run_slots(netlathe_device* device, uint64_t samples, netlathe_result* result);

// A slot's buffer; null when there is no such stream or slot. Valid until the device is closed.
void* netlathe_input(netlathe_device* device, uint32_t input, uint64_t slot);
void* netlathe_output(netlathe_device* device, uint32_t output, uint64_t slot);

// Samples that the buffers hold; 0 for a handle that is not open.
uint64_t netlathe_slots(netlathe_device* device);

// What was not as wished, such as missing huge pages; empty if all was. Valid until the device is closed.
const char* netlathe_note(netlathe_device* device);

// Sets the longest time without an answer, in microseconds, more than 0.
int32_t netlathe_set_timeout(netlathe_device* device, uint64_t timeout_us);

// Waits for what is in flight and closes. After a time-out the card may still write: then the memory stays mapped until the
// process ends, and NETLATHE_TIMEOUT is returned. The handle is gone in both cases.
int32_t netlathe_close(netlathe_device* device);

// hls4ml's interface: one float32 input and one output on stream 0 of vFPGA 0 of card 0. Statuses are as above where hls4ml's
// functions give nothing. A sample that was not answered reads as NaN, never as an old result.
netlathe_device* init_model_inference(uint32_t batch_size, uint32_t in_size, uint32_t out_size);
void free_model_inference(netlathe_device* device);
int32_t flush(netlathe_device* device);
int32_t predict(netlathe_device* device);
int32_t set_inference_data(netlathe_device* device, const float* data, uint32_t i);
float* get_inference_predictions(netlathe_device* device, uint32_t i);

} // extern "C"

#endif
