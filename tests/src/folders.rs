//! Data folders to be copied, damaged and opened by the hundreds.

use procura_core::b64;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder for what passes: in memory where the system has such a place, as nothing in it need be durable.
#[must_use]
pub fn passing_folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

/// Copies a folder with everything in it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(file, target).unwrap();
    }
}

/// All files in a folder and those below it, in order.
#[must_use]
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// Whether a file of a folder has these bytes, or they are in base64url at any place in three.
#[must_use]
pub fn holds(folder: &Path, bytes: &[u8]) -> bool {
    let mut wanted = vec![bytes.to_vec()];
    for skip in 0..3 {
        let padded = [&vec![0; skip][..], bytes].concat();
        let whole = b64::encode(&padded);
        let first = [0, 2, 3][skip];
        let end = whole.len() - if padded.len() % 3 == 0 { 0 } else { 2 };
        wanted.push(whole.as_bytes()[first..end].to_vec());
    }
    files(folder).iter().any(|file| {
        let text = std::fs::read(file).unwrap();
        wanted.iter().any(|wanted| text.windows(wanted.len()).any(|window| window == wanted))
    })
}
