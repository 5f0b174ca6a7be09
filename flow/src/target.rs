//! What a project is made for: its name, its board, and how the board's processor or host reaches it. The command line comes
//! first, then the configuration, then the defaults.

use crate::error::Error;
use crate::shell::ShellWishes;
use netlathe_backend_coyote as coyote;
use netlathe_backend_vivado_accel as vivado;
use netlathe_codegen_hls::wrapper::Element;
use netlathe_ir::config::ProjectConfig;
use netlathe_overlay::Flow;
use std::path::{Path, PathBuf};
use vivado::InterfaceKind;

/// The board when nothing names one.
pub const DEFAULT_BOARD: &str = "pynq-z2";
/// The largest board file that is read, in bytes.
const MAX_BOARD_FILE: u64 = 1 << 20;

/// What a project is made for.
#[derive(Clone, Debug)]
pub struct Target {
    pub project: String,
    pub board: Board,
    pub clock_period_ns: Option<f64>,
    pub clock_uncertainty_percent: Option<f64>,
    /// How tensors reach the accelerator; the board's first interface if `None`.
    pub interface: Option<InterfaceKind>,
    /// What elements travel as; float32 if `None`.
    pub input: Option<Element>,
    pub output: Option<Element>,
    /// The Vitis platform of a PCIe card.
    pub platform: Option<String>,
    /// Scripts for Vivado HLS 2019.2 and 2020.1.
    pub legacy_hls: bool,
    /// What was said of Coyote's shell.
    pub shell: ShellWishes,
    /// Text of the floorplan that it names.
    pub floorplan: Option<String>,
}

impl Target {
    /// The same as a configuration says it, so that what is written reads back as the same target.
    pub fn facts(&self) -> ProjectConfig {
        let element = |e: &Element| match e {
            Element::Float32 => "float".to_owned(),
            Element::Float64 => "double".to_owned(),
            Element::Fixed(ty) => ty.to_string(),
        };
        let backend = match self.board.flow() {
            Flow::VivadoAccelerator => "VivadoAccelerator",
            Flow::Coyote => "CoyoteAccelerator",
        };
        ProjectConfig {
            project_name: Some(self.project.clone()),
            backend: Some(backend.to_owned()),
            board: Some(self.board.name().to_owned()),
            part: None,
            clock_period_ns: self.clock_period_ns,
            clock_uncertainty: self.clock_uncertainty_percent.map(|percent| format!("{percent}%")),
            interface: self.interface.map(|kind| kind.name().to_owned()),
            platform: self.platform.clone(),
            input_type: self.input.as_ref().map(element),
            output_type: self.output.as_ref().map(element),
        }
    }
}

/// A board of either flow.
#[derive(Clone, Debug)]
pub enum Board {
    /// Of [`Flow::VivadoAccelerator`].
    Vivado(Box<vivado::Board>),
    /// Of [`Flow::Coyote`].
    Coyote(Box<coyote::Board>),
}

/// What a user may say of the target; the configuration says the rest.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    pub project: Option<String>,
    pub board: Option<String>,
    /// A board file of the user's own.
    pub board_file: Option<PathBuf>,
    pub clock_period_ns: Option<f64>,
    pub clock_uncertainty_percent: Option<f64>,
    /// `axi_stream`, `axi_master`, `axi_lite`.
    pub interface: Option<String>,
    /// `float`, `double`, or a fixed-point type.
    pub input_type: Option<String>,
    pub output_type: Option<String>,
    pub platform: Option<String>,
    pub legacy_hls: bool,
    pub shell: ShellWishes,
}

impl Board {
    /// The name that a user gives.
    pub fn name(&self) -> &str {
        match self {
            Self::Vivado(board) => &board.name,
            Self::Coyote(board) => &board.name,
        }
    }

    /// Whose it is.
    pub fn flow(&self) -> Flow {
        match self {
            Self::Vivado(_) => Flow::VivadoAccelerator,
            Self::Coyote(_) => Flow::Coyote,
        }
    }
}

