//! What the program carries: every file of `server/web`, by its address behind `/web/`.

use super::module::as_sent;
use super::words::dictionaries;
use axum::body::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use std::sync::LazyLock;

/// A file as it is sent.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) media_type: &'static str,
    pub(super) etag: String,
    pub(super) plain: Bytes,
    pub(super) zipped: Bytes,
}

impl File {
    /// Compressed once, so that no request pays for it.
    pub(super) fn new(name: &str, plain: Bytes) -> Self {
        let plain = as_sent(name, &plain);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        // Writing to memory does not fail; if it did, the file would be sent as it is.
        let zipped = encoder.write_all(&plain).and_then(|()| encoder.finish()).unwrap_or_default();
        let zipped = if zipped.is_empty() { plain.clone() } else { Bytes::from(zipped) };
        Self { media_type: media_type(name), etag: etag(&plain), plain, zipped }
    }
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

/// A weak one: the same for the compressed form.
fn etag(bytes: &[u8]) -> String {
    format!("W/\"{}\"", procura_core::hash::sha256(&[bytes]))
}

macro_rules! carried {
    ($($name:literal)*) => {
        /// The files, and what is in them.
        pub(super) static CARRIED: &[(&str, &[u8])] =
            &[$(($name, include_bytes!(concat!("../../../web/", $name)))),*];
    };
}

carried! {
    "pages/above.js"
    "pages/accesses.js"
    "pages/acting.js"
    "pages/adding.js"
    "pages/asking.js"
    "pages/band.svg"
    "pages/bar.js"
    "pages/behalf.js"
    "pages/between.js"
    "pages/blocks.js"
    "pages/camera.js"
    "pages/catalogues.js"
    "pages/chart.js"
    "pages/check.js"
    "pages/checkpoints.js"
    "pages/choices.js"
    "pages/counter.js"
    "pages/days.js"
    "pages/devices.js"
    "pages/ending.js"
    "pages/enrol.js"
    "pages/examine.js"
    "pages/give.js"
    "pages/granting.js"
    "pages/holder.js"
    "pages/holdings.js"
    "pages/invitation.js"
    "pages/joining.js"
    "pages/kept.js"
    "pages/link.js"
    "pages/listseal.js"
    "pages/log.js"
    "pages/look.js"
    "pages/lookrow.js"
    "pages/looks.js"
    "pages/mark.svg"
    "pages/me.js"
    "pages/more.js"
    "pages/mylist.js"
    "pages/names.js"
    "pages/numbers.js"
    "pages/office.js"
    "pages/ownlist.js"
    "pages/page.js"
    "pages/pairing.js"
    "pages/paper.js"
    "pages/parties.js"
    "pages/parts.js"
    "pages/people.js"
    "pages/procura.css"
    "pages/present.js"
    "pages/presenting.js"
    "pages/provider.js"
    "pages/qr.js"
    "pages/report.js"
    "pages/request.js"
    "pages/rows.js"
    "pages/saying.js"
    "pages/says.js"
    "pages/scan.js"
    "pages/seals.js"
    "pages/seen.js"
    "pages/session.js"
    "pages/several.js"
    "pages/show.js"
    "pages/sides.js"
    "pages/sign.js"
    "pages/signing.js"
    "pages/staff.js"
    "pages/stage.js"
    "pages/start.js"
    "pages/takeaway.js"
    "pages/trust.js"
    "pages/under.js"
    "pages/untrue.js"
    "pages/verify.js"
    "pages/whole.js"
    "pages/wishes.js"
    "pages/words.js"
    "pages/words/de.json"
    "pages/words/en.json"
    "pages/words/fr.json"
    "pages/words/nl.json"
    "vendor/qr/decode.js"
    "vendor/qr/index.js"
    "verifier/answer.js"
    "verifier/authority.js"
    "verifier/bytes.js"
    "verifier/catalogue.js"
    "verifier/challenge.js"
    "verifier/checkpoint.js"
    "verifier/complete.js"
    "verifier/conditions.js"
    "verifier/curve.js"
    "verifier/days.js"
    "verifier/decide.js"
    "verifier/disclosures.js"
    "verifier/ed25519.js"
    "verifier/entry.js"
    "verifier/fault.js"
    "verifier/head.js"
    "verifier/identifiers.js"
    "verifier/index.js"
    "verifier/inhand.js"
    "verifier/json.js"
    "verifier/jws.js"
    "verifier/kinds.js"
    "verifier/lists.js"
    "verifier/logkeys.js"
    "verifier/map.js"
    "verifier/members.js"
    "verifier/note.js"
    "verifier/notices.js"
    "verifier/opening.js"
    "verifier/parts.js"
    "verifier/policy.js"
    "verifier/presentation.js"
    "verifier/reasons.js"
    "verifier/receipt.js"
    "verifier/record.js"
    "verifier/relayed.js"
    "verifier/renewal.js"
    "verifier/rules.js"
    "verifier/sentences.js"
    "verifier/successor.js"
    "verifier/tiles.js"
    "verifier/tree.js"
    "verifier/trie.js"
    "verifier/vrf.js"
    "verifier/walk.js"
}

static FILES: LazyLock<Vec<(String, File)>> = LazyLock::new(|| {
    let mut files = Vec::new();
    for &(name, bytes) in CARRIED {
        match name.strip_prefix("pages/words/").and_then(|name| name.strip_suffix(".json")) {
            Some(language) => files.extend(dictionaries(language, bytes)),
            None => files.push((name.to_owned(), Bytes::from_static(bytes))),
        }
    }
    files.into_iter().map(|(name, bytes)| (name.clone(), File::new(&name, bytes))).collect()
});

/// Every file, by its address behind `/web/`.
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static File)> {
    FILES.iter().map(|(name, file)| (name.as_str(), file))
}

/// A file by its address behind `/web/`.
pub(super) fn find(path: &str) -> Option<&'static File> {
    FILES.iter().find(|(name, _)| *name == path).map(|(_, file)| file)
}

/// The addresses behind `/web/`.
pub(super) fn addresses() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| name.as_str())
}

#[cfg(test)]
mod tests {
    //! Goal: nothing that a page loads is left out of the program. Method: the folders are read, and compared with the table.

    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_file_is_carried() {
        let web = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
        let mut there = BTreeSet::new();
        for folder in ["verifier", "pages", "pages/words", "vendor/qr"] {
            for entry in std::fs::read_dir(web.join(folder)).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                let is_template = folder == "pages" && (name.ends_with(".html") || name == "sw.js");
                // Of the verifier and of others' work only the modules; the rest is for those who develop with them.
                let is_module = folder.starts_with("pages") || name.ends_with(".js");
                if name.contains('.') && is_module && !is_template {
                    there.insert(format!("{folder}/{name}"));
                }
            }
        }
        let carried: BTreeSet<String> = CARRIED.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(there, carried);
    }

    #[test]
    fn a_file_is_what_was_compressed() {
        for (name, file) in FILES.iter() {
            let mut plain = Vec::new();
            std::io::copy(&mut flate2::read::GzDecoder::new(&*file.zipped), &mut plain).unwrap();
            assert_eq!(plain, file.plain, "{name}");
            if name.ends_with(".svg") {
                assert_eq!(CARRIED.iter().find(|(carried, _)| carried == name).unwrap().1, plain, "{name}");
            }
            assert_ne!(file.media_type, "application/octet-stream", "{name}");
        }
    }
}
