//! The part about what people would use instead.

use super::block;
use crate::benchmark::peers::{INTERVAL_S, Peers, Rival, Shape, TIMEOUT_S};
use crate::benchmark::statistics::ratio;
use crate::benchmark::table::{figures, table};

/// What figures don't say.
const WORDS: &str = "
What the figures don't say:

- gdnsd and PowerDNS answer from the state of their own checks; no zone is written, so there is nothing to wait for
  between deciding and serving. Ours writes the zone and is measured until a real name server answers from it.
- They look from one point of view: the name server's own. A cut path between it and prod moves everyone; ours needs a
  quorum. With several gdnsd or PowerDNS servers each decides for itself, and they may answer differently for as long
  as they like.
- They come back by themselves as soon as prod answers. Ours comes back when an operator says so.
- They decide what is answered by themselves alone: the zone must be on them, and they must answer for it. Ours moves
  records of a zone on any server that takes DNS UPDATE, and needs no part in answering.
- They keep answering by health if every other machine is gone. Ours needs its controller and a quorum of monitors to
  move; what is served stays served without them.
- PowerDNS decides by one failed check; this version cannot be told otherwise. It checks only names that were asked for
  within `lua-health-checks-expire-delay`, and answers the first question without a check's result.
- gdnsd's shortest interval is two seconds, since its timeout is at least one second and must be below the interval.
- Neither has a fence, a history, a pause, or a record of who moved what; ours has no answer by client location.
";

pub(super) fn render(found: &Peers) -> String {
    let excerpts = found.excerpts.iter().map(|(title, text)| format!("\n{title}\n\n{}", block(text)));
    let excerpts = excerpts.collect::<Vec<_>>().concat();
    format!(
        "
## Beside gdnsd and PowerDNS

All watch the same endpoint and see the same kills, at the shortest intervals and the lowest thresholds that each allows:
{INTERVAL_S} s for gdnsd, {TIMEOUT_S} s of timeout for both. PowerDNS is meant by its `ifurlup`. The time is from SIGKILL to the new answer
of the server that each is about; for ours a Knot for each row, so that rows that move together don't wait for each other.
*Against ours*: the median divided by the median of ours with the same interval and as many failed checks; above 1 is
slower than ours.

{}{excerpts}{WORDS}",
        comparison(found)
    )
}

fn comparison(found: &Peers) -> String {
    let header = [
        "who",
        "points of view",
        "interval",
        "failed checks",
        "n",
        "min",
        "median",
        "p90",
        "p99",
        "max",
        "against ours",
    ];
    let rows = found.rivals.iter().map(|Rival { shape, served }| {
        let Shape { name, record: _, interval_s, failures, views } = shape;
        let beside = found.beside(shape).map(|ours| format!("{:.2}", ratio(served.median, ours.served.median)));
        let settings = [(*name).to_owned(), (*views).to_owned(), format!("{interval_s} s"), failures.to_string()];
        settings.into_iter().chain(figures(served)).chain([beside.unwrap_or_default()]).collect()
    });
    table(2, &header, rows)
}