/// Settles everything before any work is done.
///
/// # Errors
/// [`Error::Usage`]: no such board, interface or element type, a board file that is wrong, or the configuration's back end has not
/// that board.
pub fn target(wishes: &Wishes, config: &ProjectConfig, network_name: &str) -> Result<Target, Error> {
    let configured = config.clock_uncertainty.as_deref().map(percentage).transpose()?;
    let uncertainty = wishes.clock_uncertainty_percent.or(configured);
    let board = board(wishes, config)?;
    if let (Board::Vivado(board), Some(option)) = (&board, wishes.shell.given()) {
        return Err(Error::usage(
            format!("{option} means nothing for board `{}`: it is about Coyote's shell", board.name),
            format!("leave it out, or choose one of Coyote's cards: {}", cards()?),
        ));
    }
    // hls4ml writes `Interface: axi_stream` whatever the board is, cards and Coyote's shell, too; for these it says nothing.
    let says_nothing = |text: &String| match &board {
        Board::Vivado(board) => text == InterfaceKind::AxiStream.name() && board.alveo.is_some(),
        Board::Coyote(_) => true,
    };
    let configured = config.interface.clone().filter(|text| !says_nothing(text));
    let interface = match wishes.interface.clone().or(configured) {
        Some(text) => Some(
            text.parse::<InterfaceKind>()
                .map_err(|e| Error::usage(e, "give --interface, or Interface in the configuration"))?,
        ),
        None => None,
    };
    if board.flow() == Flow::Coyote {
        for (given, option) in [
            (wishes.interface.is_some(), "--interface"),
            (wishes.platform.is_some(), "--platform"),
            (wishes.legacy_hls, "--legacy-hls"),
        ] {
            if given {
                return Err(Error::usage(
                    format!(
                        "{option} means nothing for board `{}`: Coyote's shell has its own streams",
                        board.name()
                    ),
                    "leave it out",
                ));
            }
        }
    }
    // `myproject` is what hls4ml writes when nobody chose a name.
    let configured = config.project_name.clone().filter(|n| n != "myproject");
    Ok(Target {
        project: wishes.project.clone().or(configured).unwrap_or_else(|| tidy(network_name)),
        interface,
        input: element("input", wishes.input_type.as_ref().or(config.input_type.as_ref()))?,
        output: element("output", wishes.output_type.as_ref().or(config.output_type.as_ref()))?,
        platform: wishes.platform.clone().or_else(|| platform(&board, config)),
        legacy_hls: wishes.legacy_hls,
        shell: wishes.shell.clone(),
        floorplan: wishes.shell.floorplan()?,
        board,
        clock_period_ns: wishes.clock_period_ns.or(config.clock_period_ns),
        clock_uncertainty_percent: uncertainty,
    })
}

/// As [`target`] for one or several models, of each what its configuration says and the network's name; also what each model is
/// called. Several share a card of Coyote's, whose name is made of theirs when nobody gives one.
///
/// # Errors
/// As of [`target`]; [`Error::Usage`] also for several models on a board that takes one, and for configurations that contradict
/// each other.
pub fn settle(wishes: &Wishes, models: &[(ProjectConfig, String)]) -> Result<(Target, Vec<String>), Error> {
    if let [(config, network_name)] = models {
        let target = target(wishes, config, network_name)?;
        let name = target.project.clone();
        return Ok((target, vec![name]));
    }
    let mut names: Vec<String> = models
        .iter()
        .map(|(config, name)| {
            config.project_name.clone().filter(|n| n != "myproject").unwrap_or_else(|| tidy(name))
        })
        .collect();
    if names.iter().enumerate().any(|(i, name)| names[..i].contains(name)) {
        // With its number at its end no name is another's.
        names = names.iter().enumerate().map(|(i, name)| format!("{name}_{i}")).collect();
    }
    let target = target(wishes, &agreed(wishes, models)?, &names.join("_"))?;
    if target.board.flow() != Flow::Coyote {
        return Err(Error::usage(
            format!(
                "{} models are given, but a project for board `{}` holds one: only Coyote's shell has several vFPGAs",
                models.len(),
                target.board.name()
            ),
            format!("give one --model for each project, or choose one of Coyote's cards: {}", cards()?),
        ));
    }
    Ok((target, names))
}

