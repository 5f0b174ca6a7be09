//! The page in the archive: how to copy, how to run, how to verify.

use crate::vendor::{Kind, Project};

pub(super) fn page(project: &Project, x: &[String], y: &[String], drivers: &[&String]) -> String {
    let m = &project.manifest;
    let name = &m.project;
    let mut out = format!(
        "# {name}\n\nA neural network as an accelerator for the board `{}` (`{}`), made for a clock of {} ns ({:.3} MHz).\n\n",
        m.board,
        m.part,
        m.clock_period_ns,
        1000.0 / m.clock_period_ns
    );
    out.push_str("| | file | name | shape of a sample |\n|---|---|---|---|\n");
    for (side, tensors, files) in [("input", &m.inputs, x), ("expected output", &m.outputs, y)] {
        for (tensor, file) in tensors.iter().zip(files) {
            out.push_str(&format!("| {side} | `{file}` | `{}` | {:?} |\n", tensor.name, tensor.shape));
        }
    }
    out.push_str("\n`manifest.json` says how numbers lie in memory and which registers there are; it holds the bitstream's SHA-256.\n");
    out.push_str(
        "The expected outputs are those of NetLathe's emulator: the board's must be equal, not close.\n",
    );
    out.push_str(&format!("\n## Copy\n\n{}", copy(project)));
    out.push_str("\nCheck that everything arrived:\n\n    sha256sum -c SHA256SUMS\n");
    out.push_str(&format!("\n## Run and verify\n\n{}", verify(project, x, y, drivers)));
    out
}

fn copy(project: &Project) -> String {
    let name = &project.manifest.project;
    match project.kind {
        Kind::Zynq => format!(
            "    scp package.tar.gz xilinx@BOARD:\n    ssh xilinx@BOARD\n    tar xzf package.tar.gz && cd {name}\n\n\
             BOARD is the board's address; an image of PYNQ answers as `pynq`, or as 192.168.2.99 where it has no network.\n"
        ),
        Kind::Alveo => format!(
            "On the machine with the card, which needs XRT and the platform that the xclbin was made for:\n\n\
            \x20   tar xzf package.tar.gz && cd {name}\n    xbutil examine\n"
        ),
        Kind::Coyote => format!(
            "On the machine with the card, which needs Coyote's driver and Vivado's hardware manager:\n\n\
            \x20   tar xzf package.tar.gz && cd {name}\n\n\
             Program `cyt_top.bit`, let PCIe be scanned again (or reboot warmly), and insert Coyote's driver.\n"
        ),
    }
}

fn verify(project: &Project, x: &[String], y: &[String], drivers: &[&String]) -> String {
    let name = &project.manifest.project;
    let extension = if project.kind == Kind::Alveo { "xclbin" } else { "bit" };
    let driver = drivers.iter().find_map(|p| p.strip_suffix(".py").filter(|m| !m.contains('/')));
    match (driver, x, y) {
        (Some(module), [x], [y]) if project.kind != Kind::Coyote => format!(
            "Save this as `verify.py` and run it with `{}`:\n\n\
            \x20   import numpy\n\
            \x20   from {module} import NeuralNetworkOverlay\n\n\
            \x20   x, y = numpy.load(\"{x}\"), numpy.load(\"{y}\")\n\
            \x20   network = NeuralNetworkOverlay(\"{name}.{extension}\", x.shape, y.shape)\n\
            \x20   answer, seconds, rate = network.predict(x, profile=True)\n\
            \x20   wrong = int((answer.reshape(y.shape) != y).any(axis=tuple(range(1, y.ndim))).sum())\n\
            \x20   print(f\"{{len(y)}} samples in {{seconds:.6f}} s, {{wrong}} of them wrong\")\n\n",
            if project.kind == Kind::Zynq { "sudo -E python3 verify.py" } else { "python3 verify.py" }
        ),
        _ if project.kind == Kind::Coyote && !drivers.is_empty() => {
            "`sw/` holds the host's software; build it against Coyote's library (its own page says how), give it `x*.npy`, and \
             compare its answers with `y*.npy`.\n"
                .into()
        }
        (Some(module), ..) => format!(
            "`{module}.py` drives the accelerator; it takes the inputs in the order of the table. Compare its answers with `y*.npy`.\n"
        ),
        (None, ..) => {
            "Drive the accelerator as `manifest.json` says, give it `x*.npy`, and compare its answers with `y*.npy`.\n".into()
        }
    }
}
