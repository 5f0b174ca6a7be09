

# ---- The command line --------------------------------------------------------------------------------------------


def _vectors(folder, stem, tensors):
    """`x.npy`, or `x0.npy`, `x1.npy`, ... for several tensors."""
    names = [stem] if len(tensors) == 1 else ["{}{}".format(stem, i) for i in range(len(tensors))]
    arrays = []
    for name in names:
        path = os.path.join(folder, name + ".npy")
        try:
            arrays.append(np.load(path, allow_pickle=False))
        except (OSError, ValueError) as why:
            raise AcceleratorError("{}: {}; run this in the folder of the unpacked package".format(path, why)) from None
    return arrays


def verify(folder, bitfile=None, device=None, timeout=10.0, out=None):
    """Replays the vectors of a package on the board; gives how many output values differ in any bit."""
    out = out or sys.stdout
    manifest = Manifest(os.path.join(folder, "manifest.json"))
    ending = ".xclbin" if manifest.interface == "xrt" else ".bit"
    bitfile = bitfile or os.path.join(folder, manifest.project + ending)
    inputs = _vectors(folder, "x", manifest.inputs)
    expected = _vectors(folder, "y", manifest.outputs)
    dtype, output_dtype = inputs[0].dtype, expected[0].dtype
    with NeuralNetworkOverlay(
        bitfile, dtype=dtype, output_dtype=output_dtype, manifest=manifest.path, device=device, timeout=timeout
    ) as network:
        results, seconds, rate = network.predict(inputs, profile=True)
        if len(expected) == 1:
            results = [results]
        wrong = 0
        for tensor, result, wanted in zip(manifest.outputs, results, expected):
            if result.shape != wanted.shape or result.dtype != wanted.dtype:
                raise AcceleratorError(
                    "output {!r}: y has the shape {} and dtype {}, the board gives {} and {}".format(
                        tensor.name, wanted.shape, wanted.dtype, result.shape, result.dtype
                    )
                )
            # As bits: 0 and -0 differ, a NaN is itself.
            bits = "u{}".format(wanted.dtype.itemsize)
            differs = result.view(bits) != np.ascontiguousarray(wanted).view(bits)
            wrong += int(differs.sum())
            if differs.any():
                first = tuple(int(i) for i in np.argwhere(differs)[0])
                print(
                    "output {!r}: {} of {} values differ, the first at {}: {!r} from the board, {!r} expected".format(
                        tensor.name, int(differs.sum()), differs.size, first, result[first], wanted[first]
                    ),
                    file=out,
                )
        times = []
        for _ in range(min(200, max(1, int(2.0 * rate)))):
            start = time.perf_counter()
            network.predict([array[:1] for array in inputs])
            times.append(time.perf_counter() - start)
    print("latency of one sample: median {:.1f} us, best {:.1f} us ({} calls)".format(
        1e6 * float(np.median(times)), 1e6 * min(times), len(times)), file=out)  # fmt: skip
    print("throughput: {:.1f} samples/s ({} samples in {:.6f} s)".format(rate, len(inputs[0]), seconds), file=out)
    total = sum(array.size for array in expected)
    if wrong:
        print("FAILED: {} of {} output values differ".format(wrong, total), file=out)
    else:
        print("verified: {} samples, all {} output values equal, bit for bit".format(len(inputs[0]), total), file=out)
    return wrong


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Drives a NetLathe accelerator; run in an unpacked package.")
    parser.add_argument("--verify", action="store_true", help="replay x.npy on the board and demand every bit of y.npy")
    parser.add_argument("--folder", default=os.path.dirname(os.path.abspath(__file__)), help="the unpacked package")
    parser.add_argument("--bitfile", help="the .bit or .xclbin, when it is not the package's")
    parser.add_argument("--device", help="Alveo: the card's index or address")
    parser.add_argument("--timeout", type=float, default=10.0, help="seconds that one transfer may take (10)")
    options = parser.parse_args(arguments)
    if not options.verify:
        parser.print_help()
        return 2
    device = int(options.device) if options.device and options.device.isdigit() else options.device
    try:
        return 1 if verify(options.folder, options.bitfile, device, options.timeout) else 0
    except (AcceleratorError, TypeError, ValueError) as why:
        print("error: {}".format(why), file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