/// What several configurations say together of one card; one that does not say it agrees with all.
fn agreed(wishes: &Wishes, models: &[(ProjectConfig, String)]) -> Result<ProjectConfig, Error> {
    fn one<T: Clone + PartialEq + std::fmt::Debug>(
        models: &[(ProjectConfig, String)],
        what: fn(&ProjectConfig) -> &Option<T>,
        option: &str,
        given: bool,
    ) -> Result<Option<T>, Error> {
        let mut said = models.iter().filter_map(|(config, _)| what(config).as_ref());
        let Some(first) = said.next().filter(|_| !given) else { return Ok(None) };
        match said.find(|other| *other != first) {
            Some(other) => Err(Error::usage(
                format!(
                    "the models' configurations contradict each other: {first:?} and {other:?}, but they share a card"
                ),
                format!("give {option}, which counts for all"),
            )),
            None => Ok(Some(first.clone())),
        }
    }
    let board = wishes.board.is_some() || wishes.board_file.is_some();
    let clock = wishes.clock_period_ns.is_some();
    let uncertainty = wishes.clock_uncertainty_percent.is_some();
    Ok(ProjectConfig {
        backend: one(models, |c| &c.backend, "--board", board)?,
        board: one(models, |c| &c.board, "--board", board)?,
        clock_period_ns: one(models, |c| &c.clock_period_ns, "--clock", clock)?,
        clock_uncertainty: one(models, |c| &c.clock_uncertainty, "--clock-uncertainty", uncertainty)?,
        input_type: one(models, |c| &c.input_type, "--input-type", wishes.input_type.is_some())?,
        output_type: one(models, |c| &c.output_type, "--output-type", wishes.output_type.is_some())?,
        // The name is made of all; the others mean nothing on Coyote's cards.
        ..ProjectConfig::default()
    })
}

/// Coyote's boards.
fn cards() -> Result<String, Error> {
    let names: Vec<String> =
        boards()?.iter().filter(|b| b.flow() == Flow::Coyote).map(|b| b.name().to_owned()).collect();
    Ok(names.join(", "))
}

/// hls4ml writes the U250's platform whatever the board is: a platform counts only where the board has it.
fn platform(board: &Board, config: &ProjectConfig) -> Option<String> {
    let Board::Vivado(board) = board else { return None };
    let known = &board.alveo.as_ref()?.platforms;
    config.platform.clone().filter(|name| known.contains(name))
}

fn board(wishes: &Wishes, config: &ProjectConfig) -> Result<Board, Error> {
    if let Some(path) = &wishes.board_file {
        if wishes.board.is_some() {
            return Err(Error::usage("--board and --board-file are given", "give one of them"));
        }
        let io = |e: std::io::Error| Error::io("read", path, &e);
        let bytes = std::fs::metadata(path).map_err(io)?.len();
        if bytes > MAX_BOARD_FILE {
            return Err(Error::usage(
                format!("{} has {bytes} bytes; a board file has at most {MAX_BOARD_FILE}", path.display()),
                "is it the right file?",
            ));
        }
        let text = std::fs::read_to_string(path).map_err(io)?;
        return board_of(path, &text);
    }
    let boards = boards()?;
    let list = || boards.iter().map(Board::name).collect::<Vec<_>>().join(", ");
    let backend = config.backend.as_deref().map(str::to_ascii_lowercase);
    let wanted = match backend.as_deref() {
        Some("coyote" | "coyoteaccelerator") => Some(Flow::Coyote),
        Some("vivadoaccelerator") => Some(Flow::VivadoAccelerator),
        // `Vitis`, `Vivado`, ... make an IP core there; here the board decides.
        _ => None,
    };
    let usual = || match wanted {
        Some(Flow::Coyote) => boards.iter().find(|b| b.flow() == Flow::Coyote).map(|b| b.name().to_owned()),
        _ => None,
    };
    let name = wishes
        .board
        .clone()
        .or_else(|| config.board.clone())
        .or_else(usual)
        .unwrap_or_else(|| DEFAULT_BOARD.into());
    let Some(board) = boards.iter().find(|b| b.name() == name) else {
        return Err(Error::usage(
            format!("there is no board `{name}`"),
            format!("the boards are: {}; or write a board file and give it with --board-file", list()),
        ));
    };
    match wanted {
        Some(wanted) if wishes.board.is_none() && wanted != board.flow() => Err(Error::usage(
            format!(
                "the configuration names backend {wanted:?} and board `{name}`, which is one of {:?}",
                board.flow()
            ),
            format!("choose the board with --board; the boards are: {}", list()),
        )),
        _ => Ok(board.clone()),
    }
}

