//! Tables and figures as the page and the terminal show them: Markdown that is aligned, so that both can be read.

use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};

use super::statistics::Summary;

/// The columns of a [`Summary`].
pub(super) const FIGURES: [&str; 6] = ["n", "min", "median", "p90", "p99", "max"];

/// A Markdown table, ending in a line break. All columns but the first `texts` are figures and aligned to the right.
pub(crate) fn table(texts: usize, header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_header(header.iter().copied());
    table.add_rows(rows.into_iter().map(|row| row.into_iter().map(|cell| cell.replace('|', "\\|"))));
    for column in table.column_iter_mut().skip(texts) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("{}\n", table.trim_fmt())
}

/// A table of summaries, each with its name.
pub(super) fn summaries(what: &str, rows: impl IntoIterator<Item = (String, Summary)>) -> String {
    let header: Vec<&str> = [what].into_iter().chain(FIGURES).collect();
    table(1, &header, rows.into_iter().map(|(name, summary)| [name].into_iter().chain(figures(&summary)).collect()))
}

/// The cells of [`FIGURES`].
pub(super) fn figures(summary: &Summary) -> [String; 6] {
    let Summary { count, min, median, p90, p99, max } = *summary;
    [count.to_string(), length(min), length(median), length(p90), length(p99), length(max)]
}

/// A duration to three digits or so: seconds from one second on, milliseconds below.
pub(super) fn length(value: Duration) -> String {
    if value >= Duration::from_secs(1) {
        return format!("{:.2} s", value.as_secs_f64());
    }
    let millis = value.as_secs_f64() * 1e3;
    if millis < 10.0 { format!("{millis:.1} ms") } else { format!("{millis:.0} ms") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::statistics::summary;

    #[test]
    fn durations_have_the_unit_that_suits_them() {
        assert_eq!(length(Duration::from_micros(4_260)), "4.3 ms");
        assert_eq!(length(Duration::from_micros(149_600)), "150 ms");
        assert_eq!(length(Duration::from_millis(1_534)), "1.53 s");
        assert_eq!(length(Duration::ZERO), "0.0 ms");
    }

    #[test]
    fn a_table_of_summaries_is_markdown_with_figures_to_the_right() {
        let rows = [("primary".to_owned(), summary([1_500, 2_000].map(Duration::from_millis)))];
        let text = summaries("served by", rows);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert_eq!(lines[0], "| served by | n |    min | median |    p90 |    p99 |    max |");
        assert!(lines[1].starts_with("|---") && lines[1].ends_with("---|"), "{text}");
        assert_eq!(lines[2], "| primary   | 2 | 1.50 s | 1.50 s | 2.00 s | 2.00 s | 2.00 s |");
    }

    #[test]
    fn a_bar_in_a_cell_makes_no_column() {
        let text = table(1, &["name"], [vec!["a|b".to_owned()]]);
        assert!(text.contains("a\\|b"), "{text}");
    }
}
