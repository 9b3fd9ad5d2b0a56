//! Goal: pages load their own files and nothing else, are sent compressed and only if they changed, in the reader's language, and where no
//! page is the interface answers as before. Method: every address asked for, with and without what browsers send.

use crate::world::{Answer, World};

/// What a page may do: one origin, no inline script or style, no frame, no form that is sent by itself.
const POLICY: [&str; 9] = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self'",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
];

fn get(world: &World, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = world.agent.get(format!("{}{path}", world.url));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    crate::world::answer(request.call().unwrap())
}

#[test]
fn pages_have_the_headers_that_keep_them_to_themselves() {
    let world = World::new();
    for (path, media_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/verify", "text/html; charset=utf-8"),
        ("/log", "text/html; charset=utf-8"),
        ("/sw.js", "text/javascript; charset=utf-8"),
        ("/web/pages/verify.js", "text/javascript; charset=utf-8"),
        ("/web/verifier/index.js", "text/javascript; charset=utf-8"),
        ("/web/pages/procura.css", "text/css; charset=utf-8"),
        ("/web/pages/words/fr.verify.json", "application/json"),
        ("/web/pages/mark.svg", "image/svg+xml"),
    ] {
        let answer = world.get(path, None);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(media_type)), "{path}");
        let policy: Vec<&str> =
            answer.header("content-security-policy").unwrap().split(';').map(str::trim).collect();
        assert_eq!(policy, POLICY, "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), Some("same-origin"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-cache"), "{path}");
        assert_eq!(answer.header("content-encoding"), None, "{path}");

        // Who has it gets nothing again; who takes gzip gets less.
        let etag = answer.header("etag").unwrap();
        let known = get(&world, path, &[("If-None-Match", etag)]);
        assert_eq!((known.status, known.body.len()), (304, 0), "{path}");
        assert_eq!(get(&world, path, &[("If-None-Match", "W/\"other\"")]).status, 200, "{path}");
        let zipped = get(&world, path, &[("Accept-Encoding", "br, gzip")]);
        assert_eq!(zipped.header("content-encoding"), Some("gzip"), "{path}");
        assert!(zipped.body.starts_with(&[0x1f, 0x8b]) && zipped.body.len() < answer.body.len(), "{path}");

        if media_type.starts_with("text/html") {
            let text = answer.text();
            assert!(
                !text.contains("style=") && !text.contains("<style") && !text.contains("onclick="),
                "{path}"
            );
            assert!(!text.contains("http://") && !text.contains("https://"), "{path}");
            assert_eq!(
                text.matches("<script").count(),
                text.matches("<script type=\"module\" src=\"/web/").count()
            );
        }
    }
}

#[test]
fn a_page_comes_in_the_language_that_is_asked_for() {
    let world = World::new();
    for (path, accepted, language) in [
        ("/verify", "nl-BE,nl;q=0.9,en;q=0.5", "nl"),
        ("/verify", "it, de;q=0.1", "de"),
        ("/verify?lang=fr", "nl", "fr"),
        ("/verify?lang=xx", "nl", "nl"),
        ("/log", "", "en"),
    ] {
        let text = get(&world, path, &[("Accept-Language", accepted)]).text();
        assert!(text.contains(&format!("<html lang=\"{language}\"")), "{path} {accepted}");
    }
}

#[test]
fn elsewhere_the_interface_answers_as_ever() {
    let world = World::new();
    for path in [
        "/nothing",
        "/web/nothing.js",
        "/web/pages/",
        "/web/pages/../verifier/index.js",
        "/v1/nothing",
        "/verify/",
    ] {
        assert_eq!(world.get(path, None).problem(), (404, "not_found".to_owned()), "{path}");
    }
    assert_eq!(world.post("/verify", None, "text/plain", "x").problem(), (405, "method".to_owned()));
    let log = world.get("/v1/log", None);
    assert_eq!(log.header("content-security-policy"), Some("default-src 'none'; frame-ancestors 'none'"));
}
