"""Packages as they lie beside a notebook: manifest.json, a .bit with a real header, and a .hwh in the format that Vivado
writes. All of the project's own making; the contents of the bitstream are a text."""

import hashlib
import json
import os
import struct
import sys
from xml.sax.saxutils import quoteattr

ZYNQ = {"board": "pynq-z2", "part": "xc7z020clg400-1", "dma": 0x40400000, "core": 0x43C00000}
MPSOC = {"board": "zcu102", "part": "xczu9eg-ffvb1156-2-e", "dma": 0xA0000000, "core": 0xA0010000}
ALVEO = {"board": "alveo-u250", "part": "xcu250-figd2104-2L-e"}


def tensor(name, shape, ty="ap_fixed<16,6,AP_RND,AP_SAT>", element="float32", beat_bits=32, per_beat=None):
    width = int(element[5:]) if element.startswith("float") else int(element.split("<")[1].split(",")[0].rstrip(">"))
    packing = {
        "beat_bits": beat_bits,
        "element": element,
        "elements_per_beat": per_beat or beat_bits // width,
        "element_order": "little_end_first",
        "bit_order": "lsb_first",
        "transfer": "batch",
    }
    return {"name": name, "shape": list(shape), "ty": ty, "packing": packing}


def manifest(target, interface, inputs, outputs, length_bits=26, clock=10.0):
    tensors = inputs + outputs
    registers = []
    if interface == "axi_stream":
        dmas = []
        for i in range(max(len(inputs), len(outputs))):
            dmas.append(
                {
                    "name": "hier_0/axi_dma_{}".format(i),
                    "base": target["dma"] + 0x10000 * i,
                    "bytes": 0x10000,
                    "length_bits": length_bits,
                    "input": inputs[i]["name"] if i < len(inputs) else None,
                    "output": outputs[i]["name"] if i < len(outputs) else None,
                }
            )
        host = {"interface": interface, "dmas": dmas}
    elif interface == "xrt":
        host = {
            "interface": "xrt",
            "kernel": "jet_axi",
            "compute_unit": "jet_axi_1",
            "arguments": [t["name"] for t in tensors] + ["batch"],
            "banks": [{"tensor": t["name"], "memory": "DDR[0]"} for t in tensors],
        }
    else:
        host = {
            "interface": interface,
            "core": {"name": "hier_0/jet_axi_0", "base": target["core"], "bytes": 0x10000},
        }
        for offset, name in ((0x00, "AP_CTRL"), (0x04, "GIE"), (0x08, "IER"), (0x0C, "ISR")):
            registers.append([name, offset, 32])
    if interface == "axi_master":
        offset = 0x10
        for side, stem in ((inputs, "data_in"), (outputs, "data_out")):
            for i in range(len(side)):
                registers.append([stem if len(side) == 1 else stem + str(i), offset, 64])
                offset += 12
        registers.append(["batch", offset, 32])
    if interface == "axi_lite":
        host["windows"], offset = [], 0x10
        for t in tensors:
            packing = t["packing"]
            size = 1
            for axis in t["shape"]:
                size *= axis
            whole = -(-size // packing["elements_per_beat"]) * packing["beat_bits"] // 8
            window = 1 << (whole - 1).bit_length()
            offset = -(-offset // window) * window
            host["windows"].append({"tensor": t["name"], "offset": offset, "bytes": whole})
            offset += window
    return {
        "version": 1,
        "project": "jet",
        "flow": "VivadoAccelerator",
        "board": target["board"],
        "part": target["part"],
        "platform": None,
        "clock_period_ns": clock,
        "io_type": "io_parallel",
        "inputs": inputs,
        "outputs": outputs,
        "host": host,
        "registers": [
            {"name": n, "offset": o, "width_bits": w, "access": _access(n), "note": ""} for n, o, w in registers
        ],
        "hashes": {"model": "0" * 64, "configuration": "0" * 64, "tree": "0" * 64, "bitstream": None},
    }


def _access(register):
    """As the ports of ap_ctrl_hs are."""
    return "read_clears" if register == "AP_CTRL" else "read_write"


def bitstream(part, seed=b""):
    """A .bit file: the header's fields, then a payload that is none. Both families: `7z020clg400`, without speed grade."""
    short = part[2:].rsplit("-", 1)[0] if part.startswith("xc7") else part
    payload = b"no configuration " + seed
    payload += b"\0" * (-len(payload) % 4)
    out = struct.pack(">H", 9) + b"\x0f\xf0" * 4 + b"\0" + struct.pack(">H", 1)
    for tag, text in ((b"a", "design_1_wrapper;UserID=0XFFFFFFFF;Version=2023.2"), (b"b", short), (b"c", "2025/01/31"), (b"d", "12:00:00")):
        out += tag + struct.pack(">H", len(text) + 1) + text.encode() + b"\0"
    return out + b"e" + struct.pack(">I", len(payload)) + payload


def _element(name, attributes, inner=""):
    text = "".join(" {}={}".format(k, quoteattr(str(v))) for k, v in attributes.items())
    return "<{}{}>{}</{}>\n".format(name, text, inner, name)


def _module(path, vlnv, parameters, buses, memory=""):
    kind = vlnv.split(":")[2]
    inner = _element("PARAMETERS", {}, "".join(_element("PARAMETER", {"NAME": k, "VALUE": v}) for k, v in parameters))
    inner += _element("PORTS", {})
    inner += _element(
        "BUSINTERFACES",
        {},
        "".join(
            _element("BUSINTERFACE", {"BUSNAME": "__NOC__", "NAME": n, "TYPE": t, "VLNV": "xilinx.com:interface:{}:1.0".format(v)})
            for n, t, v in buses
        ),
    )
    attributes = {
        "FULLNAME": "/" + path,
        "INSTANCE": path.replace("/", "_"),
        "IPTYPE": "PERIPHERAL",
        "IS_ENABLE": 1,
        "MODCLASS": "PERIPHERAL",
        "MODTYPE": kind,
        "VLNV": vlnv,
    }
    return _element("MODULE", attributes, inner + memory)


def handoff(data):
    """The .hwh of a manifest's block design: the processor, the DMAs or the core, and their addresses."""
    zynq = data["part"].startswith("xc7")
    port = "M_AXI_GP0" if zynq else "M_AXI_HPM0_FPD"
    ps = "processing_system7_0" if zynq else "zynq_ultra_ps_e_0"
    modules, ranges = "", ""
    cores = data["host"].get("dmas") or [data["host"]["core"]]
    for core in cores:
        dma = "length_bits" in core
        bus = "S_AXI_LITE" if dma else "s_axi_control"
        buses = [(bus, "SLAVE", "aximm")]
        parameters = []
        if dma:
            parameters = [("c_sg_length_width", core["length_bits"]), ("c_include_sg", 0), ("c_include_mm2s", int(core["input"] is not None))]
            parameters += [("c_include_s2mm", int(core["output"] is not None)), ("c_micro_dma", 0)]
            parameters += [("c_{}_{}".format(a, b), v) for a, v in (("include", 1), ("m_axi", 32)) for b in ("mm2s_dre" if a == "include" else "mm2s_data_width", "s2mm_dre" if a == "include" else "s2mm_data_width")]
            buses += [("M_AXIS_MM2S", "INITIATOR", "axis"), ("S_AXIS_S2MM", "TARGET", "axis")]
        vlnv = "xilinx.com:ip:axi_dma:7.1" if dma else "xilinx.com:hls:jet_axi:1.0"
        modules += _module(core["name"], vlnv, parameters, buses)
        ranges += _element(
            "MEMRANGE",
            {
                "ADDRESSBLOCK": "Reg",
                "BASENAME": "C_BASEADDR",
                "BASEVALUE": "0x{:08X}".format(core["base"]),
                "HIGHNAME": "C_HIGHADDR",
                "HIGHVALUE": "0x{:08X}".format(core["base"] + core["bytes"] - 1),
                "INSTANCE": core["name"].replace("/", "_"),
                "IS_DATA": "TRUE",
                "IS_INSTRUCTION": "TRUE",
                "MASTERBUSINTERFACE": port,
                "MEMTYPE": "REGISTER",
                "SLAVEBUSINTERFACE": bus,
            },
        )
    parameters = []
    for i in range(4):
        if zynq:
            names = ("PCW_FCLK{}_PERIPHERAL_DIVISOR0", "PCW_FCLK{}_PERIPHERAL_DIVISOR1", "PCW_FPGA_FCLK{}_ENABLE")
            names += ("PCW_FCLK{}_PERIPHERAL_CLKSRC", "PCW_ACT_FPGA{}_PERIPHERAL_FREQMHZ")
            given = (10, 1, int(i == 0), "IO PLL", 100.0)
        else:
            names = tuple("PSU__CRL_APB__PL{}_REF_CTRL__" + n for n in ("DIVISOR0", "DIVISOR1")) + ("PSU__FPGA_PL{}_ENABLE",)
            names += tuple("PSU__CRL_APB__PL{}_REF_CTRL__" + n for n in ("SRCSEL", "ACT_FREQMHZ"))
            given = (15, 1, int(i == 0), "IOPLL", 99.999)
        parameters += [(name.format(i), value) for name, value in zip(names, given)]
    vlnv = "xilinx.com:ip:processing_system7:5.5" if zynq else "xilinx.com:ip:zynq_ultra_ps_e:3.5"
    memory = _element("MEMORYMAP", {}, ranges)
    modules += _module(ps, vlnv, parameters, [(port, "MASTER", "aximm")], memory)
    device = ("7z020", "clg400", "-1") if zynq else ("xczu9eg", "ffvb1156", "-2")
    system = {"ARCH": "zynq" if zynq else "zynquplus", "DEVICE": device[0], "NAME": "design_1", "PACKAGE": device[1], "SPEEDGRADE": device[2]}
    inner = _element("SYSTEMINFO", system) + _element("EXTERNALPORTS", {}) + _element("EXTERNALINTERFACES", {})
    root = {"EDWVERSION": "1.2", "TIMESTAMP": "Fri Jan 31 12:00:00 2025", "VIVADOVERSION": "2023.2"}
    return '<?xml version="1.0" encoding="UTF-8" standalone="no" ?>\n' + _element("EDKSYSTEM", root, inner + _element("MODULES", {}, modules))


def write(folder, data, seed=b"", mark=""):
    """Writes a package, the hash of the bitstream in the manifest; gives the bitstream's path."""
    xrt = data["host"]["interface"] == "xrt"
    content = b"xclbin2\0" + seed if xrt else bitstream(data["part"], seed)
    path = os.path.join(folder, "jet.xclbin" if xrt else "jet.bit")
    with open(path, "wb") as file:
        file.write(content)
    data["hashes"]["bitstream"] = hashlib.sha256(content).hexdigest()
    with open(os.path.join(folder, "manifest.json"), "w") as file:
        json.dump(data, file)
    if not xrt:
        # Some releases of Vivado begin the file with a byte order mark.
        with open(os.path.join(folder, "jet.hwh"), "w", encoding="utf-8") as file:
            file.write(mark + handoff(data))
    return path


def examples():
    """Manifests of every interface, for the Rust reader to judge whether the tests' are real ones."""
    inputs = [tensor("a", [3], element="ap_fixed<12,6>", beat_bits=64), tensor("b", [2, 3])]
    outputs = [tensor("s", [3]), tensor("t", [1, 2])]
    for target, interface in ((ZYNQ, "axi_stream"), (MPSOC, "axi_stream"), (ZYNQ, "axi_master"), (ZYNQ, "axi_lite"), (ALVEO, "xrt")):
        yield manifest(target, interface, inputs[:1], outputs[:1])
        yield manifest(target, interface, inputs, outputs)


def export(path, folder):
    """What Vivado leaves of a project's design, by its manifest."""
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    stem = os.path.join(folder, data["project"])
    with open(stem + ".bit", "wb") as file:
        file.write(bitstream(data["part"], data["hashes"]["tree"].encode()))
    with open(stem + ".hwh", "w", encoding="utf-8") as file:
        file.write(handoff(data))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        export(sys.argv[1], sys.argv[2])
    else:
        for example in examples():
            print(json.dumps(example))
