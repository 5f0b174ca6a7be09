"""Drives a NetLathe accelerator from Python, with the calls that hls4ml documents.

    from axi_stream_driver import NeuralNetworkOverlay     # or axi_master_driver, axi_lite_driver: the same text

    nn = NeuralNetworkOverlay("jet.bit", X.shape, y.shape)
    y = nn.predict(X)
    y, latency, throughput = nn.predict(X, profile=True)

`manifest.json` must lie beside the bitstream: it says which interface the accelerator has, how elements are packed
into beats and of which types they are. Nothing has to be encoded by hand: real numbers are converted with exactly the
rounding and overflow of the HLS types. `python3 axi_stream_driver.py --verify` replays the package's test vectors on
the board.

Supported: Python 3.8 and newer, numpy 1.17 to 2.x. Zynq and MPSoC boards through `pynq` (images from PYNQ 2.7 on; the
images 2.5 and 2.6 have Python 3.6 and are not tested), Alveo cards through XRT's `pyxrt`. Nothing else is needed.
"""

import argparse
import hashlib
import json
import os
import platform
import re
import struct
import sys
import time
import warnings
from xml.etree import ElementTree

import numpy as np

if sys.version_info < (3, 8):
    warnings.warn("this driver is tested with Python 3.8 and newer; take a PYNQ image from 2.7 on")


class AcceleratorError(RuntimeError):
    """The accelerator, or the files that describe it, are not as they must be. The message says what to do."""


class AcceleratorTimeout(AcceleratorError):
    """The accelerator did not answer in time."""
