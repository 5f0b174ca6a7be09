"""Tensors of a manifest as beats: real numbers to the bits that cross the streams, and back, with exactly the rounding
and overflow of the HLS types. Needs numpy and nothing else."""

import re

import numpy as np


class AcceleratorError(RuntimeError):
    """The accelerator, or the files that describe it, are not as they must be. The message says what to do."""




# ---- Fixed-point types: real numbers to raw integers and back, as the HLS types do it ----------------------------

_ROUNDING = ("TRN", "TRN_ZERO", "RND", "RND_ZERO", "RND_INF", "RND_MIN_INF", "RND_CONV")
_OVERFLOW = ("WRAP", "SAT", "SAT_ZERO", "SAT_SYM", "WRAP_SM")
_TYPE = re.compile(r"ap_(u?)(fixed|int)<([0-9]+)(?:,(-?[0-9]+)(?:,AP_([A-Z_]+),AP_([A-Z_]+)(?:,([0-9]+))?)?)?>")


class FixedType:
    """`ap_[u]fixed<width,integer,rounding,overflow>` or `ap_[u]int<width>`; a raw integer r is r * 2**-frac."""

    def __init__(self, text):
        found = _TYPE.fullmatch(text)
        if found is None or (found.group(2) == "fixed") != (found.group(4) is not None):
            raise AcceleratorError("{!r} in the manifest is no fixed-point type".format(text))
        unsigned, kind, width, integer, rounding, overflow, sat_bits = found.groups()
        self.text = text
        self.signed = unsigned == ""
        self.width = int(width)
        self.frac = self.width - int(integer if integer is not None else width)
        # Integers truncate towards zero and wrap, whatever is written.
        self.rounding = "TRN_ZERO" if kind == "int" else rounding or "TRN"
        self.overflow = "WRAP" if kind == "int" else overflow or "WRAP"
        self.sat_bits = int(sat_bits or 0)
        if self.rounding not in _ROUNDING or self.overflow not in _OVERFLOW or self.width == 0:
            raise AcceleratorError("{!r} in the manifest is no fixed-point type".format(text))
        self.high = 2 ** (self.width - self.signed) - 1
        self.low = -(2 ** (self.width - 1)) if self.signed else 0
        if self.overflow == "SAT_SYM" and self.signed and self.width > 1:
            self.low += 1

    def check_convertible(self, tensor):
        """Refuses the overflow modes that only the hardware computes."""
        if self.overflow == "WRAP_SM" or (self.overflow == "WRAP" and self.sat_bits):
            raise AcceleratorError(
                "input {!r}: this driver does not convert to {}, whose overflow mode is sign-magnitude wrapping or has "
                "saturated bits; build with --input-type float, then the hardware converts".format(tensor, self.text)
            )

    def holds(self, other):
        """Whether every value of `other` is a value of this type."""
        magnitude = self.width - self.frac - self.signed
        return (
            (self.signed or not other.signed)
            and magnitude >= other.width - other.frac - other.signed
            and self.frac >= other.frac
            and (self.overflow != "SAT_SYM" or self.low <= other.low * 2 ** (self.frac - other.frac))
        )


def _fits_double(*types):
    """Whether raw integers of the types, and numbers counted in their steps, are exact in doubles."""
    return all(t.width <= 53 and abs(t.frac) <= 400 for t in types)


def quantise(values, ty):
    """Raw integers that the type's constructor makes of real numbers: a float64 array of integers where that is exact,
    else an object array of Python's integers (slower; only for types of more than 53 bits)."""
    values = np.asarray(values, np.float64)
    if not _fits_double(ty):
        # mantissa * 2**exponent, the mantissa with its sign; infinities and NaN read as the headers read them.
        bits = values.view(np.int64)
        mantissa = (bits & (2**52 - 1)) | 2**52
        mantissa = np.where(bits < 0, -mantissa, mantissa)
        mantissa[values == 0] = 0
        exponent = ((bits >> 52) & 0x7FF) - 1075
        return _fit_wide(_round_wide(mantissa.astype(object), (-exponent - ty.frac).astype(object), ty), ty)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        steps = values * 2.0**ty.frac
    if ty.frac < 0:
        lost = (steps == 0) & (values != 0)
        steps = np.where(lost, np.copysign(0.125, values), steps)
    # Infinities and NaN are +-2**1024 or more: out of every range, and 0 modulo it.
    steps = np.where(np.isfinite(steps), steps, np.copysign(2.0**1000, steps))
    return _fit(_round(steps, ty.rounding), ty)


