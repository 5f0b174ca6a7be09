// Reconfiguration on the device in software; see software_device.cpp.

#ifndef SOFT_COYOTE_CRCNFG_HPP
#define SOFT_COYOTE_CRCNFG_HPP

#include <string>

namespace coyote {

class cRcnfg {
  public:
    explicit cRcnfg(unsigned int device = 0);
    ~cRcnfg();
    void reconfigureShell(std::string bitstream_path);
    void reconfigureApp(std::string bitstream_path, int vfid);
};

} // namespace coyote

#endif