/// A board of either flow from the text of its file.
fn board_of(path: &Path, text: &str) -> Result<Board, Error> {
    let name = path.display().to_string();
    let (zynq, card) = (vivado::Board::from_toml(text), coyote::Board::from_toml(&name, text));
    // What only Coyote's boards have.
    let like_a_card = text.lines().any(|l| l.trim_start().starts_with("fdev_name") || l.trim() == "[images]");
    match (zynq, card) {
        (Ok(board), _) => Ok(Board::Vivado(Box::new(board))),
        (_, Ok(board)) => Ok(Board::Coyote(Box::new(board))),
        (_, Err(e)) if like_a_card => {
            Err(Error::usage(e.to_string(), "start from a file of backend-coyote/boards"))
        }
        (Err(e), _) => Err(Error::usage(
            format!("{name}: {e}"),
            "start from a file of backend-vivado-accel/boards, or, for Coyote, of backend-coyote/boards",
        )),
    }
}

/// Every board, those of each flow in the order of their names.
///
/// # Errors
/// A board file in this program is malformed.
pub fn boards() -> Result<Vec<Board>, Error> {
    let zynq = vivado::boards().map_err(|e| Error::Internal(e.to_string()))?;
    let cards = coyote::boards().map_err(|e| Error::Internal(e.to_string()))?;
    let zynq = zynq.into_iter().map(|b| Board::Vivado(Box::new(b)));
    Ok(zynq.chain(cards.into_iter().map(|b| Board::Coyote(Box::new(b)))).collect())
}

/// `float`, `double` or a fixed-point type, as hls4ml's `AcceleratorConfig.Precision` has it.
fn element(side: &str, text: Option<&String>) -> Result<Option<Element>, Error> {
    let Some(text) = text else { return Ok(None) };
    vivado::element(text).map(Some).map_err(|e| {
        Error::usage(
            format!("the {side} type `{text}` cannot cross an interface: {e}"),
            format!("give --{side}-type float, double, or a type such as ap_fixed<16,6>"),
        )
    })
}

fn percentage(text: &str) -> Result<f64, Error> {
    text.trim().strip_suffix('%').and_then(|t| t.trim().parse().ok()).ok_or_else(|| {
        Error::usage(
            format!("the configuration's ClockUncertainty is `{text}`"),
            "write a percentage such as 12.5%",
        )
    })
}

