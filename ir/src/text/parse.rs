//! Text to a network.

use super::Value;
use super::attributes::Attributes;
use super::read;
use crate::config::IoType;
use crate::graph::{Graph, NodeId, Origin};
use netlathe_apfixed::Precision;

/// What is wrong with a text, and where.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ParseError {
    /// Counted from 1.
    pub line: usize,
    pub message: String,
}

/// Reads a network from the form that [`print`](super::print) writes.
///
/// # Errors
/// The first line that cannot be read, and why.
pub fn parse(text: &str) -> Result<Graph, ParseError> {
    let mut graph = Graph::new("");
    let (mut started, mut ended) = (false, false);
    let mut lines = 0;
    for (number, line) in text.lines().enumerate() {
        lines = number + 1;
        let mut cursor = Cursor { rest: line.trim() };
        if cursor.rest.is_empty() || cursor.rest.starts_with("//") {
            continue;
        }
        let result = if cursor.eat("network ") {
            started = true;
            header(&mut graph, &mut cursor)
        } else if !started {
            Err("the text starts with `network \"name\" io_parallel`".into())
        } else if cursor.eat("inputs ") {
            names(&graph, &mut cursor).map(|ids| graph.inputs = ids)
        } else if cursor.eat("outputs ") {
            ended = true;
            names(&graph, &mut cursor).map(|ids| graph.outputs = ids)
        } else {
            node(&mut graph, &mut cursor)
        };
        result.map_err(|message| ParseError { line: number + 1, message })?;
    }
    if ended {
        Ok(graph)
    } else {
        Err(ParseError { line: lines, message: "the text ends without `outputs`".into() })
    }
}

struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest.strip_prefix(token);
        if let Some(rest) = found {
            self.rest = rest.trim_start();
        }
        found.is_some()
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.eat(token) { Ok(()) } else { Err(format!("`{token}` expected before `{}`", self.shown())) }
    }

    fn shown(&self) -> String {
        self.rest.chars().take(20).collect()
    }

    /// Everything up to one of the stops.
    fn until(&mut self, stops: &[char]) -> &'a str {
        let end = self.rest.find(stops).unwrap_or(self.rest.len());
        let (head, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        head.trim_end()
    }

    /// A quoted text, with `\"` and `\\` escaped as the printer does.
    fn text(&mut self) -> Result<String, String> {
        let mut chars = self.rest.char_indices();
        if chars.next().map(|c| c.1) != Some('"') {
            return Err(format!("a quoted name expected before `{}`", self.shown()));
        }
        let mut out = String::new();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = self.rest[at + 1..].trim_start();
                    return Ok(out);
                }
                '\\' => match chars.next().map(|c| c.1) {
                    Some('n') => out.push('\n'),
                    Some('t') => out.push('\t'),
                    Some('r') => out.push('\r'),
                    Some('0') => out.push('\0'),
                    Some('u') => {
                        let code: String =
                            chars.by_ref().map(|c| c.1).take_while(|&c| c != '}').skip(1).collect();
                        let c = u32::from_str_radix(&code, 16).ok().and_then(char::from_u32);
                        out.push(c.ok_or_else(|| format!("`\\u{{{code}}}` is no character"))?);
                    }
                    Some(c) => out.push(c),
                    None => break,
                },
                c => out.push(c),
            }
        }
        Err("a quoted name has no end".into())
    }
}

fn header(graph: &mut Graph, cursor: &mut Cursor<'_>) -> Result<(), String> {
    graph.name = cursor.text()?;
    graph.io_type = [IoType::Parallel, IoType::Stream]
        .into_iter()
        .find(|io| io.name() == cursor.rest)
        .ok_or_else(|| format!("`{}` is neither io_parallel nor io_stream", cursor.rest))?;
    Ok(())
}

fn find(graph: &Graph, name: &str) -> Result<NodeId, String> {
    graph.find(name).ok_or_else(|| format!("no node `{name}` above this line"))
}

fn names(graph: &Graph, cursor: &mut Cursor<'_>) -> Result<Vec<NodeId>, String> {
    let mut ids = Vec::new();
    while !cursor.rest.is_empty() {
        ids.push(find(graph, &cursor.text()?)?);
    }
    Ok(ids)
}

fn node(graph: &mut Graph, cursor: &mut Cursor<'_>) -> Result<(), String> {
    let name = cursor.text()?;
    cursor.expect("#")?;
    let index = cursor.until(&[' ']);
    let index: u32 = index.parse().map_err(|_| format!("`{index}` is no index"))?;
    cursor.expect("=")?;
    let class = cursor.until(&['(']);
    cursor.expect("(")?;
    let mut operands = Vec::new();
    while !cursor.eat(")") {
        operands.push(find(graph, &cursor.text()?)?);
        cursor.eat(",");
    }
    let mut values = Attributes::new();
    let mut origin = Origin { layer: name.clone(), role: String::new() };
    loop {
        if cursor.eat("@") {
            let layer = cursor.text()?;
            cursor.expect("/")?;
            origin = Origin { layer, role: cursor.text()? };
        } else if cursor.eat(":") {
            break;
        } else {
            let key = cursor.until(&['=', ' ']).to_string();
            cursor.expect("=")?;
            let value = value(cursor).map_err(|e| format!("`{key}`: {e}"))?;
            values.push((key, value));
        }
    }
    let result: Precision = cursor.rest.parse().map_err(|e| format!("{e}"))?;
    let id = graph.add(name, origin, read::op(class, values)?, &operands)?;
    let node = graph.node_mut(id);
    node.result = result;
    node.index = index;
    graph.skip_to_index(index + 1);
    Ok(())
}

fn value(cursor: &mut Cursor<'_>) -> Result<Value, String> {
    if cursor.rest.starts_with('"') {
        return cursor.text().map(Value::Text);
    }
    let single = cursor.rest.starts_with("f32[");
    if single || cursor.rest.starts_with("f64[") {
        cursor.until(&['[']);
        cursor.expect("[")?;
        let dims = cursor.until(&[']']);
        cursor.expect("]")?;
        cursor.expect("{")?;
        let body = cursor.until(&['}']);
        cursor.expect("}")?;
        let shape = split(dims, 'x')?;
        let data = if single {
            split::<f32>(body, ',')?.into_iter().map(f64::from).collect()
        } else {
            split::<f64>(body, ',')?
        };
        return Ok(Value::Tensor(single, shape, data));
    }
    if cursor.eat("[") {
        let body = cursor.until(&[']']);
        cursor.expect("]")?;
        return split(body, ',').map(Value::List);
    }
    let token = cursor.until(&[' ']);
    if token == "auto" || token.contains('<') {
        return token.parse::<Precision>().map(Value::Type).map_err(|e| e.to_string());
    }
    if let Ok(i) = token.parse::<i64>() {
        return Ok(Value::Int(i));
    }
    if let Ok(x) = token.parse::<f64>() {
        return Ok(Value::Float(x));
    }
    Ok(Value::Word(token.into()))
}

fn split<T: std::str::FromStr>(body: &str, by: char) -> Result<Vec<T>, String> {
    body.split(by)
        .map(str::trim)
        .filter(|s| !s.is_empty())
        .map(|s| s.parse().map_err(|_| format!("`{s}` is no number")))
        .collect()
}
