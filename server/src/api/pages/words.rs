//! The dictionary of a page: the words that its modules say, those that come on demand too. What its template says is in the page already.
//!
//! A module names a word in quotes, or what its name begins with: up to a dot or a dash, or a whole name that others continue with a dash.

use super::files::CARRIED;
use super::module::{as_sent, loads};
use super::render::{Doors, Page};
use axum::body::Bytes;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The dictionaries of a language, each with its address behind `/web/`: `pages/words/fr.me.json` is that of `/me`.
pub(super) fn dictionaries(language: &str, all: &[u8]) -> Vec<(String, Bytes)> {
    let words: Map<String, Value> = serde_json::from_slice(all).unwrap_or_default();
    let modules = modules();
    let pages = Page::all(Doors { has_desk: true, has_providers: true });
    pages
        .map(|page| {
            let named = named(&modules, page.name());
            let said = words.iter().filter(|(word, _)| named.has(word));
            let said: Map<String, Value> = said.map(|(name, word)| (name.clone(), word.clone())).collect();
            let name = format!("pages/words/{language}.{}.json", page.name());
            (name, Bytes::from(Value::Object(said).to_string()))
        })
        .collect()
}

/// Every module as it is sent, by its address behind `/web/`.
fn modules() -> BTreeMap<&'static str, String> {
    let modules = CARRIED.iter().filter(|(name, _)| name.ends_with(".js") && !name.starts_with("vendor/"));
    modules
        .map(|(name, bytes)| {
            let sent = as_sent(name, &Bytes::from_static(bytes));
            (*name, String::from_utf8_lossy(&sent).into_owned())
        })
        .collect()
}

/// What the modules of a page name.
struct Named<'a> {
    names: BTreeSet<&'a str>,
    beginnings: BTreeSet<&'a str>,
}

impl Named<'_> {
    fn has(&self, word: &str) -> bool {
        self.names.contains(word)
            || word.char_indices().filter(|(_, char)| matches!(char, '.' | '-')).any(|(at, char)| {
                word.get(..=at).is_some_and(|beginning| self.beginnings.contains(beginning))
                    || (char == '-' && word.get(..at).is_some_and(|name| self.names.contains(name)))
            })
    }
}

fn named<'a>(modules: &'a BTreeMap<&'static str, String>, page: &str) -> Named<'a> {
    let (mut wanted, mut seen) = (vec![format!("pages/{page}.js")], BTreeSet::new());
    let mut named = Named { names: BTreeSet::new(), beginnings: BTreeSet::new() };
    while let Some(name) = wanted.pop() {
        let Some((name, text)) = modules.get_key_value(name.as_str()) else { continue };
        if !seen.insert(*name) {
            continue;
        }
        wanted.extend(loads(name, text));
        // Between any two quotes: what is none of ours names no word.
        let quoted = text.split('\'').map(|text| (text, text.ends_with(['.', '-'])));
        let filled = text.split('`').filter_map(|text| text.split_once("${")).map(|(text, _)| (text, true));
        for (text, is_beginning) in quoted.chain(filled) {
            if is_beginning {
                named.beginnings.insert(text)
            } else {
                named.names.insert(text)
            };
        }
    }
    named
}

#[cfg(test)]
mod tests {
    //! Goal: a page has the words that it says, and no others. Method: every word is looked for in the dictionaries and the templates; some
    //! that are named in each of the ways are looked for by name.

    use super::*;

    fn read(bytes: &[u8]) -> Map<String, Value> {
        serde_json::from_slice(bytes).unwrap()
    }

    fn of(language: &str) -> Vec<(String, Map<String, Value>)> {
        let whole = format!("pages/words/{language}.json");
        let all = CARRIED.iter().find(|(name, _)| *name == whole).unwrap().1;
        dictionaries(language, all).iter().map(|(name, bytes)| (name.clone(), read(bytes))).collect()
    }

    #[test]
    fn a_page_has_its_words() {
        let french = of("fr");
        let page = |name: &str| {
            &french.iter().find(|(at, _)| *at == format!("pages/words/fr.{name}.json")).unwrap().1
        };
        for (name, word) in [
            ("me", "state.force"),
            ("me", "report.disputed"),
            ("me", "stop.what"),
            ("give", "acting.title"),
            ("verify", "fault.origin"),
            ("log", "log.role-witness"),
            ("start", "acting.back"),
        ] {
            assert!(page(name).contains_key(word), "{name} {word}");
        }
        for (name, word) in [("me", "frame.skip"), ("log", "office.may"), ("verify", "verify.title")] {
            assert!(!page(name).contains_key(word), "{name} {word}");
        }
        for language in ["de", "en", "nl"] {
            for ((_, french), (name, other)) in french.iter().zip(of(language)) {
                assert!(french.keys().eq(other.keys()), "{name}");
            }
        }
    }

    #[test]
    fn no_word_is_said_nowhere() {
        let templates: String =
            Page::all(Doors { has_desk: true, has_providers: true }).map(Page::body).collect();
        let templates = format!("{templates}{}", super::super::render::FRAME);
        let said: BTreeSet<String> =
            of("en").into_iter().flat_map(|(_, words)| words.into_iter().map(|(name, _)| name)).collect();
        let all = read(CARRIED.iter().find(|(name, _)| *name == "pages/words/en.json").unwrap().1);
        let nowhere: Vec<&String> = all
            .keys()
            .filter(|name| !said.contains(*name) && !templates.contains(&format!("{{{{{name}}}}}")))
            // Of the page itself: its title, what it is for, its name among the others.
            .filter(|name| ![".title", ".lede", ".tab"].iter().any(|own| name.ends_with(own)))
            .collect();
        assert!(nowhere.is_empty(), "{nowhere:?}");
    }
}
