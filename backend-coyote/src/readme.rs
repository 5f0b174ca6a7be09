//! The project's own page.

use askama::Template;
use netlathe_codegen_hls::wrapper::{Bench, render};
use netlathe_overlay::{Element, Tensor};

use crate::board::{Board, Family};
use crate::error::Error;
use crate::project::Member;
use crate::shell::Shell;

#[derive(Template)]
#[template(path = "README.md", escape = "none")]
struct Readme<'a> {
    project: &'a str,
    board: &'a Board,
    shell: &'a Shell,
    members: &'a [Member],
    /// The first member, whose names stand in the commands.
    first: &'a Member,
    rows: Vec<Row>,
    versal: bool,
}

/// A tensor.
struct Row {
    model: String,
    side: &'static str,
    stream: usize,
    name: String,
    shape: String,
    ty: String,
    element: String,
    per_beat: u32,
    beats: usize,
}

/// Its text.
///
/// # Errors
/// [`netlathe_codegen_hls::wrapper::Fault::Template`].
pub(crate) fn text(project: &str, board: &Board, shell: &Shell, members: &[Member]) -> Result<String, Error> {
    let Some(first) = members.first() else { return Err(Error::Regions(0)) };
    let rows = members.iter().flat_map(rows).collect();
    let versal = board.family == Family::Versal;
    Ok(render(&Readme { project, board, shell, members, first, rows, versal })?)
}

fn rows(member: &Member) -> Vec<Row> {
    let side = |side: &'static str, tensors: &[Tensor]| {
        let row = |(stream, tensor): (usize, &Tensor)| {
            let per_beat = tensor.packing.elements_per_beat;
            Row {
                model: member.name.clone(),
                side,
                stream,
                name: tensor.name.clone(),
                shape: tensor.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" x "),
                ty: tensor.ty.cpp(),
                element: tensor.packing.element.to_string(),
                per_beat,
                // Both have been checked when the tensor was made.
                beats: tensor.size().unwrap_or(0).div_ceil(per_beat.max(1) as usize),
            }
        };
        tensors.iter().enumerate().map(row).collect::<Vec<_>>()
    };
    let mut rows = side("input", &member.manifest.inputs);
    rows.extend(side("output", &member.manifest.outputs));
    rows
}

impl Readme<'_> {
    /// The g++ command of the bench.
    fn bench(&self) -> String {
        let Bench { include_dirs, sources, data_dir } = &self.first.wrapper;
        let dirs = include_dirs.iter().map(|dir| format!("-I{dir}")).collect::<Vec<_>>().join(" ");
        let files = sources.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        format!(
            "g++ -std=c++11 -O2 {dirs} -I$AP_TYPES \\\n           {files} -o tb_wrapper && ./tb_wrapper {data_dir}"
        )
    }

    fn float(&self) -> bool {
        let mut all = self.members.iter().flat_map(|m| m.manifest.inputs.iter().chain(&m.manifest.outputs));
        all.all(|tensor| tensor.packing.element == Element::Float32)
    }
}
