#!/usr/bin/env python3
"""Makes the files of this folder: small networks in the forms that Keras writes, good and damaged, without Keras.

Run it here; it needs numpy and h5py. The same script makes the same numbers (fixed seed). `quantizers.json` holds what
QKeras's quantisers do to a few weights, computed here in numpy with float32 operations in QKeras's order.
"""

import io
import json
import struct
import zipfile
from pathlib import Path

import h5py
import numpy as np

HERE = Path(__file__).parent
F = np.float32
RNG = np.random.default_rng(20240607)
DATE = (2024, 1, 1, 0, 0, 0)


def weights(*shape):
    return RNG.normal(0, 0.5, shape).astype(F)


# --- Keras 3 -------------------------------------------------------------------------------------------------------


def k3_tensor(name, node=0):
    config = {"shape": [None], "dtype": "float32", "keras_history": [name, node, 0]}
    return {"class_name": "__keras_tensor__", "config": config}


def k3_layer(cls, name, inbound=(), **config):
    nodes = [{"args": [t], "kwargs": {}} for t in inbound]
    dtype = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": None}
    config = {"name": name, "trainable": True, "dtype": dtype, **config}
    return {"module": "keras.layers", "class_name": cls, "config": config, "registered_name": None, "name": name, "inbound_nodes": nodes}


def k3_input(name, *shape, dtype="float32"):
    layer = k3_layer("InputLayer", name)
    layer["config"] = {"batch_shape": [None, *shape], "dtype": dtype, "name": name}
    return layer


def k3_model(layers, inputs, outputs):
    config = {"name": "net", "trainable": True, "layers": layers}
    config["input_layers"] = [[n, 0, 0] for n in inputs]
    config["output_layers"] = [[n, 0, 0] for n in outputs]
    return {"module": "keras", "class_name": "Functional", "config": config, "registered_name": "Functional"}


def k3_weights(groups):
    """groups: {group: (layer, [arrays])}"""
    data = io.BytesIO()
    with h5py.File(data, "w") as h:
        for group, (layer, arrays) in groups.items():
            g = h.create_group(f"layers/{group}/vars")
            if layer is not None:
                g.attrs["name"] = layer
            for i, a in enumerate(arrays):
                g.create_dataset(str(i), data=a)
    return data.getvalue()


def archive(name, config, h5, metadata='{"keras_version": "3.5.0", "date_saved": "2024-01-01@00:00:00"}'):
    with zipfile.ZipFile(HERE / name, "w") as z:
        members = {"metadata.json": metadata, "config.json": config, "model.weights.h5": h5}
        for member, data in members.items():
            if data is not None:
                z.writestr(zipfile.ZipInfo(member, DATE), data)


def branches():
    """Two inputs, two outputs, a shared layer, every merge-free family of layers."""
    layers = [
        k3_input("a", 4),
        k3_input("b", 4, dtype="int8"),
        k3_layer("Dense", "shared", [k3_tensor("a"), k3_tensor("b")], units=3, activation="relu", use_bias=True),
        k3_layer("Concatenate", "cat", [], axis=-1),
        k3_layer("BatchNormalization", "bn", [k3_tensor("cat")], axis=-1, epsilon=0.001, center=True, scale=False),
        k3_layer("Dropout", "drop", [k3_tensor("bn")], rate=0.5),
        k3_layer("Dense", "head", [k3_tensor("drop")], units=2, activation="softmax", use_bias=False),
        k3_layer("Reshape", "fold", [k3_tensor("bn")], target_shape=[2, -1]),
        k3_layer("ReLU", "n", [k3_tensor("fold")], max_value=None, negative_slope=0.0, threshold=0.0),
        k3_layer("Flatten", "flat", [k3_tensor("n")], data_format="channels_last"),
    ]
    layers[3]["inbound_nodes"] = [{"args": [[k3_tensor("shared", 0), k3_tensor("shared", 1)]], "kwargs": {}}]
    return k3_model(layers, ["a", "b"], ["head", "flat"])


