// The outside of the kernel: float32 beats of Coyote's host streams in, float32 beats out.
#ifndef MODEL_WRAPPER_HPP_
#define MODEL_WRAPPER_HPP_

// First, because it may widen ap_uint before ap_int.h is read.
#include "branches.h"

#include "nnet_pragmas.h"

#if !defined(NNET_WORD_PORTS)
#include "ap_axi_sdata.h"
#endif
#include "hls_stream.h"

namespace wrapper {

// Element j of a beat is the float32 in bits [32j+31:32j]; every sample starts on a new beat.
static const unsigned LANES = 16;

static const unsigned INPUT_SIZE = 4;
static const unsigned INPUT_BEATS = (INPUT_SIZE + LANES - 1) / LANES;

static const unsigned OUTPUT_SIZE = 2;
static const unsigned OUTPUT_BEATS = (OUTPUT_SIZE + LANES - 1) / LANES;

// Types of the same bits as the network's first and last, which convert from and to float as those should.
typedef ap_fixed<16,6> input_type;
typedef ap_fixed<36,16> output_type;

// A beat inside the kernel: the data, and TLAST in bit 512.
typedef ap_uint<513> word;

// A beat at the ports.
#if defined(NNET_WORD_PORTS)
typedef word beat;
#else
typedef ap_axiu<512, 0, 0, 0> beat;
#endif

} // namespace wrapper

// One call is one sample; in hardware it runs freely.
//
// data_in:  a packet a sample. TLAST before the last beat cuts the sample short: the rest is zeros. Beats after a last
//           beat without TLAST are dropped, up to and with the one that has it, so that one packet always has one
//           answer. TKEEP is ignored.
// data_out: OUTPUT_BEATS beats a sample, TLAST on the last one, TKEEP all ones; unused lanes are zero.
void model_wrapper(hls::stream<wrapper::beat> &data_in, hls::stream<wrapper::beat> &data_out);

#endif
