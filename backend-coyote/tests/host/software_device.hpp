// What a test plans for the device in software, and what it saw.

#ifndef SOFTWARE_DEVICE_HPP
#define SOFTWARE_DEVICE_HPP

#include <cstdint>
#include <vector>

// The network in the vFPGA: a sample's bytes of every input stream, and room for those of every output stream.
void soft_core(const std::vector<std::vector<uint8_t>>& inputs, std::vector<std::vector<uint8_t>>& outputs);

// Plans and counts have names, 0 when never set. A name that begins with "plan_" is planned, any other one is a count. The
// variable SOFT_PLAN sets some from the start: "plan_delay=3,plan_outputs=2".
//
//   plan_inputs, plan_outputs   streams each way (1)
//   plan_delay                  how often one looks before a write ends (0)
//   plan_answers                writes that end before the card falls silent (all)
//   plan_ahead                  1: a stream of lower number writes all it can before the next one writes
//   plan_count                  where the counter of writes starts
//   plan_no_open, plan_no_huge, plan_no_regular    1: no device node; getMem gives a null pointer for such memory
//   plan_throw_at               the number of the command (from 1) that throws
//   plan_surplus                writes that are counted though nobody asked for them
//
//   opened, closed              threads; closed_busy: closed with commands in flight
//   blocks, bytes, ragged       allocations, their size, and how many are no whole 2 MB pages
//   freed                       calls of freeMem
//   commands, most              commands, and the most in flight at one time
extern "C" uint64_t soft_get(const char* name);
extern "C" void soft_set(const char* name, uint64_t value);
extern "C" void soft_reset(void);

#endif
