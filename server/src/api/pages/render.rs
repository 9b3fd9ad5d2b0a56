//! A page is a frame, a body and the words of one language, put together once at the start. `{{name}}` in them is a word.

use super::files::{self, CARRIED, File};
use axum::body::Bytes;
use axum::http::HeaderValue;
use serde_json::{Map, Value};

/// The languages that every word is there in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    De,
    En,
    Fr,
    Nl,
}

const LANGUAGES: [Language; 4] = [Language::Fr, Language::Nl, Language::De, Language::En];

impl Language {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::De => "de",
            Self::En => "en",
            Self::Fr => "fr",
            Self::Nl => "nl",
        }
    }

    const fn own_name(self) -> &'static str {
        match self {
            Self::De => "Deutsch",
            Self::En => "English",
            Self::Fr => "Français",
            Self::Nl => "Nederlands",
        }
    }

    fn of_code(code: &str) -> Option<Self> {
        LANGUAGES.into_iter().find(|language| language.code().eq_ignore_ascii_case(code))
    }

    /// `lang` in a query; whatever else is there is nobody's business.
    pub(super) fn of_query(query: &str) -> Option<Self> {
        query.split('&').find_map(|pair| pair.strip_prefix("lang=")).and_then(Self::of_code)
    }

    /// The language that a browser likes best of those there are; English if none.
    pub(super) fn of_header(accepted: Option<&HeaderValue>) -> Self {
        let text = accepted.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut best = (0.0, Self::En);
        for range in text.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let code = parts.next().unwrap_or_default().split('-').next().unwrap_or_default();
            let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse().ok());
            if let (Some(language), Some(weight)) = (Self::of_code(code), weight)
                && weight > best.0
            {
                best = (weight, language);
            }
        }
        best.1
    }

    fn words(self) -> Map<String, Value> {
        let name = format!("pages/words/{}.json", self.code());
        let file = CARRIED.iter().find(|(carried, _)| *carried == name);
        file.and_then(|(_, bytes)| serde_json::from_slice(bytes).ok()).unwrap_or_default()
    }
}

/// How somebody can come to a key: pages on which people sign need somebody who binds it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Doors {
    /// The demo's desk.
    pub(crate) has_desk: bool,
    /// Identity providers.
    pub(crate) has_providers: bool,
}

/// A page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    Start,
    Verify,
    Log,
    Me,
    Looks,
    Request,
    Give,
    Acting,
    Signing,
    Present,
    Pairing,
    Office,
    Counter,
}

impl Page {
    /// Those that are served. Citizens come through either door; those who work somewhere only through the desk's, so far.
    pub(super) fn all(doors: Doors) -> impl Iterator<Item = Self> {
        let has_any = doors.has_desk || doors.has_providers;
        let citizens: &[Self] = if has_any {
            &[Self::Me, Self::Looks, Self::Request, Self::Give, Self::Acting, Self::Signing, Self::Pairing]
        } else {
            &[]
        };
        let rooms: &[Self] = if doors.has_desk { &[Self::Office, Self::Counter] } else { &[] };
        [Self::Start, Self::Verify, Self::Log, Self::Present]
            .into_iter()
            .chain(citizens.iter().chain(rooms).copied())
    }

    /// Its address.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Start => "/",
            Self::Verify => "/verify",
            Self::Log => "/log",
            Self::Me => "/me",
            Self::Looks => "/looks",
            Self::Request => "/r",
            Self::Give => "/give",
            Self::Acting => "/for",
            Self::Signing => "/sign",
            Self::Present => "/present",
            Self::Pairing => "/device",
            Self::Office => "/office",
            Self::Counter => "/counter",
        }
    }

    /// Its name in the words, of its module, and of its dictionary.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Verify => "verify",
            Self::Log => "log",
            Self::Me => "me",
            Self::Looks => "looks",
            Self::Request => "request",
            Self::Give => "give",
            Self::Acting => "acting",
            Self::Signing => "signing",
            Self::Present => "present",
            Self::Pairing => "pairing",
            Self::Office => "office",
            Self::Counter => "counter",
        }
    }

    /// Of a room that is not the citizen's, what leads to its parts: a part's id, and the words for it.
    const fn parts(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Office => &[
                ("check", "office.check"),
                ("ask", "office.ask"),
                ("own", "office.own"),
                ("connect", "office.connect"),
            ],
            Self::Counter => &[("help", "counter.h1"), ("today", "counter.today")],
            _ => &[],
        }
    }

    pub(super) const fn body(self) -> &'static str {
        match self {
            Self::Start => include_str!("../../../web/pages/start.html"),
            Self::Verify => include_str!("../../../web/pages/verify.html"),
            Self::Log => include_str!("../../../web/pages/log.html"),
            Self::Me => include_str!("../../../web/pages/me.html"),
            Self::Looks => include_str!("../../../web/pages/looks.html"),
            Self::Request => include_str!("../../../web/pages/request.html"),
            Self::Give => include_str!("../../../web/pages/give.html"),
            Self::Acting => include_str!("../../../web/pages/acting.html"),
            Self::Signing => include_str!("../../../web/pages/signing.html"),
            Self::Present => include_str!("../../../web/pages/present.html"),
            Self::Pairing => include_str!("../../../web/pages/pairing.html"),
            Self::Office => include_str!("../../../web/pages/office.html"),
            Self::Counter => include_str!("../../../web/pages/counter.html"),
        }
    }
}

