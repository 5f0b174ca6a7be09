

# ---- What a notebook uses ----------------------------------------------------------------------------------------

# A transfer is cut so that it takes about this part of the timeout; before anything was measured, to this many samples.
_SHARE_OF_TIMEOUT = 0.25
_FIRST_SAMPLES = 64


def set_clock(clocks, period_ns):
    """Sets the clock of the programmable logic (number 0) to the fastest that is not above the one built for; gives MHz.

    PYNQ takes the nearest frequency, which may be above. Its source is measured with the largest dividers instead, so
    that the core is never, not even for a moment, clocked faster than its timing was closed for.
    """
    wanted = 1000.0 / period_ns
    # Reference clocks are known to about this part; Vivado itself writes 99.999 for 100 MHz.
    slack = 1.0 + 1e-4
    if 0.98 * wanted <= clocks.fclk0_mhz <= wanted * slack:
        return clocks.fclk0_mhz
    clocks.set_pl_clk(0, div0=63, div1=63)
    source = clocks.fclk0_mhz * 63 * 63
    dividers = [(a * b, a, b) for a in range(1, 64) for b in range(1, 64) if source / (a * b) <= wanted * slack]
    if not dividers:
        raise AcceleratorError(
            "the clock cannot be set to {:.3f} MHz or below; its source has {:.3f} MHz".format(wanted, source)
        )
    _, a, b = min(dividers)
    clocks.set_pl_clk(0, div0=a, div1=b)
    return clocks.fclk0_mhz


