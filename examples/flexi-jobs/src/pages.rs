//! The pages of the three services: HTML filled with the words of four languages, modules and a style sheet, all inside the program. They hold no key, and show nothing
//! of anybody but what the service answers to a receipt; to sign, people go to the ledger's pages and come back.
//!
//! The look is the ledger's own, of the files that its server carries, so that there is one of it. A team outside would keep a copy.

use axum::Router;
use axum::extract::RawQuery;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::{Map, Value};
use std::fmt::Write as _;

/// What a page may load and do: its own origin's files, and nothing else. It leads elsewhere by links only.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";
const JSON: &str = "application/json";

/// The languages, in the order in which they are offered, what each calls itself, and the words that all services have.
const LANGUAGES: [(&str, &str, &str); 4] = [
    ("fr", "français", include_str!("../pages/words/fr.json")),
    ("nl", "Nederlands", include_str!("../pages/words/nl.json")),
    ("de", "Deutsch", include_str!("../pages/words/de.json")),
    ("en", "English", include_str!("../pages/words/en.json")),
];

const FRAME: &str = include_str!("../pages/frame.html");
const SYMBOLS: &str = include_str!("../../../server/web/pages/symbols.html");

/// The pages of one service.
pub(crate) struct Site {
    /// What its dictionary is called.
    part: &'static str,
    /// What that has besides the words that all services have, in the order of the languages.
    words: [&'static str; 4],
    /// Address, name, and what stands in the frame.
    pages: &'static [(&'static str, &'static str, &'static str)],
    /// What they load besides what all pages do.
    files: Files,
}

/// Address, media type, text.
type Files = &'static [(&'static str, &'static str, &'static str)];

macro_rules! files {
    ($($media_type:ident $at:literal $from:literal: $($name:literal)*;)*) => {
        &[$($((concat!($at, $name), $media_type, include_str!(concat!($from, $name)))),*),*]
    };
}

macro_rules! words {
    ($part:literal) => {
        [
            include_str!(concat!("../pages/words/fr.", $part, ".json")),
            include_str!(concat!("../pages/words/nl.", $part, ".json")),
            include_str!(concat!("../pages/words/de.", $part, ".json")),
            include_str!(concat!("../pages/words/en.", $part, ".json")),
        ]
    };
}

/// What every page loads.
const FILES: Files = files! {
    CSS "/web/pages/" "../../../server/web/pages/": "procura.css";
    SVG "/web/pages/" "../../../server/web/pages/": "band.svg" "mark.svg";
    SCRIPT "/web/pages/" "../../../server/web/pages/": "parts.js" "words.js";
    SCRIPT "/web/pages/" "../pages/": "answers.js" "days.js" "frame.js";
};

/// Of the declaration service.
pub(crate) const DECLARATIONS: Site = Site {
    part: "declarations",
    words: words!("declarations"),
    pages: &[
        ("/", "start", include_str!("../pages/start.html")),
        ("/mine", "mine", include_str!("../pages/mine.html")),
        ("/declare", "declare", include_str!("../pages/declare.html")),
        ("/hire", "hire", include_str!("../pages/hire.html")),
    ],
    files: files! {
        SCRIPT "/web/pages/" "../pages/": "amounts.js" "chart.js" "declare.js" "faults.js" "going.js" "hire.js" "mine.js" "numbers.js" "start.js";
        JSON "/web/pages/" "../": "declaration.json";
    },
};

/// Of the tariff service.
pub(crate) const TARIFF: Site = Site {
    part: "tariff",
    words: words!("tariff"),
    pages: &[("/", "right", include_str!("../pages/right.html"))],
    files: files! { SCRIPT "/web/pages/" "../pages/": "going.js" "right.js"; },
};

/// Of the town's form.
pub(crate) const FORM: Site = Site {
    part: "form",
    words: words!("form"),
    pages: &[("/", "form", include_str!("../pages/form.html"))],
    files: files! {
        SCRIPT "/web/pages/" "../pages/": "faults.js" "form.js" "numbers.js";
        SCRIPT "/web/pages/" "../../../server/web/pages/": "qr.js";
        SCRIPT "/web/" "../../../server/web/": "vendor/qr/index.js";
    },
};

impl Site {
    /// The addresses of the pages, beside a ledger whose pages are at an address.
    pub(crate) fn router(&'static self, ledger: &str) -> Router {
        let mut router = Router::new();
        for (path, name, body) in self.pages {
            let in_each = LANGUAGES.map(|(code, ..)| (code, self.render(name, body, code, ledger)));
            let answer = move |headers: HeaderMap, RawQuery(query): RawQuery| async move {
                let code = language(query.as_deref(), &headers);
                let page = in_each.into_iter().find(|(of, _)| *of == code).map(|(_, page)| page);
                let mut response = sent(HTML, page.unwrap_or_default()).into_response();
                response
                    .headers_mut()
                    .insert(header::VARY, header::HeaderValue::from_static("Accept-Language"));
                response
            };
            router = router.route(path, get(answer));
        }
        for (path, media_type, text) in FILES.iter().chain(self.files) {
            router = router.route(path, get(move || async move { sent(media_type, *text) }));
        }
        for (code, ..) in LANGUAGES {
            let path = format!("/web/pages/words/{code}.{}.json", self.part);
            let text = Value::Object(self.words(code)).to_string();
            router = router.route(&path, get(move || async move { sent(JSON, text) }));
        }
        router
    }

