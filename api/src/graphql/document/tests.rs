use async_graphql::{Variables, value};

use super::{Checked, Kind, Limits, Refusal, Why, check, read};
use crate::graphql::code::Code;

fn plain(query: &str) -> Result<Checked, Refusal> {
    with(query, value!({}))
}

fn run(query: &str, name: Option<&str>, variables: &Variables) -> Result<Checked, Refusal> {
    let limits = Limits::default();
    check(read(query, &limits)?, name, variables, &limits)
}

fn with(query: &str, variables: async_graphql::Value) -> Result<Checked, Refusal> {
    run(query, None, &Variables::from_value(variables))
}

fn why(result: Result<Checked, Refusal>) -> Why {
    result.expect_err("should be refused").why
}

fn cost(query: &str) -> u64 {
    plain(query).expect("should pass").cost
}

/// `levels` fragments, each of which spreads the one before `times` times.
fn bomb(levels: usize, times: usize, core: &str) -> String {
    let mut text = format!("{{r{{...f{levels}}}}} fragment f0 on Query {{{core}}}");
    for level in 1..=levels {
        let spreads = format!("...f{} ", level - 1).repeat(times);
        text.push_str(&format!(" fragment f{level} on Query {{{spreads}}}"));
    }
    text
}

fn chain(open: &str, levels: usize, core: &str, close: &str) -> String {
    format!("{}{core}{}", open.repeat(levels), close.repeat(levels))
}

/// What every client asks, in the shape and depth of graphql-js's `getIntrospectionQuery`.
fn introspection() -> String {
    let reference = format!("kind name {}", chain("ofType{name kind ", 9, "", "}"));
    format!(
        "query IntrospectionQuery {{__schema {{description queryType{{name kind}} \
         mutationType{{name kind}} subscriptionType{{name kind}} types{{...FullType}} \
         directives{{name description isRepeatable locations \
         args(includeDeprecated: true){{...InputValue}}}}}}}} \
         fragment FullType on __Type {{kind name description specifiedByURL isOneOf \
         fields(includeDeprecated: true){{name description \
         args(includeDeprecated: true){{...InputValue}} type{{...TypeRef}} \
         isDeprecated deprecationReason}} \
         inputFields(includeDeprecated: true){{...InputValue}} interfaces{{...TypeRef}} \
         enumValues(includeDeprecated: true){{name description isDeprecated deprecationReason}} \
         possibleTypes{{...TypeRef}}}} \
         fragment InputValue on __InputValue {{name description type{{...TypeRef}} \
         defaultValue isDeprecated deprecationReason}} \
         fragment TypeRef on __Type {{{reference}}}"
    )
}

#[test]
fn tokens_are_counted_and_not_what_strings_and_comments_hold() {
    let fields = |n: usize| format!("{{r{{{}}}}}", "a ".repeat(n));
    assert!(plain(&fields(1_995)).is_ok());
    assert_eq!(why(plain(&fields(1_996))), Why::Tokens(2_000));
    let noise = "{ ".repeat(3_000);
    for hidden in [
        format!("# {noise}\n{{a}}"),
        format!("{{a(b: \"{noise}\\\" {noise}\")}}"),
        format!("{{a(b: \"\"\"{noise}\n \\\"\"\" {noise}\"\"\")}}"),
        format!("{{a, \u{feff} # {noise}\r b}}"),
    ] {
        assert!(plain(&hidden).is_ok(), "{}", &hidden[..20]);
    }
}

#[test]
fn a_string_without_an_end_hides_nothing() {
    for text in ["{a(b:\"", "{a(b:\"\n\")}", "{a(b:\"\"\" \\\"\"\")}", "{a(b:[\"\"\" c\"])}"] {
        let refusal = plain(text).expect_err("should be refused");
        assert_eq!(refusal.code(), Code::GraphqlParseFailed, "{text}");
        assert_eq!(refusal.at.map(|at| at.line), Some(1), "{text}");
    }
}

