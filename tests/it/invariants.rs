//! docs/invariants.md names a test for every line, and each of them is there.

use std::path::Path;

/// The texts in backticks of a line.
fn quoted(line: &str) -> Vec<&str> {
    line.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_invariant_names_tests_that_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/invariants.md")).expect("the page");
    let mut count = 0;
    for line in page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| What holds")) {
        let (what, tests) = line.trim_matches(['|', ' ']).split_once(" | ").expect("two cells");
        let (mut source, mut named) = (String::new(), 0);
        for quoted in quoted(tests) {
            if quoted.ends_with(".rs") {
                source = std::fs::read_to_string(root.join(quoted)).unwrap_or_else(|_| panic!("no file {quoted}: {what}"));
            } else {
                let there = [format!("fn {quoted}("), format!("both!({quoted},")].iter().any(|sign| source.contains(sign.as_str()));
                assert!(there, "no test {quoted}: {what}");
                named += 1;
            }
        }
        assert!(named > 0, "nothing holds: {what}");
        count += 1;
    }
    assert!(count > 40, "{count} lines");
}
