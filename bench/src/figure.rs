//! What a benchmark prints: one measured thing a line, as JSON.

use crate::Outcome;
use serde::{Deserialize, Serialize};
use std::io::Write;

/// One measured thing. [`Figure::print`] it as soon as it is known.
///
/// ```ignore
/// Figure::new("check", "evaluations over HTTP").is(31_200.0, "/s").against(38_000.0, "a JSON echo").at_least(0.80).print()?;
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figure {
    /// The part, as `bench/run` names it.
    pub(crate) part: String,
    /// What was measured, in words.
    pub(crate) what: String,
    /// How much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<f64>,
    /// Of what.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) unit: String,
    /// The same divided by something else in the same run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ratio: Option<f64>,
    /// That something else, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) to: String,
    /// The goal: of the ratio if there is one, else of the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) goal: Option<Goal>,
}

/// A bound.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Goal {
    /// Met by this and more.
    AtLeast(f64),
    /// Met by this and less.
    AtMost(f64),
}

impl Figure {
    /// A figure of `part`, without a value yet.
    pub(crate) fn new(part: &str, what: impl Into<String>) -> Self {
        let (part, what) = (part.to_owned(), what.into());
        Self { part, what, value: None, unit: String::new(), ratio: None, to: String::new(), goal: None }
    }

    /// How much, of what.
    pub(crate) fn is(self, value: f64, unit: &str) -> Self {
        Self { value: Some(value), unit: unit.to_owned(), ..self }
    }

    /// How much of what is compared with, in the same unit.
    pub(crate) fn against(self, other: f64, to: &str) -> Self {
        let ratio = self.value.unwrap_or(f64::NAN) / other;
        self.ratio(ratio, to)
    }

    /// The ratio itself: where slices were paired, the median of theirs.
    pub(crate) fn ratio(self, ratio: f64, to: &str) -> Self {
        Self { ratio: Some(ratio), to: to.to_owned(), ..self }
    }

    /// The goal: not less than this.
    pub(crate) fn at_least(self, bound: f64) -> Self {
        Self { goal: Some(Goal::AtLeast(bound)), ..self }
    }

    /// The goal: not more than this.
    pub(crate) fn at_most(self, bound: f64) -> Self {
        Self { goal: Some(Goal::AtMost(bound)), ..self }
    }

    /// Whether the goal is met; `None` if there is none.
    pub(crate) fn is_met(&self) -> Option<bool> {
        let measured = self.ratio.or(self.value)?;
        Some(match self.goal? {
            Goal::AtLeast(bound) => measured >= bound,
            Goal::AtMost(bound) => measured <= bound,
        })
    }

    /// Prints the figure for `bench/run` to gather.
    ///
    /// # Errors
    /// If nobody reads.
    pub(crate) fn print(&self) -> Outcome {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", serde_json::to_string(self)?)?;
        Ok(out.flush()?)
    }
}

/// The middle one; of an even number the upper of the two.
pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The value below which `q` of all lie.
pub(crate) fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = (sorted.len() as f64 * q) as usize;
    sorted.get(at.min(sorted.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    //! Goal: a goal is met on its own side only, and of the ratio where there is one. Method: values on both sides.

    use super::*;

    #[test]
    fn goals() {
        let figure = Figure::new("check", "x").is(8.0, "/s");
        assert_eq!(figure.is_met(), None);
        assert_eq!(figure.clone().at_least(8.0).is_met(), Some(true));
        assert_eq!(figure.clone().at_least(8.1).is_met(), Some(false));
        let compared = figure.against(10.0, "y");
        assert_eq!(compared.ratio, Some(0.8));
        assert_eq!(compared.clone().at_most(0.8).is_met(), Some(true));
        assert_eq!(compared.at_most(0.79).is_met(), Some(false));
    }

    #[test]
    fn quantiles() {
        let values: Vec<f64> = (0..100).rev().map(f64::from).collect();
        assert_eq!((median(&values), quantile(&values, 0.99), quantile(&values, 1.0)), (50.0, 99.0, 99.0));
        assert!(median(&[]).is_nan());
    }
}
