use super::*;

fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn all_scopes() -> Vec<DbsScope> {
    let mut scopes = Vec::new();
    for &level in DbsLevel::ALL {
        for &workforce in DbsWorkforce::ALL {
            for lists in 0..4 {
                let scope = DbsScope { level, workforce, adults_barred: lists & 1 > 0, children_barred: lists & 2 > 0 };
                if scope.is_coherent() {
                    scopes.push(scope);
                }
            }
        }
    }
    scopes
}

#[test]
fn sufficiency_is_a_partial_order() {
    let scopes = all_scopes();
    assert_eq!(scopes.len(), 14, "basic, four standard, and nine coherent enhanced scopes");
    for &a in &scopes {
        assert!(a.suffices_for(a), "{a:?}");
        for &b in &scopes {
            assert!(a == b || !(a.suffices_for(b) && b.suffices_for(a)), "{a:?} {b:?}");
            for &c in &scopes {
                assert!(!(a.suffices_for(b) && b.suffices_for(c)) || a.suffices_for(c), "{a:?} {b:?} {c:?}");
            }
        }
    }
}

#[test]
fn level_workforce_and_lists_must_all_match() {
    let enhanced = |workforce| DbsScope::of(DbsLevel::Enhanced, workforce);
    let adults = DbsScope { adults_barred: true, ..enhanced(DbsWorkforce::Adult) };
    let cases = [
        (enhanced(DbsWorkforce::Adult), DbsScope::BASIC, true),
        (DbsScope::BASIC, enhanced(DbsWorkforce::Adult), false),
        (enhanced(DbsWorkforce::Child), enhanced(DbsWorkforce::Adult), false),
        (enhanced(DbsWorkforce::ChildAndAdult), enhanced(DbsWorkforce::Adult), true),
        (enhanced(DbsWorkforce::Adult), adults, false),
        (adults, enhanced(DbsWorkforce::Adult), true),
    ];
    for (held, need, expected) in cases {
        assert_eq!(held.suffices_for(need), expected, "{held} for {need}");
    }
}

#[test]
fn the_level_is_derived_from_what_the_session_is() {
    use Audience::*;
    let child = DbsScope::of(DbsLevel::Enhanced, DbsWorkforce::Child);
    let adult = DbsScope::of(DbsLevel::Enhanced, DbsWorkforce::Adult);
    let facts = |audience, weekly| SessionFacts { audience, weekly, handles_money: false, overnight: false };
    let cases = [
        (facts(AdultsPublic, true), DbsScope::BASIC, false),
        (facts(Families, true), DbsScope::BASIC, false),
        (facts(AdultsReceivingCare, true), adult, false),
        (facts(AdultsReceivingCare, false), DbsScope::BASIC, false),
        (facts(Children, false), child, false),
        (facts(Children, true), DbsScope { children_barred: true, ..child }, true),
        (SessionFacts { overnight: true, ..facts(Children, false) }, DbsScope { children_barred: true, ..child }, true),
        (SessionFacts { handles_money: true, ..facts(AdultsPublic, false) }, DbsScope { adults_barred: true, ..adult }, true),
        (
            SessionFacts { handles_money: true, ..facts(Children, false) },
            DbsScope { adults_barred: true, ..DbsScope::of(DbsLevel::Enhanced, DbsWorkforce::ChildAndAdult) },
            true,
        ),
    ];
    for (facts, scope, regulated) in cases {
        let answer = permitted(facts, false);
        assert_eq!((answer.scope, answer.regulated), (scope, regulated), "{facts:?}");
        assert!(answer.scope.is_coherent(), "{facts:?}");
    }
    assert!(permitted(facts(Children, false), true).scope.children_barred, "the fourth date in 30 days");
}

#[test]
fn four_days_in_any_thirty() {
    let on = date("2026-11-30");
    let cases: [(&[&str], bool); 6] = [
        (&[], false),
        (&["2026-11-02", "2026-11-10"], false),
        (&["2026-11-01", "2026-11-10", "2026-11-20"], true),
        (&["2026-10-31", "2026-11-10", "2026-11-20"], false), // 31 days from the first to the fourth
        (&["2026-11-20", "2026-12-10", "2026-12-19"], true),  // the window slides forward too
        (&["2026-11-10", "2026-11-10", "2026-11-20"], false), // twice on one day is one day
    ];
    for (dates, expected) in cases {
        let dates: Vec<NaiveDate> = dates.iter().map(|d| date(d)).collect();
        assert_eq!(passes_child_threshold(&dates, on), expected, "{dates:?}");
    }
}

#[test]
fn the_fourth_day_changes_the_other_three_and_no_other_day_does() {
    let added = date("2026-11-30");
    let cases: [(&[&str], bool); 6] = [
        (&[], false),
        (&["2026-11-10", "2026-11-20"], false),
        (&["2026-11-01", "2026-11-10", "2026-11-20"], true),
        (&["2026-10-31", "2026-11-10", "2026-11-20"], false),
        (&["2026-11-10", "2026-11-20", "2026-11-30"], false), // that day is one of them already
        (&["2026-11-01", "2026-11-10", "2026-11-20", "2026-11-25"], false), // they are over it already
    ];
    for (dates, expected) in cases {
        let dates: Vec<NaiveDate> = dates.iter().map(|d| date(d)).collect();
        assert_eq!(raises_others(&dates, added), expected, "{dates:?}");
    }
    let dates = ["2026-11-05", "2026-11-08", "2026-11-10", "2026-12-12"].map(date);
    assert!(raises_others(&dates, date("2026-12-01")), "that some day is not raised keeps none from being raised");
}

