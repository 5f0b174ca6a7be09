"""Makes and trains the example network: a jet tagger of 16 features and five classes.

    pip install keras jax
    python make.py

The jets are made up: each class is a mixture of two clouds in 16 dimensions, bent so that no plane separates them. Writes
model.keras, x.npy (200 test samples) and y_keras.npy (Keras's answers to them) beside this script. Everything is seeded; other
versions of Keras or jax may give other weights.
"""

import os

os.environ["KERAS_BACKEND"] = "jax"

import pathlib

import keras
import numpy as np

FEATURES, CLASSES, TEST_SAMPLES = 16, 5, 200
HERE = pathlib.Path(__file__).resolve().parent


def jets(n, rng, clouds, mixing):
    label = rng.integers(0, CLASSES, n)
    centre = clouds[label, rng.integers(0, 2, n)]
    x = centre + rng.normal(0, 1.2, (n, FEATURES))
    x = x + 0.5 * np.tanh(x @ mixing)
    return ((x - x.mean(0)) / x.std(0)).astype("float32"), label


def main():
    keras.utils.set_random_seed(16)
    rng = np.random.default_rng(16)
    clouds = rng.normal(0, 1, (CLASSES, 2, FEATURES))
    mixing = rng.normal(0, 0.5, (FEATURES, FEATURES))
    x, label = jets(20_000, rng, clouds, mixing)

    inputs = keras.Input((FEATURES,), name="jets")
    h = keras.layers.Dense(32, name="fc1")(inputs)
    h = keras.layers.BatchNormalization(name="bn1")(h)
    h = keras.layers.Activation("relu", name="relu1")(h)
    h = keras.layers.Dense(32, activation="relu", name="fc2")(h)
    h = keras.layers.Dense(CLASSES, name="output")(h)
    outputs = keras.layers.Activation("softmax", name="softmax")(h)
    model = keras.Model(inputs, outputs, name="jet_tagger")
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, label, batch_size=256, epochs=12, verbose=0)

    x_test, label_test = jets(TEST_SAMPLES, rng, clouds, mixing)
    y = model.predict(x_test, verbose=0)
    print(f"accuracy on {TEST_SAMPLES} test jets: {(y.argmax(1) == label_test).mean():.3f}")
    # Only what inference needs: no optimizer state.
    keras.Model(inputs, outputs, name="jet_tagger").save(HERE / "model.keras")
    np.save(HERE / "x.npy", x_test)
    np.save(HERE / "y_keras.npy", y.astype("float32"))


if __name__ == "__main__":
    main()
