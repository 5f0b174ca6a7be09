// A vFPGA in software, behind Coyote's own interface. Nothing happens but when the host looks: a write ends after so many looks,
// and the inputs of a sample are read no earlier than its first result is written, so that a buffer that is used again too early
// is seen. What would hang or corrupt a real machine ends the program with code 70.

#include "software_device.hpp"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>

#include <coyote/cRcnfg.hpp>
#include <coyote/cThread.hpp>

namespace {

std::map<std::string, uint64_t> planned() {
    std::map<std::string, uint64_t> all;
    const char* text = std::getenv("SOFT_PLAN");
    std::string rest = text == nullptr ? "" : text;
    while (!rest.empty()) {
        const size_t end = rest.find(','), equal = rest.find('=');
        all[rest.substr(0, equal)] = std::strtoull(rest.c_str() + equal + 1, nullptr, 10);
        rest = end == std::string::npos ? "" : rest.substr(end + 1);
    }
    return all;
}

std::map<std::string, uint64_t>& values() {
    static std::map<std::string, uint64_t> all = planned();
    return all;
}

// Places in a map stay where they are, so that only looking them up takes turns.
uint64_t& value(const char* name) {
    static std::mutex turn;
    const std::lock_guard<std::mutex> lock(turn);
    return values()[name];
}

[[noreturn]] void die(const char* why) {
    std::fprintf(stderr, "SOFTWARE DEVICE: %s\n", why);
    std::_Exit(70);
}

} // namespace

uint64_t soft_get(const char* name) {
    return value(name);
}

void soft_set(const char* name, uint64_t number) {
    value(name) = number;
}

void soft_reset(void) {
    values() = planned();
}

namespace coyote {

class cThread::AdditionalState {
  public:
    std::map<void*, CoyoteAlloc> pages;
    mutable std::deque<localSg> reads[16], writes[16];
    mutable std::deque<std::vector<uint8_t>> results[16];
    mutable uint64_t looks = 0, in_flight = 0, ended = 0;
    mutable uint32_t counter = 0;

    size_t inputs() const { return value("plan_inputs") > 0 ? value("plan_inputs") : 1; }
    size_t outputs() const { return value("plan_outputs") > 0 ? value("plan_outputs") : 1; }

    void check(const localSg& sg) const {
        const auto address = static_cast<uint8_t*>(sg.addr);
        for (const auto& [start, alloc] : pages) {
            const auto first = static_cast<uint8_t*>(start);
            if (address >= first && address + sg.len <= first + alloc.size) {
                if (sg.len == 0 || sg.len % 64 != 0 || reinterpret_cast<uintptr_t>(address) % 64 != 0) {
                    die("a transfer that is no whole number of beats");
                }
                return;
            }
        }
        die("a transfer outside of all buffers");
    }

    void command(uint64_t number = 1) {
        if (value("plan_throw_at") == ++value("commands")) {
            throw std::runtime_error("ERROR: planned failure of a command");
        }
        // The real one waits here for room, however long it takes.
        while (in_flight > 22) {
            if (!step()) {
                die("invoke() waits for ever: more than 22 commands in flight");
            }
        }
        in_flight += number;
        value("most") = std::max(value("most"), in_flight);
    }

    // Ends one write; false when there is none to end.
    bool step() const {
        const uint64_t answers = value("plan_answers");
        if (answers > 0 && ended >= answers) {
            return false;
        }
        const size_t count = outputs();
        for (size_t k = 0; k < count; k++) {
            const size_t j = value("plan_ahead") != 0 ? k : (ended + k) % count;
            if (!writes[j].empty() && (!results[j].empty() || compute())) {
                const localSg sg = writes[j].front();
                if (sg.len != results[j].front().size()) {
                    die("the vFPGA has more or fewer beats than were asked for");
                }
                std::memcpy(sg.addr, results[j].front().data(), sg.len);
                writes[j].pop_front();
                results[j].pop_front();
                ended++;
                counter++;
                in_flight = in_flight > 0 ? in_flight - 1 : 0;
                return true;
            }
        }
        return false;
    }

