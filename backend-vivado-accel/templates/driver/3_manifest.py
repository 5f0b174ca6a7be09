

# ---- The manifest, and whether the files beside it are those it describes ----------------------------------------

_KEYS = {
    "version", "project", "flow", "board", "part", "platform", "clock_period_ns", "io_type", "inputs", "outputs",
    "registers", "host", "hashes",
}  # fmt: skip
_PACKING = {"beat_bits", "element", "elements_per_beat", "element_order", "bit_order", "transfer"}


class Manifest:
    """`manifest.json`. Unknown fields are refused: half a description would give wrong numbers, not fewer features."""

    def __init__(self, path):
        self.path = path
        try:
            with open(path, "rb") as file:
                data = json.loads(file.read().decode("utf-8"))
        except OSError as why:
            raise AcceleratorError(
                "{}: {}; copy manifest.json of the package beside the bitstream, or give manifest=PATH".format(
                    path, why.strerror
                )
            ) from None
        except ValueError as why:
            raise AcceleratorError("{}: not JSON: {}".format(path, why)) from None
        version = data.get("version") if isinstance(data, dict) else None
        if version != 1:
            raise AcceleratorError(
                "{}: the manifest has version {!r}, this driver reads version 1; take the driver of the same "
                "package".format(path, version)
            )
        unknown = set(data) - _KEYS
        missing = _KEYS - {"platform"} - set(data)
        for tensor in data.get("inputs", []) + data.get("outputs", []):
            unknown |= set(tensor) - {"name", "shape", "ty", "packing"}
            unknown |= set(tensor.get("packing", ())) - _PACKING
            missing |= _PACKING - set(tensor.get("packing", ()))
            missing |= {"name", "shape", "ty", "packing"} - set(tensor)
        if unknown or missing:
            raise AcceleratorError(
                "{}: fields unknown to this driver: {}; missing: {}; take the driver of the same package".format(
                    path, sorted(unknown) or "none", sorted(missing) or "none"
                )
            )
        self.project = data["project"]
        self.board = data["board"]
        self.part = data["part"]
        self.clock_period_ns = float(data["clock_period_ns"])
        self.hash = data["hashes"].get("bitstream")
        self.host = data["host"]
        self.interface = self.host.get("interface")
        self.registers = {register["name"]: register for register in data["registers"]}
        self.inputs = [Tensor(entry, True) for entry in data["inputs"]]
        self.outputs = [Tensor(entry, False) for entry in data["outputs"]]
        if self.interface not in ("axi_stream", "axi_master", "axi_lite", "xrt"):
            raise AcceleratorError(
                "{}: the interface {!r} is not driven by this file; Coyote has software of its own".format(
                    path, self.interface
                )
            )

    def check_hash(self, bitfile):
        """The bitstream is the one that was built with this manifest."""
        if self.hash is None:
            return
        digest = hashlib.sha256()
        with open(bitfile, "rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
        if digest.hexdigest() != self.hash:
            raise AcceleratorError(
                "{} is not the bitstream of {}: its SHA-256 is {}, the manifest's {}; copy both from one "
                "package".format(bitfile, self.path, digest.hexdigest(), self.hash)
            )

    def check_part(self, bitfile, machine):
        """The bitstream is for the part of the manifest, and the part's processor is the one that runs this."""
        with open(bitfile, "rb") as file:
            part = bit_part(file.read(4096))
        if part is not None and not _same_part(self.part, part):
            raise AcceleratorError(
                "{} is for the part {}, the manifest for {}; copy both from one package".format(bitfile, part, self.part)
            )
        wanted = {"7z": "armv7l", "zu": "aarch64", "k2": "aarch64"}.get(_bare(self.part)[:2])
        if wanted in ("armv7l", "aarch64") and machine in ("armv7l", "aarch64") and machine != wanted:
            raise AcceleratorError(
                "the manifest is for the board {} ({}), whose processor is {}; this machine is {}: it is another "
                "board".format(self.board, self.part, wanted, machine)
            )

    def check_handoff(self, path):
        """The block design has the cores that the host needs, where the manifest says."""
        try:
            # utf-8-sig: some releases of Vivado write a byte order mark.
            with open(path, "r", encoding="utf-8-sig") as file:
                root = ElementTree.fromstring(file.read())
        except OSError as why:
            raise AcceleratorError(
                "{}: {}; PYNQ reads the .hwh file of the same stem as the bitstream: copy it from the package".format(
                    path, why.strerror
                )
            ) from None
        except ElementTree.ParseError as why:
            raise AcceleratorError("{}: not a hardware handoff: {}".format(path, why)) from None
        system = root.find("SYSTEMINFO")
        if system is not None:
            part = system.get("DEVICE", "") + system.get("PACKAGE", "")
            if not _same_part(self.part, part):
                raise AcceleratorError("{} is for the part {}, the manifest for {}".format(path, part, self.part))
        instances = {m.get("INSTANCE"): m.get("FULLNAME", "").lstrip("/") for m in root.iter("MODULE")}
        found = {}
        for window in root.iter("MEMRANGE"):
            if window.get("MEMTYPE") == "REGISTER" or window.get("INSTANCE") in instances:
                name = instances.get(window.get("INSTANCE"), "")
                found.setdefault(name, set()).add(int(window.get("BASEVALUE"), 16))
        for core in self.host.get("dmas", []) + [core for core in [self.host.get("core")] if core]:
            if core["base"] not in found.get(core["name"], ()):
                at = ", ".join("{:#x}".format(base) for base in sorted(found.get(core["name"], ()))) or "not there"
                raise AcceleratorError(
                    "{}: {} must be at {:#x} and is {}; the .hwh file is of another build than the manifest".format(
                        path, core["name"], core["base"], at
                    )
                )


def _bare(part):
    """`xc7z020clg400-1` and `7z020clg400` begin alike."""
    part = part.lower().replace("-", "")
    return part[2:] if part.startswith(("xc", "xa", "xq")) else part


def _same_part(full, short):
    """Whether `short`, with or without speed grade and the letters that all parts begin with, names the part `full`."""
    return _bare(full).startswith(_bare(short))


def bit_part(head):
    """The part in the header of a .bit file, or None when it is no such file.

    A field is a tag, a big-endian length and a text that ends in NUL; the part is field `b`.
    """
    try:
        (length,) = struct.unpack_from(">H", head, 0)
        position = 2 + length + 2
        while True:
            tag, length = struct.unpack_from(">cH", head, position)
            if tag not in (b"a", b"b", b"c", b"d"):
                return None
            text = head[position + 3 : position + 3 + length]
            if tag == b"b":
                return text.rstrip(b"\0").decode("ascii")
            position += 3 + length
    except (struct.error, UnicodeDecodeError):
        return None
