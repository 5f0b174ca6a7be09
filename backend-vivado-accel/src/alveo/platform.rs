//! Vitis platforms by name: what can be said of one before the tools are asked.

use crate::board::{Alveo, Board};
use crate::error::Error;

/// The platform that was asked for, if it can be one of this card.
///
/// A platform is given by its name, `xilinx_u250_gen3x16_xdma_4_1_202210_1`, or by the path of its `.xpfm` file (UG1393, "v++
/// General Options", `--platform`). Whether it is installed, `platforminfo` tells when the project is built; here a name is
/// refused that is no word, that is another card's, or whose host reaches the card without XDMA: XRT then has no way to copy
/// buffers to the card's memory.
///
/// # Errors
/// [`Error::Platform`].
pub(super) fn checked<'a>(
    board: &Board,
    card: &Alveo,
    asked: Option<&'a str>,
) -> Result<Option<&'a str>, Error> {
    let Some(name) = asked else { return Ok(None) };
    let refused = |why: String| Error::Platform {
        board: board.name.clone(),
        platform: name.to_owned(),
        why,
        known: card.platforms.join(", "),
    };
    let is_path = name.ends_with(".xpfm");
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || (is_path && "/.-+".contains(c));
    if name.is_empty() || name.len() > 1024 || name.starts_with('-') || !name.chars().all(plain) {
        let what = "it must be a name of letters, digits and underscores, or the path of an .xpfm file without blanks";
        return Err(refused(what.to_owned()));
    }
    if card.platforms.iter().any(|known| known == name) {
        return Ok(Some(name));
    }
    let file = name.rsplit('/').next().unwrap_or(name);
    let words: Vec<&str> = file.trim_end_matches(".xpfm").split('_').collect();
    if let Some(own) = word(card)
        && !words.contains(&own)
    {
        return Err(refused(format!("platforms of this card have {own:?} in their names")));
    }
    if !words.contains(&"xdma") {
        return Err(refused(
            "it is no XDMA platform: XRT could not copy tensors to the card's memory".to_owned(),
        ));
    }
    Ok(Some(name))
}

/// What platforms of the card have in their names, `u250`: the vendor comes first, then the card.
pub(super) fn word(card: &Alveo) -> Option<&str> {
    card.platforms.first().and_then(|name| name.split('_').nth(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::find;

    #[test]
    fn names_of_the_card_pass_and_others_do_not() {
        let board = find("alveo-u250").unwrap();
        let card = board.alveo.as_ref().unwrap();
        let of = |name| checked(&board, card, Some(name)).map_err(|why| why.to_string());
        assert_eq!(checked(&board, card, None), Ok(None));
        for name in [
            "xilinx_u250_gen3x16_xdma_4_1_202210_1",
            "xilinx_u250_xdma_201830_2",
            "xilinx_u250_gen4x8_xdma_9_203010_1",
            "/opt/xilinx/platforms/lab_u250_xdma_1/lab_u250_xdma_1.xpfm",
        ] {
            assert_eq!(of(name), Ok(Some(name)));
        }
        for (name, why) in [
            ("", "it must be a name"),
            ("a b", "it must be a name"),
            ("$(true)_u250_xdma", "it must be a name"),
            ("-p", "it must be a name"),
            ("xilinx_u250_xdma/x", "it must be a name"),
            ("xilinx_u2500_xdma_1", "have \"u250\" in their names"),
            ("xilinx_u280_xdma_201920_3", "have \"u250\" in their names"),
            ("xilinx_u250_gen3x16_nodma_1", "it is no XDMA platform"),
            ("/xilinx_u250_xdma/x.xpfm", "have \"u250\" in their names"),
        ] {
            let said = of(name).unwrap_err();
            assert!(said.starts_with("NL634: ") && said.contains(why), "{name}: {said}");
            assert!(said.contains("xilinx_u250_gen3x16_xdma_4_1_202210_1, "), "{said}");
        }
    }
}
