//! The graph: nodes, their operands in order, and the way in and out.

use crate::config::{Config, IoType};
use crate::op::Op;
use netlathe_apfixed::{FixedType, Precision};
use petgraph::Direction;
use petgraph::stable_graph::{NodeIndex, StableDiGraph};
use std::collections::BTreeSet;
use std::fmt;

/// A node of one graph. Prints as `%3`, as in the text form.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(NodeIndex<u32>);

impl NodeId {
    /// Dense index for side tables; below [`Graph::bound`].
    pub fn index(self) -> usize {
        self.0.index()
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.0.index())
    }
}

/// Where a node comes from: the layer of the file, and what part of it this is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    /// The layer's name in the file.
    pub layer: String,
    /// What of the layer this node is: "" for the layer itself, `activation`, `alpha`, `scale`, ...
    pub role: String,
}

/// One layer: an operation, its operands, and the tensor that it makes.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// hls4ml's name for it (`fc1_relu`, `d1_alpha`): traces, diagnostics and configurations use it. Unique.
    pub name: String,
    /// hls4ml's running number: names weights and tensors (`w2`, `layer2_out`). Unique.
    pub index: u32,
    pub origin: Origin,
    pub op: Op,
    /// Operands in order.
    pub inputs: Vec<NodeId>,
    /// Shape of the output tensor without the batch; channels last.
    pub shape: Vec<usize>,
    /// Type of the output tensor (hls4ml's `result_t`).
    pub result: Precision,
}

impl Node {
    /// Elements of the output tensor.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether the output tensor has no elements; a validated graph has no such node.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Type of the output tensor, once the passes have run.
    pub fn ty(&self) -> FixedType {
        match self.result {
            Precision::Is(ty) => ty,
            Precision::Auto => unreachable!("a validated graph has no open type"),
        }
    }
}

/// A network.
///
/// petgraph holds the topology; the order of a node's operands is kept in the node itself, because petgraph promises none.
#[derive(Clone, Debug)]
pub struct Graph {
    /// The model's name in the file.
    pub name: String,
    net: StableDiGraph<Node, ()>,
    /// Input nodes in the model's order.
    pub inputs: Vec<NodeId>,
    /// Nodes whose tensors leave the network, in the model's order; a node may stand here and have consumers too.
    pub outputs: Vec<NodeId>,
    /// Names of models within the model, whose layers were laid out in this one: a configuration may name them, without effect.
    pub groups: BTreeSet<String>,
    /// How tensors travel between layers.
    pub io_type: IoType,
    /// The configuration that the passes applied.
    pub config: Config,
    next_index: u32,
}

