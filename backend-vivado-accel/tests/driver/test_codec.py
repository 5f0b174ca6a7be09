"""The driver's conversions against those of the Rust codec (`codec_vectors.json`), and its own rules. Needs numpy only."""

import ast
import json
import os
import sys
import unittest

import numpy as np

from driver_module import driver, text

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "codec_vectors.json")) as _file:
    VECTORS = json.load(_file)


def tensor(ty, element, beat_bits, per_beat, shape, is_input=True):
    packing = {
        "beat_bits": beat_bits,
        "element": element,
        "elements_per_beat": per_beat,
        "element_order": "little_end_first",
        "bit_order": "lsb_first",
        "transfer": "batch",
    }
    return driver.Tensor({"name": "t", "shape": shape, "ty": ty, "packing": packing}, is_input)


def values(ty):
    """The list of `driver_vectors.rs`."""
    half = 2.0 ** (ty.width - 1)
    steps = [0.25, 0.5, 0.75, 1.0, 1.5, 2.5, 3.5, 0.49999999999999994, 0.5000000000000001]
    steps += [half - d for d in (1.5, 1.0, 0.5, 0.25, 0.0)]
    steps += [half + d for d in (0.5, 1.0)]
    steps += [2.0 * half - d for d in (1.0, 0.5, -0.5, -1.0)]
    steps += [5.25 * half, 1e13, 3e40]
    scale = 2.0**-ty.frac
    signed = [s for step in steps for s in (step * scale, -step * scale)]
    special = [0.0, -0.0, np.inf, -np.inf, np.copysign(np.nan, 1.0), np.copysign(np.nan, -1.0), 5e-324, -5e-324]
    return np.array(signed + special)


