//! The wrapper's rules for TLAST, short and over-long samples, and several inputs.

use netlathe_overlay::{
    BeatCore, BeatError, Beats, Codec, Core, CoreError, Exchange, LengthFault, Manifest, Port, Transfer,
};

use crate::support::{full, manifest, tensor};

/// Adds the inputs, element by element, and doubles the sum.
pub(crate) struct Sum {
    pub(crate) inputs: usize,
    pub(crate) size: usize,
}

impl Core for Sum {
    fn inputs(&self) -> Vec<Port> {
        vec![Port { shape: vec![self.size], ty: "ap_fixed<16,6>".parse().unwrap() }; self.inputs]
    }

    fn outputs(&self) -> Vec<Port> {
        vec![Port { shape: vec![self.size], ty: "ap_fixed<20,10>".parse().unwrap() }]
    }

    fn run(&mut self, inputs: &[&[i64]], outputs: &mut [&mut [i64]]) -> Result<(), CoreError> {
        if inputs.iter().any(|input| input.contains(&-7)) {
            return Err(CoreError::Failed("it met -7".into()));
        }
        for (j, out) in outputs[0].iter_mut().enumerate() {
            *out = 2 * inputs.iter().map(|input| input[j]).sum::<i64>();
        }
        Ok(())
    }
}

/// `inputs` inputs of 3 elements in two beats of 32 bits; an output of 3 elements in three beats of 24.
pub(crate) fn description(inputs: usize, transfer: Transfer) -> Manifest {
    let input = |i| tensor(&format!("in{i}"), &[3], "ap_fixed<16,6>", full(32, "ap_fixed<16,6>", transfer));
    let output = tensor("out", &[3], "ap_fixed<20,10>", full(24, "ap_fixed<20,10>", transfer));
    manifest((0..inputs).map(input).collect(), vec![output])
}

fn device(inputs: usize, transfer: Transfer) -> BeatCore<Sum> {
    BeatCore::new(Sum { inputs, size: 3 }, &description(inputs, transfer)).unwrap()
}

/// Beats of two 16-bit elements each.
fn beats(list: &[([i16; 2], bool)]) -> Beats {
    let mut beats = Beats::new(4);
    for ([low, high], last) in list {
        assert!(beats.push(&[low.to_le_bytes(), high.to_le_bytes()].concat(), *last));
    }
    beats
}

/// The raw integers and the TLAST flags of the output's beats.
fn answer(exchange: &Exchange) -> (Vec<i64>, Vec<bool>) {
    let codec = Codec::new(&description(1, Transfer::Sample).outputs[0]).unwrap();
    let output = &exchange.outputs[0];
    (codec.decode(output.bytes()).unwrap(), output.last().to_vec())
}

#[test]
fn a_sample_each_and_tlast_on_each() {
    let sent = beats(&[([1, 2], false), ([3, 99], true), ([-4, 5], false), ([6, 99], true)]);
    let got = device(1, Transfer::Sample).exchange(&[sent]).unwrap();
    let (values, last) = answer(&got);
    assert_eq!(values, [2, 4, 6, -8, 10, 12], "the lane beyond the size holds nothing");
    assert_eq!(last, [false, false, true, false, false, true]);
    assert_eq!(got.faults, []);
}

#[test]
fn a_batch_closes_once() {
    let mut device = device(1, Transfer::Batch);
    let sent = beats(&[([1, 2], false), ([3, 0], false), ([4, 5], false), ([6, 0], true)]);
    let (values, last) = answer(&device.exchange(&[sent]).unwrap());
    assert_eq!(values, [2, 4, 6, 8, 10, 12]);
    assert_eq!(last, [false, false, false, false, false, true]);
    // TLAST on any beat closes the batch, but before the end of a sample it also cuts that one short.
    let got = device.exchange(&[beats(&[([1, 2], false), ([3, 0], false), ([4, 5], true)])]).unwrap();
    assert_eq!(answer(&got), (vec![2, 4, 6, 8, 10, 0], vec![false, false, false, false, false, true]));
    assert_eq!(got.faults, [LengthFault::Short { input: "in0".into(), sample: 3, expected: 2, found: 1 }]);
}

