

class _XrtEngine(_Engine):
    """An Alveo card through XRT's own Python module (XRT, `src/python/pybind11`; "XRT Native APIs").

    PYNQ 4 finds no cards any more (its XrtDevice probe gives an empty list), and older ones call the same XRT.
    """

    def __init__(self, manifest, timeout, buffer_bytes, bitfile, device, download):
        super().__init__(manifest, timeout, buffer_bytes)
        try:
            import pyxrt
        except ImportError as why:
            raise AcceleratorError(
                "an Alveo card is driven through XRT's Python module, which was not imported ({}); run `source "
                "/opt/xilinx/xrt/setup.sh` in the shell that starts Python, with the Python that XRT was built "
                "for".format(why)
            ) from None
        self.pyxrt, self.bitfile = pyxrt, bitfile
        self.device = device if isinstance(device, pyxrt.device) else self._open(0 if device is None else device)
        self.load(download)

    def _open(self, which):
        if isinstance(which, bool) or not isinstance(which, (int, str)):
            raise TypeError(
                "device must be a card's index, its address such as '0000:3b:00.1', or a pyxrt.device, not {!r}".format(which)
            )
        try:
            return self.pyxrt.device(which)
        except RuntimeError as why:
            raise AcceleratorError("card {!r} cannot be opened: {}; `xbutil examine` lists the cards".format(which, why)) from why

    def load(self, download=True):
        """Loads the xclbin (XRT leaves the card alone where it is loaded already) and takes hold of the kernel."""
        host = self.manifest.host
        self.release()
        try:
            uuid = self.device.load_xclbin(self.bitfile) if download else self.device.get_xclbin_uuid()
            self.kernel = self.pyxrt.kernel(self.device, uuid, "{}:{{{}}}".format(host["kernel"], host["compute_unit"]))
        except RuntimeError as why:
            raise AcceleratorError(
                "{} cannot be loaded: {}; the card's platform must be the one that it was built for, and no other "
                "program may use the card".format(self.bitfile, why)
            ) from why
        expected = [tensor.name for tensor in self.tensors] + ["batch"]
        if host["arguments"] != expected:
            raise AcceleratorError(
                "{}: the kernel's arguments are {}, this driver passes {}".format(
                    self.manifest.path, host["arguments"], expected
                )
            )

    def allocate(self, tensor, size):
        argument = self.manifest.host["arguments"].index(tensor.name)
        # Whole pages, so that the core's last burst stays inside.
        whole = -(-size // 4096) * 4096
        buffer = self.pyxrt.bo(self.device, whole, self.pyxrt.bo.normal, self.kernel.group_id(argument))
        return buffer, np.frombuffer(buffer.map(), np.uint8)

    def run(self, payloads, samples):
        direction = self.pyxrt.xclBOSyncDirection
        for tensor, payload in zip(self.inputs, payloads):
            buffer, memory = self.buffers[tensor.name]
            memory[: payload.size] = payload
            buffer.sync(direction.XCL_BO_SYNC_BO_TO_DEVICE, payload.size, 0)
        self.say("Send OK")
        run = self.kernel(*([self.buffers[tensor.name][0] for tensor in self.tensors] + [samples]))
        # A wait of 0 ms is one without an end.
        limit = 0 if self.timeout is None else max(1, int(self.timeout * 1000))
        state = run.wait(limit)
        states = self.pyxrt.ert_cmd_state
        if state != states.ERT_CMD_STATE_COMPLETED:
            failed = (states.ERT_CMD_STATE_ERROR, states.ERT_CMD_STATE_ABORT)
            if state in failed:
                raise AcceleratorError("the kernel ended with {}; `dmesg` and `xbutil examine` say more".format(state))
            raise AcceleratorTimeout(
                "no end within {} s: the kernel still computes {} samples ({}). {} A kernel that hangs ends with `xbutil "
                "reset`.".format(self.timeout, samples, state, _AGAIN)
            )
        self.say("Kernel call OK")
        answers = []
        for tensor in self.outputs:
            buffer, memory = self.buffers[tensor.name]
            size = samples * tensor.sample_bytes
            buffer.sync(direction.XCL_BO_SYNC_BO_FROM_DEVICE, size, 0)
            answers.append(memory[:size].copy())
        self.say("Receive OK")
        return answers
