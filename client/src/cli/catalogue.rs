//! `procura catalogue`: the categories, purposes and schemes of identifiers in force.

use super::context::Context;
use super::output::{Answer, Failure, table};
use clap::{Args, ValueEnum};
use procura_client::ReadError;
use procura_core::Hash;
use procura_core::kinds::{Check, Form, Prefix, Scheme, Title};
use serde_json::json;

#[derive(Debug, Args)]
pub(super) struct Catalogue {
    /// Only this catalogue
    #[arg(long, allow_hyphen_values = true)]
    id: Option<Hash>,
    /// The language of the titles
    #[arg(long, value_enum, default_value_t = Language::En)]
    lang: Language,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Language {
    De,
    En,
    Fr,
    Nl,
}

impl Language {
    fn of(self, title: &Title) -> String {
        match self {
            Self::De => title.de.clone(),
            Self::En => title.en.clone(),
            Self::Fr => title.fr.clone(),
            Self::Nl => title.nl.clone(),
        }
    }
}

impl Catalogue {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client()?;
        let all = match self.id {
            Some(id) => vec![client.catalogue(&id)?.0],
            None => client.catalogues().map_err(|error| match error {
                ReadError::NotFound => {
                    Failure::unknown("not_listed", "this server does not list its catalogues")
                }
                error => error.into(),
            })?,
        };
        let mut answer = Answer::yes();
        let mut members = Vec::new();
        for found in &all {
            let catalogue = &found.catalogue;
            let rows: Vec<[String; 3]> = catalogue
                .categories
                .iter()
                .map(|category| {
                    let parent =
                        category.parent.as_ref().map_or_else(String::new, |parent| format!("in {parent}"));
                    [category.code.clone(), self.lang.of(&category.title), parent]
                })
                .collect();
            let purposes: Vec<[String; 2]> = catalogue
                .purposes
                .iter()
                .map(|purpose| [purpose.code.clone(), self.lang.of(&purpose.title)])
                .collect();
            let id = context.shown(&found.id);
            answer = answer
                .line(format!("{} version {} ({id})", catalogue.code, catalogue.version))
                .line("")
                .line(table(["Category", "Title", ""], &rows))
                .line("")
                .line(table(["Purpose", "Title"], &purposes))
                .line("");
            if !catalogue.schemes.is_empty() {
                let schemes: Vec<[String; 4]> =
                    catalogue.schemes.iter().map(|scheme| self.scheme(scheme)).collect();
                answer = answer.line(table(["Identifier", "Title", "For", "Form"], &schemes)).line("");
            }
            let codes = |rows: Vec<String>| json!(rows);
            members.push(json!({
                "id": found.id, "code": catalogue.code, "version": catalogue.version,
                "categories": codes(catalogue.categories.iter().map(|category| category.code.clone()).collect()),
                "purposes": codes(catalogue.purposes.iter().map(|purpose| purpose.code.clone()).collect()),
                "schemes": codes(catalogue.schemes.iter().map(|scheme| scheme.code.clone()).collect()),
            }));
        }
        if all.is_empty() {
            answer = answer.line("No catalogue is in force.");
        }
        Ok(answer.member("catalogues", members).trial(client.is_trial()))
    }

    fn scheme(&self, scheme: &Scheme) -> [String; 4] {
        let types: Vec<&str> = scheme.party_types.iter().map(|party_type| party_type.name()).collect();
        [scheme.code.clone(), self.lang.of(&scheme.title), types.join(", "), form(&scheme.form)]
    }
}

/// A form in a few words: `AA/AA/ then 1 to 128 of - / digits upper`.
fn form(form: &Form) -> String {
    let prefix = match form.prefix {
        None => "",
        Some(Prefix::Country) => "AA then ",
        Some(Prefix::Countries) => "AA/AA/ then ",
    };
    let length =
        if form.min == form.max { form.min.to_string() } else { format!("{} to {}", form.min, form.max) };
    let characters: Vec<String> = form.characters.iter().map(|characters| characters.name()).collect();
    let check = match form.check {
        None => "",
        Some(Check::Niss) => ", check digits of a NISS",
        Some(Check::Kbo) => ", check digits of a KBO number",
        Some(Check::Mod97) => ", check digits modulo 97",
    };
    format!("{prefix}{length} of {}{check}", characters.join(" "))
}

#[cfg(test)]
mod tests {
    //! Goal: a form reads as what it takes. Method: the forms of the spec's table.

    use super::*;
    use procura_core::json::{Members, parse_strict};

    #[test]
    fn forms_in_words() {
        for (written, words) in [
            (
                r#"{"characters":["digits"],"check":"niss","max":11,"min":11}"#,
                "11 of digits, check digits of a NISS",
            ),
            (
                r#"{"characters":["/","digits","upper"],"max":128,"min":1,"prefix":"countries"}"#,
                "AA/AA/ then 1 to 128 of / digits upper",
            ),
            (
                r#"{"characters":["digits","upper"],"max":12,"min":2,"prefix":"country"}"#,
                "AA then 2 to 12 of digits upper",
            ),
        ] {
            let mut members = Members::new(parse_strict(written.as_bytes(), 1000).unwrap());
            assert_eq!(form(&Form::take(&mut members).unwrap()), words);
        }
    }
}
