#!/usr/bin/env python3
"""Makes `layers.keras`, `nested.keras`, `nested.h5`, `po2.h5` and `scaled.h5`: layers over images, models within models, and QKeras's
powers of two, as Keras writes them, without Keras. Weights count up from 0 in steps of 1/16, so that a test can tell
where each one went. Run it here; it needs numpy and h5py.
"""

import io
import json

import h5py
import numpy as np

from make import HERE, archive, k2_weights, k3_input, k3_layer, k3_tensor, quantizer

F = np.float32


def count(*shape, first=0):
    return (np.arange(np.prod(shape)).reshape(shape) / 16 + first).astype(F)


def call(*tensors, joined=False):
    """The argument of one use: a tensor, or a list of them."""
    return {"args": [list(tensors)] if joined else list(tensors), "kwargs": {}}


def k3_network(name, layers, inputs, outputs):
    config = {"name": name, "trainable": True, "layers": layers, "input_layers": inputs, "output_layers": outputs}
    return {"module": "keras", "class_name": "Functional", "config": config, "registered_name": "Functional", "name": name}


def k3_file(name, model, groups):
    data = io.BytesIO()
    with h5py.File(data, "w") as h:
        for path, (layer, arrays) in groups.items():
            g = h.create_group(f"{path}/vars")
            g.attrs["name"] = layer
            for i, a in enumerate(arrays):
                g.create_dataset(str(i), data=a)
    archive(name, json.dumps(model), data.getvalue())


def layers():
    image = [
        k3_input("img", 6, 5, 2),
        k3_layer("Conv2D", "conv", [k3_tensor("img")], filters=4, kernel_size=[3, 2], strides=[2, 1], padding="same",
                 data_format="channels_last", dilation_rate=[1, 1], groups=2, activation="relu6", use_bias=False),
        k3_layer("DepthwiseConv2D", "depth", [k3_tensor("conv")], kernel_size=[2, 2], strides=[1, 1], padding="valid",
                 data_format="channels_last", dilation_rate=[1, 2], depth_multiplier=2, activation="linear", use_bias=True),
        k3_layer("SeparableConv2D", "sep", [k3_tensor("depth")], filters=3, kernel_size=[2, 1], strides=[1, 1],
                 padding="valid", data_format="channels_last", dilation_rate=[1, 1], depth_multiplier=1,
                 activation="linear", use_bias=True),
        k3_layer("PReLU", "slopes", [k3_tensor("sep")], shared_axes=[1, 2]),
        k3_layer("LayerNormalization", "norm", [k3_tensor("slopes")], axis=[-1], epsilon=0.01, center=False, scale=True),
    ]
    words = [
        k3_input("word", 5, dtype="int32"),
        k3_layer("Embedding", "rows", [k3_tensor("word")], input_dim=7, output_dim=3, mask_zero=False),
        k3_layer("Conv1D", "past", [k3_tensor("rows")], filters=2, kernel_size=[3], strides=[1], padding="causal",
                 data_format="channels_last", dilation_rate=[2], groups=1, activation="linear", use_bias=True),
        k3_layer("PReLU", "steps", [k3_tensor("past")], shared_axes=[2]),
    ]
    ends = [["norm", 0, 0], ["steps", 0, 0]]
    model = k3_network("layers", image + words, [["img", 0, 0], ["word", 0, 0]], ends)
    k3_file("layers.keras", model, {
        "layers/conv2d": ("conv", [count(3, 2, 1, 4)]),
        "layers/depthwise_conv2d": ("depth", [count(2, 2, 4, 2), count(8, first=1)]),
        "layers/separable_conv2d": ("sep", [count(2, 1, 8, 1), count(1, 1, 8, 3, first=2), count(3, first=3)]),
        "layers/p_re_lu": ("slopes", [count(1, 1, 3)]),
        "layers/layer_normalization": ("norm", [count(3, first=1)]),
        "layers/embedding": ("rows", [count(7, 3)]),
        "layers/conv1d": ("past", [count(3, 3, 2), count(2, first=1)]),
        "layers/p_re_lu_1": ("steps", [count(5, 1)]),
    })


