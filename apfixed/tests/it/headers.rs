//! Differential test against the C++ headers themselves: random types become template instantiations of one generated
//! program, values go in as lines of hexadecimal words, raw results come back.
//!
//! Environment: `NETLATHE_AP_TYPES` the folder of the headers (without it, or without g++, the test says SKIPPED);
//! `NETLATHE_APFIXED_CASES` how many instantiations (default 160); `NETLATHE_APFIXED_SEED` the generator's seed.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use netlathe_apfixed::*;

use crate::rng::Rng;

/// Instantiations in one program; g++ slows down beyond.
const PER_PROGRAM: usize = 260;
/// Random values for an instantiation whose operands are too wide to try them all.
const VALUES: usize = 80;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// `D d = s`
    Cast,
    /// `D d(double)`
    FromDouble,
    /// `D d; stream >> d`
    FromText,
    /// `to_double`, `to_float`
    ToFloat,
    /// `a op b`, its raw value and its width
    Binary(&'static str),
    /// `d = c; d op= b`
    Compound(&'static str),
    /// `a < b`, `a == b`
    Compare,
    /// `-a`, `~a`
    Unary(&'static str),
    /// `a << n`, `a >> n` by a signed int
    Shift,
}

struct Case {
    kind: Kind,
    a: FixedType,
    b: FixedType,
    /// First operand: raw bits (of a double for `FromDouble`); second: raw bits or shift distance.
    values: Vec<(i128, i128)>,
}

const PRELUDE: &str = r#"
#include <cstdio>
#include <cstring>
#include <sstream>
#include "ap_fixed.h"
#include "ap_int.h"
typedef unsigned long long u64;
struct word { u64 hi, lo; };
static ap_uint<128> wide(word x) { ap_uint<128> t = x.hi; t <<= 64; t |= ap_uint<128>(x.lo); return t; }
template <class T> struct bits_of { enum { w = T::width }; };
template <class T> T make(word x) {
  T t = 0; ap_uint<bits_of<T>::w> u = wide(x);
  t.range(bits_of<T>::w - 1, 0) = u; return t;
}
template <class T> void put(T t) {
  ap_uint<bits_of<T>::w> u = t.range(bits_of<T>::w - 1, 0);
  ap_uint<128> v = u; ap_uint<64> lo = v.range(63, 0), hi = v.range(127, 64);
  std::printf("%d %llx %llx\n", (int)bits_of<T>::w, (u64)hi.to_uint64(), (u64)lo.to_uint64());
}
static double as_double(u64 x) { double d; std::memcpy(&d, &x, 8); return d; }
static u64 as_bits(double d) { u64 x; std::memcpy(&x, &d, 8); return x; }
template <class A, class B> void conv(word x, word) { A a = make<A>(x); B b = a; put(b); }
template <class A, class B> void from_double(word x, word) { B b(as_double(x.lo)); put(b); }
template <class A, class B> void from_text(word x, word) {
  char text[512]; std::snprintf(text, sizeof text, "%.40g", as_double(x.lo));
  std::istringstream in(text); B b; in >> b; put(b);
}
template <class A, class B> void from_int_text(word x, word) {
  char text[32]; std::snprintf(text, sizeof text, "%lld", (long long)x.lo);
  std::istringstream in(text); B b; in >> b; put(b);
}
template <class A, class B> void to_float(word x, word) {
  A a = make<A>(x); std::printf("64 %llx %llx\n", as_bits((double)a.to_float()), as_bits(a.to_double()));
}
template <class A, class B> void compare(word x, word y) {
  A a = make<A>(x); B b = make<B>(y); std::printf("2 0 %d\n", (a < b) * 2 + (a == b));
}
template <class A, class B> void negate(word x, word) { put(-make<A>(x)); }
template <class A, class B> void invert(word x, word) { put(~make<A>(x)); }
template <class A, class B> void shift(word x, word y) {
  A a = make<A>(x); int n = (int)(long long)y.lo; put(n >= 0 ? a << n : a >> -n);
}
#define BINARY(name, op) \
  template <class A, class B> void name(word x, word y) { put(make<A>(x) op make<B>(y)); }
#define COMPOUND(name, op) \
  template <class A, class B> void name(word x, word y) { A a = make<A>(x); a op make<B>(y); put(a); }
BINARY(mul, *) BINARY(add, +) BINARY(sub, -) BINARY(quo, /) BINARY(rem, %)
BINARY(band, &) BINARY(bor, |) BINARY(bxor, ^)
COMPOUND(mul_assign, *=) COMPOUND(add_assign, +=) COMPOUND(sub_assign, -=)
"#;

const MAIN: &str = r#"
int main() {
  unsigned i; word x, y;
  while (std::scanf("%u %llx %llx %llx %llx", &i, &x.hi, &x.lo, &y.hi, &y.lo) == 5) table[i](x, y);
  return 0;
}
"#;

/// Fixed-point type spelled with all arguments, since a short form could hide a mistake in `cpp()`'s long one.
fn spell(ty: &FixedType) -> String {
    let u = if ty.signed { "" } else { "u" };
    match ty.class {
        Class::Int => format!("ap_{u}int<{}>", ty.width),
        Class::Fixed => format!(
            "ap_{u}fixed<{}, {}, AP_{}, AP_{}, {}>",
            ty.width,
            ty.integer,
            ty.rounding.name(),
            ty.overflow.name(),
            ty.sat_bits
        ),
    }
}

fn function(case: &Case) -> &'static str {
    match case.kind {
        Kind::Cast => "conv",
        Kind::FromDouble => "from_double",
        Kind::FromText if case.b.class == Class::Int => "from_int_text",
        Kind::FromText => "from_text",
        Kind::ToFloat => "to_float",
        Kind::Binary(name) | Kind::Compound(name) | Kind::Unary(name) => name,
        Kind::Compare => "compare",
        Kind::Shift => "shift",
    }
}

/// Sources on which the headers abort or are known to be wrong; here the crate follows mathematics instead and the
/// unit tests say so.
fn headers_are_wrong(kind: Kind, a: &FixedType, b: &FixedType) -> bool {
    let to_integer = b.class == Class::Int && a.class == Class::Fixed;
    match kind {
        // Any mode but TRN reads a bit beyond the source's width and asserts (reference 1.3).
        Kind::Cast if !to_integer => b.rounding != Rounding::Trn && a.frac() - b.frac() > a.width as i32,
        // Truncating a negative number without integer bits gives -1 instead of 0 (reference 1.4).
        Kind::Cast => a.integer <= 0,
        // An ap_int beyond 64 bits converts its low 64 bits only.
        Kind::ToFloat => a.class == Class::Int && a.width > 64,
        // Mixed signs from 32 bits on are compared as unsigned, as C does with int and unsigned int, when the
        // unsigned operand is the wider one (reference 1.5 saw this beyond 64 bits). The aligned widths count.
        Kind::Compare => a.signed != b.signed && a.bitwise(b).width >= 31,
        _ => false,
    }
}

fn widest_result(kind: Kind, a: &FixedType, b: &FixedType) -> u32 {
    match kind {
        Kind::Binary("mul") | Kind::Compound("mul_assign") => a.mul(b).raw_bits(),
        Kind::Binary("quo") => a.div(b).raw_bits(),
        Kind::Binary("rem") | Kind::FromDouble | Kind::FromText | Kind::ToFloat => 0,
        Kind::Cast => Cast::new(a, b).map_or(u32::MAX, |c| c.needed_bits()),
        _ => a.sub(b).raw_bits(),
    }
}

fn doubles(rng: &mut Rng, ty: &FixedType) -> i128 {
    let specials =
        [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300, 5e-324, -5e-324, f64::NAN, -f64::NAN];
    let x = match rng.int(0, 11) {
        0 => rng.pick(&specials),
        1 => f64::from_bits(rng.next()),
        // Few bits near the target's grid: halves, and values about the ends of the range.
        n => {
            let bits = rng.int(1, if n < 8 { 12 } else { 53 });
            let mantissa = (rng.next() as i64 >> (64 - bits)) as f64;
            let least = if n % 2 == 0 { -ty.frac() - 3 } else { ty.integer - bits + rng.int(-1, 2) };
            mantissa * 2f64.powi(least)
        }
    };
    i128::from(x.to_bits())
}

/// -2^(W-1), which SAT_SYM's own minimum is not.
fn plain_min(ty: &FixedType) -> i128 {
    FixedType { overflow: Overflow::Wrap, ..*ty }.min_raw()
}

fn values(rng: &mut Rng, kind: Kind, a: &FixedType, b: &FixedType) -> Vec<(i128, i128)> {
    let all = |ty: &FixedType| -> Vec<i128> {
        let plain = FixedType { overflow: Overflow::Wrap, ..*ty };
        (plain.min_raw()..=plain.max_raw()).collect()
    };
    match kind {
        Kind::FromDouble => {
            let mut values: Vec<_> = (0..VALUES).map(|_| (doubles(rng, b), 0)).collect();
            if b.class == Class::Int {
                // A negative double above -0.5 becomes +1: the headers negate their "floor" of -1.
                values.retain(|(x, _)| {
                    let x = f64::from_bits(*x as u64);
                    !(x < 0.0 && x > -0.5)
                });
            }
            values
        }
        Kind::FromText if b.class == Class::Int => {
            (0..VALUES).map(|_| (i128::from(rng.next() as i64 >> rng.int(0, 63)), 0)).collect()
        }
        // The stream reads neither nan nor inf.
        Kind::FromText => (0..VALUES)
            .map(|_| (doubles(rng, b), 0))
            .filter(|(x, _)| f64::from_bits(*x as u64).is_finite())
            .collect(),
        Kind::Cast | Kind::ToFloat | Kind::Unary(_) if a.width <= 8 => {
            all(a).into_iter().map(|x| (x, 0)).collect()
        }
        Kind::Cast | Kind::ToFloat | Kind::Unary(_) => (0..VALUES).map(|_| (rng.raw(a), 0)).collect(),
        Kind::Shift => {
            let w = a.width as i32;
            // Distances of the width and more are undefined in the headers' 64-bit case.
            (0..VALUES).map(|_| (rng.raw(a), i128::from(rng.int(1 - w, w - 1)))).collect()
        }
        Kind::Binary(_) | Kind::Compound(_) | Kind::Compare => {
            let mut values: Vec<_> = if a.width + b.width <= 8 {
                all(a).into_iter().flat_map(|x| all(b).into_iter().map(move |y| (x, y))).collect()
            } else {
                (0..VALUES).map(|_| (rng.raw(a), rng.raw(b))).collect()
            };
            match kind {
                // Division by zero stops the program. The smallest number divided by -1 is left negative: the
                // headers divide in one bit fewer than the quotient's type has.
                Kind::Binary("quo") => {
                    values.retain(|(x, y)| *y != 0 && !(a.signed && *x == plain_min(a) && *y == -1));
                }
                // With mixed signs the headers take the negative operand's bits for an unsigned number.
                Kind::Binary("rem") => {
                    values.retain(|(x, y)| *y != 0 && (a.signed == b.signed || (*x >= 0 && *y >= 0)))
                }
                _ => {}
            }
            values
        }
    }
}

fn case(rng: &mut Rng) -> Case {
    loop {
        let kind = match rng.int(0, 99) {
            0..=39 => Kind::Cast,
            40..=57 => Kind::FromDouble,
            58..=60 => Kind::FromText,
            61..=64 => Kind::ToFloat,
            65..=81 => Kind::Binary(rng.pick(&["mul", "add", "sub", "quo", "rem", "band", "bor", "bxor"])),
            82..=89 => Kind::Compound(rng.pick(&["mul_assign", "add_assign", "sub_assign"])),
            90..=93 => Kind::Compare,
            94..=96 => Kind::Unary(rng.pick(&["negate", "invert"])),
            _ => Kind::Shift,
        };
        let some = |rng: &mut Rng| if rng.chance(20) { rng.integer(70) } else { rng.moded(100) };
        let (a, b) = match kind {
            Kind::Binary("rem") => (rng.integer(70), rng.integer(70)),
            Kind::Compound(_) => (rng.moded(60), rng.plain(40)),
            _ => (some(rng), some(rng)),
        };
        if headers_are_wrong(kind, &a, &b) || widest_result(kind, &a, &b) > 128 {
            continue;
        }
        let values = values(rng, kind, &a, &b);
        return Case { kind, a, b, values };
    }
}

/// The crate's answer as (width, high word, low word), as the program prints it.
fn answer(case: &Case, x: i128, y: i128) -> (u32, u64, u64) {
    let (a, b) = (Fixed { ty: case.a, raw: x }, Fixed { ty: case.b, raw: y });
    let typed = |ty: &FixedType, raw: i128| {
        let mask = if ty.width >= 128 { u128::MAX } else { (1 << ty.width) - 1 };
        let bits = raw as u128 & mask;
        (ty.width, (bits >> 64) as u64, bits as u64)
    };
    let value = |v: Fixed| typed(&v.ty, v.raw);
    let double = f64::from_bits(x as u64);
    match case.kind {
        Kind::Cast => value(a.cast_to(&case.b).unwrap()),
        Kind::FromDouble => typed(&case.b, from_f64(double, &case.b).unwrap()),
        Kind::FromText if case.b.class == Class::Int => {
            typed(&case.b, from_text(&x.to_string(), &case.b).unwrap())
        }
        Kind::FromText => typed(&case.b, from_text(&format!("{double:e}"), &case.b).unwrap()),
        Kind::ToFloat => (64, f64::from(to_f32(x, &case.a)).to_bits(), to_f64(x, &case.a).to_bits()),
        Kind::Binary("mul") => value(a.mul(&b).unwrap()),
        Kind::Binary("add") => value(a.add(&b).unwrap()),
        Kind::Binary("sub") => value(a.sub(&b).unwrap()),
        Kind::Binary("quo") => value(a.div(&b).unwrap()),
        Kind::Binary("rem") => value(a.rem(&b).unwrap()),
        Kind::Binary("band") => value(a.bitand(&b).unwrap()),
        Kind::Binary("bor") => value(a.bitor(&b).unwrap()),
        Kind::Binary("bxor") => value(a.bitxor(&b).unwrap()),
        Kind::Compound(op) => {
            let mut a = a;
            match op {
                "mul_assign" => a.mul_assign(&b).unwrap(),
                "add_assign" => a.add_assign(&b).unwrap(),
                _ => a.sub_assign(&b).unwrap(),
            }
            value(a)
        }
        Kind::Compare => {
            let order = a.cmp(&b);
            (2, 0, u64::from(order.is_lt()) * 2 + u64::from(order.is_eq()))
        }
        Kind::Unary("negate") => value(a.neg().unwrap()),
        Kind::Unary(_) => value(a.not()),
        Kind::Shift => value(a.shl(y as i32)),
        Kind::Binary(other) => panic!("no such operator: {other}"),
    }
}

fn program(cases: &[Case]) -> String {
    let mut text = String::from(PRELUDE);
    text.push_str("static void (*const table[])(word, word) = {\n");
    for case in cases {
        writeln!(text, "  {}<{}, {} >,", function(case), spell(&case.a), spell(&case.b)).unwrap();
    }
    text.push_str("};\n");
    text.push_str(MAIN);
    text
}

/// A folder of its own, removed at the end.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn compile(headers: &Path, scratch: &Scratch, source: &str) -> PathBuf {
    let (cpp, exe) = (scratch.0.join("cases.cpp"), scratch.0.join("cases"));
    std::fs::write(&cpp, source).unwrap();
    let out = Command::new("g++")
        .args(["-std=c++11", "-O0", "-w", "-I"])
        .arg(headers)
        .arg(&cpp)
        .arg("-o")
        .arg(&exe)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&out.stderr);
    let head: Vec<&str> = stderr.lines().take(30).collect();
    assert!(out.status.success(), "g++ refused the generated program:\n{}", head.join("\n"));
    exe
}

