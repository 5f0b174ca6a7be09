//! Each defect of hls4ml's host, put back into ours by a change of text: the test that is there for it must fail. The tables in
//! `tests/host/test_host.cpp` and `test_overlay.py` say which test that is.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use crate::host::{check_program, codec, compile, copy, has, link, objects, run, stand_in};

/// What is wrong, the file, what is replaced by what, and the case that must fail.
type Mutant = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str);

const TOO_LONG: Duration = Duration::from_secs(8);

const LIBRARY: &[Mutant] = &[
    (
        "flush: bytes for elements",
        "host_libs.cpp",
        &[(
            "std::memset(open->device->output(0, slot), 0, open->device->outputs()[0].bytes);",
            "std::memset(open->device->output(0, slot), 0, open->out_size);",
        )],
        "flush_zeroes_all",
    ),
    (
        "exceptions cross the C interface",
        "host_libs.cpp",
        &[
            ("Failed failed) noexcept ->", "Failed failed) ->"),
            ("int32_t status_of(Body body) noexcept {", "int32_t status_of(Body body) {"),
            ("last_error = fault.what();", "throw;"),
            ("// No memory for the reason.", "throw;"),
        ],
        "no_device",
    ),
    (
        "exceptions of commands cross the C interface",
        "host_libs.cpp",
        &[
            ("Failed failed) noexcept ->", "Failed failed) ->"),
            ("int32_t status_of(Body body) noexcept {", "int32_t status_of(Body body) {"),
            ("last_error = why.what();", "throw;"),
            ("// No memory for the reason.", "throw;"),
        ],
        "a_command_that_throws",
    ),
    ("no time-out", "device.hpp", &[("if (waited > timeout_) {", "if (false) {")], "a_silent_card"),
    (
        "a null pointer from getMem is used",
        "device.hpp",
        &[(
            "            if (block == nullptr) {\n                throw Fault(NETLATHE_DEVICE, \"there is no memory",
            "            if (false) {\n                throw Fault(NETLATHE_DEVICE, \"there is no memory",
        )],
        "no_memory",
    ),
    (
        "nothing but huge pages",
        "device.hpp",
        &[("block = get(coyote::CoyoteAllocType::REG, bytes);", "")],
        "no_huge_pages",
    ),
    (
        "a thread for every call",
        "device.hpp",
        &[(
            "const Deferred signals;",
            "const Deferred signals; coyote::cThread another(vfpga_, pid_, device_);",
        )],
        "one_thread_for_all_runs",
    ),
    (
        "a page for every sample",
        "device.hpp",
        &[("std::max<uint64_t>(1, std::min(slots_, MAX_BLOCK / stride_));", "1;")],
        "samples_share_pages",
    ),
    (
        "sizes that are no whole pages",
        "device.hpp",
        &[(
            "rounded(std::min(per_block_, slots_ - first) * stride_, PAGE)",
            "std::min(per_block_, slots_ - first) * stride_",
        )],
        "samples_share_pages",
    ),
    (
        "the last samples are dropped",
        "device.hpp",
        &[("while (result.answered < samples) {", "while (result.answered + window_ <= samples) {")],
        "every_sample",
    ),
    (
        "samples beyond the buffers",
        "host_libs.cpp",
        &[("if (samples > device.slots()) {", "if (samples > device.slots() + 1000000) {")],
        "slots_are_checked",
    ),
    (
        "a buffer is used again before its results were taken",
        "device.hpp",
        &[("const uint64_t slot = issued % slots_;", "const uint64_t slot = issued % 7;")],
        "every_sample",
    ),
    (
        "memory is freed by hand, too",
        "device.hpp",
        &[(
            "    ~Device() {\n",
            "    ~Device() {\n for (uint8_t* block : blocks_) { thread_->freeMem(block); }\n",
        )],
        "closed_once",
    ),
    (
        "more commands than the queue takes",
        "device.hpp",
        &[("MAX_COMMANDS = 22;", "MAX_COMMANDS = 64;"), ("DEFAULT_SLOTS = 32;", "DEFAULT_SLOTS = 64;")],
        "close_of_a_silent_card",
    ),
    ("a signal ends the process at once", "device.hpp", &[("const Deferred signals;", "")], "a_signal_waits"),
    (
        "closed with transfers in flight",
        "device.hpp",
        &[("if (!settle() || getpid() != pid_) {", "if (getpid() != pid_) {")],
        "a_silent_card",
    ),
    (
        "old results where there was no answer",
        "host_libs.cpp",
        &[("slot = result.answered; slot < held.slots()", "slot = held.slots(); slot < held.slots()")],
        "no_old_results",
    ),
    (
        "a handle lives on after its close",
        "host_libs.cpp",
        &[("if (remove) {", "if (false) {")],
        "closed_once",
    ),
    (
        "a stream that is behind",
        "device.hpp",
        &[(
            "return writes > others ? writes - others : 0;",
            "static_cast<void>(others); return writes / outputs_.size();",
        )],
        "several_streams",
    ),
    (
        "the counter starts at 0",
        "device.hpp",
        &[("raw_ = thread_->checkCompleted(coyote::CoyoteOper::LOCAL_TRANSFER);\n    }", "raw_ = 0;\n    }")],
        "the_counter_wraps",
    ),
    (
        "a forked process uses its parent's thread",
        "device.hpp",
        &[("if (getpid() != pid_) {\n            throw", "if (false) {\n            throw")],
        "a_fork_does_not_use_the_parent_s_device",
    ),
];

