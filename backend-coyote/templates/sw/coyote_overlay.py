"""Drives a network behind the Coyote shell from Python, with the calls that hls4ml documents.

    from coyote_overlay import CoyoteOverlay

    overlay = CoyoteOverlay("path/of/the/project")
    y = overlay.predict(X, y_shape, batch_size=16)
    y, latency, throughput = overlay.predict(X, y_shape, batch_size=16, profile=True)

The project's software must have been built (`cmake -S . -B build/sw -DFLOW=sw && make -C build/sw`), the card programmed,
the driver inserted. `manifest.json` says how elements are packed into beats; a project of hls4ml, which has none, is taken
to have one float32 input and one float32 output.

Unlike in hls4ml every sample is answered, the last one of a batch that is not full included; the device and its buffers are
kept from call to call; a card that is silent raises CoyoteTimeout. Python 3.8 and newer, numpy 1.17 to 2.x.
"""

import ctypes
import json
import os
import subprocess
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from netlathe_codec import AcceleratorError, Tensor  # noqa: E402


class CoyoteError(AcceleratorError):
    """The card or its library refused; the message says why."""


class CoyoteTimeout(CoyoteError):
    """The card did not answer in time. It has to be programmed again."""


_OK, _ARGUMENT, _DEVICE, _TIMEOUT, _INTERRUPTED, _BROKEN = range(6)


class _Stream(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_uint64), ("stream", ctypes.c_uint32), ("reserved", ctypes.c_uint32)]


class _Options(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_uint32), ("vfpga", ctypes.c_int32), ("device", ctypes.c_uint32), ("memory", ctypes.c_uint32),
        ("slots", ctypes.c_uint64), ("timeout_us", ctypes.c_uint64),
    ]  # fmt: skip


class _Result(ctypes.Structure):
    _fields_ = [("answered", ctypes.c_uint64), ("nanoseconds", ctypes.c_uint64)]


def _load(path):
    library = ctypes.CDLL(path)
    pointers = ctypes.POINTER(ctypes.c_void_p)
    library.netlathe_error.restype = ctypes.c_char_p
    library.netlathe_open.restype = ctypes.c_void_p
    library.netlathe_open.argtypes = [
        ctypes.POINTER(_Options), ctypes.POINTER(_Stream), ctypes.c_uint32, ctypes.POINTER(_Stream), ctypes.c_uint32,
    ]  # fmt: skip
    library.netlathe_run.restype = ctypes.c_int32
    library.netlathe_run.argtypes = [ctypes.c_void_p, pointers, pointers, ctypes.c_uint64, ctypes.POINTER(_Result)]
    library.netlathe_note.restype = ctypes.c_char_p
    library.netlathe_note.argtypes = [ctypes.c_void_p]
    library.netlathe_set_timeout.restype = ctypes.c_int32
    library.netlathe_set_timeout.argtypes = [ctypes.c_void_p, ctypes.c_uint64]
    library.netlathe_close.restype = ctypes.c_int32
    library.netlathe_close.argtypes = [ctypes.c_void_p]
    return library


def _float32(name, shape):
    """A tensor as hls4ml's Coyote backend packs it."""
    packing = {
        "beat_bits": 512, "element": "float32", "elements_per_beat": 16, "element_order": "little_end_first",
        "bit_order": "lsb_first", "transfer": "sample",
    }  # fmt: skip
    return {"name": name, "shape": list(shape), "ty": "ap_fixed<16,6>", "packing": packing}