def nested_k3():
    """`mid` holds a Sequential and `enc`, which has two outputs; it is used twice, and its outputs are read in the middle."""
    def dense(name, inbound, units, activation="linear"):
        return k3_layer("Dense", name, inbound, units=units, activation=activation, use_bias=False)

    enc = k3_network("enc", [k3_input("ei", 4), dense("fc", [k3_tensor("ei")], 3, "relu"), dense("top", [k3_tensor("fc")], 2)],
                     [["ei", 0, 0]], [["fc", 0, 0], ["top", 0, 0]])
    seq = {"module": "keras", "class_name": "Sequential", "registered_name": None, "name": "seq",
           "config": {"name": "seq", "layers": [k3_input("si", 4), dense("fc", [], 4)], "build_input_shape": [None, 4]}}
    seq["inbound_nodes"] = [call(k3_tensor("mi"))]
    enc["inbound_nodes"] = [call(k3_tensor("seq"))]
    # Keras counts the use that a functional model begins with where outputs are named, not where operands are.
    mid = k3_network("mid", [k3_input("mi", 4), seq, enc], [["mi", 0, 0]], [["enc", 1, 0], ["enc", 1, 1]])
    mid["inbound_nodes"] = [call(k3_tensor("x")), call(k3_tensor("y"))]
    second = k3_tensor("mid", 1)
    second["config"]["keras_history"][2] = 1
    cat = k3_layer("Concatenate", "cat", [], axis=-1)
    cat["inbound_nodes"] = [call(k3_tensor("mid", 0), second, joined=True)]
    outer = k3_network("outer", [k3_input("x", 4), k3_input("y", 4), mid, cat], [["x", 0, 0], ["y", 0, 0]],
                       [["cat", 0, 0], ["mid", 2, 0]])
    k3_file("nested.keras", outer, {
        "layers/functional/layers/sequential/layers/dense": ("fc", [count(4, 4)]),
        "layers/functional/layers/functional/layers/dense": ("fc", [count(4, 3, first=1)]),
        "layers/functional/layers/functional/layers/dense_1": ("top", [count(3, 2, first=2)]),
    })


def k2_layer(cls, name, inbound=None, **config):
    return {"class_name": cls, "config": {"name": name, **config}, "name": name, "inbound_nodes": inbound or []}


def k2_file(name, model, arrays, weight_names):
    with h5py.File(HERE / name, "w") as h:
        h.attrs["model_config"] = json.dumps(model)
        h.attrs["keras_version"] = "2.15.0"
        group = h.create_group("model_weights")
        k2_weights(group, model, arrays)
        for layer, variables in weight_names.items():
            group[layer].attrs["weight_names"] = [v.encode() for v in variables]
            for v, a in variables.items():
                group[layer].create_dataset(v, data=a)


def nested_k2():
    """The same in Keras 2, whose file holds the weights of all models within a layer in that layer's group."""
    def dense(name, inbound, units, activation="linear"):
        return k2_layer("Dense", name, inbound, units=units, activation=activation, use_bias=False)

    def functional(name, layers, inputs, outputs, inbound=None):
        config = {"name": name, "layers": layers, "input_layers": inputs, "output_layers": outputs}
        return {"class_name": "Functional", "config": config, "name": name, "inbound_nodes": inbound or []}

    def inlet(name):
        return k2_layer("InputLayer", name, batch_input_shape=[None, 4], dtype="float32")

    enc = functional("enc", [inlet("ei"), dense("fc", [[["ei", 0, 0, {}]]], 3, "relu"), dense("top", [[["fc", 0, 0, {}]]], 2)],
                     [["ei", 0, 0]], [["fc", 0, 0], ["top", 0, 0]], [[["seq", 1, 0, {}]]])
    seq = {"class_name": "Sequential", "name": "seq", "inbound_nodes": [[["mi", 0, 0, {}]]],
           "config": {"name": "seq", "layers": [inlet("si"), dense("in", None, 4)]}}
    mid = functional("mid", [inlet("mi"), seq, enc], [["mi", 0, 0]], [["enc", 1, 0], ["enc", 1, 1]],
                     [[["x", 0, 0, {}]], [["y", 0, 0, {}]]])
    cat = k2_layer("Concatenate", "cat", [[["mid", 1, 0, {}], ["mid", 2, 1, {}]]], axis=-1)
    outer = functional("outer", [inlet("x"), inlet("y"), mid, cat], [["x", 0, 0], ["y", 0, 0]], [["cat", 0, 0], ["mid", 2, 0]])
    weights = {"in/kernel:0": count(4, 4), "fc/kernel:0": count(4, 3, first=1), "top/kernel:0": count(3, 2, first=2)}
    k2_file("nested.h5", outer, {}, {"mid": weights})


