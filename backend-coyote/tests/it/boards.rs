//! Boards and clocks.

use expect_test::expect;
use netlathe_backend_coyote::{Board, Error, Family, boards, find};

#[test]
fn all_cards_of_coyote() {
    // Names, parts and platforms as `validation_checks_hw` of Coyote's FindCoyoteHW.cmake sets them.
    let expected = [
        ("u55c", "xcu55c-fsvh2892-2L-e", "ultrascale_plus", "bit", "bin"),
        ("u250", "xcu250-figd2104-2L-e", "ultrascale_plus", "bit", "bin"),
        ("u280", "xcu280-fsvh2892-2L-e", "ultrascale_plus", "bit", "bin"),
        ("v80", "xcv80-lsva4737-2MHP-e-S", "versal", "pdi", "pdi"),
    ];
    let all = boards().unwrap();
    assert_eq!(all.len(), expected.len());
    for (board, (name, part, family, full, partial)) in all.iter().zip(expected) {
        assert_eq!((board.name.as_str(), board.fdev_name.as_str()), (name, name));
        assert_eq!((board.part.as_str(), board.family.word()), (part, family));
        assert_eq!((board.images.full.as_str(), board.images.partial.as_str()), (full, partial));
        assert_eq!(&find(name).unwrap(), board);
    }
}

#[test]
fn the_v80_wants_newer_tools() {
    let old_enough = |board: &str, found: &str| find(board).unwrap().takes_vivado(found);
    for (board, found, takes) in [
        ("v80", "2024.1", Some(false)),
        ("v80", "2024.2", Some(true)),
        ("v80", "2025.1", Some(true)),
        ("u55c", "2021.2", Some(false)),
        ("u55c", "2022.1", Some(true)),
        ("u55c", "v2023.1.1", Some(true)),
        ("u55c", "new", None),
    ] {
        assert_eq!(old_enough(board, found), takes, "{board} {found}");
    }
    assert_eq!(find("v80").unwrap().family, Family::Versal);
}

#[test]
fn clocks_are_whole_mhz_and_never_faster_than_asked_for() {
    let clock = find("u55c").unwrap().clock;
    for (period, mhz) in [(4.0, 250), (3.3333333, 300), (5.0, 200), (4.7, 212), (10.0, 100)] {
        assert_eq!(clock.mhz("u55c", Some(period)).unwrap(), mhz, "{period}");
    }
    for bad in [0.0, -4.0, f64::NAN, f64::INFINITY, 1.0, 200.0] {
        assert!(matches!(clock.mhz("u55c", Some(bad)), Err(Error::Clock { .. })), "{bad}");
    }
}

#[test]
fn malformed_board_files() {
    let text = include_str!("../../boards/v80.toml");
    assert!(Board::from_toml("own.toml", text).is_ok());
    let refused = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        Board::from_toml("own.toml", &text.replacen(from, to, 1)).unwrap_err().to_string()
    };
    expect!["NL602: the board file own.toml is malformed: images.full is \"bit\": Versal devices have pdi, others bit"]
        .assert_eq(&refused("full = \"pdi\"", "full = \"bit\""));
    expect!["NL602: the board file own.toml is malformed: pcie is empty; name at least one generation"]
        .assert_eq(&refused("[4, 5]", "[]"));
    expect!["NL602: the board file own.toml is malformed: tools.vivado is \"recent\"; write a release such as 2022.1"]
        .assert_eq(&refused("2024.2", "recent"));
    expect!["NL602: the board file own.toml is malformed: clock: 250 MHz is not from 300 to 1070 MHz, or these start at 0"]
        .assert_eq(&refused("min_mhz = 5", "min_mhz = 300"));
    expect![[r#"NL602: the board file own.toml is malformed: name is "v 80"; use letters, digits, - and _"#]]
        .assert_eq(&refused("name = \"v80\"", "name = \"v 80\""));
    expect![
        "NL602: the board file own.toml is malformed: memory.masters is less than 2: Coyote itself is one"
    ]
    .assert_eq(&refused("masters = 32", "masters = 1"));
    assert!(refused("[tools]", "[tools]\nvitis = \"1\"").contains("unknown field `vitis`"));
}
