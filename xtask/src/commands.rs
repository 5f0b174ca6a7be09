//! A function a command: arguments in, exit code out.

use crate::cli::{
    Arguments, Boards, Build, Command, ConfigArguments, Conformance, Doctor, ExecutorName, FuzzCases, IoName,
    Matrix, Predict, Program, Test,
};
use crate::progress::Progress;
use crate::{print, print_matrix};
use netlathe_flow::conformance::{self, Executor};
use netlathe_flow::model::Source;
use netlathe_flow::target::Wishes;
use netlathe_flow::{
    Error, ap_types, boards, build, cache, check, doctor, fuzz, matrix, model, npy, predict, program,
    settings, supported,
};
use std::path::{Path, PathBuf};
use std::time::Duration;

type Code = Result<u8, Error>;

/// Runs a command.
pub(crate) fn run(arguments: Arguments) -> Code {
    match arguments.command {
        Command::Build(a) => run_build(*a),
        Command::Config(a) => run_config(&a),
        Command::Predict(a) => run_predict(&a),
        Command::Package(a) => crate::package::run(&a),
        Command::Conformance(a) => run_conformance(a),
        Command::Boards(a) => run_boards(&a),
        Command::Matrix(a) => run_matrix(a),
        Command::Program(a) => run_program(a),
        Command::Doctor(a) => run_doctor(&a),
        Command::Test(a) => run_test(a),
        Command::FuzzCases(a) => run_fuzz_cases(a),
        Command::SupportedLayers => run_supported_layers(),
    }
}

/// The checkout that this runs in, if it does.
fn checkout() -> Option<PathBuf> {
    // Set by `cargo run`: the folder of this package.
    let by_cargo = std::env::var_os("CARGO_MANIFEST_DIR").and_then(|d| cache::checkout(Path::new(&d)));
    by_cargo.or_else(|| cache::checkout(&std::env::current_dir().ok()?))
}

fn standard_cache() -> Result<cache::Cache, Error> {
    cache::Cache::standard(checkout().as_deref())
}

fn run_build(mut a: Build) -> Code {
    if a.models.is_empty() {
        let example =
            checkout().map(|c| c.join("examples/jet_tagger")).filter(|d| d.join("model.keras").is_file());
        let Some(example) = example else {
            return Err(Error::usage("no model is given", "give one: netlathe build --model FILE"));
        };
        if a.inputs.is_empty() && a.expected.is_empty() {
            a.inputs = vec![example.join("x.npy")];
            a.expected = vec![example.join("y_keras.npy")];
        }
        a.project = a.project.or_else(|| Some("jet_tagger".into()));
        a.models.push(example.join("model.keras"));
    }
    let options = build::Options {
        sources: model::sources(a.models, a.weights, a.config)?,
        wishes: Wishes {
            project: a.project,
            board: a.board,
            board_file: a.board_file,
            clock_period_ns: a.clock,
            clock_uncertainty_percent: a.clock_uncertainty,
            interface: a.interface,
            input_type: a.input_type,
            output_type: a.output_type,
            platform: a.platform,
            legacy_hls: a.legacy_hls,
            shell: a.shell.into(),
        },
        inputs: a.inputs,
        expected: a.expected,
        out: a.out,
        overwrite: a.overwrite,
        accept_large: a.accept_large,
        until: a.until.map(Into::into),
        ap_types: a.common.ap_types,
        cache: standard_cache()?,
        vendor: netlathe_flow::vendor::Options {
            timeout: a.timeout.map(|minutes| Duration::from_secs(60 * u64::from(minutes))),
            ..Default::default()
        },
    };
    let progress = Progress::new();
    let json = a.json;
    let report = build::build(&options, &mut |event| match event {
        build::Event::Begins(stage) => progress.say(stage.name().to_owned()),
        build::Event::Ended(stage) if !json => progress.pause(|| print::stage(stage)),
        build::Event::Ended(_) => {}
    });
    progress.end();
    let report = report?;
    if json {
        print::json(&report)?;
    } else {
        print::build(&report);
    }
    Ok(report.exit_code())
}