def po2():
    """Powers of two as a kernel, in a batch normalisation, and a convolution with a batch normalisation folded in."""
    power = quantizer("quantized_po2", bits=4, max_value=None, use_stochastic_rounding=False, quadratic_approximation=False)
    grid = quantizer("quantized_bits", bits=8, integer=3, symmetric=0, alpha=1, keep_negative=True)
    positive = quantizer("quantized_relu_po2", bits=6, max_value=None, negative_slope=0, quadratic_approximation=True)
    layers = [
        k2_layer("InputLayer", "x", batch_input_shape=[None, 3, 3, 1], dtype="float32"),
        k2_layer("QConv2DBatchnorm", "fold", filters=2, kernel_size=[2, 2], strides=[1, 1], padding="valid",
                 data_format="channels_last", dilation_rate=[1, 1], groups=1, activation="linear", use_bias=False, axis=[3],
                 epsilon=0.25, center=True, scale=True, kernel_quantizer=grid, bias_quantizer=grid,
                 ema_freeze_delay=None, folding_mode="batch_stats_folding"),
        k2_layer("Flatten", "flat", data_format="channels_last"),
        k2_layer("QDense", "power", units=1, activation="linear", use_bias=False, kernel_quantizer=power, bias_quantizer=None),
        k2_layer("QBatchNormalization", "norm", axis=[1], epsilon=0.0, center=True, scale=True, gamma_quantizer=positive,
                 beta_quantizer=power, mean_quantizer=power, variance_quantizer=positive),
    ]
    for layer in layers:
        del layer["name"], layer["inbound_nodes"]
    model = {"class_name": "Sequential", "config": {"name": "sequential", "layers": layers}}
    kernel = np.array([0.3, -0.3, 0.75, 1e-9, 100, -0.001, 0, 0.71], F).reshape(8, 1)
    k2_file("po2.h5", model, {
        "power": {"kernel": kernel},
        "norm": {k: np.array([v], F) for k, v in {"gamma": 3, "beta": -0.3, "moving_mean": 0.6, "moving_variance": 5}.items()},
    }, {"fold": {
        "fold/kernel:0": count(2, 2, 1, 2),
        "fold/batch_normalization/gamma:0": np.array([2, 3], F),
        "fold/batch_normalization/beta:0": np.array([0.5, 1], F),
        "fold/iteration:0": np.array(-1),
        "fold/batch_normalization/moving_mean:0": np.array([0.25, -1], F),
        # With epsilon the roots are 2 and 0.5.
        "fold/batch_normalization/moving_variance:0": np.array([3.75, 0], F),
    }})


def scaled():
    """A depthwise kernel whose scale is found: QKeras finds one for each of the multiplier's outputs."""
    found = quantizer("quantized_bits", bits=4, integer=0, symmetric=1, alpha="auto", keep_negative=True)
    layers = [
        k2_layer("InputLayer", "x", batch_input_shape=[None, 3, 3, 2], dtype="float32"),
        k2_layer("QDepthwiseConv2D", "depth", kernel_size=[1, 1], strides=[1, 1], padding="valid", data_format="channels_last",
                 dilation_rate=[1, 1], depth_multiplier=2, activation="linear", use_bias=False, depthwise_quantizer=found),
    ]
    for layer in layers:
        del layer["name"], layer["inbound_nodes"]
    model = {"class_name": "Sequential", "config": {"name": "sequential", "layers": layers}}
    kernel = np.array([0.875, 1.75, -0.125, 0.5], F).reshape(1, 1, 2, 2)
    k2_file("scaled.h5", model, {"depth": {"depthwise_kernel": kernel}}, {})


layers()
scaled()
nested_k3()
nested_k2()
po2()
