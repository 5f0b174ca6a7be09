use netlathe_flow::tool::{Tool, ToolError, find};
use std::path::Path;
use std::time::{Duration, Instant};

fn sh(script: &str) -> Tool {
    Tool::new("sh").arg("-c").arg(script)
}

fn is_alive(pid: &str) -> bool {
    // A zombie that nobody reaped yet is dead, too.
    std::fs::read_to_string(Path::new("/proc").join(pid).join("stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
}

fn dies(pid: &str) -> bool {
    let begun = Instant::now();
    while is_alive(pid) {
        if begun.elapsed() > Duration::from_secs(20) {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    true
}

#[test]
fn output_goes_to_the_log_as_it_comes() {
    let place = tempfile::tempdir().unwrap();
    let log = place.path().join("log");
    let done = sh("echo one; echo two >&2; printf three").log(&log).run().unwrap();
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "one\ntwo\nthree");
    assert_eq!((done.tail.as_str(), done.output.as_str()), ("one\ntwo\nthree", "one\ntwo\nthree"));
}

#[test]
fn a_failure_says_what_the_tool_said() {
    let e = sh("for i in $(seq 30); do echo line $i; done; exit 7").run().unwrap_err();
    let text = e.to_string();
    assert!(matches!(e, ToolError::Failed { .. }));
    assert!(
        text.contains("exit code 7") && text.contains("line 30") && !text.contains("line 15\n"),
        "{text}"
    );
    let text = sh("kill -9 $$").run().unwrap_err().to_string();
    assert!(text.contains("out of memory"), "{text}");
}

#[test]
fn too_long_ends_the_tool_and_its_descendants() {
    let place = tempfile::tempdir().unwrap();
    let script = "echo begun; sleep 60 & echo $! > child; (sleep 61; true) & echo $! > other; wait";
    let begun = Instant::now();
    let e = sh(script).dir(place.path()).timeout(Duration::from_secs(2)).run().unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(40));
    let ToolError::Timeout { tail, seconds, .. } = &e else { panic!("{e}") };
    assert_eq!((tail.as_str(), *seconds), ("begun", 2.0));
    for name in ["child", "other"] {
        let pid = std::fs::read_to_string(place.path().join(name)).unwrap();
        assert!(dies(pid.trim()), "{name} lives on");
    }
}

#[test]
fn descendants_that_outlive_the_tool_end_with_it() {
    let place = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    // The descendant holds the output open: without its end there would be no end to read.
    let done = sh("sleep 60 & echo $! > child; echo done").dir(place.path()).run().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(40));
    assert_eq!(done.tail, "done");
    let pid = std::fs::read_to_string(place.path().join("child")).unwrap();
    assert!(dies(pid.trim()));
}

#[test]
fn success_is_believed_only_with_its_files() {
    let place = tempfile::tempdir().unwrap();
    let tool = |script: &str| sh(script).dir(place.path()).makes("design.bit");
    let e = tool("echo all fine").run().unwrap_err();
    assert!(e.to_string().contains("did not make design.bit"), "{e}");
    tool("echo x > design.bit").run().unwrap();
    // One from before is none, and one that was written again is.
    let e = tool("echo all fine").run().unwrap_err();
    assert!(e.to_string().contains("did not write design.bit again"), "{e}");
    let old = std::time::SystemTime::now() - Duration::from_secs(60);
    std::fs::File::options()
        .write(true)
        .open(place.path().join("design.bit"))
        .unwrap()
        .set_modified(old)
        .unwrap();
    tool("echo x > design.bit").run().unwrap();
}

#[test]
fn memory_is_limited() {
    let mut tool = sh("x=$(head -c 200000000 /dev/zero | tr '\\0' a); echo ${#x}");
    tool.memory_kib = Some(64 << 10);
    let finished = tool.finish().unwrap();
    assert!(!finished.output.contains("200000000"), "{}", finished.output);
}

#[test]
fn what_is_missing_is_named() {
    let e = Tool::new("netlathe-no-such-tool").run().unwrap_err();
    assert!(matches!(&e, ToolError::NotFound { program, .. } if program == "netlathe-no-such-tool"));
    assert!(e.to_string().contains("help:"));
    assert!(find("sh".as_ref(), None).is_some());
    // A file that cannot be executed is no program.
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("script"), "#!/bin/sh\n").unwrap();
    assert!(find("./script".as_ref(), Some(place.path())).is_none());
}

#[test]
fn the_line_can_be_pasted_into_a_shell() {
    let tool = Tool::new("g++").args(["-O1", "a b.cpp", "it's"]).dir("/w x").env("MODE", "a b");
    assert_eq!(tool.line(), r"cd '/w x' && MODE='a b' g++ -O1 'a b.cpp' 'it'\''s'");
}

#[test]
fn nothing_is_read_from_the_terminal() {
    assert_eq!(sh("cat; echo end").timeout(Duration::from_secs(5)).run().unwrap().output, "end\n");
}
