//! A module and a style sheet as they are sent: without what is there for those who read the source, which is a third of it.
//!
//! spec: http.md#pages

use axum::body::Bytes;

/// The file as it is sent. Every line keeps its number. What is not ours keeps the notice of whose it is, and its lines as they are.
pub(super) fn as_sent(name: &str, file: &Bytes) -> Bytes {
    let is_ours = !name.starts_with("vendor/");
    if !(name.ends_with(".js") || is_ours && name.ends_with(".css")) {
        return file.clone();
    }
    let Ok(text) = std::str::from_utf8(file) else { return file.clone() };
    let (mut out, mut is_inside) = (String::with_capacity(text.len()), false);
    for line in text.lines() {
        let trimmed = line.trim();
        let (opens, closes) = (trimmed.starts_with("/*"), trimmed.ends_with("*/"));
        let is_comment = !trimmed.starts_with("/*!")
            && (is_inside || trimmed.starts_with("//") || (opens && (closes || !trimmed.contains("*/"))));
        is_inside = (is_inside || opens) && is_comment && !closes && !trimmed.starts_with("//");
        if !is_comment && is_ours {
            out.push_str(&without_types(trimmed));
        } else if !is_comment {
            out.push_str(line);
        }
        out.push('\n');
    }
    Bytes::from(out)
}

/// A line without the types of its values, `/** @type {…} */`.
fn without_types(line: &str) -> String {
    let mut rest = line;
    let mut out = String::with_capacity(line.len());
    while let Some((before, (_, after))) =
        rest.split_once("/** @").and_then(|(before, type_)| Some((before, type_.split_once("*/")?)))
    {
        out.push_str(before);
        rest = after.strip_prefix(' ').unwrap_or(after);
    }
    out.push_str(rest);
    out
}

/// The modules that one loads, at once or on demand, by their addresses behind `/web/`.
pub(super) fn loads(name: &str, module: &str) -> Vec<String> {
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    let quoted = module.split('\'').filter(|text| text.ends_with(".js"));
    quoted
        .filter_map(|path| match path.strip_prefix("./") {
            Some(beside) => Some(format!("{folder}/{beside}")),
            None => path.strip_prefix("../").map(str::to_owned),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    //! Goal: nothing is left out but what is for readers. Method: lines of each sort.

    use super::*;

    #[test]
    fn comments_stay_at_home() {
        let of = |name: &str, text: &str| {
            String::from_utf8(as_sent(name, &Bytes::copy_from_slice(text.as_bytes())).to_vec()).unwrap()
        };
        let ours = |text: &str| of("pages/a.js", text);
        assert_eq!(ours("// a\nb(); // c\n"), "\nb(); // c\n");
        assert_eq!(ours("/** a */\n/**\n * // b\n */\nc();\n"), "\n\n\n\nc();\n");
        assert_eq!(
            ours("  /** @type {x} */ (y).z(/** @type {any} */ (a));\nconst w = 'https://x/*';\n"),
            "(y).z((a));\nconst w = 'https://x/*';\n"
        );
        assert_eq!(ours("/* a\nb(); */\nc();\n// d */\ne();\n"), "\n\nc();\n\ne();\n");
        assert_eq!(of("pages/a.css", "/* a */\n.b {\n  c: d;\n}\n"), "\n.b {\nc: d;\n}\n");
        let others = "/*!\n * (c) They\n */\n/** a */\n  b(/** @type {x} */ (c));\n";
        assert_eq!(of("vendor/a.js", others), "/*!\n * (c) They\n */\n\n  b(/** @type {x} */ (c));\n");
        assert_eq!(of("pages/a.svg", "// a\n"), "// a\n");
    }

    #[test]
    fn what_a_module_loads_is_found() {
        let module =
            "import { a } from './a.js';\nconst { b } = await import('../verifier/b.js');\nfetch('/c.js');\n";
        assert_eq!(loads("pages/x.js", module), ["pages/a.js", "verifier/b.js"]);
    }
}
