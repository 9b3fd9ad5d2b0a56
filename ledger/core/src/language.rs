//! The languages in which people are spoken to: Belgium's three, and English.

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// German.
    De,
    /// English.
    En,
    /// French.
    Fr,
    /// Dutch.
    Nl,
}

impl Language {
    /// Every language, in the order of their codes.
    pub const ALL: [Self; 4] = [Self::De, Self::En, Self::Fr, Self::Nl];

    /// The language's code in ISO 639-1.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::De => "de",
            Self::En => "en",
            Self::Fr => "fr",
            Self::Nl => "nl",
        }
    }

    /// The language of a code; `None` for one that is not spoken here.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a code means one language, in one spelling. Method: each there and back, and a few that are none.
    #[test]
    fn codes() {
        for language in Language::ALL {
            assert_eq!(Language::of_code(language.code()), Some(language));
        }
        for code in ["", "FR", "fr-BE", "it"] {
            assert_eq!(Language::of_code(code), None, "{code}");
        }
    }
}
