"""Makes the cases of this folder: small networks with random weights, and what hls4ml 1.3.0 computes for them.

    pip install keras jax hls4ml==1.3.0        (and g++)
    python make.py

Layout as `cargo xtask conformance` reads it: index.json; for each case model.keras, config.json, x.npy, y_keras.npy, y_hls.npy,
trace/LAYER.npy.
"""

import os

os.environ["KERAS_BACKEND"] = "jax"

import copy
import json
import pathlib
import shutil
import tempfile

import hls4ml
import keras
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
SAMPLES = 6


def mlp():
    x = keras.Input((6,), name="inp")
    h = keras.layers.Dense(5, name="fc1")(x)
    h = keras.layers.BatchNormalization(name="bn1")(h)
    h = keras.layers.Activation("relu", name="relu1")(h)
    h = keras.layers.Dense(3, name="logits")(h)
    return keras.Model(x, keras.layers.Softmax(name="probabilities")(h), name="mlp")


def branches():
    x = keras.Input((4,), name="features")
    a = keras.layers.Dense(4, activation="sigmoid", name="gate")(x)
    b = keras.layers.Dense(4, activation="tanh", name="value")(x)
    s = keras.layers.Add(name="sum")([a, b])
    c = keras.layers.Concatenate(name="both")([s, x])
    y = keras.layers.Dense(2, name="answer")(keras.layers.LeakyReLU(negative_slope=0.25, name="leaky")(c))
    return keras.Model(x, y, name="branches")


def mlp_config(config):
    config["LayerName"]["logits"]["Precision"]["result"] = "ap_fixed<16,6,AP_RND,AP_SAT>"
    config["LayerName"]["probabilities"]["TableSize"] = 256
    return config


def branches_config(config):
    config["Model"]["Strategy"] = "Resource"
    config["Model"]["ReuseFactor"] = 2
    for layer in ("gate_sigmoid", "value_tanh"):
        config["LayerName"][layer]["TableSize"] = 128
    for layer in ("gate", "value", "answer"):
        config["LayerName"][layer]["ReuseFactor"] = 2
        config["LayerName"][layer]["Precision"]["accum"] = "ap_fixed<14,6,AP_RND,AP_SAT>"
    return config


def randomise(model, rng):
    for layer in model.layers:
        weights = [rng.normal(0, 0.8, w.shape) for w in layer.get_weights()]
        if isinstance(layer, keras.layers.BatchNormalization):
            weights[3] = np.abs(weights[3]) + 0.5
        layer.set_weights(weights)


def make(name, build, configure):
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "trace").mkdir(parents=True)
    rng = np.random.default_rng(len(name))
    model = build()
    randomise(model, rng)
    x = rng.normal(0, 1.5, (SAMPLES, *model.input_shape[1:])).astype("float32")
    config = hls4ml.utils.config_from_keras_model(model, granularity="name", backend="Vitis")
    config = configure(config)
    for layer in config["LayerName"].values():
        layer["Trace"] = True
    # hls4ml adds keys of its own while it converts.
    written = copy.deepcopy(config)
    with tempfile.TemporaryDirectory() as out:
        project = hls4ml.converters.convert_from_keras_model(
            model, hls_config=config, output_dir=out, backend="Vitis", io_type="io_parallel"
        )
        project.compile()
        y = project.predict(x.astype("float64"))
        _, traces = project.trace(x.astype("float64"))
    model.save(folder / "model.keras")
    np.save(folder / "x.npy", x)
    np.save(folder / "y_keras.npy", model.predict(x, verbose=0))
    np.save(folder / "y_hls.npy", y)
    for layer, values in traces.items():
        np.save(folder / "trace" / f"{layer}.npy", values)
    text = {"HLSConfig": written, "Backend": "Vitis", "IOType": "io_parallel", "convert_kwargs": {}, "bit_exact": None}
    (folder / "config.json").write_text(json.dumps(text, indent=1, default=str) + "\n")
    return {"name": name, "expect": "equal", "backend": "Vitis", "io_type": "io_parallel", "samples": SAMPLES}


def main():
    index = [make("branches", branches, branches_config), make("mlp", mlp, mlp_config)]
    (HERE / "index.json").write_text(json.dumps(index, indent=1) + "\n")


if __name__ == "__main__":
    main()