fn change(folder: &Path, (what, file, changes, _): &Mutant) {
    let path = folder.join(file);
    let mut text = fs::read_to_string(&path).unwrap();
    for (from, to) in *changes {
        assert_eq!(text.matches(from).count(), 1, "{what}: {from}");
        text = text.replace(from, to);
    }
    fs::write(path, text).unwrap();
}

/// Runs `judge` on each mutant, two at a time, and gives what survived.
fn survivors(mutants: &[Mutant], judge: impl Fn(&Path, &Mutant) -> bool + Sync) -> Vec<&'static str> {
    let (left, alive) = (Mutex::new(mutants.iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(mutant) = left.lock().unwrap().next() else { break };
                    let folder = copy();
                    change(folder.path(), mutant);
                    if judge(folder.path(), mutant) {
                        alive.lock().unwrap().push(mutant.0);
                    }
                }
            });
        }
    });
    alive.into_inner().unwrap()
}

#[test]
fn the_library_s_tests_see_each_defect() {
    if !has("the_library_s_tests_see_each_defect", "g++", &["--version"]) {
        return;
    }
    let objects = objects(&["test_host.cpp"]);
    let alive = survivors(LIBRARY, |folder, mutant| {
        link(folder, &["host_libs.cpp"], objects.path(), &["test_host.cpp"], "test_host");
        run(Command::new(folder.join("test_host")).arg(mutant.3), TOO_LONG).0 == Some(0)
    });
    assert!(alive.is_empty(), "not seen: {alive:?}");
}

const PROGRAM: &[Mutant] = &[
    (
        "values are compared as int(10000 * x)",
        "test.cpp",
        &[
            (
                "const uint64_t a = netlathe::bits_at(x, tensor.first_bit(element), tensor.bits);",
                "const int64_t a = int64_t(10000 * netlathe::number_at(tensor, x, element));",
            ),
            (
                "const uint64_t b = netlathe::bits_at(y, tensor.first_bit(element), tensor.bits);",
                "const int64_t b = int64_t(10000 * netlathe::number_at(tensor, y, element));",
            ),
            ("if (count == before && count++ < 10) {", "if (before > count) {"),
        ],
        "a last bit that differs",
    ),
    (
        "the last, partial batch is dropped",
        "test.cpp",
        &[(
            "first < samples; first += options.batch_size",
            "first + options.batch_size <= samples; first += options.batch_size",
        )],
        "a right network",
    ),
    (
        "verbose cannot be turned off",
        "test.cpp",
        &[("if (options.verbose) {", "if (true) {")],
        "quiet unless asked",
    ),
    (
        "no output file",
        "test.cpp",
        &[(
            "    write_results(options, manifest.outputs, outputs, samples);\n",
            "    static_cast<void>(write_results);\n",
        )],
        "beats are written",
    ),
    ("always verified", "test.cpp", &[("if (!options.verify) {", "if (false) {")], "verbose"),
    (
        "differences do not count",
        "test.cpp",
        &[("wrapper_outputs.hex\\n\";\n    return 1;", "wrapper_outputs.hex\\n\";\n    return 0;")],
        "a last bit that differs",
    ),
];