class Codec(unittest.TestCase):
    def test_every_vector_of_the_rust_codec(self):
        noise = np.frombuffer(bytes.fromhex(VECTORS["noise"]), np.uint8)
        self.assertGreater(len(VECTORS["cases"]), 100)
        for case in VECTORS["cases"]:
            t = tensor(case["ty"], case["element"], case["beat_bits"], case["per_beat"], [case["size"]])
            with self.subTest(ty=case["ty"], element=case["element"], beat=case["beat_bits"]):
                numbers = values(t.type)
                numbers = np.resize(numbers, max(len(numbers), t.size))
                samples = numbers[: len(numbers) // t.size * t.size].reshape(-1, t.size)
                self.assertEqual(t.encode(samples).tobytes().hex(), case["from_f64"])
                with np.errstate(over="ignore", under="ignore", invalid="ignore"):
                    floats = samples.astype(np.float32)
                self.assertEqual(t.encode(floats).tobytes().hex(), case["from_f32"])
                batch = len(noise) // t.sample_bytes
                data = noise[: batch * t.sample_bytes]
                for dtype, name in ((np.float64, "f64"), (np.float32, "f32")):
                    decoded = t.decode(data, batch, np.dtype(dtype)).astype(np.dtype(dtype).newbyteorder("<"))
                    expected = case[name]
                    self.assertEqual(decoded.reshape(-1).tobytes()[: len(expected) // 2].hex(), expected)

    def test_numbers_by_hand(self):
        # 0.8 is 12.8 steps of 1/16, 9 bits: -16 to 15.9375.
        cases = {
            "AP_TRN,AP_WRAP": ([0.8, -0.8, 16.0, -16.1], [12, -13, -256, 254]),
            "AP_RND,AP_SAT": ([0.8, -0.84375, 16.0, -17.0], [13, -13, 255, -256]),
            "AP_RND_INF,AP_SAT_SYM": ([0.84375, -0.84375, 16.0, -17.0], [14, -14, 255, -255]),
            "AP_RND_CONV,AP_SAT_ZERO": ([0.78125, 0.84375, 16.0, -17.0], [12, 14, 0, 0]),
        }
        for modes, (given, expected) in cases.items():
            ty = driver.FixedType("ap_fixed<9,5,{}>".format(modes))
            self.assertEqual([int(x) for x in driver.quantise(np.array(given), ty)], expected, modes)

    def test_lanes_lie_little_endian_and_padding_is_zero(self):
        # 5 lanes of 12 bits in a beat of 64: lane 1 at bits 12..23.
        t = tensor("ap_uint<12>", "ap_uint<12>", 64, 5, [6])
        beats = t.encode(np.array([[0x123, 0x456, 0x789, 0xABC, 0xDEF, 0x111]], np.float64))
        self.assertEqual(beats.tobytes(), (0xDEFABC789456123).to_bytes(8, "little") + (0x111).to_bytes(8, "little"))
        dirty = beats.copy()
        dirty[7] |= 0xF0
        dirty[10:] = 0xFF
        back = t.decode(dirty, 1, np.dtype(np.uint16))
        self.assertEqual(back.tolist(), [[0x123, 0x456, 0x789, 0xABC, 0xDEF, 0xF111 & 0xFFF]])

    def test_every_width_comes_back(self):
        random = np.random.RandomState(3)
        for width in range(1, 65):
            for beat_bits, per_beat in ((64, 64 // width), (512, 512 // width)):
                lanes = random.randint(0, 256, (5, per_beat, 8)).astype(np.uint8).view("<u8")[:, :, 0]
                lanes = lanes & np.uint64(2**width - 1)
                beats = driver.pack(lanes, width, beat_bits // 8)
                whole = [int.from_bytes(beat.tobytes(), "little") for beat in beats]
                expected = [sum(int(lane) << (width * j) for j, lane in enumerate(row)) for row in lanes]
                self.assertEqual(whole, expected, width)
                self.assertTrue(np.array_equal(driver.unpack(beats, width, per_beat), lanes), width)

    def test_raw_integers_are_the_bits_of_the_element(self):
        t = tensor("ap_fixed<12,4>", "ap_fixed<12,4>", 64, 5, [3])
        raw = np.array([[-2048, -1, 2047]], np.int16)
        self.assertTrue(np.array_equal(t.decode(t.encode_raw(raw), 1, np.dtype(np.int16)), raw))
        with self.assertRaisesRegex(driver.AcceleratorError, "wider integer dtype"):
            t.check_raw(np.dtype(np.int8))

    def test_what_only_the_hardware_converts_is_refused_with_the_remedy(self):
        for modes in ("AP_TRN,AP_WRAP_SM", "AP_TRN,AP_WRAP,2"):
            ty = "ap_fixed<8,4,{}>".format(modes)
            with self.assertRaisesRegex(driver.AcceleratorError, "--input-type float"):
                tensor(ty, "ap_fixed<8,4>", 64, 8, [3])
            # The hardware converts where floats cross, and results are only read.
            tensor(ty, "float32", 32, 1, [3])
            tensor(ty, ty, 64, 8, [3], is_input=False)

    def test_types_that_are_none(self):
        for wrong in ("ap_fixed<8>", "ap_int<8,4>", "fixed<8,4>", "ap_fixed<8,4,AP_RND>", "ap_fixed<8,4,AP_X,AP_SAT>"):
            with self.assertRaisesRegex(driver.AcceleratorError, "no fixed-point type"):
                driver.FixedType(wrong)

    def test_no_line_of_python_runs_once_an_element(self):
        t = tensor("ap_fixed<12,4,AP_RND,AP_SAT>", "ap_fixed<12,4,AP_RND,AP_SAT>", 64, 5, [100])
        x = np.random.RandomState(1).normal(size=(1000, 100)).astype(np.float32) * 4
        # Its own oracle: steps of 1/256, clipped.
        expected = np.clip(np.floor(x.astype(float) * 256 + 0.5), -2048, 2047) / 256

        def lines(batch):
            count = [0]

            def trace(frame, event, _):
                count[0] += event == "line"
                return trace

            before = sys.gettrace()
            sys.settrace(trace)
            try:
                y = t.decode(t.encode(x[:batch]), batch, np.dtype(np.float32))
            finally:
                sys.settrace(before)
            self.assertTrue(np.array_equal(y, expected[:batch]))
            return count[0]

        self.assertEqual(lines(1000), lines(10))

    def test_a_batch_of_none(self):
        for element in ("float32", "ap_fixed<12,4>"):
            t = tensor("ap_fixed<12,4>", element, 64, 2, [3])
            self.assertEqual(t.encode(np.zeros((0, 3))).size, 0)
            self.assertEqual(t.decode(np.zeros(0, np.uint8), 0, np.dtype(np.float32)).shape, (0, 3))


class Source(unittest.TestCase):
    def test_the_grammar_is_that_of_the_oldest_python(self):
        ast.parse(text(), feature_version=(3, 6))

    def test_it_imports_only_numpy_at_its_head(self):
        modules = set()
        for node in ast.parse(text()).body:
            if isinstance(node, ast.Import):
                modules |= {name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                modules.add(node.module)
        standard = {"argparse", "hashlib", "json", "os", "platform", "re", "struct", "sys", "time", "warnings"}
        self.assertEqual(modules - standard, {"numpy", "xml.etree"})


if __name__ == "__main__":
    unittest.main()
