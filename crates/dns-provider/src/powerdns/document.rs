//! The answer that holds a whole zone, taken set by set: all sets at once would be several times as large as the answer itself.

use std::panic::resume_unwind;
use std::thread;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::set::Set;

/// A thread is not worth fewer sets: some 20 ms of them.
const PART_SETS_MIN: usize = 10_000;

/// The sets, not looked into.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    rrsets: Vec<&'a RawValue>,
    #[serde(default)]
    soa_edit_api: String,
}

/// Takes each set. The error says why the answer is no zone, or is the first of `take`.
pub(super) fn each_set(body: &[u8], mut take: impl FnMut(Set) -> Result<(), String>) -> Result<(), String> {
    document(body)?.rrsets.into_iter().try_for_each(|raw| take(set(raw)?))
}

/// Reads each set, in their order, and hands out the zone's SOA-EDIT-API. Large parts are read at once: whoever waits for a large
/// answer has nothing else to do. The error is that of [`each_set`].
pub(super) fn all_sets<T: Send>(
    body: &[u8],
    read: impl Fn(&Set) -> Result<T, String> + Sync,
) -> Result<(Vec<T>, String), String> {
    let Document { rrsets, soa_edit_api } = document(body)?;
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let part_sets = rrsets.len().div_ceil(processors).max(PART_SETS_MIN);
    let read_part = |part: &[&RawValue]| part.iter().map(|raw| read(&set(raw)?)).collect::<Result<Vec<T>, String>>();
    let parts: Result<Vec<Vec<T>>, String> = thread::scope(|scope| {
        let parts: Vec<_> = rrsets.chunks(part_sets).map(|part| scope.spawn(|| read_part(part))).collect();
        parts.into_iter().map(|part| part.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    Ok((parts?.into_iter().flatten().collect(), soa_edit_api))
}

fn document(body: &[u8]) -> Result<Document<'_>, String> {
    serde_json::from_slice(body).map_err(|error| undocumented(&error))
}

fn set(raw: &RawValue) -> Result<Set, String> {
    serde_json::from_str(raw.get()).map_err(|error| undocumented(&error))
}

/// What is said of an answer that has another form.
pub(super) fn undocumented(error: &serde_json::Error) -> String {
    format!("its answer is not what it documents: {error}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(sets: usize) -> Vec<u8> {
        let set = |number| json!({ "name": format!("n{number}."), "type": "A", "ttl": 60, "records": [] });
        let sets: Vec<_> = (0..sets).map(set).collect();
        json!({ "rrsets": sets, "soa_edit_api": "DEFAULT" }).to_string().into_bytes()
    }

    #[test]
    fn all_sets_are_read_in_their_order_however_many_parts_they_are_read_in() {
        for count in [0, 1, PART_SETS_MIN, PART_SETS_MIN * 3 + 1] {
            let (names, soa_edit_api) = all_sets(&body(count), |set| Ok(set.name().to_owned())).expect("a zone");
            let expected: Vec<String> = (0..count).map(|number| format!("n{number}.")).collect();
            assert!(names == expected, "{count}");
            assert_eq!(soa_edit_api, "DEFAULT");
        }
    }

    #[test]
    fn the_first_fault_is_told_wherever_it_is() {
        let last = format!("n{}.", PART_SETS_MIN * 3);
        let read = |set: &Set| if set.name() == last { Err(format!("{last} is bad")) } else { Ok(()) };
        let told = all_sets(&body(PART_SETS_MIN * 3 + 1), read).expect_err("the last one");
        assert_eq!(told, "n30000. is bad");
        let told = all_sets(br#"{ "rrsets": [ { "name": 1 } ] }"#, |_| Ok(())).expect_err("no set");
        assert!(told.starts_with("its answer is not what it documents"), "{told}");
    }
}
