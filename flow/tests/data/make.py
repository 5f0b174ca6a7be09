"""Makes the models of the flow's tests: python3 make.py (needs numpy and h5py, no Keras).

tiny.keras: two inputs, Dense `d` of two with ReLU; kernel [[1, 0.5], [-1, 2]], bias [0.25, -0.25].
unsupported.keras: the same with a layer `unit` of a class that does not exist in hardware.
"""

import io
import json
import zipfile

import h5py
import numpy as np


def layer(class_name, **config):
    return {"module": "keras.layers", "class_name": class_name, "config": config, "registered_name": None}


def dense(name, units, activation):
    return layer("Dense", name=name, trainable=True, dtype="float32", units=units, activation=activation, use_bias=True)


def model(path, layers, weights):
    buffer = io.BytesIO()
    # libver and no time stamps: the same bytes every time.
    with h5py.File(buffer, "w", track_order=False) as h5:
        for name, arrays in weights.items():
            group = h5.create_group(f"layers/{name[0]}/vars")
            group.attrs["name"] = name[1]
            for i, array in enumerate(arrays):
                group.create_dataset(str(i), data=np.asarray(array, np.float32), track_times=False)
    config = {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "tiny", "trainable": True, "dtype": "float32", "layers": layers},
        "registered_name": None,
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in [
            ("metadata.json", json.dumps({"keras_version": "3.15.1"})),
            ("config.json", json.dumps(config)),
            ("model.weights.h5", buffer.getvalue()),
        ]:
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)


INPUT = layer("InputLayer", batch_shape=[None, 2], dtype="float32", name="x")
WEIGHTS = {("dense", "d"): [[[1, 0.5], [-1, 2]], [0.25, -0.25]]}
model("tiny.keras", [INPUT, dense("d", 2, "relu")], WEIGHTS)
model("unsupported.keras", [INPUT, dense("d", 2, "relu"), layer("UnitNormalization", name="unit", axis=-1)], WEIGHTS)
