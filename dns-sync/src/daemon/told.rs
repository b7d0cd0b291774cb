//! What was told last, so that the log has each change of state and not each try.

/// What is wrong, as it was told.
#[derive(Debug, Default)]
pub(super) struct Told(Option<String>);

impl Told {
    /// Takes note of what is wrong; whether that is to be told. Numbers are not compared: records so far and the skew of a clock are
    /// others at each try.
    pub(super) fn is_news(&mut self, problem: &str) -> bool {
        let said: String = problem.chars().filter(|one| !one.is_ascii_digit()).collect();
        let is_news = self.0.as_ref() != Some(&said);
        self.0 = Some(said);
        is_news
    }

    /// Takes note that nothing is; whether something was.
    pub(super) fn is_over(&mut self) -> bool {
        self.0.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lasts_is_told_once_and_again_after_it_was_over() {
        let mut told = Told::default();
        assert!(!told.is_over());
        let skew = |secs: u32| format!("its clock is {secs} s behind ours");
        assert!(told.is_news(&skew(9)));
        assert!(!told.is_news(&skew(10)), "it is the same");
        assert!(told.is_news("no connection"));
        assert!(told.is_over() && !told.is_over());
        assert!(told.is_news("no connection"));
    }
}