fn tidy(name: &str) -> String {
    let mut text: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        text.insert_str(0, "net_");
    }
    text.truncate(48);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(backend: Option<&str>, board: Option<&str>) -> ProjectConfig {
        ProjectConfig {
            backend: backend.map(Into::into),
            board: board.map(Into::into),
            ..ProjectConfig::default()
        }
    }

    #[test]
    fn the_command_line_comes_before_the_configuration() {
        let wishes = Wishes { board: Some("u55c".into()), ..Wishes::default() };
        let t = target(&wishes, &config(Some("VivadoAccelerator"), Some("pynq-z2")), "Jet Tagger").unwrap();
        assert_eq!(
            (t.board.name(), t.board.flow(), t.project.as_str()),
            ("u55c", Flow::Coyote, "jet_tagger")
        );
        let none = Wishes::default();
        assert_eq!(target(&none, &config(None, None), "m").unwrap().board.name(), "pynq-z2");
        for name in ["Coyote", "CoyoteAccelerator"] {
            assert_eq!(target(&none, &config(Some(name), None), "m").unwrap().board.flow(), Flow::Coyote);
        }
        assert!(target(&none, &config(Some("Coyote"), Some("pynq-z2")), "m").is_err());
        let e = target(&none, &config(None, Some("nexys")), "m").unwrap_err().to_string();
        assert!(e.contains("nexys") && e.contains("pynq-z2") && e.contains("u55c"), "{e}");
    }

    #[test]
    fn clock_uncertainty_is_a_percentage() {
        let of = |text: &str| {
            let config = ProjectConfig { clock_uncertainty: Some(text.into()), ..ProjectConfig::default() };
            target(&Wishes::default(), &config, "m").map(|t| t.clock_uncertainty_percent)
        };
        assert_eq!(of("12.5%").unwrap(), Some(12.5));
        assert_eq!(of("much").unwrap_err().exit_code(), 2);
    }

    #[test]
    fn interface_and_elements_as_hls4ml_writes_them() {
        let config = ProjectConfig {
            interface: Some("axi_stream".into()),
            input_type: Some("float".into()),
            output_type: Some("ap_fixed<16,6>".into()),
            ..ProjectConfig::default()
        };
        let t = target(&Wishes::default(), &config, "m").unwrap();
        assert_eq!(t.interface, Some(InterfaceKind::AxiStream));
        assert_eq!(t.input, Some(Element::Float32));
        assert_eq!(t.output.unwrap().to_string(), "ap_fixed<16,6>");
        let wishes = Wishes {
            interface: Some("axi_lite".into()),
            input_type: Some("double".into()),
            ..Wishes::default()
        };
        let t = target(&wishes, &config, "m").unwrap();
        assert_eq!((t.interface, t.input), (Some(InterfaceKind::AxiLite), Some(Element::Float64)));
        for (interface, input) in [(Some("axi"), None), (None, Some("half"))] {
            let wishes = Wishes {
                interface: interface.map(str::to_owned),
                input_type: input.map(str::to_owned),
                ..Wishes::default()
            };
            assert_eq!(target(&wishes, &config, "m").unwrap_err().exit_code(), 2);
        }
        let wishes =
            Wishes { board: Some("u55c".into()), interface: Some("axi_lite".into()), ..Wishes::default() };
        assert!(target(&wishes, &config, "m").unwrap_err().to_string().contains("--interface"));
    }

    #[test]
    fn facts_read_back_as_the_same_target() {
        let wishes = Wishes {
            project: Some("jet".into()),
            board: Some("zcu102".into()),
            clock_period_ns: Some(8.0),
            interface: Some("axi_lite".into()),
            input_type: Some("double".into()),
            output_type: Some("ap_ufixed<6,2,AP_RND,AP_SAT>".into()),
            ..Wishes::default()
        };
        let config = ProjectConfig { clock_uncertainty: Some("20%".into()), ..ProjectConfig::default() };
        let first = target(&wishes, &config, "m").unwrap();
        let again = target(&Wishes::default(), &first.facts(), "other").unwrap();
        assert_eq!(first.facts(), again.facts());
        assert_eq!((again.board.name(), again.project.as_str()), ("zcu102", "jet"));
        assert_eq!(again.clock_uncertainty_percent, Some(20.0));
    }

    #[test]
    fn several_models_share_a_card() {
        let wishes = |board: &str| Wishes { board: Some(board.into()), ..Wishes::default() };
        let model = |name: &str, clock: Option<f64>| {
            let config = ProjectConfig { clock_period_ns: clock, ..ProjectConfig::default() };
            (config, name.to_owned())
        };
        let (t, names) = settle(&wishes("u55c"), &[model("A", None), model("b", Some(4.0))]).unwrap();
        assert_eq!((t.project.as_str(), t.clock_period_ns), ("a_b", Some(4.0)));
        assert_eq!(names, ["a", "b"]);
        let (_, names) = settle(&wishes("u55c"), &[model("a", None), model("a", None)]).unwrap();
        assert_eq!(names, ["a_0", "a_1"]);
        let (t, names) = settle(&wishes("pynq-z2"), &[model("a", None)]).unwrap();
        assert_eq!((t.project.as_str(), names[0].as_str()), ("a", "a"));

        let e = settle(&wishes("pynq-z2"), &[model("a", None), model("b", None)]).unwrap_err().to_string();
        assert!(e.contains("2 models") && e.contains("pynq-z2") && e.contains("u55c"), "{e}");
        let two = [model("a", Some(5.0)), model("b", Some(4.0))];
        let e = settle(&wishes("u55c"), &two).unwrap_err().to_string();
        assert!(e.contains("5.0 and 4.0") && e.contains("--clock"), "{e}");
        let given = Wishes { clock_period_ns: Some(8.0), ..wishes("u55c") };
        assert_eq!(settle(&given, &two).unwrap().0.clock_period_ns, Some(8.0));
    }

    #[test]
    fn options_of_the_shell_are_refused_elsewhere() {
        let of = |board: &str| {
            let shell = ShellWishes { cores: Some(4), ..ShellWishes::default() };
            let wishes = Wishes { board: Some(board.into()), shell, ..Wishes::default() };
            target(&wishes, &ProjectConfig::default(), "m")
        };
        assert_eq!(of("u55c").unwrap().shell.cores, Some(4));
        let e = of("pynq-z2").unwrap_err().to_string();
        assert!(e.contains("--cores") && e.contains("pynq-z2") && e.contains("v80"), "{e}");
    }

    #[test]
    fn the_interface_that_hls4ml_writes_for_every_board_does_not_stop_a_card() {
        let of = |interface: &str, wishes: Wishes| {
            let config = ProjectConfig { interface: Some(interface.into()), ..ProjectConfig::default() };
            target(&wishes, &config, "m").unwrap().interface
        };
        let card = || Wishes { board: Some("alveo-u50".into()), ..Wishes::default() };
        assert_eq!(of("axi_stream", card()), None);
        assert_eq!(of("axi_stream", Wishes::default()), Some(InterfaceKind::AxiStream));
        // What nobody writes by default is meant, and refused later with the reason.
        assert_eq!(of("axi_lite", card()), Some(InterfaceKind::AxiLite));
        let asked = Wishes { interface: Some("axi_stream".into()), ..card() };
        assert_eq!(of("axi_stream", asked), Some(InterfaceKind::AxiStream));
    }

    #[test]
    fn a_platform_of_another_board_does_not_count() {
        let of = |board: &str, platform: &str| {
            let config = ProjectConfig {
                board: Some(board.into()),
                platform: Some(platform.into()),
                ..ProjectConfig::default()
            };
            target(&Wishes::default(), &config, "m").unwrap().platform
        };
        assert_eq!(of("pynq-z2", "xilinx_u250_xdma_201830_2"), None);
        assert_eq!(of("alveo-u50", "xilinx_u250_xdma_201830_2"), None);
    }

    #[test]
    fn a_board_file_of_ones_own() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("mine.toml");
        let text = include_str!("../../backend-vivado-accel/boards/pynq-z2.toml");
        std::fs::write(&path, text.replacen("\"pynq-z2\"", "\"mine\"", 1)).unwrap();
        let wishes = Wishes { board_file: Some(path.clone()), ..Wishes::default() };
        assert_eq!(target(&wishes, &ProjectConfig::default(), "m").unwrap().board.name(), "mine");
        // One of Coyote's, told by what it holds.
        let text = include_str!("../../backend-coyote/boards/u55c.toml").replacen("\"u55c\"", "\"ours\"", 1);
        std::fs::write(&path, &text).unwrap();
        let t = target(&wishes, &ProjectConfig::default(), "m").unwrap();
        assert_eq!((t.board.name(), t.board.flow()), ("ours", Flow::Coyote));
        std::fs::write(&path, text.replacen("pcie = [3]", "pcie = []", 1)).unwrap();
        let e = target(&wishes, &ProjectConfig::default(), "m").unwrap_err();
        assert!(e.to_string().contains("NL602") && e.to_string().contains("pcie is empty"), "{e}");
        std::fs::write(&path, "name = 3").unwrap();
        let e = target(&wishes, &ProjectConfig::default(), "m").unwrap_err();
        assert!(e.exit_code() == 2 && e.to_string().contains("mine.toml"), "{e}");
    }
}
