//! The rules of the house as tests: who may use whom, licences, old toolchains, templates, file sizes, codes.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

struct Metadata {
    packages: BTreeMap<String, Value>,
    /// Normal and build dependencies by package id.
    edges: BTreeMap<String, Vec<String>>,
}

impl Metadata {
    fn load() -> Self {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--locked", "--offline"])
            .current_dir(root())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let all: Value = serde_json::from_slice(&output.stdout).unwrap();
        let text = |v: &Value| v.as_str().unwrap().to_string();
        let packages =
            all["packages"].as_array().unwrap().iter().map(|p| (text(&p["id"]), p.clone())).collect();
        let edges = all["resolve"]["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| {
                let used = node["deps"].as_array().unwrap().iter().filter(|d| {
                    d["dep_kinds"].as_array().unwrap().iter().any(|k| k["kind"].as_str() != Some("dev"))
                });
                (text(&node["id"]), used.map(|d| text(&d["pkg"])).collect())
            })
            .collect();
        Self { packages, edges }
    }

    fn name(&self, id: &str) -> &str {
        self.packages[id]["name"].as_str().unwrap()
    }

    fn id(&self, name: &str) -> &str {
        self.packages.keys().find(|id| self.name(id) == name).unwrap_or_else(|| panic!("no package {name}"))
    }

    /// Every package that `name` uses, directly or not, with itself.
    fn closure(&self, name: &str) -> BTreeSet<&str> {
        let mut seen = BTreeSet::new();
        let mut open = vec![self.id(name)];
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                open.extend(self.edges[id].iter().map(String::as_str));
            }
        }
        seen
    }
}

#[test]
fn nobody_knows_what_is_to_his_left() {
    let metadata = Metadata::load();
    let uses = |package: &str| -> BTreeSet<String> {
        let package = format!("netlathe-{package}");
        metadata
            .closure(&package)
            .into_iter()
            .map(|id| metadata.name(id))
            .filter(|name| *name != package)
            .filter_map(|name| name.strip_prefix("netlathe-"))
            .map(String::from)
            .collect()
    };
    let allowed: &[(&str, &[&str])] = &[
        ("apfixed", &[]),
        ("ir", &["apfixed"]),
        ("overlay", &["apfixed"]),
        ("frontend-keras", &["apfixed", "ir"]),
        ("emulator", &["apfixed", "ir"]),
        ("codegen-hls", &["apfixed", "ir"]),
        ("backend-vivado-accel", &["apfixed", "ir", "codegen-hls", "overlay"]),
        ("backend-coyote", &["apfixed", "ir", "codegen-hls", "overlay"]),
    ];
    for (package, may) in allowed {
        let extra: Vec<String> = uses(package).into_iter().filter(|u| !may.contains(&u.as_str())).collect();
        assert!(extra.is_empty(), "{package} must not use {extra:?}");
    }
}

/// Licences that may be linked.
const LICENCES: &[&str] = &[
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "MIT",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "Unlicense",
    "CC0-1.0",
    "0BSD",
    "BSL-1.0",
    "MIT-0",
];

/// Whether an SPDX expression of OR, AND and parentheses can be met with allowed licences.
fn permitted(expression: &str) -> bool {
    let normal = expression.replace('/', " OR ").replace(['(', ')'], " ");
    // Without parentheses AND binds tighter; with them this is stricter than needed, never laxer, for `A AND (B OR C)` is
    // read as `A AND B OR C`, so such an expression is taken apart by hand here.
    if let Some((left, right)) = expression.split_once(" AND (") {
        return permitted(left) && permitted(right.trim_end_matches(')'));
    }
    if let Some((left, right)) = expression.split_once(") AND ") {
        return permitted(left.trim_start_matches('(')) && permitted(right);
    }
    normal.split(" OR ").any(|any| any.split(" AND ").all(|one| LICENCES.contains(&one.trim())))
}

