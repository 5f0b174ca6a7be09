"""The core behind a software device: a function on raw integers, with the wrapper's rules for beats and TLAST."""

import numpy as np

from oracle import Port


class Core:
    """`compute` takes lists of raw integers, one an input, and gives one list an output."""

    def __init__(self, data, compute):
        self.inputs = [Port(t) for t in data["inputs"]]
        self.outputs = [Port(t) for t in data["outputs"]]
        self.compute = compute
        self.samples = 0
        self.reset()

    def reset(self):
        """As the reset of the hardware: only loading the bitstream does it."""
        self.beats = {port.name: [] for port in self.inputs}
        self.out = {port.name: [] for port in self.outputs}
        self.silent = False

    def sample(self, payloads):
        """Beats of one sample of each input to those of each output."""
        self.samples += 1
        raw = self.compute(*[port.receive(data) for port, data in zip(self.inputs, payloads)])
        return [port.send(values) for port, values in zip(self.outputs, raw)]

    def take(self, name, data, beat_bytes):
        """Beats of a transfer; TLAST is on the last. Outputs get beats as (bytes, TLAST)."""
        count = len(data) // beat_bytes
        assert count * beat_bytes == len(data), "a transfer of broken beats"
        queue = self.beats[name]
        queue += [(data[i * beat_bytes : (i + 1) * beat_bytes], i + 1 == count) for i in range(count)]
        while not self.silent and all(self._whole(port) for port in self.inputs):
            payloads, last = [], False
            for port in self.inputs:
                queue = self.beats[port.name]
                beats = []
                while len(beats) < port.beats:
                    beat, closes = queue.pop(0)
                    beats.append(beat)
                    if closes:
                        last = True
                        break
                # A short sample is padded with zeros and answered.
                payloads.append(b"".join(beats).ljust(port.sample_bytes, b"\0"))
            for port, data in zip(self.outputs, self.sample(payloads)):
                step = port.beat_bytes
                beats = [data[i : i + step] for i in range(0, len(data), step)]
                self.out[port.name] += [(beat, last and i + 1 == len(beats)) for i, beat in enumerate(beats)]

    def _whole(self, port):
        queue = self.beats[port.name]
        return len(queue) >= port.beats or any(closes for _, closes in queue)


def plain(*inputs):
    """Something checkable for one input and one output of 5: sums of neighbours, and the first."""
    x = inputs[0]
    return [[x[0], x[1] + x[2], x[-1], x[0] - x[1], 3]]


def expected(data, compute, arrays):
    """What a network of that function gives, by the oracle: float64 arrays, one an output."""
    core = Core(data, compute)
    rows = [[] for _ in core.outputs]
    for sample in zip(*arrays):
        raw = [[port.type.raw(_seen(port, v)) for v in np.ravel(values)] for port, values in zip(core.inputs, sample)]
        for row, port, values in zip(rows, core.outputs, compute(*raw)):
            row.append([float(_shown(port, r)) for r in values])
    return [
        np.array(row).reshape((len(row),) + tuple(t["shape"])) for row, t in zip(rows, data["outputs"])
    ]


def _seen(port, value):
    """An input value as it leaves the host."""
    if port.fixed:
        return port.fixed.value(port.fixed.raw(port.type.value(port.type.raw(float(value)))))
    return float(np.float32(value)) if port.width == 32 else float(value)


def _shown(port, raw):
    value = port.type.value(raw)
    if port.fixed:
        return port.fixed.value(port.fixed.raw(value))
    return np.float32(float(value)) if port.width == 32 else float(value)
