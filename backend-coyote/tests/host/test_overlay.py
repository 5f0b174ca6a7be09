"""coyote_overlay.py with the real host library on a device in software: test_overlay.py FOLDER [CASE...].

FOLDER has coyote_overlay.py, netlathe_codec.py, libCoyoteInference.so (host library, software device, adding_core.cpp).

What hls4ml's overlay does wrong, and which case fails on one with that defect:

  float64 raises ArgumentError                                  | any_dtype
  the last, partial batch is dropped, its rows uninitialised    | every_row
  a batch larger than X divides by zero, or is refused          | every_row
  a thread and buffers for every call                           | one_device_for_all_calls
  verbose that cannot be turned off                             | quiet
  latency and throughput are printed only                       | profile
  a silent card hangs it, old or unset rows are given           | a_silent_card
  several inputs or outputs, packed elements                    | several_tensors, packed
"""

import contextlib
import io
import json
import os
import shutil
import sys
import tempfile
import unittest

import numpy as np

FOLDER = os.path.abspath(sys.argv.pop(1))
sys.path.insert(0, FOLDER)
import coyote_overlay  # noqa: E402
from coyote_overlay import CoyoteError, CoyoteOverlay, CoyoteTimeout  # noqa: E402


def entry(name, shape, element="float32", ty="ap_fixed<16,6>", per_beat=16):
    packing = {
        "beat_bits": 512, "element": element, "elements_per_beat": per_beat, "element_order": "little_end_first",
        "bit_order": "lsb_first", "transfer": "sample",
    }  # fmt: skip
    return {"name": name, "shape": list(shape), "ty": ty, "packing": packing}


def project(folder, inputs=None, outputs=None, place="build/sw/lib", name="demo"):
    """A project with the library where a build puts it; without inputs one of hls4ml, that has no manifest."""
    os.makedirs(os.path.join(folder, place))
    shutil.copy(os.path.join(FOLDER, "libCoyoteInference.so"), os.path.join(folder, place))
    if inputs is not None:
        host = {
            "interface": "coyote", "vfpga": 0, "input_streams": list(range(len(inputs))),
            "output_streams": list(range(len(outputs))),
        }  # fmt: skip
        manifest = {"version": 1, "project": name, "host": host, "inputs": inputs, "outputs": outputs}
        with open(os.path.join(folder, "manifest.json"), "w", encoding="utf-8") as file:
            json.dump(manifest, file)


