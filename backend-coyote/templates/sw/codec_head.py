"""Tensors of a manifest as beats: real numbers to the bits that cross the streams, and back, with exactly the rounding
and overflow of the HLS types. Needs numpy and nothing else."""

import re

import numpy as np


class AcceleratorError(RuntimeError):
    """The accelerator, or the files that describe it, are not as they must be. The message says what to do."""


