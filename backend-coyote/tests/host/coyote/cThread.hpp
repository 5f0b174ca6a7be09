// A Coyote thread of the device in software; see cOps.hpp and software_device.cpp.

#ifndef SOFT_COYOTE_CTHREAD_HPP
#define SOFT_COYOTE_CTHREAD_HPP

#include <sys/types.h>

#include <functional>
#include <memory>

#include <coyote/cOps.hpp>

namespace coyote {

class cThread {
  public:
    cThread(int32_t vfid, pid_t hpid, uint32_t device = 0, std::function<void(int)> uisr = nullptr);
    ~cThread();
    void userMap(void* vaddr, uint32_t len, int32_t mem_block = -1);
    void userUnmap(void* vaddr);
    void* getMem(CoyoteAlloc&& alloc);
    void freeMem(void* vaddr);
    void invoke(CoyoteOper oper, localSg sg, bool last = true);
    void invoke(CoyoteOper oper, localSg src_sg, localSg dst_sg, bool last = true);
    uint32_t checkCompleted(CoyoteOper oper) const;
    void clearCompleted();

  private:
    class AdditionalState;
    std::unique_ptr<AdditionalState> additional_state;
};

} // namespace coyote

#endif