def recast(raw, source, target):
    """Raw integers of one type to another, by the rounding and overflow of the other."""
    if target.holds(source):
        if raw.dtype != object and target.width > 53:
            raw = raw.astype(np.int64).astype(object)
        return raw * 2 ** (target.frac - source.frac)
    if raw.dtype != object and _fits_double(source, target):
        return _fit(_round(raw * 2.0 ** (target.frac - source.frac), target.rounding), target)
    if raw.dtype != object:
        raw = raw.astype(np.int64).astype(object)
    shift = np.full(raw.shape, source.frac - target.frac, object)
    return _fit_wide(_round_wide(raw, shift, target), target)


def _round(steps, mode):
    if mode == "TRN":
        return np.floor(steps)
    if mode == "RND_CONV":
        return np.rint(steps)
    whole = np.trunc(steps)
    if mode == "TRN_ZERO":
        return whole
    # The fraction is exact and has the sign of the number; steps - floor(steps) would not be exact.
    part = steps - whole
    up = part >= 0.5 if mode in ("RND", "RND_INF") else part > 0.5
    down = part <= -0.5 if mode in ("RND_INF", "RND_MIN_INF") else part < -0.5
    return whole + up - down


def _fit(raw, ty):
    if raw.size == 0 or (raw.min() >= ty.low and raw.max() <= ty.high):
        return raw
    if ty.overflow in ("SAT", "SAT_SYM"):
        return np.clip(raw, float(ty.low), float(ty.high))
    if ty.overflow == "SAT_ZERO":
        return np.where((raw < ty.low) | (raw > ty.high), 0.0, raw)
    modulus = 2.0**ty.width
    rest = np.fmod(raw, modulus)
    rest = np.where(rest < ty.low, rest + modulus, rest)
    return np.where(rest > ty.high, rest - modulus, rest)


def _round_wide(raw, shift, ty):
    """raw * 2**-shift as an integer; Python's integers, so that no bit is lost."""
    raw = raw << np.maximum(-shift, 0)
    right = np.maximum(shift, 0)
    floor = raw >> right
    rest = raw - (floor << right)
    step = np.left_shift(np.ones_like(raw), right)
    above, tie = 2 * rest > step, 2 * rest == step
    up = {
        "TRN": lambda: 0,
        "TRN_ZERO": lambda: (raw < 0) & (rest != 0),
        "RND": lambda: above | tie,
        "RND_ZERO": lambda: above | (tie & (raw < 0)),
        "RND_INF": lambda: above | (tie & (raw >= 0)),
        "RND_MIN_INF": lambda: above,
        "RND_CONV": lambda: above | (tie & ((floor & 1) == 1)),
    }[ty.rounding]()
    return floor + up


def _fit_wide(raw, ty):
    if ty.overflow in ("SAT", "SAT_SYM"):
        return np.minimum(np.maximum(raw, ty.low), ty.high)
    if ty.overflow == "SAT_ZERO":
        return np.where((raw < ty.low) | (raw > ty.high), 0, raw)
    rest = raw & (2**ty.width - 1)
    return np.where(rest > ty.high, rest - 2**ty.width, rest)


def to_real(raw, ty, dtype):
    """The values of raw integers (int64 or uint64), rounded once, half-even, to float32 or float64."""
    if dtype == np.float64 or ty.width <= 53:
        # int64 to double rounds half-even, and the scale is a power of two.
        with np.errstate(over="ignore", under="ignore"):
            return np.ldexp(raw.astype(np.float64), -ty.frac).astype(dtype)
    # More bits than a double has: those below are gathered in the last one, so that the one rounding to float32 is right.
    odd = (raw >> 11) | ((raw & 0x7FF) != 0).astype(raw.dtype)
    large = np.abs(raw.astype(np.float64)) >= 2.0**52
    exact = np.where(large, odd.astype(np.float64) * 2048.0, raw.astype(np.float64))
    with np.errstate(over="ignore", under="ignore"):
        return np.ldexp(exact, -ty.frac).astype(dtype)


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