#[test]
fn the_program_s_tests_see_each_defect() {
    if !has("the_program_s_tests_see_each_defect", "g++", &["--version"]) {
        return;
    }
    let objects = objects(&[]);
    let alive = survivors(PROGRAM, |folder, mutant| {
        link(folder, &["test.cpp", "host_libs.cpp"], objects.path(), &[], "test");
        let found = check_program(&folder.join("test"));
        !found.is_err_and(|why| why.starts_with(mutant.3))
    });
    assert!(alive.is_empty(), "not seen: {alive:?}");
}

const OVERLAY: &[Mutant] = &[
    (
        "float64 is refused",
        "coyote_overlay.py",
        &[(
            "        if x.ndim <= 1:\n",
            "        if x.dtype == np.float64:\n            raise TypeError(\"argument 2\")\n        if x.ndim <= 1:\n",
        )],
        "any_dtype",
    ),
    (
        "the last, partial batch is dropped",
        "coyote_overlay.py",
        &[(
            "            size = min(int(batch_size), count - first)\n",
            "            size = int(batch_size)\n            if size > count - first:\n                break\n",
        )],
        "every_row",
    ),
    (
        "a batch larger than X is refused",
        "coyote_overlay.py",
        &[(
            "        arrays = self._arrays(X)\n",
            "        arrays = self._arrays(X)\n        if batch_size > len(X):\n            raise ValueError(\"batch\")\n",
        )],
        "every_row",
    ),
    (
        "a device for every call",
        "coyote_overlay.py",
        &[("        if self._handle is not None and self._opened == wanted:\n", "        if False:\n")],
        "one_device_for_all_calls",
    ),
    (
        "verbose cannot be turned off",
        "coyote_overlay.py",
        &[("        if verbose:\n", "        if True:\n")],
        "quiet",
    ),
    (
        "latency and throughput are only printed",
        "coyote_overlay.py",
        &[("return (y, latency, throughput) if profile else y", "return y")],
        "profile",
    ),
    (
        "a failed run is not told",
        "coyote_overlay.py",
        &[("        if status != _OK:\n", "        if status > _BROKEN:\n")],
        "a_silent_card",
    ),
    (
        "streams in a wrong order",
        "coyote_overlay.py",
        &[("streams(inputs, self._input_streams)", "streams(inputs, self._input_streams[::-1])")],
        "several_tensors",
    ),
];

#[test]
fn the_overlay_s_tests_see_each_defect() {
    let name = "the_overlay_s_tests_see_each_defect";
    if !has(name, "g++", &["--version"]) || !has(name, "python3", &["-c", "import numpy"]) {
        return;
    }
    let Some(codec) = codec(name) else { return };
    let built = copy();
    compile(built.path(), "host_libs.cpp", "libCoyoteInference.so", &["-O1", "-shared", "-fPIC"]).unwrap();
    let alive = survivors(OVERLAY, |folder, mutant| {
        fs::write(folder.join("netlathe_codec.py"), &codec).unwrap();
        fs::copy(built.path().join("libCoyoteInference.so"), folder.join("libCoyoteInference.so")).unwrap();
        let mut python = Command::new("python3");
        python.arg(stand_in().join("test_overlay.py")).arg(folder).arg(format!("Overlay.test_{}", mutant.3));
        let (code, said) = run(&mut python, Duration::from_secs(30));
        assert!(said.contains("Ran 1 test"), "{said}");
        code == Some(0)
    });
    assert!(alive.is_empty(), "not seen: {alive:?}");
}