def branch_weights(kernel=None):
    return {
        "dense": ("shared", [weights(4, 3) if kernel is None else kernel, weights(3)]),
        "batch_normalization": ("bn", [weights(6), weights(6), np.abs(weights(6)) + F(0.5)]),
        "dense_1": ("head", [weights(6, 2)]),
    }


# --- Keras 2 -------------------------------------------------------------------------------------------------------


def quantizer(cls, **config):
    return {"class_name": cls, "config": config, "__passive_serialization__": True}


def k2_qkeras():
    """A Sequential of QKeras layers, as `model.save("x.h5")` of Keras 2 writes it."""
    bits = quantizer("quantized_bits", bits=4, integer=0, symmetric=0, alpha="auto", keep_negative=True)
    bias = quantizer("quantized_bits", bits=6, integer=1, symmetric=0, alpha=1, keep_negative=True)
    binary = quantizer("binary", use_01=False, alpha=1, use_stochastic_rounding=False)

    scaled = quantizer("quantized_bits", bits=6, integer=1, symmetric=0, alpha=0.75, keep_negative=True)

    def dense(name, kernel, units, activation="linear", bias=bias):
        config = {"name": name, "units": units, "activation": activation, "use_bias": True}
        config.update(kernel_quantizer=kernel, bias_quantizer=bias)
        return {"class_name": "QDense", "config": config}

    layers = [
        {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 20], "dtype": "float32", "sparse": False, "name": "x"}},
        dense("q1", bits, 9),
        {"class_name": "QActivation", "config": {"name": "act", "activation": "quantized_relu(6,2)"}},
        {"class_name": "Dropout", "config": {"name": "drop", "rate": 0.2}},
        dense("q2", binary, 5, quantizer("quantized_tanh", bits=5, symmetric=1, use_stochastic_rounding=False), scaled),
        {"class_name": "Activation", "config": {"name": "soft", "activation": "softmax"}},
    ]
    model = {"class_name": "Sequential", "config": {"name": "sequential", "layers": layers}}
    arrays = {"q1": {"kernel": weights(20, 9), "bias": weights(9)}, "q2": {"kernel": weights(9, 5), "bias": weights(5)}}
    return model, arrays


def k2_weights(group, model, arrays):
    names = [layer["config"]["name"] for layer in model["config"]["layers"]]
    group.attrs["layer_names"] = [n.encode() for n in names]
    group.attrs["backend"] = b"tensorflow"
    group.attrs["keras_version"] = b"2.15.0"
    for name in names:
        g = group.create_group(name)
        variables = arrays.get(name, {})
        # Without weights Keras leaves an empty float64 array here.
        g.attrs["weight_names"] = [f"{name}/{v}:0".encode() for v in variables] if variables else np.zeros(0)
        for v, a in variables.items():
            g.create_dataset(f"{name}/{v}:0", data=a)


def k2_model_json():
    """A functional Keras 2 network without an activation on its first layer, for JSON + weights."""
    def node(*names):
        return [[[n, 0, 0, {}] for n in names]]

    def layer(cls, name, inbound, **config):
        return {"class_name": cls, "config": {"name": name, **config}, "name": name, "inbound_nodes": inbound}

    layers = [
        layer("InputLayer", "inp", [], batch_input_shape=[None, 3], dtype="float32"),
        layer("Dense", "d1", node("inp"), units=3, activation="linear", use_bias=True),
        layer("Add", "sum", node("d1", "inp")),
        layer("LeakyReLU", "leaky", node("sum"), alpha=0.25),
        layer("Dense", "d2", node("leaky"), units=2, activation="sigmoid", use_bias=True),
    ]
    config = {"name": "model", "layers": layers, "input_layers": [["inp", 0, 0]], "output_layers": [["d2", 0, 0]]}
    return {"class_name": "Functional", "config": config, "keras_version": "2.15.0", "backend": "tensorflow"}


# --- QKeras's quantisers in numpy, float32 ---------------------------------------------------------------------------

EPS = F(1e-7)


def through(x, y):
    return x + (-x + y)


