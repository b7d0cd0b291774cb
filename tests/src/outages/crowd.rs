//! Many services that tell the same in the same second are told of once.

use super::story::Telling;

/// What several services tell: each thing once, in the order in which it was first said, with the services that say it. One
/// service that is alone needs no name.
pub fn told_once(names: &[String], all: Vec<Vec<Telling>>) -> Vec<Telling> {
    let mut told: Vec<(Telling, Vec<usize>)> = Vec::new();
    for (service, tellings) in all.into_iter().enumerate() {
        for telling in tellings {
            match told.iter_mut().find(|(known, _)| *known == telling) {
                Some((_, services)) => services.push(service),
                None => told.push((telling, vec![service])),
            }
        }
    }
    let with_names = told.into_iter().map(|(telling, services)| match names {
        [_alone] => telling,
        _ => telling.of(&listed(names, &services)),
    });
    with_names.collect()
}

/// Names in order, and the first and the last of those that follow each other.
fn listed(names: &[String], services: &[usize]) -> String {
    let runs = services.chunk_by(|one, next| one + 1 == *next);
    let runs = runs.map(|run| match run {
        [first, .., last] => format!("{} to {}", names[*first], names[*last]),
        [only] => names[*only].clone(),
        [] => String::new(),
    });
    runs.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn says(text: &str) -> Telling {
        Telling::refused(Duration::ZERO, "controller-1", text)
    }

    #[test]
    fn what_several_say_is_told_once_with_their_names() {
        let names: Vec<String> = ["a", "b", "c", "d", "e"].map(str::to_owned).into();
        let all = ["no", "no", "not yet", "no", "no"].map(|text| vec![says(text)]);
        let told = told_once(&names, all.into());
        assert_eq!(told, [says("no").of("a to b, d to e"), says("not yet").of("c")]);
    }

    #[test]
    fn one_that_is_alone_has_no_name() {
        assert_eq!(told_once(&["checkout".to_owned()], vec![vec![says("no")]]), [says("no")]);
    }
}
