//! `procura catalogue`: the categories and purposes in force.

use super::context::Context;
use super::output::{Answer, Failure, table};
use clap::{Args, ValueEnum};
use procura_client::ReadError;
use procura_core::Hash;
use procura_core::kinds::Title;
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
            let codes = |rows: Vec<String>| json!(rows);
            members.push(json!({
                "id": found.id, "code": catalogue.code, "version": catalogue.version,
                "categories": codes(catalogue.categories.iter().map(|category| category.code.clone()).collect()),
                "purposes": codes(catalogue.purposes.iter().map(|purpose| purpose.code.clone()).collect()),
            }));
        }
        if all.is_empty() {
            answer = answer.line("No catalogue is in force.");
        }
        Ok(answer.member("catalogues", members).trial(client.is_trial()))
    }
}
