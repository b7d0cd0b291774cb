//! Aligned columns without borders: what `cut` and tired eyes take best.

use comfy_table::{ContentArrangement, Table, presets};

use super::Width;

/// The gap between two columns.
const GAP: u16 = 2;

/// A table with a header line, ending in a line break. Cells wrap only if they must.
pub fn table<const N: usize>(width: Width, header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.set_header(header);
    table.add_rows(rows);
    layout(width, table)
}

/// Names and values below each other; pairs without a value are left out.
pub fn pairs<'a>(width: Width, pairs: impl IntoIterator<Item = (&'a str, Option<String>)>) -> String {
    let mut table = Table::new();
    table.add_rows(pairs.into_iter().filter_map(|(name, value)| Some([name.to_owned(), value?])));
    layout(width, table)
}

/// Each line two spaces in.
pub fn indented(text: &str) -> String {
    super::lines(text.lines().map(|line| format!("  {line}")))
}

fn layout(width: Width, mut table: Table) -> String {
    table.load_style(presets::NOTHING);
    if let Width::Columns(columns) = width {
        // Wide enough for a word a column, or wrapping turns into noise.
        table.set_width(columns.max(40)).set_content_arrangement(ContentArrangement::Dynamic);
    }
    table.column_iter_mut().for_each(|column| {
        column.set_padding((0, GAP));
    });
    table.trim_fmt() + "\n"
}
