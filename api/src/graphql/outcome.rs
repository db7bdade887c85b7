//! What sessions did, in numbers.

use std::collections::BTreeMap;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use rules::id::SessionId;
use rules::input::Topic;
use rules::outcome::{CannotRecordOutcome, Device, Mark, MarkKind, OutcomeRecordErrorCode, Referral, Skill, check, mean, shown};
use rules::reason::Malformed;

use super::context::Ctx;
use super::id;
use super::problem::{Problem, settle};
use super::scalar::DateTime;
use super::session::Session;
use crate::error::{Refusal, malformed};
use crate::service::outcome::{Numbers, record};
use crate::store::outcome::Told;

/// What a session did. Others than coordinators are told no number of learners between 1 and 4: it is null.
#[derive(SimpleObject, Debug)]
pub struct SessionOutcome {
    /// Give it back as `expectedVersion` to guard against lost updates.
    version: i64,
    /// When this was recorded.
    recorded_at: DateTime,
    /// When it was recorded before, oldest first; empty unless it was corrected.
    corrected: Vec<DateTime>,
    /// The numbers.
    numbers: OutcomeNumbers,
}

/// What a group's sessions did in a period.
#[derive(SimpleObject, Debug)]
pub struct OutcomeTotals {
    /// Of how many sessions it is known.
    sessions: i32,
    /// The numbers, added up.
    numbers: OutcomeNumbers,
}

/// Numbers of learners. Null where the number is small and the viewer is no coordinator, so that nobody is pointed out.
#[derive(SimpleObject, Debug)]
pub struct OutcomeNumbers {
    /// How many there were.
    learners: Option<i32>,
    /// What they worked on.
    topics: Vec<TopicCount>,
    /// What they used.
    devices: Vec<DeviceCount>,
    /// What they practised, and could do without help in the end.
    skills: Vec<SkillCount>,
    /// Where they were sent on to.
    referrals: Vec<ReferralCount>,
    /// How sure they felt before, 1 to 5, on average.
    confidence_before: Option<f64>,
    /// How sure they felt after, 1 to 5, on average.
    confidence_after: Option<f64>,
}

/// Learners who worked on a topic.
#[derive(SimpleObject, Debug)]
pub struct TopicCount {
    /// The topic.
    topic: Topic,
    /// How many; null if small.
    learners: Option<i32>,
}

/// Learners who used a device.
#[derive(SimpleObject, Debug)]
pub struct DeviceCount {
    /// The device.
    device: Device,
    /// How many; null if small.
    learners: Option<i32>,
}

/// Learners who practised a skill.
#[derive(SimpleObject, Debug)]
pub struct SkillCount {
    /// The skill.
    skill: Skill,
    /// How many practised it; null if small.
    practised: Option<i32>,
    /// How many could do it without help in the end; null if small.
    unaided: Option<i32>,
}

/// Learners who were sent on.
#[derive(SimpleObject, Debug)]
pub struct ReferralCount {
    /// Where to.
    referral: Referral,
    /// How many; null if small.
    learners: Option<i32>,
}

impl SessionOutcome {
    /// What stands of these steps, oldest first.
    pub(super) fn of(steps: &[entity::outcome::Model], marks: &[Mark], sees_small: bool) -> Option<Self> {
        let (last, before) = steps.split_last()?;
        Some(Self {
            version: i64::from(last.step),
            recorded_at: DateTime(last.recorded_at),
            corrected: before.iter().map(|step| DateTime(step.recorded_at)).collect(),
            numbers: OutcomeNumbers::of(i64::from(last.learners), marks, sees_small),
        })
    }
}

impl OutcomeTotals {
    /// The sum of what is told.
    pub(super) fn of<'a>(told: impl IntoIterator<Item = &'a Told>, sees_small: bool) -> Self {
        let (mut sessions, mut learners, mut sums) = (0, 0, BTreeMap::<(MarkKind, String), i32>::new());
        for one in told {
            sessions += 1;
            learners += i64::from(one.learners);
            for mark in &one.marks {
                *sums.entry((mark.kind, mark.code.clone())).or_default() += mark.learners;
            }
        }
        let marks: Vec<Mark> = sums.into_iter().map(|((kind, code), learners)| Mark { kind, code, learners }).collect();
        Self { sessions, numbers: OutcomeNumbers::of(learners, &marks, sees_small) }
    }
}

impl OutcomeNumbers {
    fn of(learners: i64, marks: &[Mark], sees_small: bool) -> Self {
        let told = |n: i64| shown(n, sees_small).and_then(|n| i32::try_from(n).ok());
        let of = |kind: MarkKind| marks.iter().filter(move |m| m.kind == kind);
        let count = |kind: MarkKind, code: &str| told(of(kind).find(|m| m.code == code).map_or(0, |m| i64::from(m.learners)));
        let sure = |kind| {
            let (mean, learners) = mean(marks, kind)?;
            shown(learners, sees_small).map(|_| mean as f64 / 100.0)
        };
        let skills = Skill::ALL.iter().filter(|s| marks.iter().any(|m| is_skill(m) && m.code == s.code()));
        let skill = |s: &Skill| SkillCount {
            skill: *s,
            practised: count(MarkKind::Practised, s.code()),
            unaided: count(MarkKind::Unaided, s.code()),
        };
        Self {
            learners: told(learners),
            topics: of(MarkKind::Topic)
                .filter_map(|m| Some(TopicCount { topic: Topic::from_code(&m.code)?, learners: told(m.learners.into()) }))
                .collect(),
            devices: of(MarkKind::Device)
                .filter_map(|m| Some(DeviceCount { device: Device::from_code(&m.code)?, learners: told(m.learners.into()) }))
                .collect(),
            skills: skills.map(skill).collect(),
            referrals: of(MarkKind::Referral)
                .filter_map(|m| Some(ReferralCount { referral: Referral::from_code(&m.code)?, learners: told(m.learners.into()) }))
                .collect(),
            confidence_before: sure(MarkKind::Before),
            confidence_after: sure(MarkKind::After),
        }
    }
}

