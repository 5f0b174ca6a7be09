//! What elements travel as, and how they lie in beats.

use netlathe_codegen_hls::PortTensor;
use netlathe_codegen_hls::wrapper::{Beats, Element};

use netlathe_overlay::{self as overlay, FixedType, Overflow, Packing, Tensor, Transfer};

use crate::error::Error;

/// The widest fixed-point element.
const WIDEST: u32 = 64;

/// Reads an element as hls4ml's `input_type` and `output_type` have it: `float`, `double` or a type such as `ap_fixed<16,6>`.
///
/// # Errors
/// [`Error::Element`].
pub fn element(text: &str) -> Result<Element, Error> {
    let wrong = |why: String| Error::Element { tensor: "a tensor".into(), element: text.into(), why };
    match text.trim() {
        "float" | "float32" => Ok(Element::Float32),
        "double" | "float64" => Ok(Element::Float64),
        fixed => fixed.parse::<FixedType>().map(Element::Fixed).map_err(|why| {
            wrong(format!("it is no element; use float, double or a type such as ap_fixed<16,6> ({why})"))
        }),
    }
}

/// The beats of one tensor, `who` in a message: as many elements as fit in `bits`.
///
/// # Errors
/// [`Error::Element`] when not one element fits, or when it is too wide to be a number of a host.
pub(crate) fn beats(who: &str, element: Element, bits: u32) -> Result<Beats, Error> {
    let wrong = |why: String| Error::Element { tensor: who.to_owned(), element: element.to_string(), why };
    if let Element::Fixed(ty) = element
        && !(1..=WIDEST).contains(&ty.width)
    {
        return Err(wrong(format!(
            "an element has 1 to {WIDEST} bits on a host; choose a narrower type or double with --input-type or --output-type"
        )));
    }
    if element.bits() > bits {
        return Err(wrong(format!("a beat of the board has {bits} bits, an element {}", element.bits())));
    }
    Ok(Beats::full(element, bits))
}

/// Refuses fixed-point input elements that the Python driver cannot make: overflow modes that only the hardware computes. Real
/// numbers become the network's type first and the element then, so both count.
///
/// # Errors
/// [`Error::Element`].
pub(crate) fn convertible(who: &str, element: Element, ty: FixedType) -> Result<(), Error> {
    let Element::Fixed(travels) = element else { return Ok(()) };
    for of in [ty, travels] {
        let hardware_only = match of.overflow {
            Overflow::WrapSm => true,
            Overflow::Wrap => of.sat_bits > 0,
            Overflow::Sat | Overflow::SatZero | Overflow::SatSym => false,
        };
        if hardware_only {
            return Err(Error::Element {
                tensor: who.to_owned(),
                element: element.to_string(),
                why: format!(
                    "the driver does not convert numbers to {of}, whose overflow mode is sign-magnitude wrapping or has saturated \
                     bits; use --input-type float or double, then the hardware converts"
                ),
            });
        }
    }
    Ok(())
}

/// The tensor of the manifest.
pub(crate) fn tensor(port: &PortTensor, beats: Beats, transfer: Transfer) -> Tensor {
    let element = match beats.element {
        Element::Float32 => overlay::Element::Float32,
        Element::Float64 => overlay::Element::Float64,
        Element::Fixed(ty) => overlay::Element::Fixed(ty),
    };
    let packing =
        Packing { elements_per_beat: beats.per_beat, ..Packing::full(beats.beat_bits, element, transfer) };
    Tensor { name: port.layer.clone(), shape: port.shape.clone(), ty: port.ty, packing }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_that_only_hardware_computes_are_refused_for_fixed_elements() {
        let judge = |travels: &str, computed: &str| {
            convertible("input `x`", element(travels).unwrap(), computed.parse().unwrap())
        };
        for (travels, computed) in [
            ("ap_fixed<8,3,AP_TRN,AP_WRAP_SM>", "ap_fixed<16,6>"),
            ("ap_fixed<8,3>", "ap_fixed<16,6,AP_TRN,AP_WRAP_SM>"),
            ("ap_fixed<8,3,AP_TRN,AP_WRAP,1>", "ap_fixed<16,6>"),
        ] {
            let text = judge(travels, computed).unwrap_err().to_string();
            assert!(text.starts_with("NL631: input `x` cannot travel as ap_fixed<8,3"), "{text}");
            assert!(text.contains("--input-type float"), "{text}");
        }
        for (travels, computed) in [
            ("float", "ap_fixed<16,6,AP_TRN,AP_WRAP_SM>"),
            ("double", "ap_fixed<16,6,AP_TRN,AP_WRAP,1>"),
            ("ap_fixed<8,3,AP_RND,AP_SAT>", "ap_fixed<16,6,AP_RND_CONV,AP_SAT_SYM>"),
            ("ap_fixed<8,3>", "ap_fixed<16,6>"),
        ] {
            judge(travels, computed).unwrap();
        }
    }
}
