//! Names that every generated language accepts.
//!
//! A project is C++, Tcl, Python, SystemVerilog and, inside the vendor's tools, VHDL; a layer keeps one name in all of them.

use std::collections::BTreeSet;

/// Hands out identifiers. One for a project, so that a name means one thing in every file.
///
/// An identifier is ASCII letters, digits and single inner underscores, starts with a letter, has at most
/// [`MAX_LENGTH`] characters, is no reserved word of any language, and differs from every other one in more than case (VHDL
/// and some file systems do not tell case apart).
#[derive(Clone, Debug)]
pub struct Namer {
    /// Lower case.
    taken: BTreeSet<String>,
}

/// Longest identifier: file names and hierarchical names of tools are built from them.
pub const MAX_LENGTH: usize = 64;

impl Default for Namer {
    fn default() -> Self {
        Self::new()
    }
}

impl Namer {
    /// A namer that has handed out nothing yet; reserved words are taken.
    pub fn new() -> Self {
        let lists = [CPP, VERILOG, VHDL, TCL, PYTHON, OWN];
        let words = lists.iter().flat_map(|list| list.split_whitespace()).map(str::to_ascii_lowercase);
        Self { taken: words.collect() }
    }

    /// An identifier as near to `wish` as the rules allow. Never the same one twice.
    pub fn unique(&mut self, wish: &str) -> String {
        let base = sanitize(wish);
        let mut name = base.clone();
        let mut number = 2;
        while self.taken.contains(&name.to_ascii_lowercase()) {
            let suffix = format!("_{number}");
            let kept = base[..base.len().min(MAX_LENGTH - suffix.len())].trim_end_matches('_');
            name = format!("{kept}{suffix}");
            number += 1;
        }
        self.taken.insert(name.to_ascii_lowercase());
        name
    }
}

/// Everything but letters and digits becomes a single underscore; the first character becomes a letter.
fn sanitize(wish: &str) -> String {
    let mut name = String::new();
    for c in wish.chars() {
        if c.is_ascii_alphanumeric() {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
    }
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name.insert_str(0, if name.is_empty() { "layer" } else { "n_" });
    }
    if is_of_a_reserved_family(&name) {
        name.insert_str(0, "n_");
    }
    name.truncate(MAX_LENGTH);
    while name.ends_with('_') {
        name.pop();
    }
    name
}

/// Whether a name belongs to a family that the HLS types and our headers use, or would with a number after it.
fn is_of_a_reserved_family(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ["ap", "nnet", "ac", "hls", "af"]
        .iter()
        .any(|family| lower.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with('_')))
}

const CPP: &str = "alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t class compl \
    concept const consteval constexpr constinit const_cast continue co_await co_return co_yield decltype default delete do \
    double dynamic_cast else enum explicit export extern false float for friend goto if inline int long mutable namespace \
    new noexcept not not_eq nullptr operator or or_eq private protected public register reinterpret_cast requires restrict \
    return short signed sizeof static static_assert static_cast struct switch template this thread_local throw true try \
    typedef typeid typename typeof union unsigned using virtual void volatile wchar_t while xor xor_eq \
    final override import module main std errno assert NULL EOF stdin stdout stderr linux unix i386 \
    abort abs acos asin atan atan2 atof atoi atol calloc ceil clearerr cos cosh div erf erfc exit exp exp2 expm1 fabs fclose \
    fdim feof ferror fflush fgetc fgets floor fma fmax fmin fmod fopen fprintf fputc fputs fread free frexp fscanf fseek ftell \
    fwrite gamma getc getchar getenv gets hypot index isnan isinf j0 j1 jn labs ldexp ldiv lgamma llabs lldiv log log10 log1p \
    log2 logb lrint lround malloc memchr memcmp memcpy memmove memset modf nan nearbyint perror pow printf putc putchar puts \
    qsort rand random realloc remainder remove remquo rename rewind rindex rint round scalb scanf select setbuf signal signbit \
    significand sin sinh sprintf sqrt srand sscanf strcat strchr strcmp strcpy strlen strtod strtok strtol system tan tanh \
    tgamma time tmpfile trunc ungetc vprintf write read open close pipe fork kill link unlink sleep wait exec stat \
    y0 y1 yn signgam daylight timezone tzname environ optarg optind opterr optopt";