def answers(x, size):
    """What the core makes of (batch, n): first + 3 * element, elements of the padded input again from the start."""
    padded = np.zeros((len(x), -(-x.shape[1] // 16) * 16), np.float32)
    padded[:, : x.shape[1]] = x
    return padded[:, :1] + 3 * padded[:, np.arange(size) % padded.shape[1]]


class Overlay(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.overlays = []
        self.addCleanup(lambda: [overlay.close() for overlay in self.overlays])

    def overlay(self, inputs=None, outputs=None, plan="", **more):
        project(self.folder, inputs, outputs)
        overlay = CoyoteOverlay(self.folder, **more)
        self.overlays.append(overlay)
        overlay._library.soft_reset()
        for word in plan.split():
            self.plan(overlay, *word.split("="))
        return overlay

    @staticmethod
    def plan(overlay, name, value):
        overlay._library.soft_set(name.encode(), coyote_overlay.ctypes.c_uint64(int(value)))

    @staticmethod
    def seen(overlay, name):
        return overlay._library.soft_get(name.encode())

    def test_every_row(self):
        overlay = self.overlay([entry("x", [20])], [entry("y", [10])])
        for count in (1, 5, 7, 16):
            x = np.arange(count * 20, dtype=np.float32).reshape(count, 20)
            for batch in (1, 3, 5, 16, 100):
                y = overlay.predict(x, (10,), batch_size=batch, verbose=False)
                self.assertEqual((y.shape, y.dtype), ((count, 10), np.float32))
                np.testing.assert_array_equal(y, answers(x, 10))
        self.assertEqual(overlay.predict(np.zeros((0, 20)), verbose=False).shape, (0, 10))
        np.testing.assert_array_equal(overlay.predict(x[3], (10,), verbose=False), answers(x[3:4], 10))
        with self.assertRaisesRegex(ValueError, "batch_size"):
            overlay.predict(x, (10,), batch_size=0)

    def test_any_dtype(self):
        overlay = self.overlay([entry("x", [2, 4])], [entry("y", [3])])
        numbers = np.arange(24).reshape(3, 2, 4) % 5
        for dtype in (np.float16, np.float32, np.float64, np.int8, np.uint16, np.int64, bool):
            x = numbers.astype(dtype)
            y = overlay.predict(x, (3,), verbose=False)
            np.testing.assert_array_equal(y, answers(x.reshape(3, 8).astype(np.float32), 3))
        np.testing.assert_array_equal(overlay.predict(numbers.tolist(), (3,), verbose=False), answers(numbers.reshape(3, 8), 3))
        np.testing.assert_array_equal(
            overlay.predict(np.asfortranarray(numbers, np.float64)[::-1], (3,), verbose=False),
            answers(numbers[::-1].reshape(3, 8), 3),
        )
        for wrong in (np.zeros((3, 7)), np.zeros((3, 2, 5)), "words", np.zeros((3, 2, 4), complex)):
            with self.assertRaises((ValueError, TypeError)):
                overlay.predict(wrong, (3,), verbose=False)
        with self.assertRaisesRegex(ValueError, "y_shape"):
            overlay.predict(numbers, (4,), verbose=False)

    def test_one_device_for_all_calls(self):
        overlay = self.overlay([entry("x", [4])], [entry("y", [4])])
        for _ in range(3):
            overlay.predict(np.ones((40, 4), np.float32), (4,), batch_size=7, verbose=False)
        self.assertEqual([self.seen(overlay, name) for name in ("opened", "blocks", "closed")], [1, 1, 0])
        overlay.close()
        overlay.close()
        self.assertEqual(self.seen(overlay, "closed"), 1)
        overlay.predict(np.ones((1, 4), np.float32), (4,), verbose=False)
        self.assertEqual(self.seen(overlay, "opened"), 2)

    def test_quiet(self):
        overlay = self.overlay([entry("x", [4])], [entry("y", [4])])
        for verbose in (False, True):
            with contextlib.redirect_stdout(io.StringIO()) as said:
                overlay.predict(np.ones((3, 4)), (4,), 2, verbose)
            self.assertEqual("inferences/s" in said.getvalue(), verbose)
            self.assertEqual(said.getvalue() == "", not verbose)

    def test_profile(self):
        overlay = self.overlay([entry("x", [4])], [entry("y", [4])], "plan_delay=50")
        y, latency, throughput = overlay.predict(np.ones((8, 4)), (4,), 4, verbose=False, profile=True)
        self.assertEqual(y.shape, (8, 4))
        self.assertTrue(0 < latency < 1e6 and 8 / 1e6 < throughput)
        # Two full batches: means of time and of rate belong together up to the spread of the two.
        self.assertTrue(0.9 < latency * throughput / 4e6)

    def test_several_tensors(self):
        inputs = [entry("a", [16]), entry("b", [4, 8])]
        overlay = self.overlay(inputs, [entry("y", [16]), entry("z", [2, 8])], "plan_inputs=2 plan_outputs=2 plan_ahead=1")
        a = np.arange(5 * 16, dtype=np.float32).reshape(5, 16)
        b = np.arange(5 * 32, dtype=np.float64).reshape(5, 4, 8)
        y, z = overlay.predict([a, b], batch_size=2, verbose=False)
        expected = answers(a, 16) + b[:, 0, :1]
        np.testing.assert_array_equal(y, expected)
        np.testing.assert_array_equal(z, (expected + 1).reshape(5, 2, 8))
        np.testing.assert_array_equal(overlay.predict({"b": b, "a": a}, verbose=False)[0], y)
        for wrong in (a, [a], [a, b[:4]], {"a": a}, [b, a]):
            with self.assertRaises(ValueError):
                overlay.predict(wrong, verbose=False)

    def test_packed(self):
        # 16 float32 lanes are as wide as 16 lanes of 32 bits: the core's float arithmetic on 1.0f bits is avoided by an
        # identity, 0 + 3 * 0 for zeros; other numbers are compared as beats by the codec's own tests.
        overlay = self.overlay([entry("x", [40], "ap_fixed<12,4>", "ap_fixed<12,4,AP_RND,AP_SAT>", 42)],
                               [entry("y", [40], "ap_fixed<12,4>", "ap_fixed<12,4>", 42)])
        sent = overlay.inputs[0].encode(np.full((1, 40), 1.0))
        self.assertEqual(sent.size, 64)
        self.assertEqual(bytes(sent[:3]), b"\x00\x01\x10")  # 0x100, 0x100: twelve bits each
        self.assertEqual(overlay.outputs[0].decode(sent, 1, np.dtype(np.float64))[0, 39], 1.0)
        y = overlay.predict(np.zeros((3, 40)), (40,), verbose=False)
        self.assertEqual((y.dtype, y.shape, float(np.abs(y).max())), (np.float64, (3, 40), 0.0))

    def test_a_silent_card(self):
        overlay = self.overlay([entry("x", [4])], [entry("y", [4])], "plan_answers=3", timeout=0.05)
        with self.assertRaisesRegex(CoyoteTimeout, "sample 1 of 2.*samples 2 to 3"):
            overlay.predict(np.ones((8, 4)), (4,), 2, verbose=False)
        with self.assertRaises(CoyoteTimeout):
            overlay.predict(np.ones((8, 4)), (4,), 2, verbose=False)

    def test_no_device(self):
        overlay = self.overlay([entry("x", [4])], [entry("y", [4])], "plan_no_open=1")
        with self.assertRaisesRegex(CoyoteError, "/dev/coyote_fpga_0_v0"):
            overlay.predict(np.ones((8, 4)), (4,))

    def test_a_project_of_hls4ml(self):
        for place in ("build/jet_cyt_sw/lib", "build/jet_cyt_sw"):
            with tempfile.TemporaryDirectory() as folder:
                project(folder, place=place)
                with CoyoteOverlay(folder, "jet") as overlay:
                    overlay._library.soft_reset()
                    x = np.arange(40, dtype=np.float32).reshape(2, 20)
                    np.testing.assert_array_equal(overlay.predict(x, (10,), verbose=False), answers(x, 10))
                    with self.assertRaisesRegex(ValueError, "y_shape"):
                        overlay.predict(x, verbose=False)
        with self.assertRaisesRegex(FileNotFoundError, "libCoyoteInference.so.*FLOW=sw"):
            CoyoteOverlay(self.folder)

    def test_programming(self):
        overlay = self.overlay([entry("x", [4])], [entry("y", [4])])
        root = os.path.join(self.folder, "coyote")
        os.makedirs(os.path.join(root, "util"))
        os.makedirs(os.path.join(root, "driver"))
        old = os.environ.get("COYOTE_ROOT")
        self.addCleanup(lambda: os.environ.update(COYOTE_ROOT=old) if old else os.environ.pop("COYOTE_ROOT", None))
        os.environ["COYOTE_ROOT"] = root
        with self.assertRaisesRegex(FileNotFoundError, "program_hacc_local.sh"):
            overlay.program_hacc_fpga()
        with open(os.path.join(root, "util", "program_hacc_local.sh"), "w", encoding="utf-8") as file:
            file.write('echo "$@" > ../called\n')
        with open(os.path.join(root, "driver", "Makefile"), "w", encoding="utf-8") as file:
            file.write("all:\n\t@test $(TARGET_PLATFORM) = ultrascale_plus\n")
        with self.assertRaisesRegex(FileNotFoundError, "no bitstream"):
            overlay.program_ethz_hacc_fpga()
        image = os.path.join(self.folder, "build/hw/bitstreams/cyt_top.bit")
        os.makedirs(os.path.dirname(image))
        with open(image, "w", encoding="utf-8"):
            pass
        overlay.program_ethz_hacc_fpga()
        with open(os.path.join(root, "called"), encoding="utf-8") as file:
            self.assertEqual(file.read().split(), [image, os.path.join(root, "driver/build/coyote_driver.ko")])


if __name__ == "__main__":
    unittest.main()
