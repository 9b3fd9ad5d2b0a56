//! libFuzzer's entry point: the target that the variable `FUZZ` names, over every input that libFuzzer makes.
//!
//! `FUZZ=list` prints a line a target instead: its name and its longest input. `FUZZ=seeds` writes what the corpus is made
//! from into the folder that the variable `SEEDS` names.
#![no_main]

use libfuzzer_sys::fuzz_target;
use procura_core::hash::sha256;
use procura_fuzzing::{TARGETS, Target, seeds};
use std::path::PathBuf;
use std::sync::LazyLock;
use std::{env, fs, process};

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = env::var("FUZZ").unwrap_or_default();
    match name.as_str() {
        "list" => TARGETS.iter().for_each(|target| println!("{} {}", target.name, target.max_len)),
        "seeds" => write_seeds(&PathBuf::from(env::var_os("SEEDS").expect("SEEDS names no folder"))),
        name => {
            return Target::named(name).unwrap_or_else(|| panic!("FUZZ={name:?} is no target: FUZZ=list"));
        }
    }
    process::exit(0)
});

// What a target makes once, a server for instance, is made here: no input is to blame for the time that it takes.
fuzz_target!(init: { (TARGET.run)(&[]); }, |input: &[u8]| (TARGET.run)(input));

fn write_seeds(folder: &std::path::Path) {
    for (target, input) in seeds::all() {
        let name: String = sha256(&[&input]).0.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        fs::create_dir_all(folder.join(target)).expect("a folder to write to");
        fs::write(folder.join(target).join(name), input).expect("a file to write");
    }
}