#[test]
fn clear_fails_closed() {
    let clear = DbsRecord {
        scope: DbsScope::BASIC,
        status: DbsStatus::Cleared,
        issued_on: Some(date("2026-01-01")),
        decided_on: Some(date("2026-01-10")),
        recheck_due_on: Some(date("2029-01-01")),
        obtained_by: None,
    };
    let on = date("2026-02-01");
    assert!(clear.clears_on(DbsScope::BASIC, on));
    assert!(clear.clears_on(DbsScope::BASIC, date("2029-01-01")));
    assert!(!clear.clears_on(DbsScope::BASIC, date("2029-01-02")));
    assert!(!clear.clears_on(DbsScope::BASIC, date("2026-01-09")), "not before the decision");
    assert!(!DbsRecord { recheck_due_on: None, ..clear }.clears_on(DbsScope::BASIC, on));
    assert!(!DbsRecord { decided_on: None, ..clear }.clears_on(DbsScope::BASIC, on));
    for &status in DbsStatus::ALL.iter().filter(|s| !s.clears()) {
        assert!(!DbsRecord { status, ..clear }.clears_on(DbsScope::BASIC, on), "{status}");
    }
}

#[test]
fn the_pipeline_goes_one_way() {
    use DbsStatus::*;
    let path = [Requested, ApplicantStarted, IdChecked, Submitted, Issued, Seen, Cleared];
    for pair in path.windows(2) {
        assert_eq!(advance(pair[0], pair[1], Recorder::Other), Ok(()));
        assert!(advance(pair[1], pair[0], Recorder::Other).is_err());
        assert_eq!(advance(pair[0], pair[1], Recorder::Applicant), Err(CannotAdvance::OwnCheck));
    }
    assert!(advance(Requested, Cleared, Recorder::Other).is_err());
    assert!(advance(Seen, ClearedWithConditions, Recorder::Other).is_err(), "conditions come from a risk assessment");
    assert!(advance(Seen, NotCleared, Recorder::Other).is_err(), "so does a refusal");
    assert_eq!(advance(Cleared, Suspended, Recorder::Other), Ok(()));
    assert!(advance(Withdrawn, Requested, Recorder::Other).is_err());
}

#[test]
fn who_can_be_checked() {
    let (today, adult) = (date("2026-11-21"), Some(date("1980-05-01")));
    assert_eq!(request(DbsScope::BASIC, &[], adult, &[], Recorder::Other, today), Ok(()));
    assert_eq!(request(DbsScope::BASIC, &[], None, &[], Recorder::Other, today), Err(vec![CannotRequest::BirthDateMissing]));
    assert_eq!(
        request(DbsScope::BASIC, &[], Some(date("2010-11-22")), &[], Recorder::Other, today),
        Err(vec![CannotRequest::TooYoung { age: 15 }])
    );
    assert_eq!(request(DbsScope::BASIC, &[], Some(date("2010-11-21")), &[], Recorder::Other, today), Ok(()));
    let barred_basic = DbsScope { adults_barred: true, ..DbsScope::BASIC };
    assert_eq!(
        request(barred_basic, &[], adult, &[], Recorder::Applicant, today),
        Err(vec![CannotRequest::OwnCheck, CannotRequest::Incoherent])
    );
    let under_way = DbsRecord {
        scope: DbsScope::BASIC,
        status: DbsStatus::Submitted,
        issued_on: None,
        decided_on: None,
        recheck_due_on: None,
        obtained_by: None,
    };
    assert_eq!(
        request(DbsScope::BASIC, &[], adult, &[under_way], Recorder::Other, today),
        Err(vec![CannotRequest::UnderWay { status: DbsStatus::Submitted }])
    );
}

#[test]
fn a_certificate_has_no_expiry_but_a_recheck_by_policy() {
    let issued = date("2024-02-29");
    assert_eq!(recheck_due_on(issued, 36), Some(date("2027-02-28")));
    assert_eq!(recheck_due_on(issued, 12), Some(date("2025-02-28")), "the policy decides, not the certificate");
}

#[test]
fn an_application_is_flagged_after_thirty_days() {
    let asked = date("2026-10-22");
    for status in DbsStatus::ALL {
        let waits = !status.is_final() && !status.clears() && !matches!(status, DbsStatus::NotCleared | DbsStatus::Suspended);
        assert!(!is_overdue(*status, asked, date("2026-11-21")), "the thirtieth day");
        assert_eq!(is_overdue(*status, asked, date("2026-11-22")), waits, "{status}");
    }
}

#[test]
fn a_check_takes_the_steps_of_the_table_and_no_others() {
    use DbsStatus::*;
    let table: [(DbsStatus, &[DbsStatus]); 13] = [
        (Requested, &[ApplicantStarted, Withdrawn]),
        (ApplicantStarted, &[IdChecked, Withdrawn]),
        (IdChecked, &[Submitted, Withdrawn]),
        (Submitted, &[Issued, Withdrawn, RejectedByDbs]),
        (Issued, &[Seen, Withdrawn]),
        (Seen, &[RiskAssessment, Cleared, Withdrawn]),
        (RiskAssessment, &[Cleared, ClearedWithConditions, NotCleared, Withdrawn]),
        (Cleared, &[Suspended]),
        (ClearedWithConditions, &[Suspended]),
        (NotCleared, &[]),
        (Withdrawn, &[]),
        (RejectedByDbs, &[]),
        (Suspended, &[RiskAssessment, Withdrawn]),
    ];
    assert!(table.iter().map(|(from, _)| from).eq(DbsStatus::ALL), "every state has its line");
    for (from, next) in table {
        for to in DbsStatus::ALL {
            assert_eq!(advance(from, *to, Recorder::Other).is_ok(), next.contains(to), "{from} to {to}");
            assert_eq!(advance(from, *to, Recorder::Applicant), Err(CannotAdvance::OwnCheck), "nobody on themselves");
        }
    }
}
