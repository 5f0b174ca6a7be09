

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
