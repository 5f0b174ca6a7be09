//! `report_utilization`, flat and `-hierarchical` (UG906 "Report Utilization").
//!
//! Both are tables between `|`. Names of rows and columns differ by family and version: `Slice LUTs` or `CLB LUTs`, with a `*`
//! while the design is not placed, `DSP48 Blocks` or `DSP Blocks`, with a column `Prohibited` from 2020.2 on.

use super::{Resource, number};
use serde::Serialize;

/// What the implemented design uses.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Utilization {
    /// Of the whole design.
    pub resources: Vec<Resource>,
    /// Of the parts, outermost first; only from a hierarchical report.
    pub parts: Vec<Part>,
}

/// One instance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Part {
    /// Its name with its ancestors', `/` between them; without the top's.
    pub instance: String,
    pub module: String,
    pub resources: Vec<Resource>,
}

impl Utilization {
    /// A flat and a hierarchical report of one design together: the flat one knows what is available.
    #[must_use]
    pub fn and(self, other: Utilization) -> Utilization {
        let known = |u: &Utilization| u.resources.iter().filter(|r| r.available.is_some()).count();
        let (better, worse) = if known(&other) > known(&self) { (other, self) } else { (self, other) };
        let parts = if better.parts.is_empty() { worse.parts } else { better.parts };
        Utilization { resources: better.resources, parts }
    }
}

/// Instances that are kept, and how deep they lie.
const PARTS: usize = 200;
const LEVELS: usize = 3;

/// Reads the report, of either kind or of both kinds one after the other.
///
/// # Errors
/// What is missing or wrong in it.
pub fn parse(text: &str) -> Result<Utilization, String> {
    if !text.contains("Utilization Design Information") {
        return Err("it is no utilization report: it lacks the line `Utilization Design Information`".into());
    }
    let mut found = hierarchy(text)?;
    let flat = flat(text);
    if !flat.is_empty() {
        found.resources = flat;
    }
    if found.resources.is_empty() {
        return Err("it has no row of LUTs".into());
    }
    Ok(found)
}

fn cells(line: &str) -> Option<Vec<&str>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    // Indentation tells the level of an instance.
    Some(inner.split('|').collect())
}

fn flat(text: &str) -> Vec<Resource> {
    const ROWS: [(&str, &[&str]); 5] = [
        ("LUT", &["Slice LUTs", "CLB LUTs"]),
        ("FF", &["Slice Registers", "CLB Registers"]),
        ("BRAM", &["Block RAM Tile"]),
        ("URAM", &["URAM"]),
        ("DSP", &["DSPs", "DSP Slices"]),
    ];
    let mut columns: Option<(usize, usize)> = None;
    let mut found: Vec<Resource> = Vec::new();
    for line in text.lines() {
        let Some(row) = cells(line) else {
            columns = columns.filter(|_| line.starts_with('+'));
            continue;
        };
        let row: Vec<&str> = row.into_iter().map(str::trim).collect();
        let at = |name: &str| row.iter().position(|c| *c == name);
        if row[0] == "Site Type" {
            columns = at("Used").zip(at("Available"));
            continue;
        }
        let Some((used, available)) = columns else { continue };
        let name = row[0].trim_end_matches('*');
        let Some((name, _)) = ROWS.iter().find(|(_, rows)| rows.contains(&name)) else { continue };
        // Some tables repeat a row of an earlier one.
        if found.iter().any(|r| r.name == *name) {
            continue;
        }
        if let Some(used) = row.get(used).and_then(|c| number(c)) {
            let available = row.get(available).and_then(|c| number(c));
            found.push(Resource { name: (*name).into(), used, available });
        }
    }
    found
}

fn hierarchy(text: &str) -> Result<Utilization, String> {
    const COLUMNS: [(&str, &[&str]); 6] = [
        ("LUT", &["Total LUTs"]),
        ("FF", &["FFs"]),
        ("RAMB36", &["RAMB36"]),
        ("RAMB18", &["RAMB18"]),
        ("URAM", &["URAM"]),
        ("DSP", &["DSP48 Blocks", "DSP Blocks", "DSP Slices", "DSPs"]),
    ];
    let mut columns: Vec<(&str, usize)> = Vec::new();
    let mut found = Utilization::default();
    let mut path: Vec<String> = Vec::new();
    for line in text.lines() {
        let Some(row) = cells(line) else {
            if !line.starts_with('+') {
                columns.clear();
            }
            continue;
        };
        let name = row[0].trim();
        if name == "Instance" {
            columns = COLUMNS
                .iter()
                .filter_map(|(name, titles)| {
                    Some((*name, row.iter().position(|c| titles.contains(&c.trim()))?))
                })
                .collect();
            continue;
        }
        if columns.is_empty() || row.len() < 3 {
            continue;
        }
        let resources: Vec<Resource> = columns
            .iter()
            .filter_map(|&(name, i)| {
                let used = row.get(i).and_then(|c| number(c))?;
                Some(Resource { name: name.into(), used, available: None })
            })
            .collect();
        if resources.is_empty() {
            return Err(format!("a row of its hierarchy has no numbers: {}", super::clipped(line)));
        }
        // One blank after the bar, two more a level.
        let level = row[0].len().saturating_sub(row[0].trim_start().len() + 1) / 2;
        path.truncate(level);
        path.push(name.to_owned());
        if level == 0 {
            // `RAMB36` and `RAMB18` as the flat report counts them: in tiles.
            let of = |n: &str| resources.iter().find(|r| r.name == n).map_or(0.0, |r| r.used);
            let tiles = of("RAMB36") + of("RAMB18") / 2.0;
            found.resources = resources
                .iter()
                .filter(|r| !r.name.starts_with("RAMB"))
                .cloned()
                .chain([Resource { name: "BRAM".into(), used: tiles, available: None }])
                .collect();
        } else if level <= LEVELS && !name.starts_with('(') && found.parts.len() < PARTS {
            let instance = path.get(1..).unwrap_or_default().join("/");
            found.parts.push(Part { instance, module: row[1].trim().into(), resources });
        }
    }
    Ok(found)
}
