"""`python3 axi_stream_driver.py --verify` in an unpacked package, on a software card. Needs numpy only."""

import contextlib
import io
import os
import sys
import tempfile
import unittest

import numpy as np

import fake_pyxrt
import packages
from driver_module import driver
from fake_core import expected, plain


class Verify(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(sys.modules.pop, "pyxrt", None)
        self.folder = folder.name

    def package(self, inputs, outputs, compute, arrays, dtype=np.float32):
        data = packages.manifest(packages.ALVEO, "xrt", inputs, outputs)
        packages.write(self.folder, data)
        fake_pyxrt.plug(data, compute)
        wanted = [y.astype(dtype) for y in expected(data, compute, arrays)]
        for stem, given in (("x", arrays), ("y", wanted)):
            for i, array in enumerate(given):
                name = stem if len(given) == 1 else "{}{}".format(stem, i)
                np.save(os.path.join(self.folder, name + ".npy"), array)
        return wanted

    def run_it(self):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = driver.main(["--verify", "--folder", self.folder])
        return code, out.getvalue(), err.getvalue()

    def one(self):
        x = np.random.RandomState(8).normal(size=(6, 4)).astype(np.float32)
        return self.package([packages.tensor("x", [4])], [packages.tensor("y", [5])], plain, [x])

    def test_equal(self):
        self.one()
        code, out, err = self.run_it()
        self.assertEqual((code, err), (0, ""))
        self.assertIn("verified: 6 samples, all 30 output values equal, bit for bit", out)
        self.assertRegex(out, "latency of one sample: median [0-9.]+ us")
        self.assertRegex(out, r"throughput: [0-9.]+ samples/s \(6 samples")

    def test_one_bit_is_told_and_fails(self):
        (y,) = self.one()
        y.view(np.uint32)[3, 2] ^= 1
        np.save(os.path.join(self.folder, "y.npy"), y)
        code, out, _ = self.run_it()
        self.assertEqual(code, 1)
        self.assertIn("1 of 30 values differ, the first at (3, 2)", out)
        self.assertIn("FAILED: 1 of 30 output values differ", out)

    def test_zero_and_minus_zero_are_other_bits(self):
        (y,) = self.one()
        y[:] = 0.0
        x = np.zeros((6, 4), np.float32)
        np.save(os.path.join(self.folder, "x.npy"), x)
        y[:, 4] = 3 / 1024
        y[2, 0] = -0.0
        np.save(os.path.join(self.folder, "y.npy"), y)
        code, out, _ = self.run_it()
        self.assertEqual(code, 1)
        self.assertIn("1 of 30 values differ, the first at (2, 0)", out)

    def test_several_tensors(self):
        a = np.random.RandomState(9).normal(size=(5, 3))
        inputs = [packages.tensor("a", [3], element="float64", beat_bits=64), packages.tensor("b", [3])]
        outputs = [packages.tensor("s", [3]), packages.tensor("t", [1])]
        self.package(inputs, outputs, lambda a, b: [[a[0] + b[2], a[1], b[0]], [a[2]]], [a, a + 1])
        code, out, err = self.run_it()
        self.assertEqual((code, err), (0, ""))
        self.assertIn("all 20 output values equal", out)

    def test_what_is_missing_is_said(self):
        self.one()
        os.remove(os.path.join(self.folder, "x.npy"))
        code, _, err = self.run_it()
        self.assertEqual(code, 1)
        self.assertRegex(err, "error: .*x.npy.*run this in the folder of the unpacked package")

    def test_without_the_flag_it_only_explains(self):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            self.assertEqual(driver.main([]), 2)
        self.assertIn("--verify", out.getvalue())


if __name__ == "__main__":
    unittest.main()
