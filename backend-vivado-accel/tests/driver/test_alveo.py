"""Alveo cards: the driver over XRT's Python module, with a software card. Needs numpy only."""

import contextlib
import gc
import io
import sys
import tempfile
import unittest
import warnings

import numpy as np

import fake_pyxrt
import packages
from driver_module import driver
from fake_core import expected, plain

X = np.random.RandomState(6).normal(size=(7, 4)).astype(np.float32) * 8


def two(a, b):
    return [[a[0] + b[0], a[1]], [b[1]]]


class Alveo(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(sys.modules.pop, "pyxrt", None)
        self.folder = folder.name

    def open(self, element="float32", several=False, **options):
        ty = element if element != "float32" else "ap_fixed<16,6,AP_RND,AP_SAT>"
        inputs, self.compute = [packages.tensor("x", [4], ty, element, 512)], plain
        outputs = [packages.tensor("y", [5], ty, element, 512)]
        if several:
            inputs = [packages.tensor("a", [2], ty, element, 512), packages.tensor("b", [2], ty, "float64", 512)]
            outputs = [packages.tensor("s", [2], ty, element, 512), packages.tensor("t", [1], ty, element, 512)]
            self.compute = two
        self.data = packages.manifest(packages.ALVEO, "xrt", inputs, outputs, clock=3.333)
        path = packages.write(self.folder, self.data)
        self.card = fake_pyxrt.plug(self.data, self.compute)
        network = driver.NeuralNetworkOverlay(path, **options)
        self.addCleanup(network.close)
        return network

    def right(self, y, *arrays):
        for got, wanted in zip([y] if isinstance(y, np.ndarray) else y, expected(self.data, self.compute, arrays)):
            self.assertTrue(np.array_equal(got.astype(np.float64), wanted), (got, wanted))

    def test_floats_packed_fixed_point_and_several_tensors(self):
        for element in ("float32", "ap_fixed<12,6,AP_RND,AP_SAT>"):
            network = self.open(element)
            self.right(network.predict(X), X)
            self.right(network.predict(X[:3]), X[:3])
            network.close()
        network = self.open(several=True)
        self.right(network.predict([X[:, :2], X[:, 2:]]), X[:, :2], X[:, 2:])

    def test_the_calls_of_hls4mls_alveo_driver(self):
        network = self.open()
        network.allocate_mem(X_shape=X.shape, y_shape=(7, 5), dtype=np.float32)
        self.assertEqual(self.card.live, 2)
        self.right(network.predict(X, (7, 5), np.float32), X)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            y, latency, throughput = network.predict(X, y_shape=(7, 5), profile=True)
            # The card was closed after a call with profile.
            again, _, _ = network.predict(X, (7, 5), profile=True)
        self.right(y, X)
        self.right(again, X)
        lines = said.getvalue().splitlines()
        self.assertEqual(lines[0], "Classified 7 samples in {} seconds ({} inferences / s)".format(latency, throughput))
        self.assertEqual(lines[1], "Or {} us / inferences".format(1e6 / throughput))
        with self.assertRaisesRegex(ValueError, "y_shape"):
            network.predict(X, (7, 6))
        with self.assertRaisesRegex(TypeError, "by name"):
            network.predict(X, (7, 5), np.float32, False, True)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            network.allocate_mem(X.shape, (7, 5), trg_in="HBM0")
        self.assertIn("trg_in", str(told[0].message))
        network.free_overlay()

    def test_debug(self):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            self.open().predict(X, debug=True)
        self.assertEqual(said.getvalue(), "Send OK\nKernel call OK\nReceive OK\n")

    def test_buffers_are_made_once(self):
        network = self.open()
        made = []
        real = network._engine.allocate
        network._engine.allocate = lambda *a: made.append(a) or real(*a)
        for _ in range(3):
            network.predict(X)
        self.assertEqual(len(made), 2)
        network.close()
        gc.collect()
        self.assertEqual(self.card.live, 0)

    def test_batches_are_cut_by_memory(self):
        network = self.open(timeout=None)
        self.card.limit = 4096 * 5
        x = np.resize(X, (1000, 4))
        self.right(network.predict(x), x)
        self.assertEqual(sum(self.card.batches), 1000)
        self.assertGreater(len(self.card.batches), 1)

    def test_a_kernel_that_hangs_or_fails(self):
        states = fake_pyxrt.ert_cmd_state
        for state, kind, why in (
            (states.ERT_CMD_STATE_TIMEOUT, driver.AcceleratorTimeout, "within 0.2 s.*xbutil reset.*may be tried"),
            (states.ERT_CMD_STATE_ERROR, driver.AcceleratorError, "dmesg"),
        ):
            network = self.open(timeout=0.2)
            self.card.faults["state"] = state
            with self.assertRaisesRegex(kind, "(?s)" + why):
                network.predict(X)
            self.right(network.predict(X), X)
            self.assertEqual(self.card.loads, 2)
            network.close()

    def test_which_card(self):
        self.open(device="0000:3b:00.1")
        self.open(device=fake_pyxrt.device(0))
        with self.assertRaisesRegex(driver.AcceleratorError, "xbutil examine"):
            self.open(device=3)
        with self.assertRaisesRegex(TypeError, "card's index"):
            self.open(device=1.5)

    def test_without_download_the_loaded_xclbin_is_used(self):
        network = self.open(download=False)
        self.right(network.predict(X), X)
        self.assertEqual(self.card.loads, 0)

    def test_without_xrt(self):
        self.open().close()
        sys.modules["pyxrt"] = None
        with self.assertRaisesRegex(driver.AcceleratorError, "setup.sh"):
            driver.NeuralNetworkOverlay(self.folder + "/jet.xclbin")


if __name__ == "__main__":
    unittest.main()