#[test]
fn a_short_sample_is_answered_and_does_not_spoil_the_next() {
    let sent = beats(&[([1, 2], true), ([3, 4], false), ([5, 0], true)]);
    let got = device(1, Transfer::Sample).exchange(&[sent]).unwrap();
    assert_eq!(answer(&got), (vec![2, 4, 0, 6, 8, 10], vec![false, false, true, false, false, true]));
    assert_eq!(got.faults, [LengthFault::Short { input: "in0".into(), sample: 0, expected: 2, found: 1 }]);
    assert_eq!(
        got.faults[0].to_string(),
        "input \"in0\", sample 0: TLAST on beat 1 of 2; the rest was taken as zeros"
    );
}

#[test]
fn an_overlong_sample_is_answered_once_and_does_not_spoil_the_next() {
    let sent = beats(&[
        ([1, 2], false),
        ([3, 0], false),
        ([9, 9], false),
        ([9, 9], true),
        ([4, 5], false),
        ([6, 0], true),
    ]);
    let got = device(1, Transfer::Sample).exchange(&[sent]).unwrap();
    assert_eq!(answer(&got), (vec![2, 4, 6, 8, 10, 12], vec![false, false, true, false, false, true]));
    assert_eq!(got.faults, [LengthFault::Long { input: "in0".into(), sample: 0, expected: 2 }]);
}

#[test]
fn an_incomplete_sample_waits_for_its_rest() {
    let mut device = device(1, Transfer::Batch);
    let first = device.exchange(&[beats(&[([1, 2], false)])]).unwrap();
    assert!(first.outputs[0].is_empty());
    let second = device.exchange(&[beats(&[([3, 0], true)])]).unwrap();
    assert_eq!(answer(&second).0, [2, 4, 6]);
    // A reset forgets it.
    device.exchange(&[beats(&[([1, 2], false)])]).unwrap();
    device.reset();
    let third = device.exchange(&[beats(&[([4, 5], false), ([6, 0], true)])]).unwrap();
    assert_eq!(answer(&third).0, [8, 10, 12]);
}

#[test]
fn several_inputs_wait_for_each_other() {
    let mut device = device(2, Transfer::Sample);
    assert!(device.offer(0, &[1, 0, 2, 0], false).unwrap());
    assert!(device.offer(0, &[3, 0, 0, 0], true).unwrap());
    assert!(!device.ready(0) && device.ready(1));
    assert!(!device.offer(0, &[0; 4], false).unwrap(), "a second sample is not taken");
    assert!(device.offer(1, &[10, 0, 20, 0], false).unwrap());
    assert!(device.take_output(0).unwrap().is_empty());
    assert!(device.offer(1, &[30, 0, 0, 0], true).unwrap());
    assert_eq!(device.take_output(0).unwrap().len(), 3);
    assert!(device.ready(0), "the core has run");

    let two = beats(&[([1, 1], false), ([1, 0], true), ([2, 2], false), ([2, 0], true)]);
    let (values, _) = answer(&device.exchange(&[two.clone(), two.clone()]).unwrap());
    assert_eq!(values, [4, 4, 4, 8, 8, 8]);
    let error = device.exchange(&[two, Beats::new(4)]).unwrap_err();
    assert!(
        matches!(&error, BeatError::Stalled { name, left: 2, waits_for } if name == "in0" && waits_for == "in1"),
        "{error}"
    );
}

/// Two inputs of different sizes; the outputs are the sum of all and the second input, backwards.
struct Mixed;

impl Core for Mixed {
    fn inputs(&self) -> Vec<Port> {
        [3, 1].map(|size| Port { shape: vec![size], ty: "ap_fixed<16,6>".parse().unwrap() }).to_vec()
    }

    fn outputs(&self) -> Vec<Port> {
        [1, 3].map(|size| Port { shape: vec![size], ty: "ap_fixed<16,6>".parse().unwrap() }).to_vec()
    }

