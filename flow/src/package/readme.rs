//! The page in the archive: how to copy, how to run, how to verify.

use super::Packing;
use crate::vendor::{Kind, Project};

pub(super) fn page(project: &Project, models: &[Packing<'_>], drivers: &[&String]) -> String {
    let m = &project.manifest;
    let what = match models {
        [_] => "A neural network as an accelerator".to_owned(),
        all => format!("{} neural networks as accelerators", all.len()),
    };
    let mut out = format!(
        "# {}\n\n{what} for the board `{}` (`{}`), made for a clock of {} ns ({:.3} MHz).\n",
        project.name(),
        m.board,
        m.part,
        m.clock_period_ns,
        1000.0 / m.clock_period_ns
    );
    for model in models {
        if models.len() > 1 {
            out.push_str(&format!("\n## {}\n\n{}", model.manifest.project, place(model)));
        }
        out.push_str("\n| | file | name | shape of a sample |\n|---|---|---|---|\n");
        let (x, y) = (&model.x, &model.y);
        for (side, tensors, files) in
            [("input", &model.manifest.inputs, x), ("expected output", &model.manifest.outputs, y)]
        {
            for (tensor, file) in tensors.iter().zip(files) {
                out.push_str(&format!("| {side} | `{file}` | `{}` | {:?} |\n", tensor.name, tensor.shape));
            }
        }
        out.push_str(&format!(
            "\n`{}` says how numbers lie in memory and which registers there are; it holds the bitstream's SHA-256.\n",
            model.file
        ));
    }
    out.push_str(
        "The expected outputs are those of NetLathe's emulator: the board's must be equal, not close.\n",
    );
    out.push_str(&format!("\n## Copy\n\n{}", copy(project)));
    out.push_str("\nCheck that everything arrived:\n\n    sha256sum -c SHA256SUMS\n");
    out.push_str(&format!("\n## Run and verify\n\n{}", verify(project.kind, drivers)));
    out
}

/// Where one of several models is on the card.
fn place(model: &Packing<'_>) -> String {
    let Some(place) = model.place else { return String::new() };
    let by = match (&place.image, place.configuration) {
        (Some(image), 1..) => {
            format!("; `{}` puts it there (`reconfigure --app`)", image.rsplit('/').next().unwrap_or(image))
        }
        _ => ", in the card's full image".into(),
    };
    format!("vFPGA {} of configuration {}{by}.\n", place.vfpga, place.configuration)
}

fn copy(project: &Project) -> String {
    let name = project.name();
    match project.kind {
        Kind::Zynq => format!(
            "    scp package.tar.gz xilinx@BOARD:\n    ssh xilinx@BOARD\n    tar xzf package.tar.gz && cd {name}\n\n\
             BOARD is the board's address; an image of PYNQ answers as `pynq`, or as 192.168.2.99 where it has no network.\n"
        ),
        Kind::Alveo => format!(
            "On the machine with the card, which needs XRT and the platform `{}`:\n\n\
            \x20   tar xzf package.tar.gz && cd {name}\n    xbutil examine\n",
            project.manifest.platform.as_deref().unwrap_or_default()
        ),
        Kind::Coyote => format!(
            "On the machine with the card, which needs Coyote's driver and Vivado's hardware manager:\n\n\
            \x20   tar xzf package.tar.gz && cd {name}\n\n\
             Program `{}`, let PCIe be scanned again (or reboot warmly), and insert Coyote's driver.\n",
            project.card.as_ref().map_or("cyt_top.bit", |c| c.image.rsplit('/').next().unwrap_or(&c.image))
        ),
    }
}

fn verify(kind: Kind, drivers: &[&String]) -> String {
    let driver = drivers.iter().find(|p| p.ends_with(".py") && !p.contains('/'));
    match (driver, kind) {
        (Some(file), Kind::Zynq | Kind::Alveo) => format!(
            "    {}python3 {file} --verify\n{}\nIt replays the inputs on the board, demands every bit of the expected outputs, and tells \
             latency and throughput. In Python: `from {} import NeuralNetworkOverlay`.\n",
            // `sudo python3` alone is the system's Python, which has no pynq.
            if kind == Kind::Zynq { "sudo -s\n    source /etc/profile.d/pynq_venv.sh\n    " } else { "" },
            if kind == Kind::Zynq {
                "\nPYNQ needs root; the second line enters its Python (images from 2.7 on; older ones have none and need none). A \
                 terminal of Jupyter on the board is in both already.\n"
            } else {
                ""
            },
            file.trim_end_matches(".py")
        ),
        (_, Kind::Coyote) if !drivers.is_empty() => {
            "`sw/` holds the host's software; build it against Coyote's library, give it the inputs, and compare its answers with \
             the expected outputs.\n"
                .into()
        }
        _ => "Drive the accelerator as `manifest.json` says, give it the inputs, and compare its answers with the expected outputs.\n"
            .into(),
    }
}
