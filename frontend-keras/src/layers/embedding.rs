//! Embedding.

use netlathe_ir::op::embedding::Embedding;
use netlathe_ir::{Diagnostic, Op};

use super::{Piece, Scene, weight};
use crate::error::code;
use crate::weights::Variable;

pub(super) fn embedding(scene: &mut Scene<'_>) -> Result<Vec<Piece>, Vec<Diagnostic>> {
    let mut findings = Vec::new();
    weight::refuse_low_precision(scene, &mut findings);
    match table(scene) {
        Ok(op) if findings.is_empty() => Ok(vec![Piece { name: scene.layer.name.clone(), role: "", op }]),
        Ok(_) => Err(findings),
        Err(finding) => {
            findings.push(finding);
            Err(findings)
        }
    }
}

fn table(scene: &mut Scene<'_>) -> Result<Op, Diagnostic> {
    if scene.flag("mask_zero", false)? {
        return Err(scene
            .unsupported("mask_zero = true is not supported: layers behind would leave masked steps out")
            .help("build it with mask_zero=False"));
    }
    let extent = |key: &str| -> Result<usize, Diagnostic> {
        let n = scene.integer(key, 0)?;
        usize::try_from(n)
            .ok()
            .filter(|n| *n > 0)
            .ok_or_else(|| scene.error(code::MALFORMED, format!("`{key}` is {n}, 1 or more is wanted")))
    };
    let shape = [extent("input_dim")?, extent("output_dim")?];
    let variable = Variable { name: "embeddings", position: 0, shape: &shape };
    let table = weight::kernel(scene, &variable, "embeddings_quantizer", &shape)?;
    Ok(Op::Embedding(Embedding { table, reuse_factor: 1 }))
}
