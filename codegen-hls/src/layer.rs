//! One layer as the templates see it.

use crate::names::Namer;
use netlathe_ir::apfixed::Class;
use netlathe_ir::{FixedType, Node};

/// A `typedef` of `defines.h`.
pub(crate) struct TypeDef {
    pub(crate) name: String,
    pub(crate) cpp: String,
    pub(crate) note: String,
}

/// A constant array of a `weights_*.h` or `tables_*.h`.
pub(crate) struct Array {
    pub(crate) name: String,
    pub(crate) element: &'static str,
    pub(crate) len: usize,
    /// The initialiser's lines.
    pub(crate) text: String,
    pub(crate) note: String,
}

/// A product made of adders, in a header of its own.
pub(crate) struct Adders {
    /// Name of the struct.
    pub(crate) name: String,
    pub(crate) n_in: usize,
    pub(crate) n_out: usize,
    pub(crate) count: usize,
    /// The body of its function.
    pub(crate) text: String,
}

/// One layer.
pub(crate) struct Layer {
    /// Its name, unique in the project.
    pub(crate) ident: String,
    /// What a comment says of it.
    pub(crate) title: String,
    /// The name in quotes of its trace.
    pub(crate) trace_file: String,
    pub(crate) is_input: bool,
    /// Name of the array with its output.
    pub(crate) out: String,
    /// What of the node's tensor the array holds: all of it, or a token.
    pub(crate) shape: Vec<usize>,
    pub(crate) len: usize,
    /// Name of the output's type.
    pub(crate) result: String,
    pub(crate) types: Vec<TypeDef>,
    pub(crate) weights: Vec<Array>,
    pub(crate) tables: Vec<Array>,
    pub(crate) adders: Option<Adders>,
    pub(crate) config_name: String,
    /// Members of the configuration struct; none, no struct.
    pub(crate) config: Vec<String>,
    pub(crate) calls: Vec<String>,
    pub(crate) headers: Vec<&'static str>,
}

impl Layer {
    /// A layer that computes nothing yet: its names and the type of its output.
    pub(crate) fn new(node: &Node, ident: String, namer: &mut Namer) -> Self {
        let result = namer.unique(&format!("{ident}_result_t"));
        Self {
            title: comment(&format!("{}: {}, shape {:?}", node.name, node.op.class_name(), node.shape)),
            trace_file: if is_file_name(&node.name) { node.name.clone() } else { ident.clone() },
            is_input: node.inputs.is_empty(),
            out: namer.unique(&format!("layer{}_out", node.index)),
            shape: node.shape.clone(),
            len: node.len(),
            types: vec![TypeDef { name: result.clone(), cpp: cpp_type(&node.ty()), note: note(&node.ty()) }],
            result,
            weights: Vec::new(),
            tables: Vec::new(),
            adders: None,
            config_name: namer.unique(&format!("{ident}_config")),
            config: Vec::new(),
            calls: Vec::new(),
            headers: Vec::new(),
            ident,
        }
    }

    /// Defines a type of this layer; returns its name.
    pub(crate) fn ty(&mut self, role: &str, ty: &FixedType, namer: &mut Namer) -> String {
        let name = namer.unique(&format!("{}_{role}_t", self.ident));
        self.types.push(TypeDef { name: name.clone(), cpp: cpp_type(ty), note: note(ty) });
        name
    }

    /// Adds a constant to the layer's configuration.
    pub(crate) fn constant(&mut self, name: &str, value: usize) {
        self.config.push(format!("static const int {name} = {value};"));
    }

    /// Adds a type to the layer's configuration.
    pub(crate) fn alias(&mut self, name: &str, ty: &str) {
        self.config.push(format!("typedef {ty} {name};"));
    }

    /// Adds a function without arguments that returns the value with these bits.
    pub(crate) fn value(&mut self, name: &str, ty: &str, raw: i128) {
        self.config.push(format!("static {ty} {name}() {{ return {}; }}", value(ty, raw)));
    }