    fn run(&mut self, inputs: &[&[i64]], outputs: &mut [&mut [i64]]) -> Result<(), CoreError> {
        outputs[0][0] = inputs.iter().copied().flatten().sum();
        for (j, out) in outputs[1].iter_mut().enumerate() {
            *out = inputs[0][2 - j];
        }
        Ok(())
    }
}

#[test]
fn several_inputs_and_outputs_under_each_rule() {
    // Beats of two elements: two beats and one go in, one and two come out.
    let described = |in0, in1, out0, out1| {
        let port = |name, size, transfer| {
            tensor(name, &[size], "ap_fixed<16,6>", full(32, "ap_fixed<16,6>", transfer))
        };
        manifest(vec![port("a", 3, in0), port("b", 1, in1)], vec![port("s", 1, out0), port("r", 3, out1)])
    };
    let (sample, batch) = (Transfer::Sample, Transfer::Batch);
    let first = beats(&[([1, 2], false), ([3, 0], false), ([4, 5], false), ([6, 0], true)]);
    let first_each = beats(&[([1, 2], false), ([3, 0], true), ([4, 5], false), ([6, 0], true)]);
    let second = beats(&[([10, 0], false), ([20, 0], true)]);
    let second_each = beats(&[([10, 0], true), ([20, 0], true)]);
    let sums = beats(&[([16, 0], false), ([35, 0], true)]);
    let sums_each = beats(&[([16, 0], true), ([35, 0], true)]);
    let backwards = beats(&[([3, 2], false), ([1, 0], false), ([6, 5], false), ([4, 0], true)]);
    let backwards_each = beats(&[([3, 2], false), ([1, 0], true), ([6, 5], false), ([4, 0], true)]);
    let cases = [
        (described(batch, batch, batch, batch), &first, &second, &sums, &backwards),
        (described(sample, sample, sample, sample), &first_each, &second_each, &sums_each, &backwards_each),
        // An output has its own rule; the batch ends with that of the input whose rule is `Batch`.
        (described(sample, batch, batch, sample), &first_each, &second, &sums, &backwards_each),
        // Without such an input a batch is one sample.
        (described(sample, sample, batch, batch), &first_each, &second_each, &sums_each, &backwards_each),
    ];
    for (manifest, a, b, s, r) in cases {
        let mut device = BeatCore::new(Mixed, &manifest).unwrap();
        let got = device.exchange(&[a.clone(), b.clone()]).unwrap();
        assert_eq!((got.outputs, got.faults), (vec![s.clone(), r.clone()], vec![]));
        assert_eq!(device.runs(), 2);
    }
    // TLAST on any input closes a batch.
    let mut device = BeatCore::new(Mixed, &described(batch, batch, batch, batch)).unwrap();
    let got = device.exchange(&[first_each, second]).unwrap();
    assert_eq!(got.outputs, [sums_each, backwards_each]);
}

#[test]
fn what_cannot_be_taken_is_refused() {
    let mut device = device(1, Transfer::Sample);
    assert!(matches!(device.offer(1, &[0; 4], true), Err(BeatError::NoInput { index: 1, inputs: 1 })));
    assert!(matches!(device.offer(0, &[0; 3], true), Err(BeatError::Width { expected: 4, found: 3, .. })));
    assert!(device.take_output(1).is_none());
    assert!(!Beats::new(2).push(&[0; 3], true));

    // The sample that failed is gone; the next one is computed.
    let failed = device.exchange(&[beats(&[([-7, 0], false), ([0, 0], true)])]);
    assert!(matches!(failed, Err(BeatError::Core(CoreError::Failed(_)))));
    let next = device.exchange(&[beats(&[([1, 0], false), ([0, 0], true)])]).unwrap();
    assert_eq!(answer(&next).0, [2, 0, 0]);

    let other = BeatCore::new(Sum { inputs: 1, size: 4 }, &description(1, Transfer::Sample));
    assert_eq!(
        other.err().unwrap().to_string(),
        "the core has ap_fixed<16,6> [4] as its inputs, the manifest describes ap_fixed<16,6> [3]; \
         they are of different networks"
    );
}
