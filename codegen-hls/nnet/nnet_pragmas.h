#ifndef NNET_PRAGMAS_H_
#define NNET_PRAGMAS_H_

// Every pragma of the generated code is one of the macros below. Which form they print:
//
//   NNET_BAMBU, or __BAMBU__ defined by the tool   PandA-bambu's form
//   otherwise, __SYNTHESIS__ defined by the tool   Vitis HLS's form
//   otherwise                                      nothing: a plain compiler sees no pragma and warns of none
//
// NNET_WORD_PORTS gives wrappers ports of one ap_uint a beat, TLAST its top bit, in place of ap_axiu: bambu streams only the
// first member of a struct. Defined for bambu.
// NNET_LEGACY_HLS, defined by the build scripts, selects the spellings of Vivado HLS (2019.2, 2020.1), which knows
// `enable_flush` (UG902, "pragma HLS pipeline") in place of `style=flp` (UG1399, "pragma HLS pipeline"; UG1448, "Pipeline Styles",
// says that they are the same) for functions, and for loops nothing of the kind: there a round that has begun may wait for the next
// token. Networks without branches do not mind; others are refused for it. All other pragmas below are spelled alike in both.
// NNET_INNER, defined by a wrapper that includes the network, says that the network's function is not the outermost one.
//
// A macro stands on its own line without a semicolon.
//
//   NNET_PIPELINE(ii)      first line of the top function. `ii` is a number: bambu refuses an expression. At function scope
//                          only: it unrolls every loop below, and bambu refuses it inside a loop.
//   NNET_PORT_IN(word)     a word that comes with the start of the outermost function; one port a pragma. Vitis HLS's default.
//   NNET_PORT_OUT(word)    a word that leaves with a valid signal. One packed word: of several such ports of a pipelined
//                          function bambu never raises the signal.
//   NNET_INLINE            first line of a function. bambu refuses a pragma in code that is never instantiated, so a header
//                          holds at most one function with this macro, and is included only where that function is called.
//   NNET_PARTITION(array)  after the array's declaration. bambu ignores such pragmas with a warning, so it gets none.
//   NNET_RESHAPE(array, n) n neighbouring elements become one word of memory. None for bambu, as above.
//   NNET_UNROLL            first line of a loop's body, where Vitis HLS wants it. bambu refuses it there, and needs none: the
//                          top function's PIPELINE unrolls all loops.
//   NNET_UNROLL_BY(n)      as NNET_UNROLL, n rounds side by side.
//
// For wrappers, whose functions take streams:
//
//   NNET_DATAFLOW          first line of a function: the functions that it calls run side by side.
//   NNET_INLINE_OFF        first line of such a function: it stays a process of its own.
//   NNET_INTERFACE_AXIS(s) a stream of the outermost function is an AXI stream; one port a pragma, as bambu wants it.
//   NNET_INTERFACE_FREE    the outermost function has no start and no done: it runs for ever. bambu knows no such port.
//   NNET_INTERFACE_MEMORY(p, words, burst) a pointer of the outermost function is a master of memory whose bus is called m_axi_p;
//                          its address comes through the control port. `words` is what a C/RTL cosimulation reserves, `burst`
//                          the longest burst in words. Of an array of masters each has its own bus, so they do not wait for
//                          one another. bambu has other means for memory, so it gets none (UG1399, "pragma HLS interface").
//   NNET_INTERFACE_CONTROL(p) an argument, an array, or `return` lies in the control port. bambu gets none.
//   NNET_INTERFACE_START   the outermost function is started and says when it is done, through the control port.
//   NNET_INTERFACE_CHAIN   the same, and a result that is not yet taken holds it back (ap_ctrl_chain): XRT's usual kernels.
//   NNET_PIPELINE_LOOP(ii) first line of a loop's body. bambu refuses it there: its loops over beats are not pipelined.
//   NNET_PIPELINE_FLUSH(ii) first line of a free-running function with streams: it drains when no input comes. bambu takes no
//                          streams in a pipelined function; there the network's own function is the pipeline.
//   NNET_PIPELINE_TOKENS(ii) first line of the body of a loop over tokens: as NNET_PIPELINE_LOOP, and a round that has begun ends
//                          even if no further token comes. The depths of the streams rest on that.
//   NNET_PARTITION_DIM(array, d) as NNET_PARTITION, dimension d alone.
//   NNET_FIFO(stream, n)   after a stream's declaration: it takes n words. Use NNET_STREAM_DEPTH of nnet_stream.h.
//   NNET_RESET(variable)   after a static variable that the reset shall set to its initial value.

// No blanks around `=`: the text reaches the tool as it stands here.
#define NNET_PRAGMA(text) _Pragma(#text)

#if defined(__BAMBU__) && !defined(NNET_BAMBU)
#define NNET_BAMBU
#endif
#if defined(NNET_BAMBU) && !defined(NNET_WORD_PORTS)
#define NNET_WORD_PORTS
#endif

#if defined(NNET_BAMBU) && !defined(NNET_INNER)
#define NNET_PORT_IN(word) NNET_PRAGMA(HLS INTERFACE mode=ap_none port=word)
#define NNET_PORT_OUT(word) NNET_PRAGMA(HLS INTERFACE mode=ap_vld port=word)
#else
#define NNET_PORT_IN(word)
#define NNET_PORT_OUT(word)
#endif

