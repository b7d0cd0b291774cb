//! The model check at sizes for every run, and what each guard is good for. Prints how much was visited.

use tests::model::guard::{Consequence, Guard};
use tests::model::report::Report;
use tests::model::violation::Violation;
use tests::model::{Protocol, Settings};

#[test]
fn every_property_holds_and_everything_can_settle() {
    for settings in Settings::SMALL {
        let report = Report::of_everything(&Protocol::guarded(settings));
        println!("{report}");
        assert!(report.is_sound(), "{report}");
    }
}

/// The smallest size in which it matters.
fn where_it_matters(guard: Guard) -> Settings {
    match guard {
        Guard::FenceCondition | Guard::NewerFollowed => Settings::RACING,
        Guard::SplitMended => Settings::SPLIT,
        Guard::BoundedMoves => Settings::CONTRADICTING,
        Guard::ProviderClock
        | Guard::SignedAtPermit
        | Guard::SentIsStored
        | Guard::Burning
        | Guard::KernelAgain
        | Guard::OneChangeSet
        | Guard::RolledForward => Settings::DYING,
        Guard::WaitedOut | Guard::AboveAllKnown => Settings::DELETED,
        Guard::NoRollBack => Settings::DOWN,
    }
}

#[test]
fn without_its_guard_each_property_breaks() {
    for guard in Guard::ALL {
        let protocol = Protocol::without(guard, where_it_matters(guard));
        match guard.consequence() {
            Consequence::Found(violation) => {
                let report = Report::of_violation(&protocol, violation);
                println!("without {guard:?}: {report}");
                let found = report.broken.iter().any(|(property, _)| *property == violation.property());
                assert!(
                    found,
                    "without {guard:?} the checker finds no state where it is not so that {}: {report}",
                    violation.property()
                );
            }
            Consequence::Stuck => {
                let report = Report::of_everything(&protocol);
                println!("without {guard:?}: {report}");
                assert!(report.stuck.is_some(), "without {guard:?} everything can still settle: {report}");
            }
        }
    }
}

#[test]
fn without_the_fences_condition_what_is_applied_goes_back() {
    let protocol = Protocol::without(Guard::FenceCondition, Settings::RACING);
    let report = Report::of_violation(&protocol, Violation::WentBack);
    assert!(report.broken.iter().any(|(property, _)| *property == Violation::WentBack.property()), "{report}");
}
