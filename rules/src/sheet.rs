//! Sheets that people open in a spreadsheet program.

/// A cell that no spreadsheet takes for a formula: one that begins like one is text after an apostrophe (OWASP, CSV injection).
pub fn cell(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let begins = clean.trim_start().chars().next();
    if begins.is_some_and(|c| matches!(c, '=' | '+' | '-' | '@' | '|' | '＝' | '＋' | '－' | '＠')) {
        format!("'{clean}")
    } else {
        clean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (text, expected) in [
            ("Monday Desk", "Monday Desk"),
            ("10:00", "10:00"),
            ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
            ("  +1", "'  +1"),
            ("\t=1", "' =1"),
            ("\r\n@SUM(A1)", "'  @SUM(A1)"),
            ("-2+3", "'-2+3"),
            ("＝1", "'＝1"),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected, "{text:?}");
        }
    }
}
