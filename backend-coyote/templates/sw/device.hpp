// A vFPGA with its buffers: what moves samples. It throws; the C interface does not.

#ifndef NETLATHE_DEVICE_HPP
#define NETLATHE_DEVICE_HPP

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <coyote/cThread.hpp>

#include "deferred.hpp"
#include "host_libs.hpp"

namespace netlathe {

using Clock = std::chrono::steady_clock;

constexpr uint64_t BEAT = 64;
constexpr uint64_t PAGE = uint64_t(2) << 20;
// Coyote refuses longer transfers (MAX_TRANSFER_SIZE in cDefs.hpp).
constexpr uint64_t MAX_BYTES = uint64_t(128) << 20;
// An allocation's size has 32 bits.
constexpr uint64_t MAX_BLOCK = uint64_t(1) << 30;
// A stream's number has 4 bits (CTRL_DEST_MASK).
constexpr uint32_t MAX_STREAMS = 16;
// With more commands than this (CMD_FIFO_DEPTH - CMD_FIFO_THR) invoke() itself waits, and without an end.
constexpr uint64_t MAX_COMMANDS = 22;
constexpr uint64_t DEFAULT_SLOTS = 32;
constexpr uint64_t DEFAULT_TIMEOUT_US = 10 * 1000 * 1000;

// A failure that is told to the caller.
struct Fault : std::runtime_error {
    Fault(int32_t status, const std::string& what) : std::runtime_error(what), status(status) {}
    int32_t status;
};

inline Fault argument(const std::string& what) {
    return Fault(NETLATHE_ARGUMENT, what);
}

inline uint64_t rounded(uint64_t bytes, uint64_t step) {
    return (bytes + step - 1) / step * step;
}

class Device {
  public:
    Device(const netlathe_options& options, std::vector<netlathe_stream> inputs, std::vector<netlathe_stream> outputs)
        : inputs_(std::move(inputs)), outputs_(std::move(outputs)), pid_(getpid()), vfpga_(options.vfpga),
          device_(options.device), slots_(options.slots > 0 ? options.slots : DEFAULT_SLOTS) {
        set_timeout(options.timeout_us > 0 ? options.timeout_us : DEFAULT_TIMEOUT_US);
        layout();
        try {
            thread_ = std::make_unique<coyote::cThread>(vfpga_, pid_, device_);
        } catch (const std::exception& why) {
            const std::string node = "/dev/coyote_fpga_" + std::to_string(device_) + "_v" + std::to_string(vfpga_);
            throw Fault(NETLATHE_DEVICE, "cannot open vFPGA " + std::to_string(vfpga_) + " of card " + std::to_string(device_) +
                                             " (" + why.what() + "): is the card programmed and the driver inserted, may you "
                                             "open " + node + ", and has the shell that many vFPGAs?");
        }
        allocate(options.memory);
        thread_->clearCompleted();
        raw_ = thread_->checkCompleted(coyote::CoyoteOper::LOCAL_TRANSFER);
    }

    ~Device() {
        if (!settle() || getpid() != pid_) {
            // The card may still write, or the thread is that of the process we were forked from: its pages must not be
            // unmapped here, the process' end does that.
            static_cast<void>(thread_.release());
        }
    }

    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;

    void set_timeout(uint64_t microseconds) {
        if (microseconds == 0 || microseconds > uint64_t(86400) * 1000 * 1000) {
            throw argument("a time-out must be more than nothing and at most a day");
        }
        timeout_ = std::chrono::microseconds(microseconds);
    }

    uint64_t slots() const { return slots_; }
    const std::string& note() const { return note_; }
    const std::vector<netlathe_stream>& inputs() const { return inputs_; }
    const std::vector<netlathe_stream>& outputs() const { return outputs_; }

    uint8_t* input(size_t i, uint64_t slot) const { return place(slot) + input_at_[i]; }
    uint8_t* output(size_t j, uint64_t slot) const { return place(slot) + output_at_[j]; }

    void run(const void* const* in, void* const* out, uint64_t samples, netlathe_result& result) {
        const auto feed = [&](uint64_t sample, uint64_t slot) {
            for (size_t i = 0; i < inputs_.size(); i++) {
                const uint64_t bytes = inputs_[i].bytes;
                std::memcpy(input(i, slot), static_cast<const uint8_t*>(in[i]) + sample * bytes, bytes);
            }
        };
        const auto take = [&](uint64_t sample, uint64_t slot) {
            for (size_t j = 0; j < outputs_.size(); j++) {
                const uint64_t bytes = outputs_[j].bytes;
                std::memcpy(static_cast<uint8_t*>(out[j]) + sample * bytes, output(j, slot), bytes);
            }
        };
        pump(samples, feed, take, result);
    }

    void run_slots(uint64_t samples, netlathe_result& result) {
        const auto nothing = [](uint64_t, uint64_t) {};
        pump(samples, nothing, nothing, result);
    }

