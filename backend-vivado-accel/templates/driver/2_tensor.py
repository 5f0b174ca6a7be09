

# ---- Tensors: arrays to beats and back ---------------------------------------------------------------------------


def pack(lanes, width, beat_bytes):
    """Rows of lanes (unsigned integers) to rows of beats: lane j at bits [width*j, width*j + width), little endian."""
    rows, count = lanes.shape
    out = np.zeros((rows, beat_bytes), np.uint8)
    if width % 8 == 0 and width // 8 in (1, 2, 4, 8):
        lanes = np.ascontiguousarray(lanes, "<u{}".format(width // 8))
        out[:, : count * width // 8] = lanes.view(np.uint8).reshape(rows, count * width // 8)
        return out
    # Eight lanes are a whole number of bytes, so that eight positions repeat.
    groups = -(-count // 8)
    eights = np.zeros((rows, groups, 8), np.uint64)
    eights.reshape(rows, groups * 8)[:, :count] = lanes
    packed = np.zeros((rows, groups, width), np.uint8)
    for position in range(8):
        byte, shift = divmod(position * width, 8)
        lane = eights[:, :, position]
        low = lane << np.uint64(shift)
        for i in range((shift + width + 7) // 8):
            part = low >> np.uint64(8 * i) if i < 8 else lane >> np.uint64(64 - shift)
            packed[:, :, byte + i] |= (part & np.uint64(0xFF)).astype(np.uint8)
    used = min(groups * width, beat_bytes)
    out[:, :used] = packed.reshape(rows, groups * width)[:, :used]
    return out


def unpack(beats, width, count):
    """The reverse of `pack`; bits that belong to no lane are ignored."""
    rows = beats.shape[0]
    if width % 8 == 0 and width // 8 in (1, 2, 4, 8):
        used = np.ascontiguousarray(beats[:, : count * width // 8])
        return used.view("<u{}".format(width // 8)).reshape(rows, count)
    groups = -(-count // 8)
    packed = np.zeros((rows, groups * width), np.uint8)
    used = min(groups * width, beats.shape[1])
    packed[:, :used] = beats[:, :used]
    packed = packed.reshape(rows, groups, width)
    eights = np.zeros((rows, groups, 8), np.uint64)
    for position in range(8):
        byte, shift = divmod(position * width, 8)
        for i in range((shift + width + 7) // 8):
            part = packed[:, :, byte + i].astype(np.uint64)
            if i < 8:
                eights[:, :, position] |= (part << np.uint64(8 * i)) >> np.uint64(shift)
            else:
                eights[:, :, position] |= part << np.uint64(64 - shift)
    return eights.reshape(rows, groups * 8)[:, :count] & np.uint64(2**width - 1)


class Tensor:
    """A port of the accelerator: the shape and type of a sample, and how its elements lie in beats."""

    def __init__(self, entry, is_input):
        packing = entry["packing"]
        self.name = entry["name"]
        self.shape = tuple(entry["shape"])
        self.type = FixedType(entry["ty"])
        text = packing["element"]
        self.element = text if text in ("float32", "float64") else FixedType(text)
        self.fixed = isinstance(self.element, FixedType)
        self.width = self.element.width if self.fixed else int(text[5:])
        self.beat_bytes = packing["beat_bits"] // 8
        self.per_beat = packing["elements_per_beat"]
        self.size = int(np.prod(self.shape, dtype=np.int64))
        self.beats = -(-self.size // self.per_beat)
        self.sample_bytes = self.beats * self.beat_bytes
        orders = (packing["element_order"], packing["bit_order"], packing["transfer"])
        if orders[:2] != ("little_end_first", "lsb_first") or orders[2] not in ("batch", "sample"):
            raise AcceleratorError("tensor {!r}: the packing {} is unknown to this driver".format(self.name, orders))
        if not 1 <= self.width <= 64 or self.per_beat * self.width > 8 * self.beat_bytes or self.size < 1:
            raise AcceleratorError("tensor {!r}: the manifest's packing is impossible".format(self.name))
        if is_input and self.fixed:
            self.type.check_convertible(self.name)
            self.element.check_convertible(self.name)

    @property
    def element_text(self):
        return self.element.text if self.fixed else self.element

    def check_raw(self, dtype):
        """Refuses an integer dtype that cannot carry the raw integers of the element."""
        if not self.fixed:
            raise AcceleratorError(
                "tensor {!r}: dtype {} asks for raw integers, but {} cross this interface; leave dtype at np.float32 and "
                "give no encode or decode".format(self.name, dtype, self.element)
            )
        limits = np.iinfo(dtype)
        if self.element.low < limits.min or self.element.high > limits.max:
            raise AcceleratorError(
                "tensor {!r}: {} does not hold every {}; take a wider integer dtype".format(
                    self.name, dtype, self.element.text
                )
            )

    def encode(self, values):
        """Beats (uint8, flat) of samples of real numbers, a float array of shape (batch, *shape)."""
        batch = values.shape[0]
        if not self.fixed:
            with np.errstate(over="ignore", under="ignore", invalid="ignore"):
                real = np.ascontiguousarray(values, "<f{}".format(self.width // 8))
            return self._to_beats(real.view("<u{}".format(self.width // 8)).reshape(batch, self.size))
        raw = recast(quantise(values, self.type), self.type, self.element)
        return self.encode_raw(raw)

    def encode_raw(self, raw):
        """Beats of raw integers of the element, in range."""
        mask = 2**self.width - 1
        if raw.dtype == object:
            lanes = (raw & mask).astype(np.uint64)
        elif raw.dtype == np.uint64:
            lanes = raw
        else:
            lanes = raw.astype(np.int64).view(np.uint64) & np.uint64(mask)
        return self._to_beats(lanes.reshape(raw.shape[0], self.size))

    def _to_beats(self, lanes):
        batch = lanes.shape[0]
        if self.beats * self.per_beat != self.size:
            padded = np.zeros((batch, self.beats * self.per_beat), lanes.dtype)
            padded[:, : self.size] = lanes
            lanes = padded
        rows = lanes.reshape(batch * self.beats, self.per_beat)
        return pack(rows, self.width, self.beat_bytes).reshape(-1)

    def _lanes(self, data, batch):
        lanes = unpack(data.reshape(batch * self.beats, self.beat_bytes), self.width, self.per_beat)
        return lanes.reshape(batch, self.beats * self.per_beat)[:, : self.size]

    def _raw(self, data, batch):
        lanes = self._lanes(data, batch).astype(np.uint64)
        if not self.element.signed:
            return lanes
        unused = 64 - self.width
        return (lanes << np.uint64(unused)).view(np.int64) >> np.int64(unused)

    def decode(self, data, batch, dtype):
        """Samples from beats: floats of the dtype, or raw integers of the element for an integer dtype."""
        if not self.fixed:
            lanes = np.ascontiguousarray(self._lanes(data, batch))
            with np.errstate(over="ignore", under="ignore", invalid="ignore"):
                values = lanes.view("<f{}".format(self.width // 8)).astype(dtype)
        elif dtype.kind == "f":
            values = to_real(self._raw(data, batch), self.element, dtype)
        else:
            values = self._raw(data, batch).astype(dtype)
        return values.reshape((batch,) + self.shape)
