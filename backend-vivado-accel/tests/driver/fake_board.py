"""A Zynq or MPSoC board as a device of pynq's: memory behind a cache, clocks, AXI DMAs and HLS control ports. pynq's own
Overlay, MMIO, Clocks and allocate run on it."""

import os
import weakref

import numpy as np
import pynq
from pynq.buffer import PynqBuffer
from pynq.pl_server.device import Device
from pynqmetadata.frontends import Metadata
from pynqmetadata.views.runtime import RuntimeMetadataParser

from fake_core import Core


class Registers(np.ndarray):
    """32-bit words; single words go through a model as accesses to a bus do, slices are memory."""

    def __array_finalize__(self, other):
        self.model = None

    def __getitem__(self, index):
        if self.model is None or isinstance(index, slice):
            part = super().__getitem__(index)
            return part
        return np.uint32(self.model.read(4 * int(index)))

    def __setitem__(self, index, value):
        if self.model is None or isinstance(index, slice):
            super().__setitem__(index, value)
        else:
            self.model.write(4 * int(index), int(value))


class Memory:
    """Physical memory, and what the processor sees of it until it flushes or invalidates: two copies."""

    BASE = 0x10000000

    def __init__(self, size):
        self.ddr = np.zeros(size, np.uint8)
        self.next, self.used, self.limit = 0, 0, size

    def take(self, size):
        if self.used + size > self.limit or self.next + size > self.ddr.size:
            raise RuntimeError("BO allocation failed: no memory")
        offset = self.next
        # Pages of their own, as XRT gives them. What was freed is not given again, so that a stale address shows.
        self.next += -(-size // 4096) * 4096 + 4096
        self.used += size
        return self.BASE + offset

    def at(self, address, size):
        start = address - self.BASE
        if start < 0 or start + size > self.ddr.size:
            return None
        return self.ddr[start : start + size]


class Channel:
    """One channel of the AXI DMA, direct register mode (PG021, register map)."""

    def __init__(self, dma, sends):
        self.dma, self.sends = dma, sends
        self.reset()

    def reset(self):
        self.control, self.status = 0x00010002, 0x1
        self.address = self.length = 0
        self.armed = False
        self.delay = 0

    def fail(self, bit):
        self.status |= bit | 0x1
        self.control &= ~0x1
        self.armed = False

    def finish(self):
        self.armed = False
        self.status |= 0x1000
        self.delay = 3

    def read(self, register):
        if register == 0x00:
            return self.control
        if register == 0x04:
            # Idle comes some polls after the end, as it would after some time.
            if self.status & 0x1000 and not self.status & 0x2:
                self.delay -= 1
                if self.delay <= 0:
                    self.status |= 0x2
            return self.status
        if register == 0x28:
            return self.length
        return 0

    def write(self, register, value):
        board = self.dma.board
        if register == 0x00:
            if value & 0x4:
                self.dma.soft_reset()
                return
            self.control = (self.control & ~0x7001) | (value & 0x7001)
            if value & 0x1:
                self.status &= ~0x1
        elif register == 0x04:
            self.status &= ~(value & 0x7000)
        elif register == 0x18:
            self.address = (self.address >> 32 << 32) | value
        elif register == 0x1C:
            self.address = (self.address & 0xFFFFFFFF) | value << 32
        elif register == 0x28:
            assert not self.armed, "LENGTH was written to a channel that is not idle"
            self.length = value & (2**self.dma.length_bits - 1)
            if self.status & 0x1:
                board.log.append("ignored")
                return
            self.status &= ~0x1002
            self.armed = True
            board.log.append("send" if self.sends else "receive")
            if self.length == 0:
                self.fail(0x10)
            else:
                self.dma.move()


class Dma:
    def __init__(self, board, entry):
        self.board, self.length_bits = board, entry["length_bits"]
        self.input, self.output = entry["input"], entry["output"]
        self.mm2s, self.s2mm = Channel(self, True), Channel(self, False)
        self.resetting = 0
        self.resets = 0

    def soft_reset(self):
        self.mm2s.reset()
        self.s2mm.reset()
        self.resetting, self.resets = 2, self.resets + 1

    def read(self, offset):
        channel, register = (self.s2mm, offset - 0x30) if offset >= 0x30 else (self.mm2s, offset)
        if register == 0 and self.resetting:
            self.resetting -= 1
            return channel.control | 0x4
        return channel.read(register)

    def write(self, offset, value):
        channel, register = (self.s2mm, offset - 0x30) if offset >= 0x30 else (self.mm2s, offset)
        channel.write(register, value)

    def move(self):
        """Sends what was armed to the core, then lets every DMA of the board receive."""
        board, channel = self.board, self.mm2s
        if channel.armed:
            data = board.memory.at(channel.address, channel.length)
            fault = board.take_fault("mm2s")
            if data is None or fault:
                channel.fail(fault or 0x40)
            else:
                if board.take_fault("silent"):
                    board.core.silent = True
                port = next(p for p in board.core.inputs if p.name == self.input)
                board.core.take(self.input, bytes(data), port.beat_bytes)
                channel.finish()
                if board.take_fault("short"):
                    for beats in board.core.out.values():
                        if beats:
                            del beats[-1]
                            beats[-1] = (beats[-1][0], True)
                if board.take_fault("long"):
                    for beats in board.core.out.values():
                        beats[-1:] = [(beats[-1][0], False)] * 4 + [(beats[-1][0], True)]
        for dma in board.dmas:
            dma.receive()

    def receive(self):
        channel = self.s2mm
        beats = self.board.core.out.get(self.output, [])
        ends = [i for i, (_, last) in enumerate(beats) if last]
        if not channel.armed or not ends:
            return
        fault = self.board.take_fault("s2mm")
        packet = b"".join(beat for beat, _ in beats[: ends[0] + 1])
        del beats[: ends[0] + 1]
        place = self.board.memory.at(channel.address, channel.length)
        if fault or place is None or len(packet) > channel.length:
            channel.fail(fault or (0x10 if place is not None else 0x40))
            return
        place[: len(packet)] = np.frombuffer(packet, np.uint8)
        channel.length = len(packet)
        channel.finish()


class Control:
    """An HLS control port (UG1399, S_AXILITE control register map) of a core that is a memory master or has windows."""

    def __init__(self, board, data):
        self.board, self.data = board, data
        self.words = np.zeros(data["host"]["core"]["bytes"] // 4, np.uint32)
        self.offsets = {r["name"]: r["offset"] for r in data["registers"]}
        self.busy, self.done, self.running = 0, False, False

    def reset(self):
        self.words[:] = 0
        self.busy, self.done, self.running = 0, False, False

    def read(self, offset):
        if offset != 0:
            return self.words[offset // 4]
        if self.running:
            if self.board.core.silent:
                return 0x1
            if self.busy:
                self.busy -= 1
                return 0x0
            self.running, self.done = False, True
        value = 0x4 | (0x2 if self.done else 0)
        # Cleared by reading.
        self.done = False
        return value

    def write(self, offset, value):
        if offset != 0:
            self.words[offset // 4] = value
            return
        if value & 1:
            assert not self.running, "started while it runs"
            self.running, self.busy = True, 3
            if self.board.take_fault("silent"):
                self.board.core.silent = True
            if not self.board.core.silent:
                self.compute()

    def word(self, name):
        offset = self.offsets[name]
        return int(self.words[offset // 4]) | int(self.words[offset // 4 + 1]) << 32

    def compute(self):
        core, host = self.board.core, self.data["host"]
        if host["interface"] == "axi_lite":
            windows = {w["tensor"]: w["offset"] for w in host["windows"]}
            memory = self.words.view(np.uint8)
            given = [bytes(memory[windows[p.name] :][: p.sample_bytes]) for p in core.inputs]
            for port, data in zip(core.outputs, core.sample(given)):
                memory[windows[port.name] :][: port.sample_bytes] = np.frombuffer(data, np.uint8)
            return
        ins = ["data_in"] if len(core.inputs) == 1 else ["data_in%d" % i for i in range(len(core.inputs))]
        outs = ["data_out"] if len(core.outputs) == 1 else ["data_out%d" % i for i in range(len(core.outputs))]
        batch = int(self.words[self.offsets["batch"] // 4])
        for sample in range(batch):
            at = self.board.memory.at
            given = [
                bytes(at(self.word(name) + sample * port.sample_bytes, port.sample_bytes))
                for name, port in zip(ins, core.inputs)
            ]
            for name, port, data in zip(outs, core.outputs, core.sample(given)):
                at(self.word(name) + sample * port.sample_bytes, port.sample_bytes)[:] = np.frombuffer(data, np.uint8)


class Plain:
    """Registers that are memory; `written` is told of each write."""

    def __init__(self, words, written=lambda: None):
        self.words, self.written = words, written

    def read(self, offset):
        return int(self.words[offset // 4])

    def write(self, offset, value):
        self.words[offset // 4] = value
        self.written()


class Board(Device):
    """A device of pynq's, as its own boards are: found by `_probe_`, with an architecture, memory and registers."""

    _probe_priority_ = 10
    here = None

    @classmethod
    def _probe_(cls):
        return [cls.here] if cls.here else []

    def __init__(self, data, compute, memory=1 << 24):
        super().__init__("software_device")
        self.capabilities = {"MEMORY_MAPPED": True}
        self.data = data
        self.arch = "armv7l" if data["part"].startswith("xc7") else "aarch64"
        self.memory = Memory(memory)
        self.core = Core(data, compute)
        self.dmas = [Dma(self, entry) for entry in data["host"].get("dmas", [])]
        self.models = {entry["base"]: dma for entry, dma in zip(data["host"].get("dmas", []), self.dmas)}
        self.control = None
        if "core" in data["host"]:
            self.control = Control(self, data)
            self.models[data["host"]["core"]["base"]] = self.control
        self.log, self.faults, self.downloads, self.live, self.clocks = [], {}, 0, 0, []
        self.name = "software_device"
        self.loaded_at = 0.0
        self._clocks()
        # pynq keeps the clocks of the first board that it meets.
        if hasattr(pynq.Clocks, "_real_instance"):
            del pynq.Clocks._real_instance

    def _clocks(self):
        told = lambda: self.clocks.append(self.mhz())
        if self.arch == "armv7l":
            self.clock_words = np.zeros(0x80, np.uint32)
            self.models[0xF8000000] = Plain(self.clock_words, told)
        else:
            self.clock_words = np.zeros(0x40, np.uint32)
            self.models[0xFF5E0000] = Plain(self.clock_words, told)
            self.models[0xFD1A0000] = Plain(np.zeros(0x40, np.uint32))
        self.boot_clock()

    def boot_clock(self):
        """The processor's clocks as the boot image left them, faster than the tests' designs may run."""
        if self.arch == "armv7l":
            # SLCR: IO PLL 50 MHz * 20, FPGA0_CLK_CTRL dividers 5 and 1: 200 MHz.
            self.clock_words[0x108 // 4] = 20 << 12
            self.clock_words[0x170 // 4] = 5 << 8 | 1 << 20
        else:
            # CRL_APB: IOPLL 33.333 MHz * 90 / 2, PL0_REF_CTRL dividers 5 and 1: 300 MHz.
            self.clock_words[0x20 // 4] = 90 << 8 | 1 << 16
            self.clock_words[0xC0 // 4] = 5 << 8 | 1 << 16 | 1 << 24

    def mhz(self):
        """The clock that the registers say, worked out from the manuals (UG585 and UG1087), not by pynq."""
        zynq = self.arch == "armv7l"
        source = 50.0 * 20 if zynq else 33.333 * 90 / 2
        word = int(self.clock_words[(0x170 if zynq else 0xC0) // 4])
        first, second = word >> 8 & 0x3F, word >> (20 if zynq else 16) & 0x3F
        return source / max(1, first) / max(1, second)

    def take_fault(self, name):
        """A fault that was planned; it happens once."""
        return self.faults.pop(name, None)

    # What pynq asks of a device.

    def mmap(self, base, length):
        model = self.models[base]
        backing = getattr(model, "words", None)
        array = (np.zeros(length // 4, np.uint32) if backing is None else backing[: length // 4]).view(Registers)
        array.model = model
        return array

    def allocate(self, shape, dtype, **_):
        assert self.downloads, "memory can be had only with a bitstream"
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        address = self.memory.take(size)
        cached = np.full(size, 0xEE, np.uint8)
        self.memory.at(address, size)[:] = 0xDD
        buffer = PynqBuffer(
            shape, dtype, bo=(address, cached), device=self, buffer=cached, device_address=address, coherent=False
        )
        self.live += 1
        weakref.finalize(buffer, self._freed, size)
        return buffer

    def _freed(self, size):
        self.live -= 1
        self.memory.used -= size

    def flush(self, bo, offset, _, nbytes):
        address, cached = bo
        self.memory.at(address + offset, nbytes)[:] = cached[offset : offset + nbytes]

    def invalidate(self, bo, offset, _, nbytes):
        address, cached = bo
        cached[offset : offset + nbytes] = self.memory.at(address + offset, nbytes)

    def get_bitfile_metadata(self, bitfile_name, partial=False):
        return RuntimeMetadataParser(Metadata(input=os.path.splitext(bitfile_name)[0] + ".hwh"))

    def download(self, bitstream, parser=None):
        assert self.live == 0, "a bitstream is loaded while buffers are allocated: XRT refuses that"
        self.downloads += 1
        self.loaded_at = self.mhz()
        self.clocks.clear()
        self.core.reset()
        for dma in self.dmas:
            dma.soft_reset()
            dma.resets = 0
        if self.control:
            self.control.reset()
        super().post_download(bitstream, parser, self.name)