#[test]
fn nesting_is_bounded_before_the_parser_recurses() {
    for (open, close) in [("{a", "}"), ("[", "]"), ("{a(b:", ")}"), ("{...", "}"), ("{a:", "}")] {
        let text = format!("{{a(b:{})}}", chain(open, 900, "", close));
        let refusal = plain(&text).expect_err("should be refused");
        assert_eq!(refusal.code(), Code::OperationTooComplex, "{open}");
    }
    assert_eq!(why(plain(&"[".repeat(250_000))), Why::Brackets(32));
    assert!(plain(&format!("{{a(b:{})}}", chain("[", 30, "1", "]"))).is_ok());
    let name = "a".repeat(129);
    assert_eq!(why(plain(&format!("{{{name}}}"))), Why::NameLength(128));
    let names = format!("{{r{{{}}}}}", format!("{} ", &name[..128]).repeat(200));
    assert_eq!(why(plain(&names)), Why::Names(20_000));
    let uses = |n| format!("query ($v: Int) {{a(b: [{}])}}", "$v ".repeat(n));
    assert!(plain(&uses(249)).is_ok());
    assert_eq!(why(plain(&uses(250))), Why::VariableUses(250));
}

#[test]
fn syntax_errors_take_one_line() {
    for (text, message) in [
        ("{", "Syntax error: expected selection at 1:2."),
        ("", "Syntax error: expected executable definition at 1:1."),
        ("{a}}", "Syntax error: expected the end of the document or executable definition at 1:4."),
        ("{\n a(b: \u{1F3C3})}", "Syntax error: expected value at 2:7."),
        ("{a(b: \"\\ud800\")}", "Syntax error: expected value at 1:7."),
        ("query A {a} query A {b}", "The document is not valid: operation A is defined twice."),
        ("{a} query A {b}", "The document is not valid: document contains multiple operations."),
        ("fragment F on Q {a}", "The document is not valid: document does not contain an operation."),
    ] {
        let refusal = plain(text).expect_err("should be refused");
        assert_eq!(refusal.to_string(), message, "{text}");
    }
}

/// No clock is needed: walked without memory, 8^25 selections would outlive the test.
#[test]
fn fragment_bombs_are_refused_at_once() {
    for (text, expected) in [
        (bomb(18, 2, "a"), Why::Fields(2_000)),
        (bomb(25, 8, "a b c"), Why::Fields(2_000)),
        (bomb(18, 2, "...nobody"), Why::Fields(2_000)),
        (bomb(200, 1, "a"), Why::Nesting(32)),
        (bomb(5, 2, "x: a"), Why::Aliases(30)),
    ] {
        assert_eq!(why(plain(&text)), expected, "{} bytes", text.len());
    }
    assert!(bomb(18, 2, "a").len() < 1_024);
    assert_eq!(cost(&bomb(10, 2, "a")), 1_025);
}

#[test]
fn all_of_the_document_has_a_size_also_what_does_not_run() {
    let unused = format!("query A {{a}} query B {}", bomb(18, 2, "a"));
    let named = |text: &str| run(text, Some("A"), &Variables::default());
    assert_eq!(why(named(&unused)), Why::Fields(2_000));
    let many = format!("query A {{a}} query B {{...f10}} query C {}", bomb(10, 2, "a"));
    assert!(matches!(why(named(&many)), Why::Fields(_)));
}

#[test]
fn fragment_cycles_are_refused_anywhere() {
    for text in [
        "{a} fragment F on Q {...F}",
        "{...F} fragment F on Q {a {...G}} fragment G on Q {... {...F}}",
        "query A {a} query B {...F} fragment F on Q {...G} fragment G on Q {...H a} fragment H on Q {...F}",
    ] {
        let result = run(text, text.starts_with("query").then_some("A"), &Variables::default());
        assert!(matches!(why(result), Why::FragmentCycle(_)), "{text}");
    }
    let diamond = "{...F ...G} fragment F on Q {...H} fragment G on Q {...H} fragment H on Q {a ...unknown}";
    assert!(plain(diamond).is_ok());
}