    /// Adds a table, and to the configuration its size and the function that reads an entry.
    pub(crate) fn table(&mut self, role: &str, ty: &str, entries: &[i64], namer: &mut Namer) {
        let prefix = if role.is_empty() { String::new() } else { format!("{role}_") };
        let name = namer.unique(&format!("{}_{prefix}table", self.ident));
        self.constant(&format!("{prefix}size"), entries.len());
        self.config
            .push(format!("static {ty} {prefix}entry(int i) {{ return nnet::from_raw<{ty}>({name}[i]); }}"));
        self.tables.push(array(name, entries.iter().copied(), format!("raw integers of {ty}")));
    }
}

/// The type in C++. Integer types appear as the fixed-point types that behave as integers should.
pub(crate) fn cpp_type(ty: &FixedType) -> String {
    match ty.class {
        Class::Fixed => ty.cpp(),
        Class::Int => {
            let u = if ty.signed { "" } else { "u" };
            format!("ap_{u}fixed<{w},{w},AP_TRN_ZERO,AP_WRAP>", w = ty.width)
        }
    }
}

fn note(ty: &FixedType) -> String {
    match ty.class {
        Class::Fixed => String::new(),
        Class::Int => ty.cpp(),
    }
}

/// An expression of the value with these bits.
fn value(ty: &str, raw: i128) -> String {
    match i32::try_from(raw) {
        Ok(raw) => format!("nnet::from_raw<{ty}>({raw})"),
        Err(_) => format!("nnet::from_words<{ty}>({:#x}ULL, {:#x}ULL)", (raw >> 64) as u64, raw as u64),
    }
}

/// A constant array in the smallest native type.
pub(crate) fn array(name: String, values: impl ExactSizeIterator<Item = i64> + Clone, note: String) -> Array {
    let (min, max) = values.clone().fold((0, 0), |(low, high): (i64, i64), v| (low.min(v), high.max(v)));
    let holds = |low: i64, high: i64| low <= min && max <= high;
    let element = if holds(i8::MIN.into(), i8::MAX.into()) {
        "signed char"
    } else if holds(i16::MIN.into(), i16::MAX.into()) {
        "short"
    } else if holds(i32::MIN.into(), i32::MAX.into()) {
        "int"
    } else {
        "long long"
    };
    let len = values.len();
    let mut text = String::new();
    for (i, v) in values.enumerate() {
        if i > 0 {
            text.push_str(if i % PER_LINE == 0 { ",\n" } else { ", " });
        }
        if i % PER_LINE == 0 {
            text.push_str("    ");
        }
        // The most negative numbers have no literal: a literal is the positive number, then negated.
        match v {
            i64::MIN => text.push_str("-9223372036854775807LL - 1"),
            _ if i32::try_from(v).is_err() => text.push_str(&format!("{v}LL")),
            _ => text.push_str(&v.to_string()),
        }
    }
    Array { name, element, len, text, note }
}

/// Values in a line of a constant array.
const PER_LINE: usize = 16;

/// Text that can stand in a `//` comment: a name from a file may hold anything.
pub(crate) fn comment(text: &str) -> String {
    text.chars().map(|c| if (' '..='~').contains(&c) && c != '\\' { c } else { '?' }).collect()
}

/// Whether a layer's name can be the name of a file everywhere; if not, its trace goes by its identifier.
fn is_file_name(name: &str) -> bool {
    name.len() <= 100
        && name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_native_type() {
        let element = |values: &[i64]| array("a".into(), values.iter().copied(), String::new()).element;
        assert_eq!(element(&[-128, 127]), "signed char");
        assert_eq!(element(&[128]), "short");
        assert_eq!(element(&[-32_769]), "int");
        assert_eq!(element(&[i64::from(i32::MAX) + 1]), "long long");
        assert_eq!(
            array("a".into(), [i64::MIN].into_iter(), String::new()).text,
            "    -9223372036854775807LL - 1"
        );
    }

    #[test]
    fn comments_end_where_they_should() {
        assert_eq!(comment("a\nb\\"), "a?b?");
    }
}