    /// The words that all services have, and its own.
    fn words(&self, code: &str) -> Map<String, Value> {
        let of = LANGUAGES.iter().zip(self.words).find(|((known, ..), _)| *known == code);
        let texts = of.map_or(["{}"; 2], |((.., common), own)| [*common, own]);
        let all = texts.into_iter().map(|text| serde_json::from_str(text).unwrap_or_default());
        all.flat_map(|words: Map<String, Value>| words).collect()
    }

    fn render(&self, name: &str, body: &str, code: &str, ledger: &str) -> String {
        let words = self.words(code);
        let word = |name: &str| words.get(name).and_then(Value::as_str).map(escaped);
        let slot = |slot: &str| match slot {
            "lang" => Some(code.to_owned()),
            "ledger" => Some(escaped(ledger)),
            "module" => Some(name.to_owned()),
            "part" => Some(self.part.to_owned()),
            "title" => word(&format!("{name}.title")),
            "description" => word(&format!("{name}.lede")),
            "languages" => Some(languages(code)),
            "tabs" => Some(self.tabs(name, code, &words)),
            _ => word(slot),
        };
        filled(&FRAME.replace("{{symbols}}", SYMBOLS).replace("{{main}}", body), slot)
    }

    /// The way between its pages; none if there is but one.
    fn tabs(&self, current: &str, code: &str, words: &Map<String, Value>) -> String {
        let word = |name: &str| escaped(words.get(name).and_then(Value::as_str).unwrap_or_default());
        let mut tabs = String::new();
        for (path, name, _) in self.pages.iter().filter(|(path, ..)| *path != "/") {
            let here = if *name == current { " aria-current=\"page\"" } else { "" };
            let title = word(&format!("{name}.tab"));
            // Writing to a text does not fail.
            let _ = write!(tabs, "<li><a href=\"{path}?lang={code}\"{here}>{title}</a></li>");
        }
        if tabs.is_empty() {
            return tabs;
        }
        let label = word("frame.main");
        format!("<div class=\"wrap tabs\"><nav aria-label=\"{label}\"><ul>{tabs}</ul></nav></div>")
    }
}

fn sent(media_type: &'static str, body: impl IntoResponse) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-cache"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    (headers, body)
}

/// The language that the address asks for, or else the one that the browser likes best; English if none.
fn language(query: Option<&str>, headers: &HeaderMap) -> &'static str {
    let known = |code: &str| LANGUAGES.iter().map(|(known, ..)| *known).find(|known| *known == code);
    let asked = query.and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("lang=")));
    if let Some(code) = asked.and_then(known) {
        return code;
    }
    let accepted =
        headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut best = (0.0, "en");
    for range in accepted.split(',') {
        let (tag, weight) = range.trim().split_once(";q=").unwrap_or((range.trim(), "1"));
        let weight: f32 = weight.trim().parse().unwrap_or(0.0);
        if let Some(code) = known(tag.split('-').next().unwrap_or_default())
            && weight > best.0
        {
            best = (weight, code);
        }
    }
    best.1
}

/// The text with each `{{name}}` replaced; one that nobody knows stays, and a test finds it.
fn filled(text: &str, slot: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, behind)) = after.split_once("}}") else { break };
        out.push_str(before);
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

fn languages(current: &str) -> String {
    let mut out = String::new();
    for (code, name, _) in LANGUAGES {
        let here = if code == current { " aria-current=\"true\"" } else { "" };
        let upper = code.to_uppercase();
        // Writing to a text does not fail.
        let _ = write!(
            out,
            "<li><a href=\"?lang={code}\" lang=\"{code}\" hreflang=\"{code}\" data-lang=\"{code}\"{here}>{upper}<span class=\"vh\">, {name}</span></a></li>"
        );
    }
    out
}

#[cfg(test)]
mod tests {
    //! Goal: every language says everything, and the browser's is spoken. Method: the dictionaries are compared, and every page is searched
    //! for what nobody filled in.

    use super::*;
    use axum::http::HeaderValue;
    use std::collections::BTreeMap;

    #[test]
    fn every_language_has_every_word() {
        let slots = |text: &str| {
            let mut slots: Vec<_> = text
                .split('{')
                .skip(1)
                .filter_map(|rest| rest.split_once('}'))
                .map(|(slot, _)| slot.to_owned())
                .collect();
            slots.sort_unstable();
            slots
        };
        let shape = |site: &Site, code: &str| -> BTreeMap<String, Vec<String>> {
            site.words(code).into_iter().map(|(name, word)| (name, slots(word.as_str().unwrap()))).collect()
        };
        for site in [DECLARATIONS, TARIFF, FORM] {
            let english = shape(&site, "en");
            assert!(english.len() > 50);
            for (code, ..) in LANGUAGES {
                assert_eq!(shape(&site, code), english, "{code} {}", site.part);
                for (_, name, body) in site.pages {
                    let page = site.render(name, body, code, "http://127.0.0.1:8080");
                    assert!(!page.contains("{{"), "{code} {name}: {}", page.split_once("{{").unwrap().1);
                }
            }
        }
    }

    #[test]
    fn the_browser_says_which_language() {
        let of = |query: Option<&str>, accepted: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_str(accepted).unwrap());
            language(query, &headers)
        };
        assert_eq!(of(None, "fr-BE,fr;q=0.9,en;q=0.8"), "fr");
        assert_eq!(of(None, "es, nl;q=0.3, de;q=0.7"), "de");
        assert_eq!(of(None, "nl;q=0, *"), "en");
        assert_eq!(of(Some("a=b&lang=nl"), "fr"), "nl");
        assert_eq!(of(Some("lang=xx"), "fr"), "fr");
        assert_eq!(language(None, &HeaderMap::new()), "en");
    }
}