fn run(exe: &Path, input: String) -> String {
    let mut child =
        Command::new(exe).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let out = child.wait_with_output().unwrap();
    // A program that stopped early closed its input: its status says more than the broken pipe.
    let written = writer.join().unwrap();
    assert!(out.status.success(), "the C++ program ended with {}", out.status);
    written.unwrap();
    String::from_utf8(out.stdout).unwrap()
}

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable}={text} is not a number")),
        Err(_) => default,
    }
}

fn skipped(why: &str) {
    // Not through the harness's captured output: a skip has to be seen.
    let _ = writeln!(std::io::stderr(), "SKIPPED: apfixed against the C++ ap_types headers: {why}");
}

#[test]
fn equal_to_the_headers() {
    let Some(headers) = std::env::var_os("NETLATHE_AP_TYPES").map(PathBuf::from) else {
        return skipped("NETLATHE_AP_TYPES does not name their folder");
    };
    assert!(
        headers.join("ap_fixed.h").is_file(),
        "NETLATHE_AP_TYPES={} holds no ap_fixed.h",
        headers.display()
    );
    if Command::new("g++").arg("--version").stdout(Stdio::null()).status().is_err() {
        return skipped("no g++");
    }
    let seed = number("NETLATHE_APFIXED_SEED", 1);
    let wanted = number("NETLATHE_APFIXED_CASES", 160) as usize;
    let scratch = Scratch(std::env::temp_dir().join(format!("netlathe-apfixed-{}", std::process::id())));
    std::fs::create_dir_all(&scratch.0).unwrap();
    let mut rng = Rng(seed);
    let (mut compared, mut done) = (0usize, 0usize);
    let mut wrong = Vec::new();
    while done < wanted {
        let cases: Vec<Case> = (0..PER_PROGRAM.min(wanted - done)).map(|_| case(&mut rng)).collect();
        done += cases.len();
        let exe = compile(&headers, &scratch, &program(&cases));
        let mut input = String::new();
        for (i, case) in cases.iter().enumerate() {
            for (x, y) in &case.values {
                let words = |v: i128| ((v as u128 >> 64) as u64, v as u64);
                let ((xh, xl), (yh, yl)) = (words(*x), words(*y));
                writeln!(input, "{i} {xh:x} {xl:x} {yh:x} {yl:x}").unwrap();
            }
        }
        let output = run(&exe, input);
        let mut lines = output.lines();
        for case in &cases {
            let before = wrong.len();
            for (x, y) in &case.values {
                let line = lines.next().expect("a line for each value");
                let (width, high, low) = answer(case, *x, *y);
                let ours = format!("{width} {high:x} {low:x}");
                compared += 1;
                // Two of a case will do to see what is wrong.
                if line != ours && wrong.len() < before + 2 {
                    wrong.push(format!(
                        "{:?} {} {} of {x:#x}, {y:#x}: headers {line}, ours {ours}",
                        case.kind,
                        spell(&case.a),
                        spell(&case.b)
                    ));
                }
            }
        }
        assert_eq!(lines.next(), None, "more lines than values");
    }
    let shown: Vec<&str> = wrong.iter().take(40).map(String::as_str).collect();
    assert!(
        wrong.is_empty(),
        "seed {seed}: results differ, {} of {compared} shown at most:\n{}",
        wrong.len(),
        shown.join("\n")
    );
    let _ = writeln!(
        std::io::stderr(),
        "apfixed against the C++ headers: {compared} results of {done} instantiations equal (seed {seed})"
    );
}
