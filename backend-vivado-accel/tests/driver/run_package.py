"""Runs the driver of an unpacked package with --verify, on a software device whose core answers as hls4ml does:

    python3 run_package.py FOLDER X.npy Y.npy

The core looks a sample's raw integers up among those of X and gives those of Y, hls4ml's predictions: NetLathe's numbers take
no part. The driver is the packed file, started as a user starts it. The exit code is the driver's.
"""

import importlib.util
import json
import os
import sys

import numpy as np

from oracle import Type


def table(data, x, y):
    """Raw integers in, raw integers out."""
    given, wanted = Type(data["inputs"][0]["ty"]), Type(data["outputs"][0]["ty"])

    def raw(ty, row):
        return tuple(ty.raw(float(value)) for value in np.ravel(row))

    return {raw(given, a): raw(wanted, b) for a, b in zip(x, y)}


def main(folder, x, y):
    with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as file:
        data = json.load(file)
    answers = table(data, np.load(x), np.load(y))

    def compute(sample):
        return [list(answers[tuple(sample)])]

    if data["host"]["interface"] == "xrt":
        import fake_pyxrt

        card = fake_pyxrt.plug(data, compute)
        core = card.core
    else:
        import fake_board

        fake_board.Board.here = fake_board.Board(data, compute)
        core = fake_board.Board.here.core
    (path,) = [name for name in os.listdir(folder) if name.endswith("_driver.py")]
    spec = importlib.util.spec_from_file_location(path[:-3], os.path.join(folder, path))
    driver = importlib.util.module_from_spec(spec)
    sys.modules[path[:-3]] = driver
    spec.loader.exec_module(driver)
    code = driver.main(["--verify"])
    print("the core computed {} samples".format(core.samples))
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
