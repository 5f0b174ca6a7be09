use netlathe_flow::fs::{File, MARKER, Tree, Written, write_project};
use std::path::Path;

fn tree(files: &[(&str, &str)]) -> Tree {
    files.iter().map(|(path, text)| ((*path).to_owned(), File::from((*text).to_owned()))).collect()
}

fn refusal(out: &Path, tree: &Tree) -> String {
    let e = write_project(out, tree, false).unwrap_err();
    assert_eq!(e.exit_code(), 2, "{e}");
    e.to_string()
}

#[test]
fn a_project_is_written_replaced_and_left_alone() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("deep/er/project");
    let one = tree(&[("a.txt", "one"), ("sub/b.txt", "two")]);
    assert_eq!(write_project(&out, &one, false).unwrap(), Written::Anew);
    assert_eq!(std::fs::read_to_string(out.join("sub/b.txt")).unwrap(), "two");
    assert_eq!(write_project(&out, &one, false).unwrap(), Written::Unchanged);
    assert_eq!(write_project(&out, &tree(&[("a.txt", "new")]), false).unwrap(), Written::Anew);
    assert_eq!(std::fs::read_to_string(out.join("a.txt")).unwrap(), "new");
    assert!(!out.join("sub").exists());
    // Nothing is left beside it.
    assert_eq!(std::fs::read_dir(out.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn a_folder_that_is_not_ours_is_not_touched() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("thesis.tex"), "years of work").unwrap();
    let text = refusal(place.path(), &tree(&[("a", "1")]));
    assert!(text.contains("is no NetLathe project") && text.contains("-o"), "{text}");
    // Not even when told to.
    assert!(write_project(place.path(), &tree(&[("a", "1")]), true).is_err());
    assert_eq!(std::fs::read_to_string(place.path().join("thesis.tex")).unwrap(), "years of work");
    // An empty folder is anyone's.
    let empty = place.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    assert_eq!(write_project(&empty, &tree(&[("a", "1")]), false).unwrap(), Written::Anew);
    // A file is no folder.
    assert!(refusal(&place.path().join("thesis.tex"), &tree(&[("a", "1")])).contains("is not a folder"));
}

#[test]
fn files_that_were_changed_or_added_stay() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("p");
    write_project(&out, &tree(&[("a", "1"), ("b", "2")]), false).unwrap();
    std::fs::create_dir(out.join("export")).unwrap();
    std::fs::write(out.join("export/design.bit"), "hours").unwrap();
    std::fs::write(out.join("b"), "edited").unwrap();
    let next = tree(&[("a", "3"), ("b", "2")]);
    let text = refusal(&out, &next);
    assert!(text.contains("b, export/design.bit") && text.contains("--overwrite"), "{text}");
    assert_eq!(std::fs::read_to_string(out.join("a")).unwrap(), "1");
    assert_eq!(write_project(&out, &next, true).unwrap(), Written::Anew);
    assert!(!out.join("export").exists());
    assert_eq!(std::fs::read_to_string(out.join("b")).unwrap(), "2");
}

#[test]
fn an_unchanged_project_keeps_what_was_built_in_it_only_if_nothing_would_change() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("p");
    let same = tree(&[("a", "1"), ("b", "2")]);
    write_project(&out, &same, false).unwrap();
    std::fs::remove_file(out.join("a")).unwrap();
    // A file of ours that is gone comes back.
    assert_eq!(write_project(&out, &same, false).unwrap(), Written::Anew);
    assert!(out.join("a").exists());
}

#[test]
fn no_path_leaves_the_folder() {
    let place = tempfile::tempdir().unwrap();
    for bad in ["../a", "/tmp/a", "a/../../b", "", "a//b", "a/", MARKER, "a\\b", "x\ny"] {
        let out = place.path().join("p");
        let e = write_project(&out, &tree(&[(bad, "x")]), false).unwrap_err();
        assert_eq!(e.exit_code(), 4, "{bad:?} is a mistake of NetLathe");
        assert!(!out.exists(), "{bad:?}");
    }
    assert!(write_project(&place.path().join("p"), &tree(&[("a", "x"), ("a/b", "y")]), false).is_err());
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn a_symbolic_link_is_not_followed() {
    let place = tempfile::tempdir().unwrap();
    let target = place.path().join("target");
    write_project(&target, &tree(&[("a", "1")]), false).unwrap();
    let link = place.path().join("link");
    std::os::unix::fs::symlink(&target, &link).unwrap();
    assert!(refusal(&link, &tree(&[("a", "2")])).contains("is not a folder"));
    assert_eq!(std::fs::read_to_string(target.join("a")).unwrap(), "1");
}

#[test]
fn scripts_can_be_executed() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("p");
    let mut t = tree(&[("a.txt", "x")]);
    t.insert("run.sh".into(), File { bytes: b"#!/bin/sh\n".to_vec(), executable: true });
    write_project(&out, &t, false).unwrap();
    let mode = |name: &str| out.join(name).metadata().unwrap().permissions().mode();
    assert_eq!((mode("run.sh") & 0o100, mode("a.txt") & 0o111), (0o100, 0));
    // As readable as files usually are, though a temporary folder is private.
    assert_eq!(out.metadata().unwrap().permissions().mode() & 0o700, 0o700);
}