pub(super) const FRAME: &str = include_str!("../../../web/pages/frame.html");
const SYMBOLS: &str = include_str!("../../../web/pages/symbols.html");
const WORKER: &str = include_str!("../../../web/pages/sw.js");

/// Every page in every language, and the worker that keeps them.
#[derive(Debug)]
pub(super) struct Site {
    pages: Vec<(Page, Language, File)>,
    worker: File,
}

impl Site {
    pub(super) fn page(&self, page: Page, language: Language) -> Option<&File> {
        let is_it = |kept: &&(Page, Language, File)| kept.0 == page && kept.1 == language;
        self.pages.iter().find(is_it).map(|(_, _, file)| file)
    }

    pub(super) fn pages(&self) -> impl Iterator<Item = (Page, Language, &File)> {
        self.pages.iter().map(|(page, language, file)| (*page, *language, file))
    }

    pub(super) const fn worker(&self) -> Option<&File> {
        Some(&self.worker)
    }
}

/// Puts all pages together.
pub(super) fn site(is_trial: bool, doors: Doors) -> Site {
    let served: Vec<Page> = Page::all(doors).collect();
    let mut pages = Vec::new();
    for language in LANGUAGES {
        let words = language.words();
        for page in &served {
            let html = render(*page, language, &words, &served, (is_trial, doors));
            pages.push((*page, language, File::new("page.html", Bytes::from(html))));
        }
    }
    let worker = worker(&served, &pages);
    Site { pages, worker }
}

fn render(
    page: Page,
    language: Language,
    words: &Map<String, Value>,
    served: &[Page],
    (is_trial, doors): (bool, Doors),
) -> String {
    let word = |name: &str| words.get(name).and_then(Value::as_str);
    let slot = |name: &str| match name {
        "lang" => Some(language.code().to_owned()),
        "module" => Some(page.name().to_owned()),
        "title" => word(&format!("{}.title", page.name())).map(escaped),
        "description" => word(&format!("{}.lede", page.name())).map(escaped),
        "area" => word(&format!("{}.tab", page.name())).map(escaped),
        "languages" => Some(languages(language)),
        "tabs" => Some(tabs(page, language, words, served)),
        _ => word(name).map(escaped),
    };
    let mut frame = FRAME.replace("{{symbols}}", SYMBOLS).replace("{{main}}", page.body());
    keep_if(&mut frame, "trial", is_trial);
    keep_if(&mut frame, "room", !page.parts().is_empty());
    keep_if(&mut frame, "citizen", served.contains(&Page::Me));
    keep_if(&mut frame, "rooms", served.contains(&Page::Office));
    keep_if(&mut frame, "desk", doors.has_desk);
    keep_if(&mut frame, "no-desk", !doors.has_desk);
    keep_if(&mut frame, "providers", doors.has_providers);
    filled(&frame, slot)
}

/// Keeps what stands between `{{#name}}` and `{{/name}}`, or takes it away.
fn keep_if(text: &mut String, name: &str, is_kept: bool) {
    let (open, close) = (format!("{{{{#{name}}}}}"), format!("{{{{/{name}}}}}"));
    while let (Some(begin), Some(end)) = (text.find(&open), text.find(&close)) {
        if begin > end {
            return;
        }
        if is_kept {
            text.replace_range(end..end + close.len(), "");
            text.replace_range(begin..begin + open.len(), "");
        } else {
            text.replace_range(begin..end + close.len(), "");
        }
    }
}