#[test]
fn licences_are_read_rightly() {
    assert!(permitted("MIT OR GPL-3.0"));
    assert!(permitted("MIT/Apache-2.0"));
    assert!(permitted("(MIT OR Apache-2.0) AND Unicode-3.0"));
    assert!(!permitted("(MIT OR Apache-2.0) AND LGPL-3.0"));
    assert!(!permitted("GPL-2.0"));
    assert!(!permitted("MIT AND AGPL-3.0"));
}

#[test]
fn what_is_linked_has_a_permissive_licence() {
    let metadata = Metadata::load();
    let bad: Vec<String> = metadata
        .closure("netlathe-xtask")
        .into_iter()
        .filter(|id| !metadata.packages[*id]["license"].as_str().is_some_and(permitted))
        .map(|id| format!("{}: {}", metadata.name(id), metadata.packages[id]["license"]))
        .collect();
    assert!(bad.is_empty(), "{bad:#?}");
}

#[test]
fn what_runs_on_a_board_builds_with_an_old_toolchain() {
    let metadata = Metadata::load();
    let number = |version: &str| -> (u32, u32) {
        let mut parts = version.split('.').map(|p| p.parse().unwrap());
        (parts.next().unwrap(), parts.next().unwrap_or(0))
    };
    for package in ["netlathe-apfixed", "netlathe-overlay"] {
        assert_eq!(
            metadata.packages[metadata.id(package)]["rust_version"].as_str(),
            Some("1.85"),
            "{package}"
        );
        for id in metadata.closure(package) {
            if let Some(needed) = metadata.packages[id]["rust_version"].as_str() {
                assert!(
                    number(needed) <= (1, 85),
                    "{package} uses {}, which needs Rust {needed}",
                    metadata.name(id)
                );
            }
        }
    }
}

/// Every file that git tracks or would track, with its text; binary files are left out.
fn sources() -> Vec<(String, String)> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter_map(|path| Some((path.to_string(), std::fs::read_to_string(root().join(path)).ok()?)))
        .collect()
}

#[test]
fn source_files_are_no_longer_than_600_lines() {
    let long: Vec<String> = sources()
        .into_iter()
        .filter(|(path, _)| [".rs", ".h", ".cpp", ".py", ".tcl"].iter().any(|e| path.ends_with(e)))
        .filter(|(path, _)| !path.starts_with("testdata/golden/"))
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > 600)
        .map(|(path, lines)| format!("{path}: {lines}"))
        .collect();
    assert!(long.is_empty(), "each of these wants to be two files: {long:?}");
}

#[test]
fn template_tags_trim_on_their_left_only() {
    for (path, text) in sources().iter().filter(|(p, _)| p.contains("/templates/")) {
        for (number, line) in text.lines().enumerate() {
            assert!(
                !line.contains("-%}"),
                "{path}:{}: a tag that trims on its right eats the next indentation",
                number + 1
            );
        }
    }
}

#[test]
fn no_file_names_a_place_on_somebodys_machine() {
    for (path, text) in sources() {
        for place in [["/wo", "rk/"].concat(), ["/ro", "ot/"].concat(), ["/ho", "me/"].concat()] {
            assert!(!text.contains(&place), "{path} names {place}");
        }
    }
}

#[test]
fn every_diagnostic_code_is_in_the_documentation() {
    let page = std::fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    let codes = |text: &str| -> Vec<u32> {
        text.match_indices("NL").filter_map(|(at, _)| text.get(at + 2..at + 5)?.parse().ok()).collect()
    };
    let mut documented: BTreeSet<u32> = BTreeSet::new();
    for line in page.lines() {
        let listed = codes(line);
        // `NL101 - NL106`
        if let [from, to] = listed[..]
            && line.contains(&format!("NL{from} - NL{to}"))
        {
            documented.extend(from..=to);
        }
        documented.extend(listed);
    }
    for (path, text) in sources().iter().filter(|(p, _)| p.ends_with(".rs") && p.contains("/src/")) {
        for code in codes(text) {
            assert!(
                documented.contains(&code),
                "{path} uses NL{code}, which docs/configuration.md does not explain"
            );
        }
    }
}
