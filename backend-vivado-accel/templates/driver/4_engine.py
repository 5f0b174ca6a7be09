

# ---- Engines: how beats get to the core and back. One class an interface -----------------------------------------


def _wait(done, timeout, describe):
    """Polls `done` until it is true: closely at first, then with pauses, so that a long run leaves the processor to
    others. `describe` makes the message of the timeout (seconds; None waits for ever)."""
    start = time.perf_counter()
    while not done():
        elapsed = time.perf_counter() - start
        if timeout is not None and elapsed > timeout:
            # Once more: this process may have slept through the end.
            if done():
                return
            raise AcceleratorTimeout(describe())
        if elapsed > 0.0005:
            time.sleep(min(elapsed / 8, 0.005))


_AGAIN = (
    "If it happens again: is timeout= long enough for one transfer, does the bitstream belong to this manifest, and is the "
    "clock the one that was built for?"
)


class _Engine:
    """What the engines share: buffers that are made once, reused, and grown when a larger batch comes."""

    def __init__(self, manifest, timeout, buffer_bytes):
        self.manifest = manifest
        self.inputs, self.outputs = manifest.inputs, manifest.outputs
        self.timeout = timeout
        self.tensors = self.inputs + self.outputs
        self.limit = max(1, min(buffer_bytes // tensor.sample_bytes for tensor in self.tensors))
        self.capacity = 0
        self.buffers = {}
        self.say = lambda text: None

    def allocate(self, tensor, size):
        raise NotImplementedError

    def prepare(self, samples):
        """Buffers for up to that many samples; gives for how many there are some."""
        wanted = min(samples, self.limit)
        while wanted > self.capacity:
            self.release()
            try:
                for tensor in self.tensors:
                    self.buffers[tensor.name] = self.allocate(tensor, wanted * tensor.sample_bytes)
                self.capacity = wanted
            except (MemoryError, RuntimeError, OSError) as why:
                self.release()
                if wanted == 1:
                    sizes = sum(tensor.sample_bytes for tensor in self.tensors)
                    raise AcceleratorError(
                        "no memory for the {} bytes of one sample: {}; close other overlays and notebooks, or restart "
                        "the board".format(sizes, why)
                    ) from why
                wanted = self.limit = max(1, wanted // 2)
        return wanted

    def release(self):
        self.buffers = {}
        self.capacity = 0

    def run(self, payloads, samples):
        """Sends the beats of a batch, gives those of each output. Buffers are prepared."""
        raise NotImplementedError

    def reset(self):
        """Stops what a failed call left running, as far as that can be done without loading the bitstream anew."""


class _MemoryEngine(_Engine):
    """Buffers in memory that pynq allocates."""

    def __init__(self, manifest, timeout, buffer_bytes, pynq, device):
        super().__init__(manifest, timeout, buffer_bytes)
        self.pynq, self.device = pynq, device

    def allocate(self, tensor, size):
        return self.pynq.allocate(shape=(size,), dtype=np.uint8, target=self.device)

    def registers(self, core):
        return self.pynq.MMIO(core["base"], core["bytes"], device=self.device)

    def fill(self, payloads):
        """Copies the beats to the buffers and out of the processor's cache."""
        for tensor, payload in zip(self.inputs, payloads):
            part = self.buffers[tensor.name][: payload.size]
            part[:] = payload
            part.flush()

    def fetch(self, samples):
        """The beats that the outputs' buffers hold: copies, so that the next call does not change them."""
        answers = []
        for tensor in self.outputs:
            part = self.buffers[tensor.name][: samples * tensor.sample_bytes]
            part.invalidate()
            answers.append(np.array(part, np.uint8, subok=False))
        return answers


class _Channel:
    """One channel of an AXI DMA in simple mode: PG021, "Direct Register Mode (Simple DMA)" and its register map."""

    RUN, RESET = 0x1, 0x4
    HALTED, IDLE = 0x1, 0x2
    FAULTS = (
        (0x10, "an internal error (the packet was longer than the transfer, or its length was 0)"),
        (0x20, "a slave error (memory refused the access)"),
        (0x40, "a decode error (no memory at the address: is the bitstream for this board?)"),
    )

    def __init__(self, registers, offset, tensor, name):
        self.registers, self.offset, self.tensor, self.name = registers, offset, tensor, name

    def read(self, register):
        return int(self.registers.read(self.offset + register))

    def write(self, register, value):
        self.registers.write(self.offset + register, int(value))

    def start(self):
        """Lets the channel run; it stays so until it is reset or fails."""
        if self.read(0x04) & self.HALTED:
            self.write(0x00, self.RUN)
            _wait(
                lambda: not self.read(0x04) & self.HALTED,
                1.0,
                lambda: "{} does not start; is a bitstream loaded, and is its clock on?".format(self.name),
            )

    def transfer(self, address, size):
        self.write(0x18, address & 0xFFFFFFFF)
        self.write(0x1C, address >> 32)
        # Writing the length starts the transfer.
        self.write(0x28, size)

    def done(self):
        status = self.read(0x04)
        for bit, fault in self.FAULTS:
            if status & bit:
                raise AcceleratorError("{} reports {}".format(self.name, fault))
        return bool(status & self.IDLE)

    def moved(self):
        """After a transfer: how many bytes it had."""
        return self.read(0x28)


class _StreamEngine(_MemoryEngine):
    """AXI4-Streams behind AXI DMAs: one transfer of each channel is one batch."""

    def __init__(self, manifest, timeout, buffer_bytes, pynq, device):
        super().__init__(manifest, timeout, buffer_bytes, pynq, device)
        inputs = {tensor.name: tensor for tensor in self.inputs}
        outputs = {tensor.name: tensor for tensor in self.outputs}
        self.dmas, self.sends, self.receives = [], {}, {}
        for dma in manifest.host["dmas"]:
            registers = self.registers(dma)
            self.dmas.append((dma["name"], registers))
            for side, tensors, channels, offset, what in (
                ("input", inputs, self.sends, 0x00, "MM2S"),
                ("output", outputs, self.receives, 0x30, "S2MM"),
            ):
                if dma[side] is None:
                    continue
                tensor = tensors.pop(dma[side], None)
                if tensor is None:
                    raise AcceleratorError("{}: {} has no free {} {!r}".format(manifest.path, dma["name"], side, dma[side]))
                name = "{} ({}, {} {!r})".format(dma["name"], what, side, tensor.name)
                channels[tensor.name] = _Channel(registers, offset, tensor, name)
                longest = 2 ** dma["length_bits"] - 1
                if tensor.sample_bytes > longest:
                    raise AcceleratorError(
                        "{}: one sample has {} bytes, a transfer at most {}; build with a wider length register".format(
                            name, tensor.sample_bytes, longest
                        )
                    )
                self.limit = min(self.limit, longest // tensor.sample_bytes)
        if inputs or outputs:
            raise AcceleratorError("{}: no DMA for {}".format(manifest.path, sorted(list(inputs) + list(outputs))))

    def run(self, payloads, samples):
        self.fill(payloads)
        channels = list(self.receives.values()) + list(self.sends.values())
        for channel in channels:
            channel.start()
        # Receivers first: what the core gives before its receiver is armed could not go anywhere.
        for channel in channels:
            address = int(self.buffers[channel.tensor.name].physical_address)
            channel.transfer(address, samples * channel.tensor.sample_bytes)
        self.say("Transfer OK")
        for channel in self.sends.values():
            self.wait(channel, samples, "taken")
        self.say("Send OK")
        for channel in self.receives.values():
            self.wait(channel, samples, "given")
            expected, moved = samples * channel.tensor.sample_bytes, channel.moved()
            if moved != expected:
                raise AcceleratorError(
                    "{} received {} bytes where {} samples have {}: the core closed the batch early; does the bitstream "
                    "belong to this manifest?".format(channel.name, moved, samples, expected)
                )
        self.say("Receive OK")
        return self.fetch(samples)

    def wait(self, channel, samples, verb):
        def all_done():
            # A fault of any channel ends the wait: the others would wait for it for ever.
            for other in self.receives.values():
                other.done()
            return channel.done()

        _wait(
            all_done,
            self.timeout,
            lambda: "no end within {} s: {} has not {} its {} bytes ({} samples). {}".format(
                self.timeout, channel.name, verb, samples * channel.tensor.sample_bytes, samples, _AGAIN
            ),
        )

    def reset(self):
        """Soft reset of every DMA, which resets both of its channels (PG021, MM2S_DMACR.Reset)."""
        for name, registers in self.dmas:
            first = 0x00 if any(c.registers is registers for c in self.sends.values()) else 0x30
            registers.write(first, _Channel.RESET)
            _wait(
                lambda: not int(registers.read(first)) & _Channel.RESET,
                1.0,
                lambda: "{} does not end its reset; load the bitstream anew, or restart the board".format(name),
            )


class _Control:
    """The control port that HLS makes (UG1399, "S_AXILITE Control Register Map"): AP_CTRL and the arguments."""

    START, DONE, IDLE = 0x1, 0x2, 0x4

    def __init__(self, registers, manifest, timeout):
        self.registers, self.map, self.timeout = registers, manifest.registers, timeout
        self.name = manifest.host["core"]["name"]
        if "AP_CTRL" not in self.map:
            raise AcceleratorError("{}: no register AP_CTRL".format(manifest.path))

    def set(self, name, value):
        if name not in self.map:
            raise AcceleratorError("the manifest has no register {!r}; take the manifest of this bitstream".format(name))
        register = self.map[name]
        self.registers.write(register["offset"], int(value) & 0xFFFFFFFF)
        if register["width_bits"] == 64:
            self.registers.write(register["offset"] + 4, int(value) >> 32)

    def control(self):
        return int(self.registers.read(self.map["AP_CTRL"]["offset"]))

    def call(self, samples):
        """Starts the core and waits for its end."""
        state = self.control()
        if not state & self.IDLE:
            raise AcceleratorError(
                "{} is not idle (AP_CTRL = {:#x}): an earlier call has not ended, or no bitstream is loaded".format(
                    self.name, state
                )
            )
        self.set("AP_CTRL", self.START)
        # ap_done is cleared by reading it; this is the only reader.
        _wait(
            lambda: self.control() & self.DONE,
            self.timeout,
            lambda: "no end within {} s: {} still computes {} samples. {}".format(
                self.timeout, self.name, samples, _AGAIN
            ),
        )


def _ports(stem, tensors):
    """The wrapper's parameters, which the registers are called after."""
    return [stem] if len(tensors) == 1 else ["{}{}".format(stem, i) for i in range(len(tensors))]


class _MasterEngine(_MemoryEngine):
    """The core reads and writes memory itself: pointers, `batch`, start."""

    def __init__(self, manifest, timeout, buffer_bytes, pynq, device):
        super().__init__(manifest, timeout, buffer_bytes, pynq, device)
        self.control = _Control(self.registers(manifest.host["core"]), manifest, timeout)

    def run(self, payloads, samples):
        self.fill(payloads)
        for stem, tensors in (("data_in", self.inputs), ("data_out", self.outputs)):
            for port, tensor in zip(_ports(stem, tensors), tensors):
                self.control.set(port, self.buffers[tensor.name].physical_address)
        self.control.set("batch", samples)
        self.say("Transfer OK")
        self.control.call(samples)
        self.say("Receive OK")
        return self.fetch(samples)


class _LiteEngine(_MemoryEngine):
    """A sample's beats lie in the control port; one start is one sample. No buffers in memory."""

    def __init__(self, manifest, timeout, buffer_bytes, pynq, device):
        super().__init__(manifest, timeout, buffer_bytes, pynq, device)
        registers = self.registers(manifest.host["core"])
        self.control = _Control(registers, manifest, timeout)
        windows = {window["tensor"]: window for window in manifest.host["windows"]}
        self.words = {}
        for tensor in self.tensors:
            window = windows.get(tensor.name)
            if window is None or window["bytes"] < tensor.sample_bytes or window["offset"] % 4 or tensor.sample_bytes % 4:
                raise AcceleratorError("{}: no window for {!r}".format(manifest.path, tensor.name))
            first = window["offset"] // 4
            self.words[tensor.name] = registers.array[first : first + tensor.sample_bytes // 4]

    def allocate(self, tensor, size):
        return None

    def run(self, payloads, samples):
        inputs = [
            (self.words[tensor.name], payload.view("<u4").reshape(samples, -1))
            for tensor, payload in zip(self.inputs, payloads)
        ]
        outputs = [
            (self.words[tensor.name], np.empty((samples, tensor.sample_bytes // 4), "<u4")) for tensor in self.outputs
        ]
        for sample in range(samples):
            for window, words in inputs:
                window[:] = words[sample]
            self.control.call(1)
            for window, words in outputs:
                words[sample] = window
        self.say("Receive OK")
        return [words.view(np.uint8).reshape(-1) for _, words in outputs]
