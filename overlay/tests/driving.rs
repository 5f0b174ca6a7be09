//! An accelerator made of the public parts, driven as a user drives it.

use std::time::Instant;

use ndarray::{Array3, ArrayD, ArrayViewD, array};
use netlathe_overlay::{
    Accelerator, BeatCore, Codec, Error, HostValue, LatencyHistogram, Manifest, Transfer, batch_of,
    decode_array, encode_array,
};

use crate::beat_core::{Sum, description};

struct Software {
    manifest: Manifest,
    inputs: Vec<Codec>,
    outputs: Vec<Codec>,
    device: BeatCore<Sum>,
    latency: LatencyHistogram,
}

impl Software {
    fn new(manifest: Manifest) -> Self {
        let codecs = |tensors: &[_]| tensors.iter().map(|tensor| Codec::new(tensor).unwrap()).collect();
        let core = Sum { inputs: manifest.inputs.len(), size: 3 };
        Self {
            inputs: codecs(&manifest.inputs),
            outputs: codecs(&manifest.outputs),
            device: BeatCore::new(core, &manifest).unwrap(),
            latency: LatencyHistogram::new(),
            manifest,
        }
    }

    fn call<V: HostValue>(&mut self, inputs: &[ArrayViewD<'_, V>]) -> Result<Vec<ArrayD<V>>, Error> {
        let start = Instant::now();
        batch_of(&self.inputs, inputs)?;
        let mut sent = Vec::new();
        for (codec, input) in self.inputs.iter().zip(inputs) {
            let mut bytes = Vec::new();
            encode_array(codec, input, &mut bytes)?;
            sent.push(codec.frame(bytes)?);
        }
        let got = self
            .device
            .exchange(&sent)
            .map_err(|source| Error::Device { doing: "exchanging beats".into(), source: source.into() })?;
        let arrays =
            self.outputs.iter().zip(&got.outputs).map(|(codec, beats)| decode_array(codec, beats.bytes()));
        let arrays = arrays.collect::<Result<_, _>>()?;
        self.latency.record(start.elapsed());
        Ok(arrays)
    }
}

impl Accelerator for Software {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn predict(&mut self, inputs: &[ArrayViewD<'_, f32>]) -> Result<Vec<ArrayD<f32>>, Error> {
        self.call(inputs)
    }

    fn predict_raw(&mut self, inputs: &[ArrayViewD<'_, i64>]) -> Result<Vec<ArrayD<i64>>, Error> {
        self.call(inputs)
    }

    fn latency(&self) -> &LatencyHistogram {
        &self.latency
    }
}

#[test]
fn arrays_in_arrays_out() {
    for transfer in [Transfer::Sample, Transfer::Batch] {
        let mut device: Box<dyn Accelerator> = Box::new(Software::new(description(2, transfer)));
        let x = array![[0.5f32, 1.0, -2.0], [3.0, 0.0009765625, 0.0004]].into_dyn();
        let y = array![[1.0f32, 1.0, 1.0], [0.0, 0.0, 0.0]].into_dyn();
        let out = device.predict(&[x.view(), y.view()]).unwrap();
        assert_eq!(out, [array![[3.0f32, 4.0, -2.0], [6.0, 0.001953125, 0.0]].into_dyn()]);
        // Whatever the memory order of the array.
        let columns = array![[10i64, 40], [20, 50], [30, 60]];
        let rows = columns.t().into_dyn();
        let out = device.predict_raw(&[rows.clone(), rows]).unwrap();
        assert_eq!(out, [array![[40i64, 80, 120], [160, 200, 240]].into_dyn()]);
        let none = ArrayD::<f32>::zeros(vec![0, 3]);
        assert_eq!(device.predict(&[none.view(), none.view()]).unwrap()[0].shape(), [0, 3]);
        assert_eq!(device.latency().count(), 3);
    }
}

#[test]
fn wrong_arrays_are_refused_by_name() {
    let mut device = Software::new(description(2, Transfer::Sample));
    let right = ArrayD::<f32>::zeros(vec![2, 3]);
    let cases = [
        (vec![right.clone()], "the accelerator has 2 inputs (in0, in1), 1 arrays were given"),
        (
            vec![right.clone(), Array3::zeros((2, 3, 1)).into_dyn()],
            "input \"in1\": an array of shape [2, 3, 1] was given; it must be the batch followed by [3]",
        ),
        (
            vec![ArrayD::zeros(vec![]), right.clone()],
            "input \"in0\": an array of shape [] was given; it must be the batch followed by [3]",
        ),
        (
            vec![right.clone(), ArrayD::zeros(vec![1, 3])],
            "input \"in1\" has a batch of 1, input \"in0\" one of 2; they must be equal",
        ),
    ];
    for (arrays, message) in cases {
        let views: Vec<_> = arrays.iter().map(|array| array.view()).collect();
        assert_eq!(device.predict(&views).unwrap_err().to_string(), message);
    }
    assert_eq!(device.latency().count(), 0);
}