#[test]
fn depth_aliases_roots_and_directives_are_bounded() {
    let deep = |levels: usize| format!("{{{}}}", chain("a{", levels - 1, "a", "}"));
    assert!(plain(&deep(15)).is_ok());
    assert_eq!(why(plain(&deep(16))), Why::Depth(15));
    let split = format!("{{...F}} fragment F on Q {{{}}}", chain("a{", 15, "a", "}"));
    assert_eq!(why(plain(&split)), Why::Depth(15));
    let aliased = |n: usize| format!("{{r{{{}}}}}", "x:a ".repeat(n));
    assert!(plain(&aliased(30)).is_ok());
    assert_eq!(why(plain(&aliased(31))), Why::Aliases(30));
    assert!(plain(&format!("{{{}}}", "a ".repeat(20))).is_ok());
    assert_eq!(why(plain(&format!("{{{}}}", "a ".repeat(21)))), Why::Roots(20));
    assert_eq!(why(plain("{...F ...F} fragment F on Q {a a a a a a a a a a a}")), Why::Roots(20));
    let eleven: String = ('a'..='k').map(|c| format!("{c} ")).collect();
    assert_eq!(why(plain(&format!("mutation {{{eleven}}}"))), Why::Roots(10));
    assert!(plain("{a @x @x @x @x @x}").is_ok());
    for text in [
        "{a @x @x @x @x @x @x}",
        "query @x @x @x @x @x @x {a}",
        "query ($v: Int @x @x @x @x @x @x) {a}",
        "{... @x @x @x @x @x @x {a}}",
        "{a} fragment F on Q @x @x @x @x @x @x {a}",
    ] {
        assert_eq!(why(plain(text)), Why::Directives(5), "{text}");
    }
}

#[test]
fn the_standard_introspection_query_passes_and_abuse_of_it_does_not() {
    let checked = plain(&introspection()).expect("should pass");
    assert_eq!(checked.kind, Kind::Query);
    assert!(checked.cost < 1_000, "{}", checked.cost);
    let amplified = "{__schema{types{fields{type{fields{type{fields{name}}}}}}}}";
    assert_eq!(why(plain(amplified)), Why::Introspection);
    let spread = "{__type(name:\"Q\"){...F}} fragment F on __Type {fields{type{...G}}} \
        fragment G on __Type {interfaces{possibleTypes{name}}}";
    assert_eq!(why(plain(spread)), Why::Introspection);
    let deep = format!("{{__type(name:\"Q\"){{{}}}}}", chain("ofType{", 19, "name", "}"));
    assert_eq!(why(plain(&deep)), Why::Introspection);
}

#[test]
fn mutations_run_once_and_subscriptions_have_one_root() {
    for text in [
        "mutation {a a}",
        "mutation {x: a x: b}",
        "mutation {a ... {a}}",
        "mutation {a ...F} fragment F on M {b ... on M {a}}",
        "mutation {...F ...F} fragment F on M {a}",
        "mutation ($c: Boolean = true) {a @skip(if: $c) a @include(if: $c)}",
    ] {
        assert!(matches!(why(plain(text)), Why::RepeatedMutation(_)), "{text}");
    }
    assert_eq!(plain("mutation {a b x: a}").expect("should pass").kind, Kind::Mutation);
    assert!(plain("{a a}").is_ok());
    for text in ["subscription {a b}", "subscription {...F} fragment F on S {a b}", "subscription {__typename}", "subscription {...nobody}"]
    {
        assert_eq!(why(plain(text)), Why::SubscriptionRoot, "{text}");
    }
    let one = plain("subscription {... {a {b c}}}").expect("should pass");
    assert_eq!(one.kind, Kind::Subscription);
}

