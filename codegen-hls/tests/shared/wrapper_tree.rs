//! What every flow refuses alike, and what its tests of the emitted files start from.

use netlathe_codegen_hls::{Kernel, PortTensor};
use netlathe_ir::Validated;
use netlathe_overlay::Hashes;

use crate::kernels::Spec;

pub(crate) fn spec() -> Spec {
    Spec {
        inputs: 20,
        outputs: 3,
        input_ty: "ap_fixed<12,4,AP_RND,AP_SAT>",
        output_ty: "ap_ufixed<9,0>",
        expression: "v_j",
        split: None,
    }
}

pub(crate) fn hashes() -> Hashes {
    Hashes { model: "1".repeat(64), configuration: "2".repeat(64), tree: "3".repeat(64), bitstream: None }
}

/// Names and kernels that cannot be used. `refused` gives the message for a network, its kernel and the project's name,
/// `codes` is the number before the flow's first code, `file` one of the wrapper's.
pub(crate) fn check_refusals(codes: u32, file: &str, refused: impl Fn(&Validated, &Kernel, &str) -> String) {
    let (network, kernel) = (spec().network(), spec().kernel());
    let starts = |message: String, number: u32, text: &str| {
        let expected = format!("NL{}: {text}", codes + number);
        assert!(message.starts_with(&expected), "{message:?} does not start with {expected:?}");
    };
    for name in ["", "1x", "a b", "a/b", "é", "a-b", &"a".repeat(65)] {
        starts(refused(&network, &kernel, name), 5, &format!("{name:?} cannot name a project"));
    }
    let mut two = spec().kernel();
    two.outputs.tensors.push(PortTensor { layer: "second".into(), ..two.outputs.tensors[0].clone() });
    starts(refused(&network, &two, "demo"), 8, "the kernel's ports are inconsistent");
    let mut clash = spec().kernel();
    clash.tree.insert(file, "");
    starts(refused(&network, &clash, "demo"), 7, &format!("the kernel already has {file:?}, "));
    let mut lost = spec().kernel();
    lost.inputs.words[0].slots[0].count -= 1;
    starts(refused(&network, &lost, "demo"), 8, "the kernel's ports are inconsistent");
}
