//! Tries what single chains cannot: opening and closing led sessions, and schedules that change in several places at once.
//! Each attempt is carried out, repaired exactly, and taken back unless the objective fell.
use super::bound::worth;
use super::engine::{Control, Engine};
use super::lower::lower;
use super::schedule::Scheduler;
use super::state::Held;

impl Engine<'_> {
    /// Rounds of attempts until one brings nothing. `false` if stopped.
    pub fn improve(&mut self, control: &mut dyn Control) -> bool {
        loop {
            let before = self.st.objective;
            if !(self.try_sessions(control) && self.try_vacancies(control) && self.try_champions(control)) {
                return false;
            }
            if self.st.objective >= before {
                return true;
            }
        }
    }

    /// Keeps what `attempt` did if it paid.
    pub fn attempt(&mut self, control: &mut dyn Control, attempt: impl FnOnce(&mut Self, &mut dyn Control) -> bool) -> bool {
        let before = self.st.objective;
        let done = attempt(self, control);
        if !done || self.st.objective >= before {
            self.st.roll_back(self.g);
        }
        self.st.commit();
        done
    }

    fn try_sessions(&mut self, control: &mut dyn Control) -> bool {
        let mut queue: Vec<(i64, u32)> = Vec::new();
        for s in 0..self.st.open.len() as u32 {
            let lead = self.g.first[s as usize] as usize;
            if lead < self.g.first[s as usize + 1] as usize && self.g.posts[lead].leads && !self.g.by_post.row(lead).is_empty() {
                let kept = self.st.price[lead] - self.st.limit(self.g, lead as u32, 0);
                if !self.st.open[s as usize] || kept > 0 {
                    queue.push((kept, s));
                }
            }
        }
        queue.sort_unstable();
        queue.into_iter().rev().all(|(_, s)| {
            self.attempt(control, |e, control| {
                if e.st.open[s as usize] {
                    e.close(s);
                    true
                } else {
                    e.open(s, control)
                }
            })
        })
    }

    fn open(&mut self, session: u32, control: &mut dyn Control) -> bool {
        self.st.set_open(session, true);
        let posts = self.g.first[session as usize]..self.g.first[session as usize + 1];
        let mut queue = Vec::new();
        for p in posts {
            let entry = self.st.entry(self.g, p).min(self.g.posts[p as usize].penalty);
            self.st.set_price(self.g, p, entry);
            let missing = self.g.posts[p as usize].places as usize - self.st.holders[p as usize].len();
            queue.extend(std::iter::repeat_n(p, missing));
        }
        queue.reverse();
        self.settle(queue, control)
    }

    fn try_vacancies(&mut self, control: &mut dyn Control) -> bool {
        let mut queue = self.vacancies();
        queue.dedup();
        queue.into_iter().all(|p| {
            self.attempt(control, |e, control| {
                let entry = e.st.entry(e.g, p).min(e.st.price[p as usize]);
                e.st.set_price(e.g, p, entry);
                e.settle(vec![p], control)
            })
        })
    }

    /// Champions who under today's prices would rather have another schedule get it.
    fn try_champions(&mut self, control: &mut dyn Control) -> bool {
        let mut scheduler = Scheduler::default();
        (0..self.st.held.len()).all(|c| {
            let held = &self.st.held[c];
            let best = scheduler.best(self.g, &self.st.price, c as u32, held);
            if best <= worth(self.g, &self.st.price, held) {
                return true;
            }
            let wanted = scheduler.chosen.clone();
            self.attempt(control, |e, control| e.adopt(c as u32, &wanted, control))
        })
    }

    /// The champion takes `wanted`, whoever holds it makes way, and what the champion left is filled anew.
    fn adopt(&mut self, c: u32, wanted: &[u32], control: &mut dyn Control) -> bool {
        let left: Vec<u32> = self.st.held[c as usize].iter().map(|h| h.post).filter(|p| !wanted.contains(p)).collect();
        left.iter().for_each(|&p| self.st.leave(self.g, c, p));
        let row = self.g.by_champion.row(c as usize);
        let new: Vec<Held> = row
            .iter()
            .filter(|e| wanted.contains(&e.to) && !self.st.held[c as usize].iter().any(|h| h.post == e.to))
            .map(|e| Held { post: e.to, cost: e.cost(), fixed: true })
            .collect();
        for h in &new {
            self.st.join(self.g, c, *h);
        }
        for h in &new {
            if self.st.holders[h.post as usize].len() > self.g.posts[h.post as usize].places as usize
                && !lower(self.g, &mut self.st, &mut self.s, h.post)
            {
                return self.unfix(c, &new, false);
            }
        }
        let done = self.settle(left, control);
        self.unfix(c, &new, done)
    }

    fn unfix(&mut self, c: u32, new: &[Held], done: bool) -> bool {
        for h in &mut self.st.held[c as usize] {
            h.fixed &= !new.iter().any(|n| n.post == h.post);
        }
        let stranded = new.iter().any(|h| self.g.posts[h.post as usize].led && !self.st.open[self.g.session(h.post) as usize]);
        if !done || stranded {
            self.st.roll_back(self.g);
        }
        true
    }
}
