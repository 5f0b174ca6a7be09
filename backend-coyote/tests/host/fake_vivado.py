#!/usr/bin/env python3
"""Stands in for `vivado -mode tcl` under Coyote's own simulation library (sim/sw): answers every command with a prompt, and
behind `run` speaks that library's wire protocol (sim/README.md of Coyote), with the network of adding_core.cpp as the vFPGA.

The library sends the bytes of a read with the command, so that inputs lie in this program's own memory by their address.
"""

import os
import struct
import sys

READ, WRITE = 1, 2


def answer(data, size):
    lanes = struct.unpack("<{}f".format(len(data) // 4), data)
    values = [lanes[0] + 3 * lanes[e % len(lanes)] for e in range(size // 4)]
    return struct.pack("<{}f".format(len(values)), *values)


def simulate():
    folder = os.path.join(os.environ["COYOTE_SIM_DIR"], "sim")
    memory, reads, writes, ended = {}, [], [], 0
    with open(os.path.join(folder, "input.bin"), "rb") as given, open(os.path.join(folder, "output.bin"), "wb") as told:

        def take(form):
            return struct.unpack("<" + form, given.read(struct.calcsize("<" + form)))

        while True:
            code = given.read(1)
            if not code:
                return
            if code[0] == 2:  # userMap
                take("QQ")
            elif code[0] == 3:  # memWrite
                address, size = take("QQ")
                memory[address] = given.read(size)
            elif code[0] == 4:  # invoke
                oper, _, _, address, size, _ = take("BBBQQB")
                (reads if oper == READ else writes).append((address, size))
            elif code[0] == 6:  # checkCompleted
                take("BQB")
                # One sample a look, so that the host has to wait.
                if reads and writes:
                    data = memory[reads.pop(0)[0]]
                    address, size = writes.pop(0)
                    told.write(struct.pack("<BQQ", 1, address, size) + answer(data, size))
                    ended += 1
                told.write(struct.pack("<BI", 3, ended))
                told.flush()
            elif code[0] == 7:  # clearCompleted
                ended = 0
            elif code[0] == 8:  # userUnmap
                take("Q")
            else:
                sys.exit("unknown code {}".format(code[0]))


print("Vivado% ", end="", flush=True)
for line in sys.stdin:
    if line.strip("\0 \n").startswith("quit"):
        break
    if "run" in line and "-all" in line:
        simulate()
    print("0\nVivado% ", end="", flush=True)
