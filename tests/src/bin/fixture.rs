//! Makes the data folder that is kept, under the formats that this version writes: `cargo run -p procura-tests --bin fixture`.
use procura_tests::fixture::{CURRENT, make};
use std::path::Path;

fn main() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(CURRENT);
    make(&path);
    println!("{} bytes in {}", std::fs::metadata(&path).unwrap().len(), path.display());
}