    // Waits until nothing is in flight; whether that came to be. Once in vain is enough.
    bool settle() noexcept {
        try {
            while (!lost_ && completed_ < posted_) {
                wait_for_writes(completed_);
            }
        } catch (...) {
            lost_ = true;
        }
        return !lost_;
    }

  private:
    // Where tensors lie in a slot, how many slots lie in a block, and how many samples may be in flight.
    void layout() {
        for (const auto& stream : inputs_) {
            input_at_.push_back(stride_);
            stride_ += stream.bytes;
        }
        for (const auto& stream : outputs_) {
            output_at_.push_back(stride_);
            stride_ += stream.bytes;
        }
        if (stride_ > MAX_BLOCK) {
            throw argument("a sample has " + std::to_string(stride_) + " bytes on all streams, more than the " +
                           std::to_string(MAX_BLOCK) + " of a block of memory");
        }
        if (slots_ > (uint64_t(1) << 48) / stride_) {
            throw argument(std::to_string(slots_) + " samples of " + std::to_string(stride_) +
                           " bytes are more than memory can hold; use a smaller batch");
        }
        per_block_ = std::max<uint64_t>(1, std::min(slots_, MAX_BLOCK / stride_));
        window_ = std::max<uint64_t>(1, MAX_COMMANDS / std::max(inputs_.size(), outputs_.size()));
        window_ = std::min(window_, slots_);
    }

    // Many samples share a page, and sizes are whole pages: what Coyote maps it can unmap. Nothing is given back before
    // cThread's destructor, which unmaps what freeMem() has unmapped already.
    void allocate(uint32_t memory) {
        if (memory == NETLATHE_MEMORY_ANY) {
            const char* wish = std::getenv("NETLATHE_COYOTE_MEMORY");
            if (wish != nullptr && std::string(wish) == "regular") {
                memory = NETLATHE_MEMORY_REGULAR;
            }
        }
        bool huge = memory != NETLATHE_MEMORY_REGULAR;
        for (uint64_t first = 0; first < slots_; first += per_block_) {
            const uint64_t bytes = rounded(std::min(per_block_, slots_ - first) * stride_, PAGE);
            void* block = huge ? get(coyote::CoyoteAllocType::HPF, bytes) : nullptr;
            if (block == nullptr && memory == NETLATHE_MEMORY_HUGE) {
                throw Fault(NETLATHE_DEVICE, "there are no " + std::to_string(bytes >> 20) +
                                                 " MiB of free huge pages; as root: sysctl -w vm.nr_hugepages=" +
                                                 std::to_string(pages() + 8));
            }
            if (block == nullptr) {
                if (huge) {
                    note_ = "no free huge pages: regular memory is used, which is slower; as root: sysctl -w vm.nr_hugepages=" +
                            std::to_string(pages() + 8);
                    huge = false;
                }
                block = get(coyote::CoyoteAllocType::REG, bytes);
            }
            if (block == nullptr) {
                throw Fault(NETLATHE_DEVICE, "there is no memory for buffers of " + std::to_string(bytes) + " bytes");
            }
            // Padding of a last beat stays zero: only elements are written later.
            std::memset(block, 0, bytes);
            blocks_.push_back(static_cast<uint8_t*>(block));
        }
    }

    uint64_t pages() const { return rounded(slots_ * stride_, PAGE) / PAGE; }

    void* get(coyote::CoyoteAllocType type, uint64_t bytes) {
        coyote::CoyoteAlloc alloc;
        alloc.alloc = type;
        alloc.size = static_cast<decltype(alloc.size)>(bytes);
        void* block = thread_->getMem(std::move(alloc));
        return block == MAP_FAILED ? nullptr : block;
    }

    uint8_t* place(uint64_t slot) const { return blocks_[slot / per_block_] + slot % per_block_ * stride_; }

    // Keeps the window full, so that copies, transfers and the network overlap.
    template <class Feed, class Take>
    void pump(uint64_t samples, const Feed& feed, const Take& take, netlathe_result& result) {
        if (!broken_.empty()) {
            throw Fault(NETLATHE_BROKEN, "the device is unusable since this: " + broken_);
        }
        if (getpid() != pid_) {
            throw Fault(NETLATHE_ARGUMENT, "the device was opened by another process; open it after the fork");
        }
        const Deferred signals;
        const auto begun = Clock::now();
        const uint64_t before = completed_;
        uint64_t issued = 0;
        try {
            while (result.answered < samples) {
                while (caught == 0 && issued < samples && issued - result.answered < window_) {
                    const uint64_t slot = issued % slots_;
                    feed(issued, slot);
                    issue(slot);
                    issued++;
                }
                if (issued == result.answered) {
                    throw Fault(NETLATHE_INTERRUPTED, "a signal came after " + std::to_string(issued) + " of " +
                                                          std::to_string(samples) + " samples");
                }
                while (certain(completed_ - before, issued) <= result.answered) {
                    wait_for_writes(completed_);
                }
                for (const uint64_t end = certain(completed_ - before, issued); result.answered < end; result.answered++) {
                    take(result.answered, result.answered % slots_);
                }
            }
        } catch (const Fault& fault) {
            if (fault.status == NETLATHE_TIMEOUT) {
                broken_ = "sample " + std::to_string(result.answered) + " of " + std::to_string(samples) + ": " + fault.what();
                throw Fault(NETLATHE_TIMEOUT, broken_);
            }
            leave();
            throw;
        } catch (...) {
            leave();
            throw;
        }
        result.nanoseconds = static_cast<uint64_t>(
            std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begun).count());
    }

