//! Goal: as many as a large employer or a secretariat has are given in one go, each proven. Method: so many lines as `PROCURA_BULK`
//! says (100000 is what was promised; without it as many as take a few seconds), all to different people whom nobody has registered.

use super::desk::{Desk, code, counts, csam};
use std::time::Instant;

#[test]
fn many_at_once() {
    let lines: u64 = std::env::var("PROCURA_BULK").map_or(800, |lines| lines.parse().unwrap());
    let desk = Desk::new();
    let file = desk.write("file.csv", &csam(lines));
    let from = Instant::now();
    let first = desk.import(&file, &[]);
    let took = from.elapsed();
    assert_eq!((code(&first), counts(&first)), (0, [lines, 0, 0, 0]), "{first:?}");
    let from = Instant::now();
    let again = desk.import(&file, &[]);
    assert_eq!((code(&again), counts(&again)), (0, [0, lines, 0, 0]), "{again:?}");
    println!("{lines} mandates given in {took:.1?}; the same file again in {:.1?}", from.elapsed());
    let from = Instant::now();
    assert_eq!(desk.given().len() as u64, lines);
    println!("the list of all of them read and verified in {:.1?}", from.elapsed());
}