impl Graph {
    /// An empty network.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            net: StableDiGraph::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            groups: BTreeSet::new(),
            io_type: IoType::Parallel,
            config: Config::default(),
            next_index: 1,
        }
    }

    /// Appends a node; its output shape follows from the operation. The next running number is its index.
    ///
    /// # Errors
    /// What is wrong with the operands' shapes, in words.
    pub fn add(
        &mut self,
        name: impl Into<String>,
        origin: Origin,
        op: Op,
        inputs: &[NodeId],
    ) -> Result<NodeId, String> {
        let shapes: Vec<&[usize]> = inputs.iter().map(|&i| self.node(i).shape.as_slice()).collect();
        let shape = op.output_shape(&shapes)?;
        let index = self.take_index();
        let node =
            Node { name: name.into(), index, origin, op, inputs: Vec::new(), shape, result: Precision::Auto };
        let id = NodeId(self.net.add_node(node));
        self.set_inputs(id, inputs.to_vec());
        Ok(id)
    }

    /// Takes the next running number without making a node: hls4ml numbers layers that it removes, too.
    pub fn take_index(&mut self) -> u32 {
        self.next_index += 1;
        self.next_index - 1
    }

    /// The next node gets at least this number.
    pub fn skip_to_index(&mut self, index: u32) {
        self.next_index = self.next_index.max(index);
    }

    /// The number that the next node gets.
    pub fn next_index(&self) -> u32 {
        self.next_index
    }

    /// The node itself.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.net[id.0]
    }

    /// The node itself, to change. Operands are changed by [`Graph::set_inputs`] only.
    pub fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.net[id.0]
    }

    /// One more than the largest [`NodeId::index`].
    pub fn bound(&self) -> usize {
        self.net.node_indices().map(|i| i.index() + 1).max().unwrap_or(0)
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.net.node_count()
    }

    /// Whether there is no node.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Replaces a node's operands.
    pub fn set_inputs(&mut self, id: NodeId, inputs: Vec<NodeId>) {
        let old: Vec<_> = self
            .net
            .edges_directed(id.0, Direction::Incoming)
            .map(|e| petgraph::visit::EdgeRef::id(&e))
            .collect();
        for e in old {
            self.net.remove_edge(e);
        }
        for i in &inputs {
            self.net.add_edge(i.0, id.0, ());
        }
        self.net[id.0].inputs = inputs;
    }

    /// Nodes that read this node's tensor, each once, in the order of [`Graph::order`].
    pub fn consumers(&self, id: NodeId) -> Vec<NodeId> {
        let set: BTreeSet<NodeId> =
            self.net.neighbors_directed(id.0, Direction::Outgoing).map(NodeId).collect();
        self.order().into_iter().filter(|n| set.contains(n)).collect()
    }

    /// How often the tensor is read, the network's outputs counted.
    pub fn uses(&self, id: NodeId) -> usize {
        self.net.edges_directed(id.0, Direction::Outgoing).count()
            + self.outputs.iter().filter(|&&o| o == id).count()
    }

    /// Puts a node between `producer` and all that read it (consumers and network outputs).
    ///
    /// # Errors
    /// What is wrong with the operand's shape, in words.
    pub fn insert_after(
        &mut self,
        producer: NodeId,
        name: impl Into<String>,
        role: &str,
        op: Op,
    ) -> Result<NodeId, String> {
        let consumers = self.consumers(producer);
        let origin = Origin { layer: self.node(producer).origin.layer.clone(), role: role.into() };
        let id = self.add(name, origin, op, &[producer])?;
        self.redirect(producer, id, &consumers);
        Ok(id)
    }

    /// Puts a node between `consumer`'s operand number `port` and `consumer`.
    ///
    /// # Errors
    /// What is wrong with the operand's shape, in words.
    pub fn insert_before(
        &mut self,
        consumer: NodeId,
        port: usize,
        name: impl Into<String>,
        role: &str,
        op: Op,
    ) -> Result<NodeId, String> {
        let producer = self.node(consumer).inputs[port];
        let origin = Origin { layer: self.node(consumer).origin.layer.clone(), role: role.into() };
        let id = self.add(name, origin, op, &[producer])?;
        let mut inputs = self.node(consumer).inputs.clone();
        inputs[port] = id;
        self.set_inputs(consumer, inputs);
        Ok(id)
    }

    /// Removes a node with one operand; whoever read it reads the operand.
    ///
    /// # Panics
    /// If the node has not exactly one operand: a broken pass.
    pub fn bypass(&mut self, id: NodeId) {
        let [source] = self.node(id).inputs[..] else { panic!("bypass needs a node with one operand") };
        let consumers = self.consumers(id);
        self.redirect(id, source, &consumers);
        self.net.remove_node(id.0);
    }

    fn redirect(&mut self, from: NodeId, to: NodeId, consumers: &[NodeId]) {
        for &c in consumers {
            let inputs =
                self.node(c).inputs.iter().map(|&i| if i == from { to } else { i }).collect::<Vec<_>>();
            self.set_inputs(c, inputs);
        }
        for o in &mut self.outputs {
            if *o == from {
                *o = to;
            }
        }
    }

    /// All nodes, operands before their readers; ties in the order of creation. On a cycle the nodes of the cycle are left out.
    pub fn order(&self) -> Vec<NodeId> {
        let mut missing = vec![0usize; self.bound()];
        let mut ready = BTreeSet::new();
        for i in self.net.node_indices() {
            missing[i.index()] = self.net.edges_directed(i, Direction::Incoming).count();
            if missing[i.index()] == 0 {
                ready.insert((self.net[i].index, i));
            }
        }
        let mut order = Vec::with_capacity(self.len());
        while let Some((_, i)) = ready.pop_first() {
            order.push(NodeId(i));
            for n in self.net.neighbors_directed(i, Direction::Outgoing) {
                missing[n.index()] -= 1;
                if missing[n.index()] == 0 {
                    ready.insert((self.net[n].index, n));
                }
            }
        }
        order
    }

    /// The node of that name.
    pub fn find(&self, name: &str) -> Option<NodeId> {
        self.net.node_indices().find(|&i| self.net[i].name == name).map(NodeId)
    }
}