fn is_skill(mark: &Mark) -> bool {
    matches!(mark.kind, MarkKind::Practised | MarkKind::Unaided)
}

/// Learners who worked on a topic.
#[derive(InputObject, Debug)]
pub struct TopicCountInput {
    /// The topic.
    topic: Topic,
    /// How many.
    learners: i32,
}

/// Learners who used a device.
#[derive(InputObject, Debug)]
pub struct DeviceCountInput {
    /// The device.
    device: Device,
    /// How many.
    learners: i32,
}

/// Learners who practised a skill.
#[derive(InputObject, Debug)]
pub struct SkillCountInput {
    /// The skill.
    skill: Skill,
    /// How many practised it.
    practised: i32,
    /// How many could do it without help in the end.
    #[graphql(default)]
    unaided: i32,
}

/// Learners who were sent on.
#[derive(InputObject, Debug)]
pub struct ReferralCountInput {
    /// Where to.
    referral: Referral,
    /// How many.
    learners: i32,
}

/// Learners who felt so sure.
#[derive(InputObject, Debug)]
pub struct ConfidenceInput {
    /// How sure: 1 for not at all, 5 for very.
    level: i32,
    /// How many felt so before.
    #[graphql(default)]
    before: i32,
    /// How many felt so after.
    #[graphql(default)]
    after: i32,
}

/// Input of `outcomeRecord`. Numbers alone: there is no field for words, so that nobody can be named.
#[derive(InputObject, Debug)]
pub struct OutcomeRecordInput {
    /// Of which session.
    session_id: ID,
    /// The version that was read, 0 for none yet; refused as STALE if there is a newer one.
    expected_version: Option<i64>,
    /// How many learners there were, 0 to 500.
    learners: i32,
    /// What they worked on, each topic once.
    #[graphql(default)]
    topics: Vec<TopicCountInput>,
    /// What they used, each device once.
    #[graphql(default)]
    devices: Vec<DeviceCountInput>,
    /// What they practised, each skill once.
    #[graphql(default)]
    skills: Vec<SkillCountInput>,
    /// Where they were sent on to, each place once.
    #[graphql(default)]
    referrals: Vec<ReferralCountInput>,
    /// How sure they felt, each level once.
    #[graphql(default)]
    confidence: Vec<ConfidenceInput>,
}

/// Result of `outcomeRecord`.
#[derive(SimpleObject, Debug)]
pub struct OutcomeRecordPayload {
    /// The session; null if there are errors.
    session: Option<Session>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<OutcomeRecordErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct OutcomeMutation;

#[Object]
impl OutcomeMutation {
    /// Record what a session did, once it has begun; what was recorded before is kept as history. The group's leaders and
    /// coordinators.
    async fn outcome_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The numbers.")] input: OutcomeRecordInput,
    ) -> Option<Result<OutcomeRecordPayload>> {
        Some(record_payload(ctx, input).await)
    }
}

async fn record_payload(ctx: &Context<'_>, input: OutcomeRecordInput) -> Result<OutcomeRecordPayload> {
    let result: Result<SessionId, Refusal<CannotRecordOutcome>> = async {
        let (session, expected) = (id::at(&input.session_id, "sessionId")?, input.expected_version);
        let numbers = numbers(input).map_err(malformed)?;
        record(ctx.app(), ctx.call(), session, expected, numbers).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(OutcomeRecordPayload { session: ctx.rows().maybe(id).await?.map(Session), user_errors })
}

/// The numbers of an input, checked.
fn numbers(input: OutcomeRecordInput) -> Result<Numbers, Malformed> {
    if let Some(wrong) = input.confidence.iter().find(|c| !(1..=5).contains(&c.level)) {
        return Err(Malformed::new("confidence", format!("Levels run from 1 to 5, and {} is none.", wrong.level)));
    }
    let mark = |kind, code: &str, learners| Mark { kind, code: code.to_owned(), learners };
    let mut marks: Vec<Mark> = input.topics.iter().map(|t| mark(MarkKind::Topic, t.topic.code(), t.learners)).collect();
    marks.extend(input.devices.iter().map(|d| mark(MarkKind::Device, d.device.code(), d.learners)));
    marks.extend(input.referrals.iter().map(|r| mark(MarkKind::Referral, r.referral.code(), r.learners)));
    // Two numbers each, of which one may be nothing.
    let pairs = input
        .skills
        .iter()
        .flat_map(|s| [mark(MarkKind::Practised, s.skill.code(), s.practised), mark(MarkKind::Unaided, s.skill.code(), s.unaided)]);
    let sure = input.confidence.iter().flat_map(|c| {
        let level = c.level.to_string();
        [mark(MarkKind::Before, &level, c.before), mark(MarkKind::After, &level, c.after)]
    });
    marks.extend(pairs.chain(sure).filter(|m| m.learners != 0));
    check(input.learners, &marks)?;
    Ok(Numbers { learners: input.learners, marks })
}
