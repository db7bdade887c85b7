use super::*;

const ALL: &[ProposalStatus] = ProposalStatus::ALL;

#[test]
fn nothing_comes_back_from_the_archive_and_only_a_done_rota_is_published() {
    assert!(ProposalStatus::Archived.may_become().is_empty());
    let published: Vec<_> = ALL.iter().filter(|s| s.may_become().contains(&ProposalStatus::Published)).collect();
    assert_eq!(published, [&ProposalStatus::Done]);
    for status in ALL {
        assert_eq!(cancel(*status).is_ok(), status.is_open() || *status == ProposalStatus::Cancelled, "{status}");
        assert_eq!(archive(*status).is_ok(), !status.is_open(), "{status}");
    }
}

#[test]
fn a_plan_whose_planner_is_gone_is_taken_up_and_given_up_in_the_end() {
    let now: DateTime<Utc> = "2026-11-21T09:00:00Z".parse().expect("an instant");
    let cases = [
        (ProposalStatus::Queued, 0, 0, PickUp::Take),
        (ProposalStatus::Running, 1, 20, PickUp::Leave),
        (ProposalStatus::Running, 1, 21, PickUp::Take),
        (ProposalStatus::Running, 2, 21, PickUp::Take),
        (ProposalStatus::Running, 3, 20, PickUp::Leave),
        (ProposalStatus::Running, 3, 21, PickUp::GiveUp),
        (ProposalStatus::Done, 1, 900, PickUp::Leave),
        (ProposalStatus::Cancelled, 1, 900, PickUp::Leave),
    ];
    for (status, attempts, silent, expected) in cases {
        assert_eq!(pick_up(status, attempts, now - TimeDelta::seconds(silent), now), expected, "{status} {attempts} {silent}");
    }
}

#[test]
fn publishing_again_is_the_publishers_alone() {
    let done = Publishing { status: ProposalStatus::Done, version: 3, by_caller: false };
    assert_eq!(publish(done, 3), Ok(true));
    assert_eq!(publish(done, 2), Err(CannotPublish::Stale { current: 3 }));
    let published = Publishing { status: ProposalStatus::Published, version: 4, by_caller: true };
    assert_eq!(publish(published, 3), Ok(false), "a retry");
    assert_eq!(publish(Publishing { by_caller: false, ..published }, 3), Err(CannotPublish::Stale { current: 4 }));
}

#[test]
fn a_window_is_short_and_ahead() {
    let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
    let today = day("2026-11-21");
    assert_eq!(propose(today, day("2027-01-15"), 5, today), Ok(()));
    assert_eq!(propose(today, day("2027-01-16"), 5, today), Err(vec![CannotPropose::Window]));
    assert_eq!(propose(day("2026-11-20"), today, 21, today), Err(vec![CannotPropose::Window, CannotPropose::Seconds]));
    assert_eq!(propose(day("2026-11-23"), day("2026-11-22"), 5, today), Err(vec![CannotPropose::Window]));
}
