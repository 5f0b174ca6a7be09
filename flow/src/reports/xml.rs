//! As much XML as the tools' reports need: the text of the first element at a path.

/// Elements inside one another; more is no report.
const DEPTH: usize = 64;

/// The trimmed text of the first element whose innermost ancestors are `path`; the last of `path` is the element itself. The
/// root's name does not matter: it is not part of the path. `None` when there is none, or when the tags before it do not nest.
pub fn text(document: &str, path: &[&str]) -> Option<String> {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = document;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = &comment[comment.find("-->")? + 3..];
            continue;
        }
        let end = rest.find('>')?;
        let (tag, after) = (&rest[..end], &rest[end + 1..]);
        rest = after;
        if tag.starts_with(['?', '!']) || tag.ends_with('/') {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name.trim()) {
                return None;
            }
            continue;
        }
        let name = tag.split_whitespace().next()?;
        open.push(name);
        if open.len() > DEPTH {
            return None;
        }
        // open[0] is the root.
        if open.len() == path.len() + 1 && open[1..] == *path {
            return Some(unescaped(after[..after.find('<')?].trim()));
        }
    }
    None
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn by_path_and_only_by_path() {
        let doc =
            "<?xml version=\"1.0\"?><r><!-- <a> --><a><b x='1'> 1 </b></a><b>2</b><c/><d>&lt;e&gt;</d></r>";
        assert_eq!(text(doc, &["a", "b"]).as_deref(), Some("1"));
        assert_eq!(text(doc, &["b"]).as_deref(), Some("2"));
        assert_eq!(text(doc, &["d"]).as_deref(), Some("<e>"));
        assert_eq!(text(doc, &["c"]), None);
    }

    #[test]
    fn what_is_cut_off_or_does_not_nest_is_nothing() {
        for doc in ["", "<", "<r><a>", "<r><a>1", "<r></a><b>1</b></r>", "<r><!-- <b>1</b></r>"] {
            assert_eq!(text(doc, &["b"]), None, "{doc}");
        }
        let deep = "<a>".repeat(100) + "<b>1</b>";
        assert_eq!(text(&deep, &["b"]), None);
    }
}
