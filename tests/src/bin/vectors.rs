//! Writes `spec/vectors/` anew: `cargo run -p procura-tests --bin vectors`.

use std::path::Path;
use std::{fs, io};

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/vectors");
    for area in procura_tests::vectors::AREAS {
        let folder = root.join(area.name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        for case in (area.cases)() {
            fs::write(folder.join(format!("{}.json", case.name)), format!("{:#}\n", case.body))?;
        }
    }
    Ok(())
}
