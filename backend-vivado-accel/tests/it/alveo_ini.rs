//! v++'s configuration files, read as UG1393 and UG1702 describe them: "Vitis Compiler Configuration File" for the form, "v++ General
//! Options", "--hls Options" and "--connectivity Options" for keys and values. What is not described there is refused.

use std::collections::BTreeMap;

/// Section, key, values in order. The section of general options is "".
pub(crate) type Config = BTreeMap<(String, String), Vec<String>>;

/// Which command a file is for: options of linking are errors when compiling, and the other way round ("Vitis Compiler Configuration
/// File", tip).
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum For {
    Compile,
    Link,
}

/// Reads a file, or tells the first line that is wrong.
pub(crate) fn read(text: &str, of: For) -> Result<Config, String> {
    let mut config = Config::new();
    let mut section = String::new();
    for (number, line) in text.lines().enumerate() {
        let wrong = |why: &str| Err(format!("line {}: {line:?}: {why}", number + 1));
        // UG1553, "Configuration Files": a comment is a line that starts with '#'.
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.trim() != line {
            return wrong("blanks around it");
        }
        if let Some(name) = line.strip_prefix('[') {
            let known = match of {
                For::Compile => ["hls"].as_slice(),
                For::Link => ["connectivity"].as_slice(),
            };
            match name.strip_suffix(']') {
                Some(name) if known.contains(&name) => section = name.to_owned(),
                _ => return wrong("no section of this command"),
            }
            continue;
        }
        let Some((key, value)) = line.split_once('=') else { return wrong("no key=value") };
        if !fits(of, &section, key, value) {
            return wrong("no such option, or no such value");
        }
        config.entry((section.clone(), key.to_owned())).or_default().push(value.to_owned());
    }
    for ((section, key), values) in &config {
        if values.len() > 1 && key != "sp" {
            return Err(format!("[{section}] {key} is there {} times", values.len()));
        }
    }
    Ok(config)
}

fn fits(of: For, section: &str, key: &str, value: &str) -> bool {
    match (of, section, key) {
        // --kernel_frequency <clockID>:<MHz>
        (For::Link, "", "kernel_frequency") => pair(value, number, number),
        // --hls.clock <Hz>:<kernel>
        (For::Compile, "hls", "clock") => pair(value, number, name),
        // --hls.pre_tcl <file>
        (For::Compile, "hls", "pre_tcl") => value.ends_with(".tcl") && !value.contains(char::is_whitespace),
        // --connectivity.nk <kernel>:<number>:<unit>
        (For::Link, "connectivity", "nk") => {
            value.split_once(':').is_some_and(|(kernel, rest)| name(kernel) && pair(rest, number, name))
        }
        // --connectivity.slr <unit>:SLR<number>
        (For::Link, "connectivity", "slr") => {
            pair(value, name, |slr| slr.strip_prefix("SLR").is_some_and(number))
        }
        // --connectivity.sp <unit>.<argument>:<memory>[<number>]
        (For::Link, "connectivity", "sp") => pair(
            value,
            |port| port.split_once('.').is_some_and(|(unit, argument)| name(unit) && name(argument)),
            |bank| {
                ["HBM[", "DDR["]
                    .iter()
                    .find_map(|kind| bank.strip_prefix(kind))
                    .and_then(|rest| rest.strip_suffix(']'))
                    .is_some_and(number)
            },
        ),
        _ => false,
    }
}

fn pair(value: &str, left: impl Fn(&str) -> bool, right: impl Fn(&str) -> bool) -> bool {
    value.split_once(':').is_some_and(|(a, b)| left(a) && right(b))
}

fn number(text: &str) -> bool {
    !text.is_empty() && text.len() < 12 && text.bytes().all(|c| c.is_ascii_digit())
}

fn name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[test]
fn what_is_not_described_is_refused() {
    let link = "kernel_frequency=0:300\n[connectivity]\nnk=k:1:k_1\nslr=k_1:SLR0\nsp=k_1.a:HBM[0]\nsp=k_1.b:DDR[1]\n";
    let read_link = read(link, For::Link).unwrap();
    assert_eq!(read_link[&("connectivity".into(), "sp".into())], ["k_1.a:HBM[0]", "k_1.b:DDR[1]"]);
    assert!(read("# x\n\n[hls]\nclock=300000000:k\npre_tcl=a.tcl\n", For::Compile).is_ok());
    for text in [
        "kernel_frequency=300MHz",
        "kernel_frequency = 0:300",
        "kernel_frequency=0:300.5",
        "kernel_frequency=0:300\nkernel_frequency=0:200",
        "[hls]\nclock=300000000:k",
        "[Connectivity]",
        "[connectivity",
        "[connectivity]\nkernel_frequency=0:300",
        "[connectivity]\nsp=k_1.a:HBM",
        "[connectivity]\nsp=k_1:HBM[0]",
        "[connectivity]\nsp=k_1.a:HBM[0:]",
        "[connectivity]\nslr=k_1:0",
        "[connectivity]\nnk=k:k_1",
        "[connectivity]\nslr=k_1:SLR0 # here",
        "nk=k:1:k_1",
        "stray",
    ] {
        assert!(read(text, For::Link).is_err(), "{text}");
    }
    for text in
        ["kernel_frequency=0:300", "[hls]\nclock=3.33:k", "[hls]\nclock=300000000", "[hls]\npre_tcl=a b.tcl"]
    {
        assert!(read(text, For::Compile).is_err(), "{text}");
    }
}