    bool compute() const {
        for (size_t i = 0; i < inputs(); i++) {
            if (reads[i].empty()) {
                return false;
            }
        }
        std::vector<std::vector<uint8_t>> in, out(outputs());
        for (size_t i = 0; i < inputs(); i++) {
            const auto bytes = static_cast<const uint8_t*>(reads[i].front().addr);
            in.emplace_back(bytes, bytes + reads[i].front().len);
            reads[i].pop_front();
            in_flight -= i >= outputs() ? 1 : 0;
        }
        for (size_t j = 0; j < outputs(); j++) {
            // Results that wait are for the writes that are first in the queue.
            if (writes[j].size() <= results[j].size()) {
                die("a stream was sent an input, but not asked for the result");
            }
            out[j].resize(writes[j][results[j].size()].len);
        }
        soft_core(in, out);
        for (size_t j = 0; j < outputs(); j++) {
            results[j].push_back(std::move(out[j]));
        }
        return true;
    }
};

cThread::cThread(int32_t vfid, pid_t, uint32_t, std::function<void(int)>)
    : additional_state(std::make_unique<AdditionalState>()) {
    if (value("plan_no_open") != 0) {
        throw std::runtime_error("ERROR: cThread instance could not be obtained, vfid: " + std::to_string(vfid));
    }
    value("opened")++;
    clearCompleted();
}

cThread::~cThread() {
    value("closed")++;
    value("closed_busy") += additional_state->in_flight > 0 ? 1 : 0;
    for (const auto& page : additional_state->pages) {
        userUnmap(page.first); // of what freeMem has unmapped, too
        if (munmap(page.first, page.second.size) != 0) {
            die("munmap");
        }
    }
}

void cThread::userMap(void*, uint32_t, int32_t) {}

void cThread::userUnmap(void* vaddr) {
    if (additional_state->pages[vaddr].mem_block == -2) {
        die("memory is unmapped twice");
    }
    additional_state->pages[vaddr].mem_block = -2;
}

void* cThread::getMem(CoyoteAlloc&& alloc) {
    const bool huge = alloc.alloc == CoyoteAllocType::HPF;
    if (value(huge ? "plan_no_huge" : "plan_no_regular") != 0) {
        return nullptr;
    }
    value("blocks")++;
    value("huge") += huge ? 1 : 0;
    value("bytes") += alloc.size;
    value("ragged") += alloc.size % (2 << 20) != 0 ? 1 : 0;
    void* block = mmap(nullptr, alloc.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    additional_state->pages.emplace(block, alloc);
    return block;
}

void cThread::freeMem(void* vaddr) {
    value("freed")++;
    userUnmap(vaddr); // and the entry stays, as it does at the baseline
}

void cThread::invoke(CoyoteOper oper, localSg sg, bool) {
    additional_state->check(sg);
    if (oper != CoyoteOper::LOCAL_READ && oper != CoyoteOper::LOCAL_WRITE) {
        throw std::runtime_error("ERROR: neither LOCAL_READ nor LOCAL_WRITE");
    }
    additional_state->command();
    auto& queues = oper == CoyoteOper::LOCAL_READ ? additional_state->reads : additional_state->writes;
    queues[sg.dest].push_back(sg);
}

void cThread::invoke(CoyoteOper oper, localSg src_sg, localSg dst_sg, bool) {
    additional_state->check(src_sg);
    additional_state->check(dst_sg);
    if (oper != CoyoteOper::LOCAL_TRANSFER) {
        throw std::runtime_error("ERROR: not LOCAL_TRANSFER");
    }
    additional_state->command();
    additional_state->reads[src_sg.dest].push_back(src_sg);
    additional_state->writes[dst_sg.dest].push_back(dst_sg);
}

uint32_t cThread::checkCompleted(CoyoteOper) const {
    AdditionalState& state = *additional_state;
    if (state.looks++ >= value("plan_delay")) {
        state.looks = 0;
        if (state.step() && value("plan_surplus") != 0) {
            state.counter += static_cast<uint32_t>(value("plan_surplus"));
        }
    }
    return state.counter;
}

void cThread::clearCompleted() {
    additional_state->counter = static_cast<uint32_t>(value("plan_count"));
}

cRcnfg::cRcnfg(unsigned int) {
    if (value("plan_no_open") != 0) {
        throw std::runtime_error("ERROR: cRcnfg instance could not be obtained");
    }
}

cRcnfg::~cRcnfg() = default;

void cRcnfg::reconfigureShell(std::string bitstream_path) {
    if (!std::ifstream(bitstream_path)) {
        throw std::runtime_error("ERROR: Shell bitstream could not be opened");
    }
    std::printf("soft: shell %s\n", bitstream_path.c_str());
}

void cRcnfg::reconfigureApp(std::string bitstream_path, int vfid) {
    if (!std::ifstream(bitstream_path)) {
        throw std::runtime_error("ERROR: App bitstream could not be opened");
    }
    std::printf("soft: app %s %d\n", bitstream_path.c_str(), vfid);
}

} // namespace coyote