    void leave() {
        if (!settle() && broken_.empty()) {
            broken_ = "what was in flight when a command failed was never answered";
        }
    }

    // One command a pair of streams; the surplus of the longer side goes by itself.
    void issue(uint64_t slot) {
        const size_t commands = std::max(inputs_.size(), outputs_.size());
        for (size_t i = 0; i < commands; i++) {
            try {
                if (i < inputs_.size() && i < outputs_.size()) {
                    thread_->invoke(coyote::CoyoteOper::LOCAL_TRANSFER, entry(input(i, slot), inputs_[i]),
                                    entry(output(i, slot), outputs_[i]));
                } else if (i < inputs_.size()) {
                    thread_->invoke(coyote::CoyoteOper::LOCAL_READ, entry(input(i, slot), inputs_[i]));
                } else {
                    thread_->invoke(coyote::CoyoteOper::LOCAL_WRITE, entry(output(i, slot), outputs_[i]));
                }
            } catch (const std::exception& why) {
                if (i > 0) {
                    broken_ = std::string("a sample was sent in part: ") + why.what();
                    lost_ = true; // the network waits for the rest of it
                }
                throw;
            }
            posted_ += i < outputs_.size() ? 1 : 0;
        }
    }

    static coyote::localSg entry(uint8_t* address, const netlathe_stream& stream) {
        coyote::localSg sg;
        sg.addr = address;
        sg.len = static_cast<uint32_t>(stream.bytes);
        sg.dest = stream.stream;
        return sg;
    }

    // Of `issued` samples, those of which all results are certain to be there after so many writes. Coyote counts the writes
    // of all streams together, and the other streams may have written everything.
    uint64_t certain(uint64_t writes, uint64_t issued) const {
        const uint64_t others = (outputs_.size() - 1) * issued;
        return writes > others ? writes - others : 0;
    }

    // Waits until more than `before` writes have ended since the device was opened.
    void wait_for_writes(uint64_t before) {
        const auto begun = Clock::now();
        for (uint64_t polls = 0;; polls++) {
            const uint32_t raw = thread_->checkCompleted(coyote::CoyoteOper::LOCAL_TRANSFER);
            completed_ += static_cast<uint32_t>(raw - raw_); // the counter wraps
            raw_ = raw;
            if (completed_ > posted_) {
                completed_ = posted_;
                broken_ = "Coyote counted more transfers than were asked for: is another program using this thread of the vFPGA?";
                throw Fault(NETLATHE_DEVICE, broken_);
            }
            if (completed_ > before) {
                return;
            }
            if (polls % 64 != 63) {
                continue; // the counter lies in memory; the clock costs more than looking at it
            }
            const auto waited = Clock::now() - begun;
            if (waited > timeout_) {
                throw Fault(NETLATHE_TIMEOUT,
                            "vFPGA " + std::to_string(vfpga_) + " of card " + std::to_string(device_) + " has not answered for " +
                                std::to_string(std::chrono::duration<double>(timeout_).count()) +
                                " s. Check that the bitstream is this network's (sizes, streams) and that no IOMMU blocks the "
                                "card (dmesg); then program the card again and insert the driver again");
            }
            if (waited > std::chrono::milliseconds(20)) {
                std::this_thread::sleep_for(std::chrono::microseconds(50));
            } else if (waited > std::chrono::microseconds(100)) {
                std::this_thread::yield();
            }
        }
    }

    std::vector<netlathe_stream> inputs_, outputs_;
    std::vector<uint64_t> input_at_, output_at_;
    pid_t pid_;
    int32_t vfpga_;
    uint32_t device_;
    uint64_t slots_;
    uint64_t stride_ = 0, per_block_ = 1, window_ = 1;
    Clock::duration timeout_{};
    std::unique_ptr<coyote::cThread> thread_;
    std::vector<uint8_t*> blocks_;
    std::string note_, broken_;
    // Writes asked for and ended since the device was opened, and Coyote's counter when last looked at.
    uint64_t posted_ = 0, completed_ = 0;
    uint32_t raw_ = 0;
    bool lost_ = false;
};

} // namespace netlathe

#endif
