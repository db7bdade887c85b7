//! Variables that were left out, and those with defaults.

use serde_json::{Value, json};

use crate::both;

both!(a_condition_reads_the_default_of_its_variable, |world| async move {
    const ASK: &str = "query($on: Boolean! = true, $off: Boolean = false) { shown: requirements @include(if: $on) { kind } alsoShown: requirements @skip(if: $off) { kind } hidden: requirements @include(if: $off) { kind } }";
    let data = world.partner().ask(ASK, json!({})).await;
    let keys: Vec<&str> = data.as_object().expect("data").keys().map(String::as_str).collect();
    assert_eq!(keys, ["alsoShown", "shown"]);
    let data = world.partner().ask(ASK, json!({ "on": false, "off": true })).await;
    assert_eq!(data.as_object().expect("data").keys().collect::<Vec<_>>(), ["hidden"]);
});

both!(a_variable_left_out_counts_as_left_out_in_fragments_too, |world| async move {
    const ASK: &str = "query All($first: Int) { ...Pages } query Other($first: Int = 1) { ...Pages } fragment Pages on Query { trainingModules(first: $first) { nodes { code } } }";
    let count = |data: Value| data["trainingModules"]["nodes"].as_array().map(Vec::len);
    let body = |operation: &str, variables: Value| json!({ "query": ASK, "operationName": operation, "variables": variables });
    for (operation, variables, rows) in
        [("All", json!({}), 14), ("All", json!({ "first": 2 }), 2), ("All", json!({ "first": null }), 14), ("Other", json!({}), 1)]
    {
        let answer = world.partner().body(&body(operation, variables)).await;
        assert_eq!(count(answer["data"].clone()), Some(rows), "{operation}: {answer}");
    }
});

both!(leaving_a_variable_out_does_not_make_a_wrong_document_right, |world| async move {
    for (query, name) in [
        ("query($unused: Int) { requirements { kind } }", "unused"),
        ("query { trainingModules(first: $unknown) { nodes { code } } }", "unknown"),
        ("query($size: Nonsense) { trainingModules(first: $size) { nodes { code } } }", "Nonsense"),
        ("query($size: Int) { trainingModules(frist: $size) { nodes { code } } }", "frist"),
        ("query($id: ID) { node(id: $id) { __typename } }", "id"),
    ] {
        let (_, body) = world.partner().send(query, json!({})).await;
        assert_eq!(body["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{query}: {body}");
        assert!(body["errors"][0]["message"].as_str().is_some_and(|message| message.contains(name)), "{body}");
    }
});
