use super::*;
use uuid::Uuid;

fn with(role: Role) -> Caller {
    Caller { account: Some(AccountId(Uuid::from_u128(1))), roles: vec![role], ..Caller::default() }
}

#[test]
fn a_stranger_may_do_almost_nothing() {
    let open: Vec<_> = Action::ALL.iter().filter(|a| decide(&Caller::default(), **a, Relation::Own)).collect();
    assert_eq!(open, [&Action::ChampionEmailConfirm, &Action::SignIn, &Action::LinkRequest, &Action::PasswordReset]);
}

#[test]
fn a_client_token_does_what_its_scopes_name_and_what_anybody_does() {
    for &scope in Scope::ALL {
        let client = Some((ClientId(Uuid::from_u128(1)), ClientKind::Secret));
        let caller = Caller { client, scopes: Some(vec![scope]), ..Caller::default() };
        for &action in Action::ALL {
            let named = scope_of(action) == Some(scope) || action.granted_to().contains(&Who::Anyone);
            for relation in [Relation::Own, Relation::Other] {
                assert_eq!(decide(&caller, action, relation), named, "{scope} {action:?}");
            }
        }
    }
}

#[test]
fn an_action_has_one_scope_at_most() {
    for action in Action::ALL {
        assert!(action.granted_to().iter().filter(|who| matches!(who, Who::Scope(_))).count() < 2, "{action:?}");
    }
}

#[test]
fn a_key_signs_up_and_reads_the_directory() {
    let client = Caller { client: Some((ClientId(Uuid::from_u128(1)), ClientKind::Publishable)), ..Caller::default() };
    let open: Vec<_> = Action::ALL.iter().filter(|a| decide(&client, **a, Relation::Own)).collect();
    let expected = [
        Action::ChampionSignUp,
        Action::ChampionEmailConfirm,
        Action::SignIn,
        Action::LinkRequest,
        Action::PasswordReset,
        Action::ClientTokenIssue,
        Action::DirectoryRead,
        Action::CatalogueRead,
    ];
    assert_eq!(open, expected.iter().collect::<Vec<_>>());
}

#[test]
fn own_is_not_any() {
    assert!(decide(&with(Role::GroupLeader), Action::OfferSend, Relation::Own));
    assert!(!decide(&with(Role::GroupLeader), Action::OfferSend, Relation::Other));
    assert!(decide(&with(Role::Coordinator), Action::OfferSend, Relation::Other));
}

#[test]
fn dbs_detail_is_for_the_safeguarding_lead_alone() {
    for &role in Role::ALL {
        for action in
            [Action::DbsDetailRead, Action::DbsCheckRequest, Action::DbsCheckAdvance, Action::DbsUpdateServiceJoin, Action::DbsStatusCheck]
        {
            assert_eq!(decide(&with(role), action, Relation::Own), role == Role::SafeguardingLead, "{role} {action:?}");
        }
    }
}

#[test]
fn the_table_in_the_docs_is_this_one() {
    let page = include_str!("../../../docs/permissions.md");
    assert!(page.ends_with(&table()), "docs/permissions.md is stale; its table should be:\n{}", table());
}
