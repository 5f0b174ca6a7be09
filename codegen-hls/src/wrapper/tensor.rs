//! A tensor of a wrapper: its packing, its place in the kernel's parameters, the streams that carry it.

use crate::layout::{PortTensor, Side};
use crate::stream;
use crate::wrapper::interface::{Beats, Bus, Element};
use netlathe_apfixed::{Class, FixedType};

/// A tensor with all that its processes need to know.
pub(super) struct Tensor<'a> {
    pub(super) port: &'a PortTensor,
    /// The parameter of the outermost function.
    pub(super) ident: String,
    pub(super) packing: Beats,
    pub(super) size: usize,
    /// Beats of a sample.
    pub(super) beats: usize,
    /// In `io_parallel`: where its elements lie in the kernel's words.
    pub(super) slots: Vec<Slot>,
    /// In `io_stream`: the kernel's parameter.
    pub(super) stream: Option<&'a stream::Port>,
    pub(super) is_input: bool,
}

/// Elements of one tensor in one word.
pub(super) struct Slot {
    /// The stream that carries them between the processes.
    pub(super) stream: String,
    /// Number of the word.
    pub(super) word: usize,
    pub(super) first: usize,
    pub(super) count: usize,
    pub(super) lsb: u32,
    pub(super) bits: u32,
}

/// A stream of words.
pub(super) fn words_of(bits: u32) -> String {
    format!("hls::stream<ap_uint<{bits}> >")
}

/// The type of the same bits as `ty`, of the class of fixed-point types.
///
/// The constructor of `ap_int` makes 1 of small negative numbers such as -0.1. The fixed-point type of the same bits truncates
/// them to 0, as `docs/numerics.md` wants.
pub(super) fn converter(ty: FixedType) -> FixedType {
    match ty.class {
        Class::Fixed => ty,
        Class::Int if ty.signed => FixedType::fixed(ty.width, ty.integer),
        Class::Int => FixedType::ufixed(ty.width, ty.integer),
    }
    .with_modes(ty.effective_rounding(), ty.effective_overflow())
}

impl<'a> Tensor<'a> {
    pub(super) fn all(
        side: &'a Side,
        streams: Option<&'a [stream::Port]>,
        packings: &[Beats],
        is_input: bool,
    ) -> Vec<Self> {
        let stem = if is_input { "data_in" } else { "data_out" };
        let single = side.tensors.len() == 1;
        let tensor = |(number, (port, packing)): (usize, (&'a PortTensor, &Beats))| {
            let ident = if single { stem.to_owned() } else { format!("{stem}{number}") };
            let size = port.len();
            let mut slots: Vec<Slot> = side
                .words
                .iter()
                .enumerate()
                .flat_map(|(word, w)| w.slots.iter().map(move |slot| (word, slot)))
                .filter(|(_, slot)| slot.tensor == number)
                .map(|(word, slot)| Slot {
                    stream: format!("{ident}_words"),
                    word,
                    first: slot.first,
                    count: slot.count,
                    lsb: slot.lsb,
                    bits: slot.count as u32 * port.ty.width,
                })
                .collect();
            if slots.len() > 1 {
                slots.iter_mut().enumerate().for_each(|(n, slot)| slot.stream += &n.to_string());
            }
            Self {
                port,
                ident,
                packing: *packing,
                size,
                beats: size.div_ceil(packing.per_beat as usize),
                slots,
                stream: streams.and_then(|ports| ports.get(number)),
                is_input,
            }
        };
        side.tensors.iter().zip(packings).enumerate().map(tensor).collect()
    }

    /// Elements that the kernel's parameters have of it.
    pub(super) fn packed(&self) -> usize {
        match self.stream {
            Some(port) => port.channel.tokens * port.channel.len,
            None => self.slots.iter().map(|slot| slot.count).sum(),
        }
    }

    /// The struct that describes it.
    pub(super) fn name(&self) -> String {
        format!("{}_tensor", self.ident)
    }

    pub(super) fn lane(&self) -> String {
        match self.packing.element {
            Element::Float32 => "nnet::float32_lane".into(),
            Element::Float64 => "nnet::float64_lane".into(),
            Element::Fixed(ty) => format!("nnet::fixed_lane<{} >", converter(ty).cpp()),
        }
    }

    /// Elements of a token and of a word, in `io_stream`.
    pub(super) fn token(&self) -> Option<(usize, usize)> {
        self.stream.map(|port| (port.channel.len, port.channel.per_word))
    }

    pub(super) fn raw(&self) -> String {
        format!("ap_uint<{}>", self.port.ty.width)
    }

    pub(super) fn data(&self) -> String {
        format!("ap_uint<{}>", self.packing.beat_bits)
    }

    /// The streams that carry its elements between the processes, as (name, bits).
    pub(super) fn carriers(&self) -> Vec<(String, u32)> {
        match self.stream {
            Some(port) => vec![(format!("{}_words", self.ident), port.channel.bits())],
            None => self.slots.iter().map(|slot| (slot.stream.clone(), slot.bits)).collect(),
        }
    }

    pub(super) fn carrier_names(&self) -> impl Iterator<Item = String> {
        self.carriers().into_iter().map(|(name, _)| name)
    }

    pub(super) fn carrier_parameters(&self) -> impl Iterator<Item = String> {
        self.carriers().into_iter().map(|(name, bits)| format!("{} &{name}", words_of(bits)))
    }

    /// The stream of marks: whether the sample closes a batch.
    pub(super) fn marks(&self) -> String {
        format!("{}_marks", self.ident)
    }

    /// What its process reads beats from or writes them to, as a type.
    pub(super) fn beat_stream(&self, bus: Bus) -> String {
        match bus {
            Bus::Stream(_) => format!("hls::stream<{}_beat>", self.ident),
            Bus::Memory { .. } | Bus::Lite => words_of(self.packing.beat_bits),
        }
    }

    /// Rounds of the gearbox for a sample, see `nnet_beats.h`.
    pub(super) fn rounds(&self) -> usize {
        let Some(port) = self.stream else { return self.beats };
        let c = port.channel;
        let lanes = self.packing.per_beat as usize;
        let words = c.tokens * c.words();
        let word = |number: usize| c.per_word.min(c.len - number % c.words() * c.per_word);
        let beat = |number: usize| lanes.min(self.size - number * lanes);
        let (mut rounds, mut have, mut put, mut taken) = (0, 0, 0, 0);
        while taken < if self.is_input { words } else { self.beats } {
            let wanted = if self.is_input { word(taken) } else { beat(taken) };
            if have < wanted {
                // What is left of the last beat is no element, but takes up room.
                have += if self.is_input { lanes } else { word(put) };
                put += 1;
            }
            if have >= wanted {
                have -= wanted;
                taken += 1;
            }
            rounds += 1;
        }
        rounds
    }
}
