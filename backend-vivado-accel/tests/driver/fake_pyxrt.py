"""A card behind XRT's Python module, as far as the driver uses it: the names, arguments and results are those of
`src/python/pybind11/src/pyxrt.cpp` in XRT's repository. Host and card have memories of their own."""

import enum
import sys
import types

import numpy as np

from fake_core import Core

card = None


class Card:
    """What is plugged in: a kernel, its arguments, and faults that happen once."""

    def __init__(self, data, compute):
        self.data, self.core = data, Core(data, compute)
        self.faults, self.loads, self.batches, self.live = {}, 0, [], 0
        self.limit = 1 << 24


class xclBOSyncDirection(enum.Enum):
    XCL_BO_SYNC_BO_TO_DEVICE = 0
    XCL_BO_SYNC_BO_FROM_DEVICE = 1


class ert_cmd_state(enum.Enum):
    ERT_CMD_STATE_COMPLETED = 4
    ERT_CMD_STATE_ERROR = 5
    ERT_CMD_STATE_ABORT = 6
    ERT_CMD_STATE_TIMEOUT = 8


class device:
    def __init__(self, which):
        if which not in (0, "0000:3b:00.1"):
            raise RuntimeError("Could not open device with index '{}'".format(which))

    def load_xclbin(self, path):
        with open(path, "rb") as file:
            if file.read(7) != b"xclbin2":
                raise RuntimeError("invalid xclbin")
        assert card.live == 0, "an xclbin is loaded while buffers are allocated"
        card.loads += 1
        card.core.reset()
        return "uuid"

    def get_xclbin_uuid(self):
        return "uuid"


class bo:
    normal = 0

    def __init__(self, dev, size, flags, group):
        assert isinstance(dev, device) and flags == bo.normal
        if size > card.limit:
            raise RuntimeError("failed to allocate bo: Cannot allocate memory")
        self.group = group
        self.host, self.card = np.full(size, 0xEE, np.uint8), np.full(size, 0xDD, np.uint8)
        card.live += 1

    def __del__(self):
        if hasattr(self, "host"):
            card.live -= 1

    def map(self):
        return memoryview(self.host)

    def sync(self, direction, size, offset):
        part = slice(offset, offset + size)
        if direction == xclBOSyncDirection.XCL_BO_SYNC_BO_TO_DEVICE:
            self.card[part] = self.host[part]
        else:
            self.host[part] = self.card[part]


class run:
    def __init__(self, state):
        self.state = state

    def wait(self, milliseconds):
        assert isinstance(milliseconds, int) and milliseconds >= 0
        assert milliseconds or self.state != ert_cmd_state.ERT_CMD_STATE_TIMEOUT, "would wait for ever"
        return self.state


class kernel:
    def __init__(self, dev, uuid, name):
        host = card.data["host"]
        if name != "{}:{{{}}}".format(host["kernel"], host["compute_unit"]):
            raise RuntimeError("No such kernel '{}'".format(name))

    def group_id(self, index):
        return 100 + index

    def __call__(self, *arguments):
        core, batch = card.core, arguments[-1]
        assert type(batch) is int and len(arguments) == len(core.inputs) + len(core.outputs) + 1
        for index, buffer in enumerate(arguments[:-1]):
            assert buffer.group == self.group_id(index), "a buffer in a bank that its argument does not reach"
        fault = card.faults.pop("state", None)
        if fault:
            return run(fault)
        card.batches.append(batch)
        for sample in range(batch):
            given = [
                bytes(buffer.card[sample * port.sample_bytes :][: port.sample_bytes])
                for buffer, port in zip(arguments, core.inputs)
            ]
            outputs = arguments[len(core.inputs) : -1]
            for buffer, port, data in zip(outputs, core.outputs, core.sample(given)):
                start = sample * port.sample_bytes
                buffer.card[start : start + len(data)] = np.frombuffer(data, np.uint8)
        return run(ert_cmd_state.ERT_CMD_STATE_COMPLETED)


def plug(data, compute):
    """Puts a card in; `import pyxrt` finds this module."""
    global card
    card = Card(data, compute)
    module = types.ModuleType("pyxrt")
    for name in ("device", "bo", "kernel", "run", "xclBOSyncDirection", "ert_cmd_state"):
        setattr(module, name, globals()[name])
    sys.modules["pyxrt"] = module
    return card