#if defined(NNET_BAMBU)
#define NNET_PIPELINE(ii) NNET_PRAGMA(HLS PIPELINE II=ii)
#define NNET_INLINE NNET_PRAGMA(HLS INLINE)
#define NNET_PARTITION(array)
#define NNET_RESHAPE(array, n)
#define NNET_UNROLL
#define NNET_UNROLL_BY(n)
#define NNET_DATAFLOW NNET_PRAGMA(HLS DATAFLOW)
#define NNET_INLINE_OFF NNET_PRAGMA(HLS INLINE off)
#define NNET_INTERFACE_AXIS(stream) NNET_PRAGMA(HLS INTERFACE mode=axis port=stream)
#define NNET_INTERFACE_FREE
#define NNET_INTERFACE_MEMORY(p, words, burst)
#define NNET_INTERFACE_CONTROL(p)
#define NNET_INTERFACE_START
#define NNET_INTERFACE_CHAIN
#define NNET_PIPELINE_LOOP(ii)
#define NNET_PIPELINE_FLUSH(ii)
#define NNET_PIPELINE_TOKENS(ii)
#define NNET_PARTITION_DIM(array, d)
#define NNET_FIFO(stream, n) NNET_PRAGMA(HLS STREAM variable=stream depth=n)
#define NNET_RESET(variable)
#elif defined(__SYNTHESIS__)
#define NNET_PIPELINE(ii) NNET_PRAGMA(HLS PIPELINE II=ii)
#define NNET_INLINE NNET_PRAGMA(HLS INLINE)
#define NNET_PARTITION(array) NNET_PRAGMA(HLS ARRAY_PARTITION variable=array complete dim=0)
#define NNET_RESHAPE(array, n) NNET_PRAGMA(HLS ARRAY_RESHAPE variable=array cyclic factor=n dim=1)
#define NNET_UNROLL NNET_PRAGMA(HLS UNROLL)
#define NNET_UNROLL_BY(n) NNET_PRAGMA(HLS UNROLL factor=n)
#define NNET_DATAFLOW NNET_PRAGMA(HLS DATAFLOW)
#define NNET_INLINE_OFF NNET_PRAGMA(HLS INLINE off)
#define NNET_INTERFACE_AXIS(stream) NNET_PRAGMA(HLS INTERFACE axis register_mode=both register port=stream)
#define NNET_INTERFACE_FREE NNET_PRAGMA(HLS INTERFACE ap_ctrl_none port=return)
#define NNET_INTERFACE_MEMORY(p, words, burst)                                                                                  \
    NNET_PRAGMA(HLS INTERFACE m_axi port=p bundle=p offset=slave depth=words max_read_burst_length=burst                        \
                    max_write_burst_length=burst num_read_outstanding=16 num_write_outstanding=16)
#define NNET_INTERFACE_CONTROL(p) NNET_PRAGMA(HLS INTERFACE s_axilite port=p bundle=control)
#define NNET_INTERFACE_START NNET_PRAGMA(HLS INTERFACE ap_ctrl_hs port=return)
#define NNET_INTERFACE_CHAIN NNET_PRAGMA(HLS INTERFACE ap_ctrl_chain port=return)
#define NNET_PIPELINE_LOOP(ii) NNET_PRAGMA(HLS PIPELINE II=ii)
#if defined(NNET_LEGACY_HLS)
#define NNET_PIPELINE_FLUSH(ii) NNET_PRAGMA(HLS PIPELINE II=ii enable_flush)
#define NNET_PIPELINE_TOKENS(ii) NNET_PRAGMA(HLS PIPELINE II=ii)
#else
#define NNET_PIPELINE_FLUSH(ii) NNET_PRAGMA(HLS PIPELINE II=ii style=flp)
#define NNET_PIPELINE_TOKENS(ii) NNET_PRAGMA(HLS PIPELINE II=ii style=flp)
#endif
#define NNET_PARTITION_DIM(array, d) NNET_PRAGMA(HLS ARRAY_PARTITION variable=array complete dim=d)
#define NNET_FIFO(stream, n) NNET_PRAGMA(HLS STREAM variable=stream depth=n)
#define NNET_RESET(state) NNET_PRAGMA(HLS RESET variable=state)
#else
#define NNET_PIPELINE(ii)
#define NNET_INLINE
#define NNET_PARTITION(array)
#define NNET_RESHAPE(array, n)
#define NNET_UNROLL
#define NNET_UNROLL_BY(n)
#define NNET_DATAFLOW
#define NNET_INLINE_OFF
#define NNET_INTERFACE_AXIS(stream)
#define NNET_INTERFACE_FREE
#define NNET_INTERFACE_MEMORY(p, words, burst)
#define NNET_INTERFACE_CONTROL(p)
#define NNET_INTERFACE_START
#define NNET_INTERFACE_CHAIN
#define NNET_PIPELINE_LOOP(ii)
#define NNET_PIPELINE_FLUSH(ii)
#define NNET_PIPELINE_TOKENS(ii)
#define NNET_PARTITION_DIM(array, d)
#define NNET_FIFO(stream, n)
#define NNET_RESET(variable)
#endif

#endif