class NeuralNetworkOverlay:
    """A network on a board. What is not told here (`ip_dict`, `hier_0`, ...) is looked up in pynq's Overlay.

    bitfile_name    the .bit (Zynq, MPSoC) or .xclbin (Alveo); .hwh and manifest.json lie beside it
    x_shape, y_shape  shapes with the batch first; only the sample's shape is checked, a batch may be of any size. Several
                    tensors: a list in the manifest's order, or a dict by name. May be left out
    dtype           np.float32 or np.float64: arrays are real numbers. An integer dtype: arrays are raw integers of the
                    interface's fixed-point type, as in hls4ml's documentation with encode and decode
    dtbo, download, ignore_version, device  passed to pynq's Overlay; on Alveo `device` is a card's index or address
    manifest        another place of manifest.json
    timeout         seconds that one transfer may take; a large batch is cut into transfers. None: no limit
    buffer_bytes    the most memory that one tensor's buffer takes
    output_dtype    the dtype of the results, when it is not dtype
    """

    def __init__(
        self,
        bitfile_name,
        x_shape=None,
        y_shape=None,
        dtype=np.float32,
        dtbo=None,
        download=True,
        ignore_version=False,
        device=None,
        manifest=None,
        timeout=10.0,
        buffer_bytes=1 << 24,
        output_dtype=None,
    ):
        self._engine = self.overlay = None
        if timeout is not None and not timeout > 0:
            raise ValueError("timeout must be a positive number of seconds, or None")
        bitfile = os.path.abspath(bitfile_name)
        if not os.path.isfile(bitfile):
            raise AcceleratorError("{}: no such file; copy the bitstream of the package there".format(bitfile))
        self.manifest = Manifest(manifest or os.path.join(os.path.dirname(bitfile), "manifest.json"))
        self._set_dtypes(dtype, output_dtype)
        self._check_shapes(x_shape, self.manifest.inputs, "x_shape")
        self._check_shapes(y_shape, self.manifest.outputs, "y_shape")
        # Everything above and here before the board is touched.
        self.manifest.check_hash(bitfile)
        self._timeout, self._download, self._stale, self._rate = timeout, bool(download), False, None
        if self.manifest.interface == "xrt":
            self._engine = _XrtEngine(self.manifest, timeout, buffer_bytes, bitfile, device, self._download)
            return
        try:
            import pynq
        except ImportError as why:
            raise AcceleratorError("PYNQ is not installed here ({}); run this on the board's PYNQ image".format(why)) from None
        if device is None:
            device = pynq.Device.active_device
        self.manifest.check_part(bitfile, getattr(device, "arch", platform.machine()))
        self.manifest.check_handoff(os.path.splitext(bitfile)[0] + ".hwh")
        self._pynq = pynq
        self.overlay = pynq.Overlay(bitfile, dtbo=dtbo, download=False, ignore_version=ignore_version, device=device)
        if self._download:
            self._load()
        else:
            set_clock(pynq.Clocks, self.manifest.clock_period_ns)
        engine = {"axi_stream": _StreamEngine, "axi_master": _MasterEngine, "axi_lite": _LiteEngine}
        self._engine = engine[self.manifest.interface](self.manifest, timeout, buffer_bytes, pynq, device)

    def __getattr__(self, name):
        overlay = self.__dict__.get("overlay")
        if overlay is None or name.startswith("_"):
            raise AttributeError("{!r} has no attribute {!r}".format(type(self).__name__, name))
        return getattr(overlay, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Gives the buffers back. The bitstream stays loaded."""
        if self._engine is not None:
            self._engine.release()
            self._engine = None

    def free(self):
        """As pynq's Overlay.free, and gives the buffers back."""
        self.close()
        if self.overlay is not None:
            self.overlay.free()

    # hls4ml's Alveo driver calls it so.
    free_overlay = free

    def allocate_mem(self, X_shape, y_shape=None, dtype=None, trg_in=None, trg_out=None):
        """As hls4ml's Alveo driver: makes the buffers for a batch. Not needed, predict makes them itself, once."""
        if trg_in is not None or trg_out is not None:
            warnings.warn("trg_in and trg_out are not used: buffers lie in the banks that the kernel was linked to")
        if dtype is not None:
            self._set_dtypes(dtype, None)
        self._check_shapes(X_shape, self.manifest.inputs, "X_shape")
        self._check_shapes(y_shape, self.manifest.outputs, "y_shape")
        shape = next(iter(_by_tensor(X_shape, self.manifest.inputs, "X_shape", _is_shape)))
        self._open_engine().prepare(max(1, int(shape[0])))

    def predict(self, X, debug=False, profile=False, encode=None, decode=None, y_shape=None, dtype=None):
        """Predictions for a batch: an array of the outputs' shape, batch first, that later calls do not change.

        X is an array (batch, *sample); for several inputs a list or tuple in the manifest's order, or a dict by name, and
        several outputs come back as a list, or as a dict by name. With profile=True: (predictions, seconds, samples per
        second), which are printed, too. encode is applied to X first, decode to the result (several tensors: to each).
        debug=True tells how far a transfer has come.
        """
        if isinstance(debug, (tuple, list)):
            # hls4ml's Alveo driver: predict(X, y_shape, dtype, ...)
            y_shape, debug = debug, False
            if not isinstance(profile, (bool, np.bool_)):
                dtype, profile = profile, False
        if isinstance(encode, (bool, np.bool_)) or isinstance(decode, (bool, np.bool_)):
            raise TypeError("encode and decode are functions; give debug and profile by name: predict(X, profile=True)")
        if dtype is not None:
            self._set_dtypes(dtype, None)
        self._check_shapes(y_shape, self.manifest.outputs, "y_shape")
        engine = self._open_engine()
        engine.say = print if debug else (lambda text: None)
        start = time.perf_counter()
        arrays, batch = self._arrays(X, encode)
        results = [np.empty((batch,) + tensor.shape, self._output_dtype) for tensor in self.manifest.outputs]
        done = 0
        while done < batch:
            done += self._transfer(engine, arrays, results, done, batch - done)
        if decode is not None:
            results = [decode(result) for result in results]
        seconds = time.perf_counter() - start
        if len(results) == 1:
            y = results[0]
        elif isinstance(X, dict):
            y = {tensor.name: result for tensor, result in zip(self.manifest.outputs, results)}
        else:
            y = results
        if not profile:
            return y
        rate = batch / seconds
        print("Classified {} samples in {} seconds ({} inferences / s)".format(batch, seconds, rate))
        if self.manifest.interface == "xrt" and batch:
            print("Or {} us / inferences".format(1e6 / rate))
        return y, seconds, rate

    def _transfer(self, engine, arrays, results, first, left):
        """One transfer of as many of the samples as fit; gives how many."""
        if self._stale:
            self._reload()
        if self._timeout is not None:
            share = self._rate * self._timeout * _SHARE_OF_TIMEOUT if self._rate else _FIRST_SAMPLES
            left = max(1, min(left, int(share)))
        samples = engine.prepare(left)
        part = slice(first, first + samples)
        payloads = []
        for tensor, array in zip(self.manifest.inputs, arrays):
            chunk = array[part]
            payloads.append(tensor.encode(chunk) if chunk.dtype.kind == "f" else tensor.encode_raw(chunk))
        start = time.perf_counter()
        try:
            answers = engine.run(payloads, samples)
        except BaseException as why:
            # Also an interrupt from the keyboard leaves a transfer behind.
            told = self._recover(engine)
            if isinstance(why, AcceleratorError):
                raise type(why)("{} {}".format(why, told)) from None
            raise
        self._rate = samples / max(time.perf_counter() - start, 1e-6)
        for tensor, result, answer in zip(self.manifest.outputs, results, answers):
            result[part] = tensor.decode(answer, samples, self._output_dtype)
        return samples

    def _recover(self, engine):
        """After a failed transfer: nothing is left running, and the next call finds a core without remains."""
        self._rate = None
        self._stale = self._download
        try:
            engine.reset()
        except AcceleratorError as why:
            return "The reset failed, too: {}.".format(why)
        if self._download:
            return "What was left running was reset; the next predict() loads the bitstream anew and may be tried at once."
        return (
            "What was left running was reset, but the core may hold a part of the batch, because download=False: load the "
            "bitstream anew before the next predict()."
        )

    def _load(self):
        """Loads the bitstream, its clock never above the one built for.

        PYNQ sets the clocks before it loads, to the nearest of what the .hwh file says; PYNQ 4.0 finds no frequency in
        that of a Zynq-7000, and fails. So it is told the frequency that was found here.
        """
        period = self.manifest.clock_period_ns
        mhz = set_clock(self._pynq.Clocks, period)
        for index, clock in self.overlay.clock_dict.items():
            if "frequency" in clock and (index == 0 or clock["frequency"] is None):
                clock["frequency"] = mhz
        self.overlay.download()
        set_clock(self._pynq.Clocks, period)

    def _reload(self):
        # XRT loads nothing while buffers are allocated.
        self._engine.release()
        if self.overlay is None:
            self._engine.load()
        else:
            self._load()
        self._stale = False

    def _open_engine(self):
        if self._engine is None:
            raise AcceleratorError("this overlay was closed; make a new NeuralNetworkOverlay")
        return self._engine

    def _set_dtypes(self, dtype, output_dtype):
        self._dtype = np.dtype(dtype)
        self._output_dtype = self._dtype if output_dtype is None else np.dtype(output_dtype)
        for dtype, tensors in ((self._dtype, self.manifest.inputs), (self._output_dtype, self.manifest.outputs)):
            if dtype.kind in "iu":
                for tensor in tensors:
                    tensor.check_raw(dtype)
            elif dtype not in (np.dtype(np.float32), np.dtype(np.float64)):
                raise TypeError(
                    "dtype {} is neither np.float32 nor np.float64 (real numbers) nor an integer dtype (raw "
                    "integers)".format(dtype)
                )

    def _check_shapes(self, shapes, tensors, what):
        if shapes is None:
            return
        for shape, tensor in zip(_by_tensor(shapes, tensors, what, _is_shape), tensors):
            if tuple(shape[1:]) != tensor.shape:
                raise ValueError(
                    "{}: {} for {!r}; it must be the batch followed by {}: {}".format(
                        what, tuple(shape), tensor.name, tensor.shape, _remedy(tuple(shape), tensor)
                    )
                )

    def _arrays(self, X, encode):
        """The inputs as arrays of float32 or float64 (real numbers) or integers (raw), checked; and the batch."""
        given = _by_tensor(X, self.manifest.inputs, "X", lambda x: isinstance(x, np.ndarray))
        arrays, batch = [], None
        for array, tensor in zip(given, self.manifest.inputs):
            raw = self._dtype.kind in "iu"
            array = np.asarray(array if encode is None else encode(array))
            if array.ndim != len(tensor.shape) + 1 or array.shape[1:] != tensor.shape:
                raise ValueError(
                    "input {!r}: an array of shape {} was given; it must be the batch followed by {}: {}".format(
                        tensor.name, array.shape, tensor.shape, _remedy(array.shape, tensor)
                    )
                )
            if batch is not None and array.shape[0] != batch:
                raise ValueError(
                    "input {!r} has a batch of {}, {!r} one of {}; they must be equal".format(
                        tensor.name, array.shape[0], self.manifest.inputs[0].name, batch
                    )
                )
            batch = array.shape[0]
            arrays.append(self._raw(array, tensor) if raw else self._real(array, tensor, encode is not None))
        return arrays, batch

    def _real(self, array, tensor, encoded):
        if array.dtype in (np.dtype(np.float32), np.dtype(np.float64)):
            return array
        if array.dtype == np.float16:
            return array.astype(np.float32)
        if array.dtype.kind not in "iub":
            raise TypeError(
                "input {!r}: values of dtype {}; give real numbers (float32, float64)".format(tensor.name, array.dtype)
            )
        if encoded and tensor.fixed:
            raise TypeError(
                "input {!r}: encode gave integers ({}), but dtype is {}: for raw integers of {} construct with an integer "
                "dtype; else leave encode away, real numbers are converted here".format(
                    tensor.name, array.dtype, self._dtype, tensor.element_text
                )
            )
        real = array.astype(np.float64)
        if array.dtype.itemsize == 8 and array.size and np.abs(real).max() > 2**53:
            raise ValueError("input {!r}: integers beyond 2**53 are not exact as real numbers".format(tensor.name))
        return real

    def _raw(self, array, tensor):
        if array.dtype.kind not in "iu":
            raise TypeError(
                "input {!r}: dtype {} asks for raw integers of {}, but the values are {}; encode them, or construct with "
                "dtype=np.float32".format(tensor.name, self._dtype, tensor.element_text, array.dtype)
            )
        # Comparing as Python's integers: uint64 and int64 meet in doubles otherwise.
        if array.size and (int(array.min()) < tensor.element.low or int(array.max()) > tensor.element.high):
            raise ValueError(
                "input {!r}: raw integers from {} to {} are not all in {}, whose range is {} to {}".format(
                    tensor.name, array.min(), array.max(), tensor.element.text, tensor.element.low, tensor.element.high
                )
            )
        return array


def _is_shape(shape):
    return isinstance(shape, (tuple, list)) and all(isinstance(axis, (int, np.integer)) for axis in shape)


def _by_tensor(given, tensors, what, is_one):
    """What was given for each tensor, in their order: one thing, a list or tuple, or a dict by name."""
    names = [tensor.name for tensor in tensors]
    if isinstance(given, dict):
        if sorted(given) != sorted(names):
            raise ValueError("{}: the keys are {}, they must be {}".format(what, sorted(given), sorted(names)))
        return [given[name] for name in names]
    if is_one(given) or not isinstance(given, (list, tuple)):
        given = [given]
    elif len(tensors) == 1 and not is_one(given[0] if given else None):
        # A list of lists of numbers is one array.
        given = [given]
    if len(given) != len(tensors):
        raise ValueError("{}: {} given, there are {} ({})".format(what, len(given), len(names), ", ".join(names)))
    return list(given)


def _remedy(shape, tensor):
    if shape == tensor.shape:
        return "for one sample give X[np.newaxis]"
    if shape and int(np.prod(shape[1:], dtype=np.int64)) == tensor.size:
        return "X.reshape({}) has that".format((-1,) + tensor.shape)
    return "these are other samples than the network takes"
