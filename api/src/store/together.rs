//! Reads that are shared. Whoever asks while a read is under way is answered, with everybody else who waits by then, by the next one:
//! it began after they asked, so its answer is no older than one of their own would be.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sea_orm::DbErr;
use tokio::sync::oneshot;

/// How long a read waits for the one before it: one that hangs holds up nobody but those who wait for it.
const TURN: Duration = Duration::from_millis(100);

type Asker<A> = oneshot::Sender<Result<A, DbErr>>;

/// Questions of one kind, and who waits for an answer.
pub struct Together<Q, A> {
    waiting: Mutex<Vec<(Q, Asker<A>)>>,
    /// Whoever reads has it.
    turn: tokio::sync::Mutex<()>,
}

impl<Q, A> Default for Together<Q, A> {
    fn default() -> Self {
        Self { waiting: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }
}

impl<Q, A> fmt::Debug for Together<Q, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Together").field("waiting", &self.waiting().len()).finish()
    }
}

impl<Q, A> Together<Q, A> {
    fn waiting(&self) -> MutexGuard<'_, Vec<(Q, Asker<A>)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Q: Send + 'static, A: Send + 'static> Together<Q, A> {
    /// Asks with everybody who waits. `read` answers a list of questions in their order.
    pub async fn ask<F>(self: &Arc<Self>, question: Q, read: impl FnOnce(Vec<Q>) -> F + Send + 'static) -> Result<A, DbErr>
    where
        F: Future<Output = Result<Vec<A>, DbErr>> + Send + 'static,
    {
        let (asker, answer) = oneshot::channel();
        let first = {
            let mut waiting = self.waiting();
            waiting.push((question, asker));
            waiting.len() == 1
        };
        // It goes on for the others if whoever was first is not there any more.
        if first {
            tokio::spawn(self.clone().answer(read));
        }
        answer.await.unwrap_or_else(|_| Err(DbErr::Custom("a shared read ended without an answer".to_owned())))
    }

    async fn answer<F>(self: Arc<Self>, read: impl FnOnce(Vec<Q>) -> F + Send)
    where
        F: Future<Output = Result<Vec<A>, DbErr>> + Send,
    {
        let _turn = tokio::time::timeout(TURN, self.turn.lock()).await;
        let waiting = std::mem::take(&mut *self.waiting());
        let (questions, askers): (Vec<Q>, Vec<Asker<A>>) = waiting.into_iter().unzip();
        // Whoever has gone meanwhile needs no answer.
        match read(questions).await {
            Ok(answers) => askers.into_iter().zip(answers).for_each(|(asker, answer)| drop(asker.send(Ok(answer)))),
            Err(error) => askers.into_iter().for_each(|asker| drop(asker.send(Err(error.clone())))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    /// A read that ends when it is let, and tells how often it was begun.
    #[derive(Clone)]
    struct Reads {
        begun: Arc<AtomicUsize>,
        may_end: Arc<Semaphore>,
    }

    impl Reads {
        fn new() -> Self {
            Self { begun: Arc::default(), may_end: Arc::new(Semaphore::new(0)) }
        }

        async fn read(self, questions: Vec<u32>) -> Result<Vec<(u32, usize)>, DbErr> {
            let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
            self.may_end.acquire().await.expect("open").forget();
            if questions.contains(&13) {
                return Err(DbErr::Custom("thirteen".to_owned()));
            }
            Ok(questions.into_iter().map(|question| (question, number)).collect())
        }
    }

    fn ask(
        together: &Arc<Together<u32, (u32, usize)>>,
        reads: &Reads,
        question: u32,
    ) -> tokio::task::JoinHandle<Result<(u32, usize), DbErr>> {
        let (together, reads) = (together.clone(), reads.clone());
        tokio::spawn(async move { together.ask(question, move |questions| reads.read(questions)).await })
    }

    async fn settle() {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn whoever_asks_during_a_read_is_answered_by_the_next_with_all_others() {
        let (together, reads) = (Arc::default(), Reads::new());
        let first = ask(&together, &reads, 1);
        settle().await;
        let later: Vec<_> = (2..6).map(|question| ask(&together, &reads, question)).collect();
        settle().await;
        assert_eq!(reads.begun.load(Ordering::SeqCst), 1, "one read at a time");
        reads.may_end.add_permits(2);
        assert_eq!(first.await.expect("a task").expect("an answer"), (1, 1));
        for (question, asked) in (2..6).zip(later) {
            assert_eq!(asked.await.expect("a task").expect("an answer"), (question, 2), "of the read that began later");
        }
    }

    #[tokio::test]
    async fn a_fault_is_told_to_those_who_shared_the_read_and_to_nobody_else() {
        let (together, reads) = (Arc::default(), Reads::new());
        reads.may_end.add_permits(2);
        let failed = [ask(&together, &reads, 13), ask(&together, &reads, 1)];
        for asked in failed {
            assert!(asked.await.expect("a task").is_err_and(|error| error.to_string().contains("thirteen")));
        }
        assert_eq!(ask(&together, &reads, 1).await.expect("a task").expect("an answer"), (1, 2));
    }

    #[tokio::test]
    async fn others_are_answered_though_the_first_has_gone() {
        let (together, reads) = (Arc::default(), Reads::new());
        let first = ask(&together, &reads, 1);
        settle().await;
        let second = ask(&together, &reads, 2);
        let third = ask(&together, &reads, 3);
        settle().await;
        first.abort();
        second.abort();
        reads.may_end.add_permits(2);
        assert_eq!(third.await.expect("a task").expect("an answer"), (3, 2));
    }

    #[tokio::test]
    async fn a_read_that_panics_is_a_fault_and_the_next_goes_on() {
        let (together, reads) = (Arc::<Together<u32, (u32, usize)>>::default(), Reads::new());
        let broken = together.ask(1, |_| async { panic!("a bug") }).await;
        assert!(broken.is_err_and(|error| error.to_string().contains("without an answer")));
        reads.may_end.add_permits(1);
        assert_eq!(ask(&together, &reads, 2).await.expect("a task").expect("an answer"), (2, 1));
    }

    #[tokio::test]
    async fn a_read_that_hangs_holds_up_nobody_else() {
        let (together, hangs, reads) = (Arc::default(), Reads::new(), Reads::new());
        let stuck = ask(&together, &hangs, 1);
        settle().await;
        reads.may_end.add_permits(1);
        assert_eq!(ask(&together, &reads, 2).await.expect("a task").expect("an answer"), (2, 1));
        assert!(!stuck.is_finished());
    }
}