def mean(p):
    """Mean over rows as TensorFlow's CPU kernel adds them: groups of eight columns, four partial sums."""
    rows, columns = p.shape
    out = np.zeros(columns, F)
    for c in range(columns):
        if c < columns // 8 * 8 and rows >= 16:
            parts = [np.zeros((), F) for _ in range(4)]
            for r in range(rows // 4 * 4):
                parts[r % 4] = parts[r % 4] + p[r, c]
            for r in range(rows // 4 * 4, rows):
                parts[0] = parts[0] + p[r, c]
            out[c] = parts[0] + parts[1] + parts[2] + parts[3]
        else:
            s = np.zeros((), F)
            for r in range(rows):
                s = s + p[r, c]
            out[c] = s
    return out / F(rows)


def least_squares(x, q, po2):
    s = mean(x * q) / (mean(q * q) + EPS)
    return nearest_po2(s) if po2 else s


def nearest_po2(s):
    return np.exp2(np.round(np.log((s + EPS).astype(np.float64)).astype(F) / F(np.log(2.0)))).astype(F)


def quantized_bits(x, bits, integer, symmetric, alpha):
    m, mi = F(2 ** (bits - 1)), F(2.0**integer)
    if alpha in ("auto", "auto_po2"):
        x = x / mi
        levels = F((2 ** (bits - 1) - 1) * 2)
        scale = np.abs(x).max(axis=0) * F(2) / levels

        def grid(scale):
            v = np.floor(np.abs(x) / scale + F(0.5))
            return np.sign(x) * np.where(v < levels / 2, v, levels / 2)

        if alpha == "auto_po2":
            scale = nearest_po2(scale)
            for _ in range(5):
                z = grid(scale)
                scale = least_squares(x, z, True)
        else:
            z = grid(scale)
        scale = scale * m
        return through(mi * x, scale * (mi * z / m)), scale
    p = x * m / mi
    q = mi * np.clip(through(p, np.round(p)), -m + F(symmetric), m - F(1)) / m
    return through(x, F(alpha) * q), np.full(1, alpha, F)


def binary(x, alpha):
    q = np.where(x >= 0, F(1), F(-1))
    scale = np.full(1, alpha, F) if not isinstance(alpha, str) else least_squares(x, q, alpha == "auto_po2")
    return through(x, scale * q), scale


def ternary(x, alpha, threshold=0.33):
    if not isinstance(alpha, str):
        q = np.where(np.abs(x) >= F(threshold), np.sign(x), F(0))
        return through(x, F(alpha) * q), np.full(1, alpha, F)
    scale = F(2) * np.abs(x).max(axis=0) / F(3)
    if alpha == "auto_po2":
        scale = nearest_po2(scale)
    for _ in range(5):
        v = scale * through(x / scale, np.round(x / scale))
        q = np.where(np.abs(v) >= scale / F(2), np.sign(x), F(0))
        scale = least_squares(x, q, alpha == "auto_po2")
    return through(x, scale * q), scale


def quantizer_cases():
    x = weights(18, 11)
    x[0, :4] = [F(0.0625), F(-0.1875), F(0), F(0.5)]  # ties, zero
    cases = []
    for name, (y, s) in {
        "quantized_bits(4,0,alpha=1)": quantized_bits(x, 4, 0, 0, 1),
        "quantized_bits(4,0,1,alpha=1)": quantized_bits(x, 4, 0, 1, 1),
        "quantized_bits(6,1,alpha=0.75)": quantized_bits(x, 6, 1, 0, 0.75),
        "quantized_bits(4,0,alpha='auto')": quantized_bits(x, 4, 0, 1, "auto"),
        "quantized_bits(3,1,alpha='auto_po2')": quantized_bits(x, 3, 1, 1, "auto_po2"),
        "binary(alpha=1)": binary(x, 1),
        "binary(alpha='auto')": binary(x, "auto"),
        "binary(alpha='auto_po2')": binary(x, "auto_po2"),
        "ternary(alpha=1)": ternary(x, 1),
        "ternary(alpha=0.5,threshold=0.2)": ternary(x, 0.5, 0.2),
        "ternary(alpha='auto')": ternary(x, "auto"),
        "ternary(alpha='auto_po2')": ternary(x, "auto_po2"),
    }.items():
        assert y.dtype == F and s.dtype == F, name
        cases.append({"quantizer": name, "data": y.ravel().tolist(), "scale": s.ravel().tolist()})
    return {"shape": list(x.shape), "x": x.ravel().tolist(), "cases": cases}


def main():
    model = branches()
    good = branch_weights()
    archive("branches.keras", json.dumps(model), k3_weights(good))
    # As early Keras 3 wrote it: no layer names beside the variables.
    archive("unnamed.keras", json.dumps(model), k3_weights({g: (None, a) for g, (_, a) in good.items()}))

    qkeras, arrays = k2_qkeras()
    data = io.BytesIO()
    with h5py.File(data, "w") as h:
        h.attrs["model_config"] = json.dumps(qkeras)
        h.attrs["keras_version"] = "2.15.0"
        h.attrs["backend"] = "tensorflow"
        k2_weights(h.create_group("model_weights"), qkeras, arrays)
    (HERE / "qkeras.h5").write_bytes(data.getvalue())
    (HERE / "truncated.h5").write_bytes(data.getvalue()[: len(data.getvalue()) * 2 // 3])

    plain = k2_model_json()
    (HERE / "plain.json").write_text(json.dumps(plain))
    with h5py.File(HERE / "plain.weights.h5", "w") as h:
        arrays = {"d1": {"kernel": weights(3, 3), "bias": weights(3)}, "d2": {"kernel": weights(3, 2).astype(np.float16), "bias": weights(2).astype(np.float64)}}
        k2_weights(h, plain, arrays)

    # The archive of Keras 2.12 to 2.15: Keras 2's layers, and variables by position in a container of another name.
    data = io.BytesIO()
    with h5py.File(data, "w") as h:
        for group, arrays in {"dense": [weights(3, 3), weights(3)], "dense_1": [weights(3, 2), weights(2)]}.items():
            g = h.create_group(f"_layer_checkpoint_dependencies/{group}/vars")
            for i, a in enumerate(arrays):
                g.create_dataset(str(i), data=a)
    archive("keras2.keras", json.dumps({k: plain[k] for k in ("class_name", "config")}), data.getvalue(), '{"keras_version": "2.15.0"}')

    # Damaged or refused.
    archive("cut_json.keras", json.dumps(model)[:500], k3_weights(good))
    archive("no_weights.keras", json.dumps(model), None)
    archive("wrong_shape.keras", json.dumps(model), k3_weights(branch_weights(weights(4, 5))))
    kernel = weights(4, 3)
    kernel[2, 1] = np.nan
    archive("nan.keras", json.dumps(model), k3_weights(branch_weights(kernel)))

    cyclic = branches()
    cyclic["config"]["layers"][4]["inbound_nodes"] = [{"args": [k3_tensor("drop")], "kwargs": {}}]
    archive("cycle.keras", json.dumps(cyclic), k3_weights(good))

    strange = branches()
    strange["config"]["layers"][4].update(class_name="UnitNormalization")
    strange["config"]["layers"][8].update(class_name="GroupNormalization")
    archive("unsupported.keras", json.dumps(strange), k3_weights(good))
    code = {"class_name": "__lambda__", "config": {"code": "4wEAAAAAAAAA", "defaults": None, "closure": None}}
    strange["config"]["layers"][5].update(class_name="Lambda", config={"name": "drop", "function": code})
    archive("lambda.keras", json.dumps(strange), k3_weights(good))

    # A directory that declares 512 MiB for a member of a few bytes.
    archive("bomb.keras", json.dumps(model), b"\0" * 64)
    raw = bytearray((HERE / "bomb.keras").read_bytes())
    at = raw.rindex(b"PK\x01\x02")
    raw[at + 24 : at + 28] = struct.pack("<I", 512 << 20)
    (HERE / "bomb.keras").write_bytes(raw)

    (HERE / "quantizers.json").write_text(json.dumps(quantizer_cases()))


if __name__ == "__main__":
    main()
