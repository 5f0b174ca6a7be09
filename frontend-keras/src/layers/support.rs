//! Which classes are read: one table for the messages, the documentation and the reader itself.

/// A class that is read, and the files in which it occurs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Support {
    /// Keras's name of the class, or QKeras's.
    pub class: &'static str,
    /// Read from files of Keras 2 (`.h5`, `.keras` of Keras 2.12 to 2.15, JSON with weights).
    pub keras2: bool,
    /// Read from files of Keras 3 (`.keras`, `.h5`).
    pub keras3: bool,
    /// One of QKeras's own classes; they stand in Keras's files, so one of the others is true too.
    pub qkeras: bool,
}

const fn keras(class: &'static str) -> Support {
    Support { class, keras2: true, keras3: true, qkeras: false }
}

const fn keras2(class: &'static str) -> Support {
    Support { class, keras2: true, keras3: false, qkeras: false }
}

const fn qkeras(class: &'static str) -> Support {
    Support { class, keras2: true, keras3: true, qkeras: true }
}

/// Every class that is converted, family by family.
const TABLE: &[Support] = &[
    keras("InputLayer"),
    keras("Dense"),
    // Layers that early Keras contributions brought; hls4ml has them in its own fork of the class list.
    keras2("BinaryDense"),
    keras2("TernaryDense"),
    qkeras("QDense"),
    keras("Conv1D"),
    keras("Conv2D"),
    keras("DepthwiseConv1D"),
    keras("DepthwiseConv2D"),
    keras("SeparableConv1D"),
    keras("SeparableConv2D"),
    qkeras("QConv1D"),
    qkeras("QConv2D"),
    qkeras("QConv2DBatchnorm"),
    qkeras("QDepthwiseConv2D"),
    qkeras("QSeparableConv1D"),
    qkeras("QSeparableConv2D"),
    keras("MaxPooling1D"),
    keras("MaxPooling2D"),
    keras("AveragePooling1D"),
    keras("AveragePooling2D"),
    keras("GlobalMaxPooling1D"),
    keras("GlobalMaxPooling2D"),
    keras("GlobalAveragePooling1D"),
    keras("GlobalAveragePooling2D"),
    keras("Activation"),
    qkeras("QActivation"),
    keras("ReLU"),
    keras("LeakyReLU"),
    keras("PReLU"),
    keras("ELU"),
    keras2("ThresholdedReLU"),
    keras("Softmax"),
    keras("BatchNormalization"),
    qkeras("QBatchNormalization"),
    keras("LayerNormalization"),
    keras("Add"),
    keras("Subtract"),
    keras("Multiply"),
    keras("Average"),
    keras("Maximum"),
    keras("Minimum"),
    keras("Concatenate"),
    keras("Dot"),
    keras("Flatten"),
    keras("Reshape"),
    keras("Permute"),
    keras("RepeatVector"),
    keras("Embedding"),
    keras("ZeroPadding1D"),
    keras("ZeroPadding2D"),
    keras("Cropping1D"),
    keras("Cropping2D"),
    keras("UpSampling1D"),
    keras("UpSampling2D"),
    // Networks within the network: their layers are laid out in it.
    keras("Sequential"),
    keras("Functional"),
    keras("Dropout"),
    keras("AlphaDropout"),
    keras("GaussianDropout"),
    keras("GaussianNoise"),
    keras("SpatialDropout1D"),
    keras("SpatialDropout2D"),
    keras("SpatialDropout3D"),
    keras("ActivityRegularization"),
];

/// Every class that is read, with the kinds of files in which it is: the table of the documentation.
///
/// ```
/// let table = netlathe_frontend_keras::supported();
/// assert!(table.iter().any(|row| row.class == "Conv2D" && row.keras2 && row.keras3 && !row.qkeras));
/// ```
pub fn supported() -> &'static [Support] {
    TABLE
}

/// Classes that are read, for the message that lists them. QKeras's are read from QKeras files alone.
pub const SUPPORTED: &[&str] = &{
    let mut names = [""; TABLE.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = TABLE[i].class;
        i += 1;
    }
    names
};

/// The class's line in the table.
pub(crate) fn of(class: &str) -> Option<&'static Support> {
    TABLE.iter().find(|row| row.class == class)
}

/// Activations that are converted, for the message that lists them.
pub(crate) const ACTIVATIONS: &[&str] = &[
    "linear",
    "relu",
    "relu6",
    "leaky_relu",
    "elu",
    "selu",
    "sigmoid",
    "hard_sigmoid",
    "tanh",
    "hard_tanh",
    "softmax",
    "softplus",
    "softsign",
    "exponential",
    "gelu",
    "silu",
    "swish",
    "binary_tanh",
    "ternary_tanh",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_stands_once() {
        for (i, row) in TABLE.iter().enumerate() {
            assert!(TABLE[..i].iter().all(|other| other.class != row.class), "{} stands twice", row.class);
            assert!(row.keras2 || row.keras3, "{} is read from nothing", row.class);
            assert_eq!(row.qkeras, row.class.starts_with('Q'), "{}", row.class);
        }
        assert_eq!(SUPPORTED.len(), TABLE.len());
    }
}
