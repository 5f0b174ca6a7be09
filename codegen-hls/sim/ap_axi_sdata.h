// The AXI4-Stream beat for compilers that do not have the vendor's header; in this folder so that only g++ sees it.
#ifndef NETLATHE_AP_AXI_SDATA_H_
#define NETLATHE_AP_AXI_SDATA_H_

#if defined(__SYNTHESIS__) || defined(__VITIS_HLS__) || defined(__HLS_CSIM__)
#include_next <ap_axi_sdata.h>
#else

#include "ap_int.h"

// DATA bits of data; one bit of keep and strb for each byte. Side channels (user, id, dest) are not modelled.
template <int DATA, int USER, int ID, int DEST>
struct ap_axiu {
    static_assert(DATA > 0 && DATA % 8 == 0, "TDATA is whole bytes");
    static_assert(USER == 0 && ID == 0 && DEST == 0, "no side channels here");
    ap_uint<DATA> data;
    ap_uint<DATA / 8> keep;
    ap_uint<DATA / 8> strb;
    ap_uint<1> last;
};

#endif
#endif