class CoyoteOverlay:
    """A network on a card that runs the Coyote shell.

    path: the project's folder. project_name: its name, where the software was built into build/<name>_cyt_sw.
    manifest: its file, for a project of several networks. device: which card. timeout: the longest time in seconds
    without an answer.
    """

    def __init__(self, path, project_name="myproject", manifest=None, device=0, timeout=10.0):
        self.path = os.path.abspath(path)
        self.project_name = project_name
        self.device = device
        self._handle = None
        self._opened = None
        self._library = None
        self.timeout = timeout
        self.inputs = self.outputs = None
        self._vfpga, self._input_streams, self._output_streams = 0, [0], [0]
        file = manifest if manifest is not None else os.path.join(self.path, "manifest.json")
        if manifest is not None or os.path.exists(file):
            self._read(file)
        self._library = _load(self._find_library())

    def _read(self, file):
        try:
            with open(file, encoding="utf-8") as text:
                data = json.load(text)
        except (OSError, ValueError) as why:
            raise AcceleratorError("cannot read the manifest {}: {}".format(file, why)) from None
        host = data.get("host", {})
        if data.get("version") != 1 or host.get("interface") != "coyote":
            raise AcceleratorError("{} is no manifest, version 1, of a network behind Coyote".format(file))
        self.inputs = [Tensor(entry, True) for entry in data["inputs"]]
        self.outputs = [Tensor(entry, False) for entry in data["outputs"]]
        self._vfpga = host["vfpga"]
        self._input_streams, self._output_streams = host["input_streams"], host["output_streams"]
        if len(self._input_streams) != len(self.inputs) or len(self._output_streams) != len(self.outputs):
            raise AcceleratorError("{}: there must be a stream for every tensor".format(file))
        if self.project_name == "myproject":
            self.project_name = data["project"]

    def _find_library(self):
        build = os.path.join(self.path, "build")
        theirs = os.path.join(build, self.project_name + "_cyt_sw")
        name = "libCoyoteInference.so"
        places = [
            os.path.join(folder, sub, name) for folder in (os.path.join(build, "sw"), theirs) for sub in ("lib", "")
        ]
        for place in places:
            if os.path.exists(place):
                return place
        raise FileNotFoundError(
            "there is no {} in {}; build the software: cmake -S {} -B {} -DFLOW=sw && make -C {}".format(
                name, " or ".join(os.path.dirname(place) for place in places), self.path, *[os.path.join(build, "sw")] * 2
            )
        )

    # ---- Programming the card ------------------------------------------------------------------------------------

    def program_hacc_fpga(self):
        """Builds the driver, programs the card and inserts the driver, on ETH Zurich's HACC cluster: what Coyote's own
        util/program_hacc_local.sh does. Coyote's folder is COYOTE_ROOT, or Coyote in the project."""
        root = os.environ.get("COYOTE_ROOT") or os.path.join(self.path, "Coyote")
        script = os.path.join(root, "util", "program_hacc_local.sh")
        if not os.path.exists(script):
            raise FileNotFoundError("there is no {}; set COYOTE_ROOT to the folder of Coyote's sources".format(script))
        folders = [os.path.join(self.path, "build", name) for name in ("hw", self.project_name + "_cyt_hw")]
        images = [os.path.join(f, "bitstreams", "cyt_top." + end) for f in folders for end in ("bit", "pdi")]
        found = [image for image in images if os.path.exists(image)]
        if not found:
            raise FileNotFoundError("there is no bitstream: {}; build the hardware first".format(", ".join(images)))
        driver = os.path.join(root, "driver")
        platform = "versal" if found[0].endswith(".pdi") else "ultrascale_plus"
        subprocess.run(["make", "TARGET_PLATFORM=" + platform], cwd=driver, check=True)
        module = os.path.join(driver, "build", "coyote_driver.ko")
        subprocess.run(["bash", script, found[0], module], cwd=os.path.dirname(script), check=True)

    program_ethz_hacc_fpga = program_hacc_fpga

    # ---- Inference -----------------------------------------------------------------------------------------------

    def predict(self, X, y_shape=None, batch_size=1, verbose=True, profile=False):
        """The network's answers to all samples of X, in batches of batch_size; the last one may be smaller.

        X: an array, a list of arrays (several inputs, in order) or a dict of them by name; of any real dtype, with the
        batch as first axis. A single one-dimensional array is one sample. y_shape: the shape of one answer; with a
        manifest it is only checked and may be left out. The answers are float32 where the beats hold float32, else
        float64; a list of arrays where the network has several outputs.

        verbose: print latency and throughput. profile: return (y, latency, throughput) as means over the batches: the
        microseconds of a batch and the samples a second; copies to and from the card's buffers included.
        """
        if isinstance(batch_size, bool) or int(batch_size) != batch_size or batch_size < 1:
            raise ValueError("batch_size must be a whole number from 1 on, not {!r}".format(batch_size))
        arrays = self._arrays(X)
        inputs, outputs = self._tensors(arrays, y_shape)
        arrays = [self._samples(tensor, array) for tensor, array in zip(inputs, arrays)]
        count = arrays[0].shape[0]
        for tensor, array in zip(inputs, arrays):
            if array.shape[0] != count:
                raise ValueError(
                    "input {!r} has {} samples, {!r} has {}".format(tensor.name, array.shape[0], inputs[0].name, count)
                )
        self._open(inputs, outputs)
        sent = [tensor.encode(array) for tensor, array in zip(inputs, arrays)] if count > 0 else []
        received = [np.empty(count * tensor.sample_bytes, np.uint8) for tensor in outputs]
        times, rates = [], []
        for first in range(0, count, int(batch_size)):
            size = min(int(batch_size), count - first)
            nanoseconds = self._run(inputs, sent, outputs, received, first, size)
            times.append(nanoseconds / 1e3)
            rates.append(size / nanoseconds * 1e9)
        answers = []
        for tensor, data in zip(outputs, received):
            dtype = np.dtype(np.float32 if tensor.element == "float32" else np.float64)
            empty = np.empty((0,) + tensor.shape, dtype)
            answers.append(tensor.decode(data, count, dtype) if count > 0 else empty)
        latency = float(np.mean(times)) if times else 0.0
        throughput = float(np.mean(rates)) if rates else 0.0
        if verbose:
            print("{} samples in {} batches of {}".format(count, len(times), batch_size))
            print("Mean latency: {:.3f} us (a batch)".format(latency))
            print("Mean throughput: {:.1f} inferences/s".format(throughput))
        y = answers[0] if len(answers) == 1 else answers
        return (y, latency, throughput) if profile else y

    def _arrays(self, X):
        if isinstance(X, dict):
            if self.inputs is None:
                raise ValueError("without a manifest inputs have no names; give an array")
            names = [tensor.name for tensor in self.inputs]
            if set(X) != set(names):
                raise ValueError("the inputs are called {}, not {}".format(names, sorted(X)))
            return [X[name] for name in names]
        count = 1 if self.inputs is None else len(self.inputs)
        if count == 1:
            # A list of lists is one array, a list of one array is that array.
            whole = X[0] if isinstance(X, (list, tuple)) and len(X) == 1 and isinstance(X[0], np.ndarray) else X
            return [whole]
        if not isinstance(X, (list, tuple)) or len(X) != count:
            raise ValueError("the network has {} inputs: give a list of so many arrays, or a dict".format(count))
        return list(X)

    def _tensors(self, arrays, y_shape):
        if self.inputs is not None:
            if y_shape is not None and len(self.outputs) == 1:
                size = int(np.prod(y_shape, dtype=np.int64))
                # Also the shape of all answers, as VivadoAccelerator's driver wants it.
                if size != self.outputs[0].size and int(np.prod(y_shape[1:], dtype=np.int64)) != self.outputs[0].size:
                    raise ValueError(
                        "y_shape is {}, but an answer has the shape {}".format(tuple(y_shape), self.outputs[0].shape)
                    )
            return self.inputs, self.outputs
        if y_shape is None:
            raise ValueError("without a manifest the shape of an answer must be given: y_shape")
        x = np.asarray(arrays[0])
        shape = x.shape if x.ndim == 1 else x.shape[1:]
        return [Tensor(_float32("input", shape), True)], [Tensor(_float32("output", tuple(y_shape)), False)]

    @staticmethod
    def _samples(tensor, array):
        x = np.asarray(array)
        if x.dtype.kind not in "fiub":
            raise TypeError("input {!r}: numbers are needed, not {}".format(tensor.name, x.dtype))
        if x.dtype not in (np.float32, np.float64):
            # Exact in float64 up to 2**53; hls4ml's interface is float32 from the start.
            x = x.astype(np.float64)
        if x.ndim <= 1:
            x = x.reshape((1, -1) if x.size == tensor.size else (-1, 1))
        if int(np.prod(x.shape[1:], dtype=np.int64)) != tensor.size:
            raise ValueError("input {!r} has the shape (batch, {}), not {}".format(
                tensor.name, ", ".join(map(str, tensor.shape)), np.shape(array)))
        return x.reshape((x.shape[0],) + tensor.shape)

    def _open(self, inputs, outputs):
        wanted = tuple(tensor.sample_bytes for tensor in inputs + outputs)
        if self._handle is not None and self._opened == wanted:
            return
        self.close()

        def streams(tensors, numbers):
            return (_Stream * len(tensors))(*[_Stream(t.sample_bytes, n, 0) for t, n in zip(tensors, numbers)])

        options = _Options(size=ctypes.sizeof(_Options), vfpga=self._vfpga, device=self.device)
        options.timeout_us = max(1, int(self.timeout * 1e6))
        handle = self._library.netlathe_open(
            ctypes.byref(options), streams(inputs, self._input_streams), len(inputs),
            streams(outputs, self._output_streams), len(outputs),
        )  # fmt: skip
        if not handle:
            raise CoyoteError(self._why())
        self._handle, self._opened = handle, wanted
        note = self._library.netlathe_note(handle).decode()
        if note:
            print("NOTE: " + note, file=sys.stderr)

    def _run(self, inputs, sent, outputs, received, first, size):
        def at(tensors, buffers):
            return (ctypes.c_void_p * len(tensors))(
                *[data.ctypes.data + first * tensor.sample_bytes for tensor, data in zip(tensors, buffers)]
            )

        result = _Result()
        status = self._library.netlathe_run(
            self._handle, at(inputs, sent), at(outputs, received), size, ctypes.byref(result)
        )
        if status != _OK:
            why = "{} (samples {} to {})".format(self._why(), first, first + size - 1)
            if status in (_TIMEOUT, _BROKEN):
                raise CoyoteTimeout(why)
            if status == _INTERRUPTED:
                raise InterruptedError(why)
            raise CoyoteError(why)
        return max(1, result.nanoseconds)

    def _why(self):
        return self._library.netlathe_error().decode("utf-8", "replace")

    def close(self):
        """Gives the vFPGA back. The next predict() opens it again."""
        handle, self._handle = self._handle, None
        if handle is not None and self._library.netlathe_close(handle) != _OK:
            print("WARNING: " + self._why(), file=sys.stderr)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def __del__(self):
        if getattr(self, "_handle", None) is not None:
            self.close()
