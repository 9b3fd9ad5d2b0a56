//! The page and the table: figures by part, with what was written by hand about each.

use crate::Outcome;
use crate::figure::{Figure, Goal};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

/// The parts in order: how `bench/run` calls each, its letter, what it is.
const PARTS: [(&str, &str); 8] = [
    ("submission", "A. Submission over HTTP"),
    ("check", "B. Check"),
    ("access", "C. Access: check and log"),
    ("index", "D. Index"),
    ("receipts", "E. Receipts"),
    ("audit", "F. Audit and open"),
    ("space", "G. Space"),
    ("search", "H. Searches"),
];

/// What the report is made of.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The figures, a JSON object a line
    #[arg(long)]
    figures: PathBuf,
    /// The page's head, made by whoever ran: date, commit, machine
    #[arg(long)]
    head: PathBuf,
    /// A folder with what limits each part, written by hand: PART.md
    #[arg(long)]
    limits: PathBuf,
    /// The page; without it only the table is printed
    #[arg(long)]
    page: Option<PathBuf>,
}

/// Prints the table, writes the page.
pub(crate) fn run(args: &Args) -> Outcome {
    let figures: Vec<Figure> = fs::read_to_string(&args.figures)?
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    let mut page = fs::read_to_string(&args.head)?;
    for (part, title) in PARTS {
        let of_part: Vec<&Figure> = figures.iter().filter(|figure| figure.part == part).collect();
        let limits = fs::read_to_string(args.limits.join(format!("{part}.md"))).unwrap_or_default();
        if of_part.is_empty() && limits.is_empty() {
            continue;
        }
        write!(page, "\n## {title}\n\n")?;
        if of_part.is_empty() {
            page.push_str("Not measured in this run.\n");
        } else {
            page.push_str(&table(&of_part)?);
        }
        if !limits.is_empty() {
            write!(page, "\n{}\n", limits.trim())?;
        }
    }
    if let Some(path) = &args.page {
        fs::write(path, &page)?;
    }
    Ok(write!(std::io::stdout(), "{page}")?)
}

fn table(figures: &[&Figure]) -> Result<String, std::fmt::Error> {
    let mut table = "| what | figure | ratio | to | goal | |\n|---|--:|--:|---|--:|---|\n".to_owned();
    for figure in figures {
        let value = figure.value.map(|value| format!("{}{}", number(value), unit(&figure.unit)));
        let ratio = figure.ratio.map(number).unwrap_or_default();
        let goal = match figure.goal {
            Some(Goal::AtLeast(bound)) => format!("≥ {bound}"),
            Some(Goal::AtMost(bound)) => format!("≤ {bound}"),
            None => String::new(),
        };
        let met = match figure.is_met() {
            Some(true) => "met",
            Some(false) => "**not met**",
            None => "",
        };
        let (what, to) = (&figure.what, &figure.to);
        writeln!(table, "| {what} | {} | {ratio} | {to} | {goal} | {met} |", value.unwrap_or_default())?;
    }
    Ok(table)
}

/// Three digits that count, thousands set apart.
fn number(value: f64) -> String {
    if value.abs() >= 1000.0 {
        let digits = format!("{value:.0}");
        let mut text = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at) % 3 == 0 && digit.is_ascii_digit() {
                text.push(',');
            }
            text.push(digit);
        }
        return text;
    }
    match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 1.0 || v == 0.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

fn unit(unit: &str) -> String {
    if unit.is_empty() || unit.starts_with('/') { unit.to_owned() } else { format!(" {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (value, text) in [
            (1_234_567.0, "1,234,567"),
            (999.6, "1000"),
            (12.34, "12.3"),
            (0.801, "0.801"),
            (-1234.0, "-1,234"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
