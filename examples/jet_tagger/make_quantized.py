"""Trains the quantised jet tagger of docs/pynq.md: 16-64-32-32-5 with 6-bit weights and activations, three quarters of them pruned.

    pip install "tensorflow<2.16" qkeras
    python make_quantized.py

The network and its training are those of hls4ml's tutorial (parts 4 and 7); the jets are make.py's made-up ones. Writes
quantized.h5 and y_quantized.npy (what QKeras answers to x.npy) beside this script. Everything is seeded; other versions may give
other weights.

quantized.yml is the configuration that hls4ml 1.3.0 wrote for this network, y_hls4ml.npy what its compiled model answers to x.npy.
"""

import pathlib

import numpy as np
import tensorflow as tf
from qkeras import QActivation, QDense, quantized_bits, quantized_relu

FEATURES, CLASSES, TEST_SAMPLES, PRUNED = 16, 5, 200, 0.75
HERE = pathlib.Path(__file__).resolve().parent


def jets(n, rng, clouds, mixing):
    label = rng.integers(0, CLASSES, n)
    centre = clouds[label, rng.integers(0, 2, n)]
    x = centre + rng.normal(0, 1.2, (n, FEATURES))
    x = x + 0.5 * np.tanh(x @ mixing)
    return ((x - x.mean(0)) / x.std(0)).astype("float32"), label


def dense(units, name):
    return QDense(
        units,
        name=name,
        kernel_quantizer=quantized_bits(6, 0, alpha=1),
        bias_quantizer=quantized_bits(6, 0, alpha=1),
        kernel_initializer="lecun_uniform",
    )


class KeepPruned(tf.keras.callbacks.Callback):
    """Sets the smallest weights of each layer to zero after every step, as a pruning schedule does at its end."""

    def on_train_batch_end(self, batch, logs=None):
        for layer in self.model.layers:
            if isinstance(layer, QDense):
                kernel = layer.kernel.numpy()
                kernel[np.abs(kernel) < np.quantile(np.abs(kernel), PRUNED)] = 0
                layer.kernel.assign(kernel)


def main():
    tf.keras.utils.set_random_seed(16)
    rng = np.random.default_rng(16)
    clouds = rng.normal(0, 1, (CLASSES, 2, FEATURES))
    mixing = rng.normal(0, 0.5, (FEATURES, FEATURES))
    x, label = jets(20_000, rng, clouds, mixing)

    layers = [tf.keras.Input((FEATURES,), name="jets")]
    for i, units in enumerate([64, 32, 32], 1):
        layers += [dense(units, f"fc{i}"), QActivation(quantized_relu(6), name=f"relu{i}")]
    layers += [dense(CLASSES, "output"), tf.keras.layers.Activation("softmax", name="softmax")]
    model = tf.keras.Sequential(layers, name="jet_tagger_quantized")
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, label, batch_size=256, epochs=8, verbose=0)
    model.fit(x, label, batch_size=256, epochs=8, verbose=0, callbacks=[KeepPruned()])

    x_test, label_test = jets(TEST_SAMPLES, rng, clouds, mixing)
    assert np.array_equal(x_test, np.load(HERE / "x.npy")), "make.py makes other jets"
    y = model.predict(x_test, verbose=0)
    print(f"accuracy on {TEST_SAMPLES} test jets: {(y.argmax(1) == label_test).mean():.3f}")
    model.save(HERE / "quantized.h5", include_optimizer=False)
    np.save(HERE / "y_quantized.npy", y.astype("float32"))


if __name__ == "__main__":
    main()