fn run_config(a: &ConfigArguments) -> Code {
    let format = match &a.out {
        Some(path) => settings::Format::of(path)?,
        None => settings::Format::Yaml,
    };
    let source = Source { model: a.model.clone(), weights: a.weights.clone(), config: a.config.clone() };
    let loaded = model::load(&source)?;
    let x = match a.inputs.as_slice() {
        [] => Vec::new(),
        files => npy::read_batch(files, &loaded.inputs(), "inputs")?,
    };
    let lowered = model::lower(&loaded, &source, &x)?;
    print::notes(&lowered.notes);
    let project = loaded.config.clone().unwrap_or_default().project;
    let text = settings::write(&loaded, &lowered.network, &project, format);
    let difference = settings::difference(&loaded, &lowered.network, &text);
    match &a.out {
        Some(path) => std::fs::write(path, &text).map_err(|e| Error::io("write", path, &e))?,
        None => print::text(&text),
    }
    match difference {
        None => Ok(0),
        Some(why) => {
            print::warning(&format!(
                "read back, this configuration does not give the same network: {why}\n  \
                 help: hls4ml's keys cannot say everything about every layer; give its types in --config"
            ));
            Ok(1)
        }
    }
}

fn run_predict(a: &Predict) -> Code {
    let source = Source { model: a.model.clone(), weights: a.weights.clone(), config: a.config.clone() };
    let predicted = predict::predict(&source, &a.inputs, &a.out)?;
    print::notes(&predicted.notes);
    print::predicted(&predicted, a.config.is_none());
    Ok(0)
}

fn run_conformance(a: Conformance) -> Code {
    let options = conformance::Options {
        dir: a.dir,
        cases: a.cases,
        executors: a
            .executors
            .iter()
            .map(|e| match e {
                ExecutorName::Emulator => Executor::Emulator,
                ExecutorName::Cpp => Executor::Cpp,
            })
            .collect(),
        cpp_every: 1,
        jobs: a.jobs,
        ap_types: a.common.ap_types,
        cache: standard_cache()?,
        program: Some(this_program()?),
    };
    let progress = Progress::new();
    let report = conformance::run(&options, &mut |case, left| {
        progress.pause(|| print::case(case));
        progress.say(format!("{left} cases to come"));
    });
    progress.end();
    let report = report?;
    print::conformance(&report);
    if let Some(path) = &a.json {
        print::json_file(path, &report)?;
    }
    Ok(u8::from(!report.is_good()))
}

fn run_boards(a: &Boards) -> Code {
    let lines = boards::lines()?;
    if a.json {
        print::json(&print::BoardsReport { schema_version: 1, boards: lines })?;
    } else {
        print::boards(&lines);
    }
    Ok(0)
}

fn run_matrix(a: Matrix) -> Code {
    let options = matrix::Options {
        boards: a.boards,
        csim_every: a.csim_every,
        root: checkout(),
        ap_types: a.common.ap_types,
        cache: standard_cache()?,
    };
    let progress = Progress::new();
    let report = matrix::run(&options, &mut |left| progress.say(format!("{left} combinations to come")));
    progress.end();
    let report = report?;
    print_matrix::matrix(&report);
    if let Some(path) = &a.json {
        print::json_file(path, &report)?;
    }
    Ok(u8::from(report.failed().next().is_some()))
}

fn run_program(a: Program) -> Code {
    let what = match (a.shell, a.app, a.vfpga) {
        (Some(image), _, _) => program::What::Shell { image },
        (None, Some(image), Some(vfpga)) => program::What::App { image, vfpga },
        _ => program::What::Card { image: a.image },
    };
    let plan = program::prepare(&program::Request {
        board: a.board,
        project: a.project,
        device: a.device,
        what,
        pci: a.pci,
        jtag: a.jtag,
        hdev_device: a.hdev_device,
        huge_pages: a.huge_pages,
        ip_address: a.ip_address,
        mac_address: a.mac_address,
        coyote_root: std::env::var_os("COYOTE_ROOT").map(PathBuf::from),
        root: a.root,
    })?;
    if a.json {
        print::json(&plan)?;
    } else {
        print::plan(&plan);
    }
    if a.dry_run {
        return Ok(0);
    }
    if !a.yes && plan.missing.is_empty() && !print::confirmed("Do this?") {
        return Err(Error::usage("nothing was done", "add --yes when the plan is right"));
    }
    program::execute(&plan, &mut |event| match event {
        program::Event::Begins(step) => print::note(&format!("{}: {}", step.what, step.line(true))),
        program::Event::Done(_) => {}
    })?;
    print::note("done");
    Ok(0)
}

