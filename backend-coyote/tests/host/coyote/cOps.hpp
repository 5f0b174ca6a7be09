// The part of Coyote's interface that a host uses, with the real one's names, values and signatures (baseline 0b49d628),
// for a device in software. Nothing here is Coyote's code.

#ifndef SOFT_COYOTE_COPS_HPP
#define SOFT_COYOTE_COPS_HPP

#include <cstdint>

namespace coyote {

enum class CoyoteOper {
    NOOP = 0, LOCAL_READ = 1, LOCAL_WRITE = 2, LOCAL_TRANSFER = 3, LOCAL_OFFLOAD = 4, LOCAL_SYNC = 5,
    REMOTE_RDMA_READ = 6, REMOTE_RDMA_WRITE = 7, REMOTE_RDMA_SEND = 8, REMOTE_TCP_SEND = 9
};

enum class CoyoteAllocType { REG = 0, THP = 1, HPF = 2, PRM = 3, GPU = 4 };

constexpr unsigned long const STRM_HOST = 1;

struct CoyoteAlloc {
    CoyoteAllocType alloc = {CoyoteAllocType::REG};
    uint32_t size = {0};
    bool remote = {false};
    uint32_t gpu_dev_id = {0};
    int32_t gpu_dmabuf_fd = {0};
    int32_t mem_block = {-1};
    void* mem = {nullptr};
};

struct localSg {
    void* addr = {nullptr};
    uint32_t len = {0};
    uint32_t stream = {STRM_HOST};
    uint32_t dest = {0};
};

} // namespace coyote

#endif
