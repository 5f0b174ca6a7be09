"""Zynq and MPSoC: the driver over pynq's Overlay, MMIO, Clocks and allocate, on a software device.

Each defect of hls4ml's driver has a test that fails where it is put back."""

import contextlib
import copy
import gc
import io
import json
import os
import tempfile
import unittest
import warnings

import numpy as np
import pynq

import fake_board
import packages
from driver_module import driver
from fake_core import expected, plain

X = np.random.RandomState(5).normal(size=(7, 4)).astype(np.float32) * 8


def stream(target=packages.ZYNQ, element="float32", beat_bits=32, **options):
    inputs = [packages.tensor("x", [4], element=element, beat_bits=beat_bits)]
    outputs = [packages.tensor("y", [5], element=element, beat_bits=beat_bits)]
    return packages.manifest(target, "axi_stream", inputs, outputs, **options)


class OnBoard(unittest.TestCase):
    """A package, a board for it, and the overlay."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.addCleanup(warnings.resetwarnings)
        warnings.simplefilter("error", RuntimeWarning)

    def board(self, data, compute=plain, memory=1 << 24):
        self.data, self.compute = data, compute
        self.bit = packages.write(self.folder, data)
        self.device = fake_board.Board(data, compute, memory)
        return self.device

    def open(self, data=None, compute=plain, memory=1 << 24, args=(), **options):
        if data is not None:
            self.board(data, compute, memory)
        network = driver.NeuralNetworkOverlay(self.bit, *args, device=self.device, **options)
        self.addCleanup(network.close)
        return network

    def right(self, y, *arrays):
        for got, wanted in zip([y] if isinstance(y, np.ndarray) else y, expected(self.data, self.compute, arrays)):
            self.assertEqual(got.shape, wanted.shape)
            self.assertTrue(np.array_equal(got.astype(np.float64), wanted), (got, wanted))


class HlsCalls(OnBoard):
    """What hls4ml documents."""

    def test_the_documented_call(self):
        network = self.open(stream(), args=(X.shape, (7, 5)))
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            y, latency, throughput = network.predict(X, profile=True)
        self.right(y, X)
        self.assertEqual((y.dtype, y.shape), (np.dtype(np.float32), (7, 5)))
        self.assertAlmostEqual(throughput, 7 / latency)
        wanted = "Classified 7 samples in {} seconds ({} inferences / s)\n".format(latency, throughput)
        self.assertEqual(said.getvalue(), wanted)
        self.assertEqual(self.device.downloads, 1)

    def test_debug_tells_how_far_it_came(self):
        network = self.open(stream())
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            network.predict(X, debug=True)
            network.predict(X)
        self.assertEqual(said.getvalue(), "Transfer OK\nSend OK\nReceive OK\n")

    def test_the_default_device_is_pynqs(self):
        board = self.board(stream())
        fake_board.Board.here = board
        try:
            for name in ("_devices", "_active_device"):
                if hasattr(pynq.Device, name):
                    delattr(pynq.Device, name)
            with driver.NeuralNetworkOverlay(self.bit) as network:
                self.right(network.predict(X), X)
        finally:
            fake_board.Board.here = None

    def test_constructor_arguments_reach_pynq(self):
        self.board(stream())
        given = {}
        real = pynq.Overlay

        def overlay(bitfile, **options):
            given.update(options)
            return real(bitfile, **dict(options, dtbo=None))

        pynq.Overlay = overlay
        try:
            network = driver.NeuralNetworkOverlay(
                self.bit, X.shape, (7, 5), np.float32, "jet.dtbo", False, True, self.device
            )
        finally:
            pynq.Overlay = real
        # The driver itself loads, after the clock is set.
        self.assertEqual(given, {"dtbo": "jet.dtbo", "download": False, "ignore_version": True, "device": self.device})
        self.assertEqual(self.device.downloads, 0)
        network.close()
        self.open()
        self.assertEqual(self.device.downloads, 1)

    def test_a_device_tree_is_inserted_after_the_bitstream(self):
        self.board(stream())
        path = os.path.join(self.folder, "other.dtbo")
        open(path, "wb").close()
        inserted = []
        self.device.insert_device_tree = lambda dtbo: inserted.append((dtbo, self.device.downloads))
        self.open(dtbo=path)
        self.assertEqual(inserted, [(path, 1)])

    def test_the_overlay_of_pynq_is_within_reach(self):
        network = self.open(stream())
        self.assertIn("hier_0/axi_dma_0", network.ip_dict)
        self.assertTrue(network.is_loaded())
        self.assertEqual(network.hier_0.description["fullpath"], "hier_0")
        with self.assertRaises(AttributeError):
            network._not_there

    def test_encode_and_decode_as_documented_for_fixed_point(self):
        data = stream(element="ap_fixed<16,6>", beat_bits=64)
        network = self.open(data, args=(X.shape, (7, 5)), dtype=np.int16)
        encode = np.vectorize(lambda x: np.int16(round(x * 2**10)))
        decode = np.vectorize(lambda y: y * 2**-10)
        on_grid = np.round(np.clip(X, -30, 30) * 1024) / 1024
        for _ in range(2):
            # decode once replaced the driver's buffer, and the second call failed.
            self.right(network.predict(on_grid, encode=encode, decode=decode), on_grid)

    def test_encode_that_gives_integers_needs_an_integer_dtype(self):
        network = self.open(stream(element="ap_fixed<16,6>", beat_bits=64))
        with self.assertRaisesRegex(TypeError, "construct with an integer dtype"):
            network.predict(X, encode=lambda x: (x * 1024).astype(np.int16))


class Arrays(OnBoard):
    def test_a_wrong_shape_is_never_broadcast(self):
        network = self.open(stream())
        wrong = ((np.zeros((7, 1)), "other samples"), (X[0], "X\\[np.newaxis\\]"), (X.reshape(7, 2, 2), "X.reshape"))
        wrong += ((np.float32(3), "other samples"), (X.T, "other samples"))
        for array, remedy in wrong:
            with self.assertRaisesRegex(ValueError, "(?s)batch followed by \\(4,\\).*" + remedy):
                network.predict(array)
        self.assertEqual(self.device.log, [])

    def test_shapes_at_construction_fix_the_sample_only(self):
        network = self.open(stream(), args=(X.shape, (7, 5)))
        for batch in (1, 3, 7, 100):
            x = np.resize(X, (batch, 4))
            self.right(network.predict(x), x)
        for shapes, what in ((((7, 5), (7, 5)), "x_shape"), ((X.shape, (7, 4)), "y_shape")):
            with self.assertRaisesRegex(ValueError, what):
                self.open(args=shapes)

    def test_dtypes_are_converted_or_refused(self):
        network = self.open(stream())
        wide = X.astype(np.float64) + 1e-9
        self.right(network.predict(wide), wide.astype(np.float32))
        small = np.arange(28, dtype=np.uint8).reshape(7, 4)
        self.right(network.predict(small), small)
        half = X.astype(np.float16)
        self.right(network.predict(half), half)
        for wrong in (X.astype(complex), X.astype(str), X.astype(object)):
            with self.assertRaisesRegex(TypeError, "input 'x'"):
                network.predict(wrong)
        with self.assertRaisesRegex(ValueError, "2\\*\\*53"):
            network.predict(np.full((1, 4), 2**60))
        with self.assertRaisesRegex(TypeError, "neither np.float32"):
            self.open(dtype=complex)
        with self.assertRaisesRegex(driver.AcceleratorError, "asks for raw integers, but float32"):
            self.open(dtype=np.int16)

    def test_double_reaches_a_fixed_point_element_without_a_detour_over_float(self):
        # 1/2 step below a tie of ap_fixed<40,20,AP_RND>: float32 would round it up to the tie.
        tensor = packages.tensor("x", [4], "ap_fixed<40,20,AP_RND,AP_SAT>", "ap_fixed<40,20,AP_RND,AP_SAT>", 64)
        out = packages.tensor("y", [5], "ap_fixed<48,28>", "ap_fixed<48,28>", 64)
        data = packages.manifest(packages.ZYNQ, "axi_stream", [tensor], [out])
        network = self.open(data, dtype=np.float64)
        x = np.full((2, 4), 1.0 + 2.0**-21 - 2.0**-40)
        self.right(network.predict(x), x)
        self.assertEqual(network.predict(x)[0, 0], 1.0)

    def test_raw_integers_out_of_range_are_refused(self):
        network = self.open(stream(element="ap_fixed<12,6>", beat_bits=64), dtype=np.int32)
        with self.assertRaisesRegex(ValueError, "range is -2048 to 2047"):
            network.predict(np.full((1, 4), 2048))
        with self.assertRaisesRegex(TypeError, "encode them"):
            network.predict(X)

    def test_the_result_is_a_copy(self):
        network = self.open(stream())
        first = network.predict(X)
        kept = first.copy()
        network.predict(X + 1)
        self.assertTrue(np.array_equal(first, kept))
        self.assertIs(type(first), np.ndarray)

    def test_lists_and_other_memory_orders(self):
        network = self.open(stream())
        self.right(network.predict(X.tolist()), X)
        self.right(network.predict([X]), X)
        self.right(network.predict({"x": X}), X)
        self.right(network.predict(np.asfortranarray(X)), X)
        self.right(network.predict(X[::-2]), X[::-2])

    def test_a_batch_of_none(self):
        network = self.open(stream())
        self.assertEqual(network.predict(X[:0]).shape, (0, 5))
        self.assertEqual(self.device.log, [])


class Several(OnBoard):
    """Two inputs and two outputs, of different shapes and elements, through every interface."""

    @staticmethod
    def compute(a, b):
        return [[a[0] + b[0], a[1] - b[1], sum(b)], [a[2], b[2]]]

    def package(self, interface, target):
        width = 32 if interface == "axi_lite" else 128
        inputs = [
            packages.tensor("a", [3], "ap_fixed<12,6,AP_RND,AP_SAT>", "ap_fixed<12,6,AP_RND,AP_SAT>", width),
            packages.tensor("b", [2, 3], element="float32", beat_bits=width),
        ]
        outputs = [
            packages.tensor("sums", [3], "ap_fixed<18,8>", "ap_fixed<18,8>", width),
            packages.tensor("pair", [1, 2], "ap_fixed<24,8>", "ap_fixed<10,5,AP_RND,AP_SAT>", width),
        ]
        return packages.manifest(target, interface, inputs, outputs)

    def test_every_interface_on_both_families(self):
        a = np.random.RandomState(1).normal(size=(9, 3)) * 9
        b = np.random.RandomState(2).normal(size=(9, 2, 3))
        for target in (packages.ZYNQ, packages.MPSOC):
            for interface in ("axi_stream", "axi_master", "axi_lite"):
                with self.subTest(board=target["board"], interface=interface):
                    network = self.open(self.package(interface, target), type(self).compute)
                    y = network.predict([a, b])
                    self.assertIsInstance(y, list)
                    self.right(y, a, b)
                    named = network.predict({"b": b, "a": a})
                    self.assertEqual(list(named), ["sums", "pair"])
                    self.right(list(named.values()), a, b)
                    for given, why in (
                        ([a], "1 given, there are 2"),
                        ({"a": a, "c": b}, "the keys are"),
                        ([a, b[:4]], "batch of 4"),
                        ([a, a], "input 'b'"),
                    ):
                        with self.assertRaisesRegex(ValueError, why):
                            network.predict(given)
                    network.close()


class Transfers(OnBoard):
    def test_receive_is_armed_before_send(self):
        network = self.open(stream())
        network.predict(X)
        self.assertEqual(self.device.log, ["receive", "send"])

    def test_large_batches_are_cut_by_the_length_register(self):
        # 2**8 - 1 bytes: 12 samples of 5 floats a transfer.
        network = self.open(stream(length_bits=8))
        x = np.resize(X, (31, 4))
        self.right(network.predict(x), x)
        self.assertEqual(self.device.log.count("send"), 3)

    def test_a_sample_that_no_transfer_holds(self):
        with self.assertRaisesRegex(driver.AcceleratorError, "one sample has 16 bytes, a transfer at most 15"):
            self.open(stream(length_bits=4))

    def test_buffers_are_reused_and_grown(self):
        network = self.open(stream(), timeout=None)
        taken = []
        take = self.device.memory.take
        self.device.memory.take = lambda size: taken.append(size) or take(size)
        for batch in (3, 3, 2, 9, 5):
            x = np.resize(X, (batch, 4))
            self.right(network.predict(x), x)
        self.assertEqual(taken, [48, 60, 144, 180])
        gc.collect()
        self.assertEqual(self.device.live, 2)
        network.close()
        gc.collect()
        self.assertEqual(self.device.live, 0)

    def test_large_batches_are_cut_by_memory(self):
        network = self.open(stream(), memory=1 << 15, timeout=None)
        self.device.memory.ddr = np.zeros(1 << 20, np.uint8)
        self.device.memory.limit = 400
        x = np.resize(X, (40, 4))
        self.right(network.predict(x), x)
        self.assertEqual(self.device.log.count("send"), 4)
        self.device.memory.limit = 0
        network._engine.release()
        with self.assertRaisesRegex(driver.AcceleratorError, "no memory for the 36 bytes of one sample"):
            network.predict(X)

    def test_buffer_bytes_bounds_a_buffer(self):
        network = self.open(stream(), buffer_bytes=100, timeout=None)
        self.right(network.predict(X), X)
        self.assertEqual(self.device.log.count("send"), 2)

    def test_a_long_run_is_cut_so_that_the_timeout_means_a_hang(self):
        network = self.open(stream(), timeout=10.0)
        x = np.resize(X, (200, 4))
        self.right(network.predict(x), x)
        # Nothing was measured before the first transfer.
        self.assertEqual(self.device.log.count("send"), 2)

    def test_polling_leaves_the_processor_to_others(self):
        slept, real = [], driver.time.sleep
        driver.time.sleep = lambda seconds: slept.append(seconds) or real(seconds)
        try:
            network = self.open(stream(), timeout=0.05)
            self.device.faults["silent"] = True
            with self.assertRaises(driver.AcceleratorTimeout):
                network.predict(X)
        finally:
            driver.time.sleep = real
        self.assertTrue(slept)
        self.assertLessEqual(max(slept), 0.005)


class Faults(OnBoard):
    def check_usable(self, network, resets=True):
        """After the failure: the DMA was reset, the next call loads the bitstream anew and is right."""
        if self.device.dmas:
            self.assertEqual([dma.resets for dma in self.device.dmas], [1] * len(self.device.dmas))
        self.assertEqual(self.device.downloads, 1)
        self.right(network.predict(X), X)
        self.assertEqual(self.device.downloads, 2)

    def test_a_core_that_never_answers(self):
        network = self.open(stream(), timeout=0.05)
        network.predict(X)
        self.device.faults["silent"] = True
        with self.assertRaisesRegex(driver.AcceleratorTimeout, "(?s)within 0.05 s.*output 'y'.*140 bytes.*timeout=.*may be tried"):
            network.predict(X)
        self.check_usable(network)

    def test_a_batch_that_the_core_closes_early(self):
        network = self.open(stream())
        self.device.faults["short"] = True
        with self.assertRaisesRegex(driver.AcceleratorError, "received 136 bytes where 7 samples have 140"):
            network.predict(X)
        self.check_usable(network)

    def test_a_packet_that_is_too_long(self):
        network = self.open(stream())
        self.device.faults["long"] = True
        with self.assertRaisesRegex(driver.AcceleratorError, "S2MM.*internal error"):
            network.predict(X)
        self.check_usable(network)

    def test_error_bits_of_either_channel(self):
        for channel, name in (("mm2s", "MM2S"), ("s2mm", "S2MM")):
            for bit, what in ((0x10, "internal"), (0x20, "slave"), (0x40, "decode")):
                with self.subTest(channel=channel, bit=bit):
                    network = self.open(stream())
                    self.device.faults[channel] = bit
                    with self.assertRaisesRegex(driver.AcceleratorError, "{}.*{} error".format(name, what)):
                        network.predict(X)
                    self.check_usable(network)
                    network.close()

    def test_without_download_the_bitstream_is_left_alone(self):
        self.board(stream())
        self.open().close()
        network = self.open(download=False)
        self.device.faults["short"] = True
        with self.assertRaisesRegex(driver.AcceleratorError, "download=False"):
            network.predict(X)
        self.assertEqual([dma.resets for dma in self.device.dmas], [1])
        self.right(network.predict(X), X)
        self.assertEqual(self.device.downloads, 1)

    def test_an_interrupt_from_the_keyboard_leaves_nothing_running(self):
        network = self.open(stream())
        self.device.faults["silent"] = True

        def interrupt(_):
            raise KeyboardInterrupt

        real, driver.time.sleep = driver.time.sleep, interrupt
        try:
            with self.assertRaises(KeyboardInterrupt):
                network.predict(X)
        finally:
            driver.time.sleep = real
        self.check_usable(network)

    def test_a_core_with_a_control_port_that_hangs(self):
        for interface in ("axi_master", "axi_lite"):
            inputs, outputs = [packages.tensor("x", [4])], [packages.tensor("y", [5])]
            data = packages.manifest(packages.ZYNQ, interface, inputs, outputs)
            network = self.open(data, timeout=0.05)
            self.right(network.predict(X), X)
            self.device.faults["silent"] = True
            with self.assertRaisesRegex(driver.AcceleratorTimeout, "hier_0/jet_axi_0 still computes"):
                network.predict(X)
            self.check_usable(network)
            network.close()

    def test_after_close(self):
        with self.open(stream()) as network:
            network.predict(X)
        with self.assertRaisesRegex(driver.AcceleratorError, "was closed"):
            network.predict(X)


class Clock(OnBoard):
    def test_it_is_never_above_the_one_built_for(self):
        # Sources: 1000 MHz and 1499.985 MHz; the software device boots with 200 and 300 MHz.
        for target, source in ((packages.ZYNQ, 1000.0), (packages.MPSOC, 1499.985)):
            for period in (10.0, 5.0, 7.5, 4.3, 6.667, 1000.0):
                with self.subTest(board=target["board"], period=period):
                    data = stream(target, clock=period)
                    network = self.open(data)
                    mhz, wanted = self.device.mhz(), 1000.0 / period
                    self.assertLessEqual(mhz, wanted * 1.0001)
                    # The next faster one would be above.
                    products = {a * b for a in range(1, 64) for b in range(1, 64)}
                    best = max(source / p for p in products if source / p <= wanted * 1.0001)
                    self.assertGreater(mhz, 0.979 * best)
                    # From the time that the bitstream is loaded on, and in the others that do not load it.
                    self.assertLessEqual(max([self.device.loaded_at] + self.device.clocks), wanted * 1.0001)
                    network.close()
                    self.device.boot_clock()
                    self.open(download=False).close()
                    self.assertEqual(self.device.mhz(), mhz)


class Files(OnBoard):
    def refused(self, pattern, **options):
        with self.assertRaisesRegex(driver.AcceleratorError, pattern):
            self.open(**options)
        self.assertEqual(self.device.downloads, 0)

    def test_a_bitstream_of_another_build(self):
        self.board(stream())
        other = os.path.join(self.folder, "other.bit")
        with open(other, "wb") as file:
            file.write(packages.bitstream("xc7z020clg400-1", b"other"))
        self.bit = other
        self.refused("is not the bitstream of .*SHA-256")

    def test_a_bitstream_for_another_part(self):
        data = stream()
        self.board(data)
        data["part"] = "xc7z010clg400-1"
        with open(os.path.join(self.folder, "manifest.json"), "w") as file:
            json.dump(data, file)
        self.refused("is for the part 7z020clg400, the manifest for xc7z010")

    def test_a_board_with_another_processor(self):
        self.board(stream())
        self.device.arch = "aarch64"
        self.refused("it is another board")

    def test_a_handoff_of_another_build(self):
        data = stream()
        self.board(data)
        other = copy.deepcopy(data)
        other["host"]["dmas"][0]["base"] = 0x40410000
        with open(os.path.join(self.folder, "jet.hwh"), "w") as file:
            file.write(packages.handoff(other))
        self.refused("hier_0/axi_dma_0 must be at 0x40400000 and is 0x40410000")
        os.remove(os.path.join(self.folder, "jet.hwh"))
        self.refused("jet.hwh: No such file.*copy it from the package")

    def test_a_handoff_with_a_byte_order_mark(self):
        self.board(stream())
        packages.write(self.folder, self.data, mark="\ufeff")
        self.open().predict(X)

    def test_manifests_that_are_none(self):
        self.board(stream())
        path = os.path.join(self.folder, "manifest.json")

        def changed(**fields):
            data = dict(copy.deepcopy(self.data), **fields)
            with open(path, "w") as file:
                json.dump(data, file)

        changed(version=2)
        self.refused("version 2, this driver reads version 1")
        changed(more=1)
        self.refused("unknown to this driver: \\['more'\\]")
        changed(host={"interface": "coyote"})
        self.refused("Coyote has software of its own")
        with open(path, "w") as file:
            file.write("{")
        self.refused("not JSON")
        os.remove(path)
        self.refused("copy manifest.json of the package beside the bitstream")

    def test_a_bitstream_that_is_not_there(self):
        self.board(stream())
        self.bit = os.path.join(self.folder, "nothing.bit")
        self.refused("nothing.bit: no such file")


if __name__ == "__main__":
    unittest.main()