#[test]
fn cost_multiplies_by_the_rows_asked_for() {
    for (text, expected) in [
        ("{a}", 1),
        ("{a{b c}}", 3),
        ("{a(first:10){b}}", 11),
        ("{a(last:3){b}}", 4),
        ("{a(first:null){b}}", 2),
        ("{a(first:0){b}}", 2),
        ("{a{edges{node{b}}}}", 1 + 25 * 3),
        ("{a{nodes{b} totalCount}}", 1 + 25 * 3),
        ("{a{...F}} fragment F on C {... on C {nodes{b}}}", 1 + 25 * 2),
        ("{a(first:10){nodes{b(first:20){nodes{c}}}}}", 1 + 10 * (1 + 1 + 20 * 2)),
        ("query($n:Int=7){a(first:$n){b}}", 8),
        ("query($n:Int){a(first:$n){nodes{b}}}", 51),
    ] {
        assert_eq!(cost(text), expected, "{text}");
    }
    let variable = with("query($n:Int=7){a(first:$n){b}}", value!({"n": 9}));
    assert_eq!(variable.expect("should pass").cost, 10);
    let dear = format!("{{{}}}", chain("a(first:100){", 3, "b", "}"));
    assert!(matches!(why(plain(&dear)), Why::Cost { cost: 1_010_101, most: 50_000 }));
    let saturated = format!("{{{}}}", chain("a(first:100){", 14, "b", "}"));
    assert!(matches!(why(plain(&saturated)), Why::Cost { cost: u64::MAX, .. }));
}

#[test]
fn only_what_runs_is_judged_by_cost_and_page() {
    let text = "query A {a ...G} query B {...F} fragment G on Q {a} fragment F on Q {b(first:500){c}}";
    let named = |name| run(text, Some(name), &Variables::default());
    assert_eq!(named("A").expect("should pass").cost, 2);
    assert!(matches!(why(named("B")), Why::PageSize { .. }));
    assert_eq!(why(named("C")), Why::OperationUnknown);
    assert_eq!(why(plain(text)), Why::OperationUnnamed);
    assert_eq!(why(run("{a}", Some("A"), &Variables::default())), Why::OperationUnknown);
    assert!(plain("query A {a}").is_ok());
}

#[test]
fn pages_past_the_cap_are_errors_that_name_the_argument() {
    for (text, argument) in [
        ("{a(first:101){b}}", "first"),
        ("{a(first:-1){b}}", "first"),
        ("{a(first:99999999999999999999999){b}}", "first"),
        ("{x{y{...F}}} fragment F on Q {z{a(last:1000){b}}}", "last"),
        ("query($n:Int=200){a(last:$n)}", "last"),
    ] {
        let refusal = plain(text).expect_err("should be refused");
        assert_eq!(refusal.code(), Code::BadUserInput, "{text}");
        let message = format!("Argument \"{argument}\" of \"a\" must be between 0 and 100.");
        assert_eq!(refusal.to_string(), message, "{text}");
        assert!(refusal.at.is_some());
    }
    let sent = with("query($n:Int!){a(first:$n){b}}", value!({"n": 101}));
    assert!(matches!(why(sent), Why::PageSize { .. }));
    assert_eq!(why(plain("{a(first:1,last:1){b}}")), Why::PageBothEnds("a".to_owned()));
    assert!(plain("{a(first:1,last:null){b} c(first:\"x\") d(first:100)}").is_ok());
}

#[test]
fn variables_are_bounded_and_the_required_ones_there() {
    let many = |n: usize| {
        let names = (0..n).map(|i| (format!("v{i}"), serde_json::json!(1)));
        Variables::from_json(names.collect::<serde_json::Map<_, _>>().into())
    };
    let send = |variables: &Variables| run("{a}", None, variables);
    assert!(send(&many(100)).is_ok());
    assert_eq!(why(send(&many(101))), Why::Variables(100));
    let deep = |levels: usize| {
        let text = chain("[", levels, "1", "]");
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        Variables::from_json(serde_json::json!({ "v": value }))
    };
    assert!(send(&deep(10)).is_ok());
    assert!(matches!(why(send(&deep(11))), Why::VariableDepth { most: 10, .. }));
    let asks = "query($id: ID!, $n: Int! = 1, $m: Int) {a(id:$id, n:$n, m:$m)}";
    assert!(with(asks, value!({"id": "x"})).is_ok());
    for sent in [value!({}), value!({"id": null}), value!({"id": "x", "n": null})] {
        assert!(matches!(why(with(asks, sent)), Why::VariableRequired { .. }));
    }
}

#[test]
fn every_code_has_its_name() {
    for code in Code::ALL {
        assert_eq!(Code::from_name(code.as_str()), Some(code));
    }
    assert_eq!(Code::from_name("ELSE"), None);
}