const VERILOG: &str = "accept_on alias always always_comb always_ff always_latch and assert assign assume automatic before \
    begin bind bins binsof bit break buf bufif0 bufif1 byte case casex casez cell chandle checker class clocking cmos config \
    const constraint context continue cover covergroup coverpoint cross deassign default defparam design disable dist do edge \
    else end endcase endchecker endclass endclocking endconfig endfunction endgenerate endgroup endinterface endmodule \
    endpackage endprimitive endprogram endproperty endsequence endspecify endtable endtask enum event eventually expect \
    export extends extern final first_match for force foreach forever fork forkjoin function generate genvar global highz0 \
    highz1 if iff ifnone ignore_bins illegal_bins implements implies import incdir include initial inout input inside instance \
    int integer interconnect interface intersect join join_any join_none large let liblist library local localparam logic \
    longint macromodule matches medium modport module nand negedge nettype new nexttime nmos nor noshowcancelled not notif0 \
    notif1 null or output package packed parameter pmos posedge primitive priority program property protected pull0 pull1 \
    pulldown pullup pulsestyle_ondetect pulsestyle_onevent pure rand randc randcase randsequence rcmos real realtime ref reg \
    reject_on release repeat restrict return rnmos rpmos rtran rtranif0 rtranif1 s_always s_eventually s_nexttime s_until \
    s_until_with scalared sequence shortint shortreal showcancelled signed small soft solve specify specparam static string \
    strong strong0 strong1 struct super supply0 supply1 sync_accept_on sync_reject_on table tagged task this throughout time \
    timeprecision timeunit tran tranif0 tranif1 tri tri0 tri1 triand trior trireg type typedef union unique unique0 unsigned \
    until until_with untyped use uwire var vectored virtual void wait wait_order wand weak weak0 weak1 while wildcard wire \
    with within wor xnor xor";

const VHDL: &str = "abs access after alias all and architecture array assert assume assume_guarantee attribute begin block \
    body buffer bus case component configuration constant context cover default disconnect downto else elsif end entity exit \
    fairness file for force function generate generic group guarded if impure in inertial inout is label library linkage \
    literal loop map mod nand new next nor not null of on open or others out package parameter port postponed procedure \
    process property protected pure range record register reject release rem report restrict restrict_guarantee return rol \
    ror select sequence severity shared signal sla sll sra srl strong subtype then to transport type unaffected units until \
    use variable vmode vprop vunit wait when while with xnor xor work ieee std_logic std_logic_vector integer natural positive \
    boolean character";

const TCL: &str = "after append array auto_execok auto_import auto_load auto_qualify auto_reset bgerror binary break catch cd \
    chan clock close concat continue coroutine dde dict encoding eof error eval exec exit expr fblocked fconfigure fcopy file \
    fileevent filename flush for foreach format gets glob global history http if incr info interp join lappend lassign \
    lindex linsert list llength lmap load lrange lrepeat lreplace lreverse lsearch lset lsort mathfunc mathop memory msgcat \
    namespace next nextto open package parray pid pkg_mkindex platform proc puts pwd read refchan regexp registry regsub \
    rename return safe scan seek self set socket source split string subst switch tailcall tcltest tell throw time tm trace \
    transchan try unknown unload unset update uplevel upvar variable vwait while yield yieldto zlib argv argc argv0 env";

const PYTHON: &str = "False None True and as assert async await break class continue def del elif else except finally for from \
    global if import in is lambda match nonlocal not or pass raise return try type while with yield print input open len list \
    dict tuple set str int float bool bytes object range self sys os numpy np pynq";

/// Names of our own headers, macros and generated parts.
const OWN: &str = "nnet defines weights tables x y x_T y_T CONFIG_T inp outp tb tb_data top word bits raw test_bench wrapper \
     model_wrapper";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_some_language_refuses() {
        let mut namer = Namer::new();
        let pairs = [
            ("fc1", "fc1"),
            ("FC1", "FC1_2"),
            ("inp", "inp_2"),
            ("input", "input_2"),
            ("for", "for_2"),
            ("x-1", "x_1"),
            ("x_1", "x_1_2"),
            ("x--1", "x_1_3"),
            ("1st", "n_1st"),
            ("_a_", "a"),
            ("", "layer"),
            ("层", "layer_2"),
            ("block/conv:0", "block_conv_0"),
            ("nnet", "n_nnet"),
            ("ap_fixed", "n_ap_fixed"),
            ("apple", "apple"),
        ];
        for (wish, expected) in &pairs {
            assert_eq!(namer.unique(wish), *expected, "{wish}");
        }
    }

    #[test]
    fn long_names_stay_unique() {
        let mut namer = Namer::new();
        let long = "a".repeat(300);
        let (first, second) = (namer.unique(&long), namer.unique(&long));
        assert_eq!((first.len(), second.len()), (MAX_LENGTH, MAX_LENGTH));
        assert_ne!(first, second);
    }
}
