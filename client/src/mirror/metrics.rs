//! A mirror's metrics, as OpenMetrics text.
//!
//! spec: http.md#mirrors

use super::standing::Figures;
use std::fmt::Write as _;

/// The media type.
pub(super) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The text.
pub(super) fn text(figures: &Figures) -> String {
    let gauges = [
        ("procura_mirror_entries", "Entries under the checkpoint that is read.", figures.entries),
        ("procura_mirror_behind_entries", "Entries published and not read yet.", figures.behind),
        ("procura_mirror_time_seconds", "When what is read was committed, Unix time.", figures.time_s),
        ("procura_mirror_age_seconds", "How old what is read is.", figures.age_s),
        ("procura_mirror_looked_seconds", "When the ledger was last followed, Unix time.", figures.looked_s),
        ("procura_mirror_failing", "1 if the last look failed.", figures.failing.into()),
        ("procura_mirror_fault", "1 once the ledger was found at fault.", figures.faulty.into()),
    ];
    let counters = [
        ("procura_mirror_proofs", "Status proofs given.", figures.proofs),
        ("procura_mirror_unknown", "Status proofs asked for in vain.", figures.unknown),
    ];
    let mut text = String::new();
    // Writing to a String never fails.
    for (name, help, value) in gauges {
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n");
    }
    for (name, help, value) in counters {
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} counter\n{name}_total {value}\n");
    }
    text.push_str("# EOF\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever writes an alert finds each by its name.
    #[test]
    fn each_is_described() {
        let spec = include_str!("../../../spec/http.md");
        let figures = Figures {
            entries: 1,
            behind: 2,
            time_s: 3,
            age_s: 4,
            looked_s: 5,
            failing: true,
            faulty: false,
            proofs: 6,
            unknown: 7,
        };
        let text = text(&figures);
        let names = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
        assert_eq!(names.clone().count(), 9);
        for (name, _) in names {
            assert!(spec.contains(&format!("`{name}`")), "{name}");
        }
    }
}
