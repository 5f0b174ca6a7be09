"""Conversions and packing one number at a time, with exact fractions: slow, plain, and independent of the driver."""

import math
import re
import struct
from fractions import Fraction


class Type:
    """An `ap_fixed`-like type; a raw integer r is r / 2**frac. WRAP and SAT, TRN and RND are enough for the tests."""

    def __init__(self, text):
        fields = re.split("[<>,]", text)
        self.signed = "u" not in fields[0]
        self.width = int(fields[1])
        self.frac = 0 if "int" in fields[0] else self.width - int(fields[2])
        self.round = "AP_RND" in fields
        self.sat = "AP_SAT" in fields

    def raw(self, value):
        steps = Fraction(value) * Fraction(2) ** self.frac
        q = math.floor(steps + Fraction(1, 2)) if self.round else math.floor(steps)
        low, high = (-(2 ** (self.width - 1)), 2 ** (self.width - 1) - 1) if self.signed else (0, 2**self.width - 1)
        if self.sat:
            return min(max(q, low), high)
        q &= 2**self.width - 1
        return q - 2**self.width if q > high else q

    def value(self, raw):
        return Fraction(raw) / Fraction(2) ** self.frac


class Port:
    """What a wrapper does with the beats of one tensor of the manifest."""

    def __init__(self, tensor):
        packing = tensor["packing"]
        self.name = tensor["name"]
        self.type = Type(tensor["ty"])
        self.element = packing["element"]
        self.fixed = None if self.element.startswith("float") else Type(self.element)
        self.width = self.fixed.width if self.fixed else int(self.element[5:])
        self.per_beat = packing["elements_per_beat"]
        self.beat_bytes = packing["beat_bits"] // 8
        self.size = math.prod(tensor["shape"])
        self.beats = -(-self.size // self.per_beat)
        self.sample_bytes = self.beats * self.beat_bytes

    def receive(self, data):
        """Raw integers, of the network's type, of a sample."""
        raw = []
        for j in range(self.size):
            beat, lane = divmod(j, self.per_beat)
            word = int.from_bytes(data[beat * self.beat_bytes : (beat + 1) * self.beat_bytes], "little")
            bits = (word >> (lane * self.width)) & (2**self.width - 1)
            if not self.fixed:
                value = Fraction(struct.unpack("<f" if self.width == 32 else "<d", bits.to_bytes(self.width // 8, "little"))[0])
            else:
                if self.fixed.signed and bits >> (self.width - 1):
                    bits -= 2**self.width
                value = self.fixed.value(bits)
            raw.append(self.type.raw(value))
        return raw

    def send(self, raw):
        """The beats of a sample; padding is zero."""
        words = [0] * self.beats
        for j, r in enumerate(raw):
            beat, lane = divmod(j, self.per_beat)
            value = self.type.value(r)
            if not self.fixed:
                code = "<f" if self.width == 32 else "<d"
                bits = int.from_bytes(struct.pack(code, value), "little")
            else:
                bits = self.fixed.raw(value) & (2**self.width - 1)
            words[beat] |= bits << (lane * self.width)
        return b"".join(word.to_bytes(self.beat_bytes, "little") for word in words)