/// The text with each `{{name}}` replaced; one that nobody knows stays, and a test finds it.
fn filled(text: &str, slot: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, behind)) = after.split_once("}}") else {
            out.push_str("{{");
            rest = after;
            continue;
        };
        match slot(name) {
            Some(value) => out.push_str(&value),
            None => out.extend(["{{", name, "}}"]),
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn languages(current: Language) -> String {
    let mut out = String::new();
    for language in LANGUAGES {
        let (code, name) = (language.code(), language.own_name());
        let here = if language == current { " aria-current=\"true\"" } else { "" };
        let upper = code.to_uppercase();
        out.push_str(&format!(
            "<li><a href=\"?lang={code}\" lang=\"{code}\" hreflang=\"{code}\" data-lang=\"{code}\"{here}>{upper}<span class=\"vh\">, {name}</span></a></li>"
        ));
    }
    out
}

fn tabs(current: Page, language: Language, words: &Map<String, Value>, served: &[Page]) -> String {
    let mut out = String::new();
    let word = |name: &str| words.get(name).and_then(Value::as_str).unwrap_or_default();
    for (id, name) in current.parts() {
        out.push_str(&format!("<li><a href=\"#{id}\">{}</a></li>", escaped(word(name))));
    }
    if !out.is_empty() {
        return out;
    }
    for page in
        [Page::Me, Page::Looks, Page::Verify, Page::Log].into_iter().filter(|page| served.contains(page))
    {
        let here = if page == current { " aria-current=\"page\"" } else { "" };
        let title = word(&format!("{}.tab", page.name()));
        out.push_str(&format!(
            "<li><a href=\"{}?lang={}\"{here}>{}</a></li>",
            page.path(),
            language.code(),
            escaped(title)
        ));
    }
    out
}

/// The worker, told what belongs to the pages and which version of it this is.
fn worker(served: &[Page], pages: &[(Page, Language, File)]) -> File {
    let mut names: Vec<String> = files::addresses().map(|name| format!("/web/{name}")).collect();
    for page in served {
        names.extend(LANGUAGES.iter().map(|language| format!("{}?lang={}", page.path(), language.code())));
    }
    let mut all: Vec<u8> = CARRIED.iter().flat_map(|(_, bytes)| bytes.iter().copied()).collect();
    all.extend(pages.iter().flat_map(|(_, _, file)| file.plain.iter().copied()));
    let version = procura_core::hash::sha256(&[&all]).to_string();
    let list = serde_json::to_string(&names).unwrap_or_else(|_| "[]".to_owned());
    let text = WORKER.replace("'{{version}}'", &format!("'{version}'")).replace("['{{files}}']", &list);
    File::new("sw.js", Bytes::from(text))
}

#[cfg(test)]
mod tests {
    //! Goal: every language says everything. Method: the dictionaries are compared, every page is put together in each and searched
    //! for what nobody filled in.

    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_language_has_every_word() {
        let names = |language: Language| language.words().keys().cloned().collect::<BTreeSet<_>>();
        let english = names(Language::En);
        assert!(english.len() > 50);
        for language in LANGUAGES {
            assert_eq!(names(language), english, "{language:?}");
            for (name, word) in language.words() {
                let slots = |text: &str| {
                    let mut slots: Vec<_> = text
                        .split('{')
                        .skip(1)
                        .filter_map(|rest| rest.split('}').next())
                        .map(str::to_owned)
                        .collect();
                    slots.sort_unstable();
                    slots.dedup();
                    slots
                };
                let english = Language::En.words();
                assert_eq!(
                    slots(word.as_str().unwrap()),
                    slots(english[&name].as_str().unwrap()),
                    "{language:?} {name}"
                );
                assert!(!word.as_str().unwrap().is_empty(), "{language:?} {name}");
            }
        }
    }

    #[test]
    fn nothing_is_left_to_fill_in() {
        for (is_trial, has_desk, has_providers) in [
            (true, true, false),
            (true, false, false),
            (false, false, false),
            (true, true, true),
            (false, false, true),
        ] {
            let site = site(is_trial, Doors { has_desk, has_providers });
            let has_any = has_desk || has_providers;
            let expected = if has_desk {
                52
            } else if has_providers {
                44
            } else {
                16
            };
            assert_eq!(site.pages.len(), expected);
            for (page, language, file) in &site.pages {
                let text = std::str::from_utf8(&file.plain).unwrap();
                assert!(
                    !text.contains("{{"),
                    "{page:?} {language:?}: {}",
                    text.split_once("{{").unwrap().1.split("}}").next().unwrap()
                );
                assert_eq!(text.contains("class=\"demo\""), is_trial);
                let is_room = matches!(page, Page::Office | Page::Counter);
                assert_eq!(text.contains("href=\"/me"), has_any && !is_room);
                assert_eq!(text.contains("href=\"/office"), has_desk);
                assert_eq!(text.contains("id=\"providers\""), has_providers && *page == Page::Me);
                assert_eq!(text.contains("id=\"people\""), has_desk && *page == Page::Me);
                assert_eq!(text.contains("class=\"area\""), is_room);
            }
            assert!(!std::str::from_utf8(&site.worker.plain).unwrap().contains("{{"));
        }
    }

    #[test]
    fn the_browser_says_which_language() {
        let of = |text: &str| Language::of_header(Some(&HeaderValue::from_str(text).unwrap()));
        assert_eq!(of("fr-BE,fr;q=0.9,en;q=0.8"), Language::Fr);
        assert_eq!(of("es, nl;q=0.3, de;q=0.7"), Language::De);
        assert_eq!(of("nl;q=0, *"), Language::En);
        assert_eq!(of("nl;q=x"), Language::En);
        assert_eq!(Language::of_header(None), Language::En);
        assert_eq!(Language::of_query("a=b&lang=nl"), Some(Language::Nl));
        assert_eq!(Language::of_query("lang=xx"), None);
    }
}
