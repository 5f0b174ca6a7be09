// The outside of the kernel: float32 beats of the AXI DMA in, float32 beats out.
#ifndef BRANCHES_AXI_H_
#define BRANCHES_AXI_H_

// First, because it may widen ap_uint before ap_int.h is read.
#include "branches.h"

#include "nnet_pragmas.h"

#if !defined(NNET_WORD_PORTS)
#include "ap_axi_sdata.h"
#endif
#include "hls_stream.h"

namespace wrapper {

// One element, a float32, is one beat.
static const unsigned INPUT_SIZE = 4;
static const unsigned OUTPUT_SIZE = 2;

// Types of the same bits as the network's first and last, which convert from and to float as those should.
typedef ap_fixed<16,6> input_type;
typedef ap_fixed<36,16> output_type;

// A beat inside the kernel: the data, and TLAST in bit 32.
typedef ap_uint<33> word;

// A beat at the ports.
#if defined(NNET_WORD_PORTS)
typedef word beat;
#else
typedef ap_axiu<32, 0, 0, 0> beat;
#endif

} // namespace wrapper

// One call is one sample; in hardware it runs freely.
//
// data_in:  samples one after another; a batch is one DMA transfer, closed by TLAST. TLAST inside a sample cuts it short: the
//           rest is zeros, it is answered and closes the batch, and the next beat starts a new sample. TKEEP is ignored.
// data_out: OUTPUT_SIZE beats a sample; TLAST on the last beat of the sample that closed the batch. TKEEP is all ones.
void branches_axi(hls::stream<wrapper::beat> &data_in, hls::stream<wrapper::beat> &data_out);

#endif
