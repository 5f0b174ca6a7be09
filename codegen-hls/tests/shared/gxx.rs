//! g++ with the HLS number types, for the tests of generated C++. Used by the back ends' tests, too.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use netlathe_codegen_hls::SourceTree;

/// No optimisation: what is compiled runs for milliseconds.
const FLAGS: [&str; 6] = ["-std=c++11", "-pedantic-errors", "-Wall", "-Wextra", "-Werror", "-O0"];

/// The headers that take most of the time of every translation unit.
const TYPES: &str = "#include <cstdio>\n#include <cstring>\n#include <fstream>\n#include <sstream>\n#include <string>\n\
    #include <vector>\n#include \"ap_fixed.h\"\n#include \"ap_int.h\"\n";

/// The vendor's streams; not where the tree has some.
const STREAMS: &str = "#include \"hls_stream.h\"\n";

/// The folder of the HLS number types; `None`, after a visible word, where a test cannot run.
pub(crate) fn ap_types(test: &str) -> Option<PathBuf> {
    let folder =
        std::env::var_os("NETLATHE_AP_TYPES").map(PathBuf::from).filter(|f| f.join("ap_fixed.h").is_file());
    let compiler = Command::new("g++").arg("--version").output().is_ok();
    if folder.is_none() || !compiler {
        eprintln!("SKIPPED {test}: needs g++ and NETLATHE_AP_TYPES, the folder with ap_fixed.h");
        return None;
    }
    folder
}

/// Writes a tree to a folder of its own and compiles `program` there; paths are relative to the tree.
pub(crate) fn compile(
    tree: &SourceTree,
    include_dirs: &[&str],
    sources: &[&str],
    flags: &[&str],
    ap_types: &Path,
) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in tree.iter() {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let mut gxx = gxx(ap_types);
    let own_streams = include_dirs.iter().any(|dir| tree.get(format!("{dir}/hls_stream.h")).is_some());
    gxx.args(limit(tree)).arg("-include").arg(precompiled(ap_types, limit(tree), own_streams));
    gxx.current_dir(folder.path()).args(flags).args(include_dirs.iter().map(|dir| format!("-I{dir}")));
    let Output { status, stderr, .. } = gxx.args(["-o", "program"]).args(sources).output().unwrap();
    if !status.success() {
        panic!("{}: {}", folder.keep().display(), String::from_utf8_lossy(&stderr));
    }
    folder
}

/// Refuses a file that includes too little, or the types before their limit is raised: no precompiled header hides that here.
pub(crate) fn check_alone(
    folder: &Path,
    include_dirs: &[&str],
    source: &str,
    flags: &[&str],
    ap_types: &Path,
) {
    let mut gxx = gxx(ap_types);
    gxx.current_dir(folder).args(include_dirs.iter().map(|dir| format!("-I{dir}")));
    let Output { status, stderr, .. } = gxx.args(flags).args(["-fsyntax-only", source]).output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
}

fn gxx(ap_types: &Path) -> Command {
    let mut gxx = Command::new("g++");
    gxx.args(FLAGS).arg("-isystem").arg(ap_types);
    gxx
}

/// The limit of the types, where a kernel raises it: the precompiled types must have the same.
fn limit(tree: &SourceTree) -> Option<&'static str> {
    let raised = "#define AP_INT_MAX_W 4096\n";
    let raises = |content: &[u8]| String::from_utf8_lossy(content).contains(raised);
    tree.iter().any(|(_, content)| raises(content)).then_some("-DAP_INT_MAX_W=4096")
}

/// The header to include, precompiled once a run for each limit and kind of streams.
fn precompiled(ap_types: &Path, limit: Option<&str>, own_streams: bool) -> &'static Path {
    static HEADERS: [OnceLock<PathBuf>; 4] = [const { OnceLock::new() }; 4];
    HEADERS[usize::from(limit.is_some()) + 2 * usize::from(own_streams)].get_or_init(|| {
        // Fixed names, so that runs do not pile up; renamed when done, because two runs may be at it.
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let wide = if limit.is_some() { "wide_" } else { "" };
        let header = folder.join(format!("{wide}ap_types{}.h", if own_streams { "_only" } else { "" }));
        let building = tempfile::tempdir_in(folder).unwrap();
        let part = building.path().join("ap_types.h");
        fs::write(&part, if own_streams { TYPES.to_owned() } else { [TYPES, STREAMS].concat() }).unwrap();
        fs::rename(&part, &header).unwrap();
        let mut gxx = gxx(ap_types);
        gxx.args(limit).args(["-x", "c++-header"]).arg(&header).arg("-o").arg(&part);
        let Output { status, stderr, .. } = gxx.output().unwrap();
        assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
        fs::rename(part, header.with_extension("h.gch")).unwrap();
        header
    })
}