fn run_doctor(a: &Doctor) -> Code {
    let items = doctor::examine(a.common.ap_types.as_deref(), &standard_cache()?);
    if a.json {
        print::json(&print::DoctorReport { schema_version: 1, items })?;
    } else {
        print::doctor(&items);
    }
    Ok(0)
}

fn run_test(a: Test) -> Code {
    let Some(root) = checkout() else {
        return Err(Error::usage("this is not a checkout of NetLathe", "run `cargo xtask test` in one"));
    };
    let cases = std::env::var_os(check::CASES)
        .map_or_else(|| root.join("../shared/conformance"), PathBuf::from)
        .canonicalize()
        .ok()
        .filter(|dir| dir.join("index.json").is_file());
    let options = check::Options {
        cache: cache::Cache::standard(Some(&root))?,
        root,
        cases,
        ap_types: a.common.ap_types.or_else(|| std::env::var_os(ap_types::VARIABLE).map(PathBuf::from)),
        program: this_program()?,
    };
    let summary = check::run(&options, &mut |event| match event {
        check::Event::Step(name) => print::step(name),
        check::Event::Case(case, _) => print::case(case),
        check::Event::Matrix(report) => print_matrix::matrix(report),
        check::Event::Conformance(report) => print::conformance(report),
    })?;
    print::summary(&summary);
    Ok(u8::from(!summary.failures.is_empty()))
}

fn run_fuzz_cases(a: FuzzCases) -> Code {
    let cache = standard_cache()?;
    let ap_types = a.common.ap_types;
    if let Some(file) = &a.replay {
        let fault = fuzz::replay(file, ap_types.as_deref(), &cache)?;
        print::replayed(file, fault.as_ref());
        return Ok(u8::from(fault.is_some()));
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(1, |d| d.as_secs());
    let options = fuzz::Options {
        count: a.count,
        seed: a.seed.unwrap_or(now << 16),
        jobs: a.jobs,
        only: a.only,
        io: a.io.map(|io| match io {
            IoName::Parallel => fuzz::IoType::Parallel,
            IoName::Stream => fuzz::IoType::Stream,
        }),
        shrink: !a.no_shrink,
        keep: a.keep,
        ap_types,
        cache,
    };
    let progress = Progress::new();
    if !a.json {
        print::fuzz_begins(options.seed);
    }
    let count = options.count;
    let json = a.json;
    let report = fuzz::run(&options, &mut |event| match event {
        fuzz::Event::Progress(done) => progress.say(format!("{done} of {count} networks compared")),
        fuzz::Event::Failed(seed, fault) if !json => progress.pause(|| print::fuzz_failed(seed, fault)),
        fuzz::Event::Failed(..) => {}
    });
    progress.end();
    let report = report?;
    if json {
        print::json(&report)?;
    } else {
        print::fuzz(&report);
    }
    Ok(u8::from(!report.failures.is_empty()))
}

fn run_supported_layers() -> Code {
    let Some(root) = checkout() else {
        return Err(Error::usage(
            "this is not a checkout of NetLathe",
            "run `cargo xtask supported-layers` in one",
        ));
    };
    let path = root.join("SUPPORTED-LAYERS.md");
    let page = supported::page().map_err(Error::Internal)?;
    std::fs::write(&path, page).map_err(|e| Error::io("write", &path, &e))?;
    print::text(&format!("wrote {}\n", path.display()));
    Ok(0)
}

fn this_program() -> Result<PathBuf, Error> {
    std::env::current_exe().map_err(|e| {
        Error::usage(format!("cannot find this program's own file: {e}"), "start it by its path")
    })
}
