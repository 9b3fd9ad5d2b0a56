//! A data folder that is kept: what it is made of, and what was told of it when it was made.
//!
//! Until the first release a change of a format makes a new one and counts the format up; from then on every one that was
//! ever released stays, and opens.

use crate::folders::passing_folder;
use crate::world::{ORIGIN, World};
use procura_core::Hash;
use procura_ledger::store::redb::Options as VolumeOptions;
use procura_ledger::{Ask, Audience, Ledger, Options};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// The fixture of the formats that this version writes, in `tests/fixtures`.
pub const CURRENT: &str = "format-4.tar.gz";

/// What was told of the folder when it was made, and must hold for ever.
#[derive(Debug, Serialize, Deserialize)]
pub struct Told {
    /// The policy that the receipts were verified under.
    pub policy: String,
    /// How many entries there are.
    pub size: u64,
    /// The root of the tree.
    pub root: Hash,
    /// The records.
    pub records: Vec<Record>,
}

/// A record and its receipt.
#[derive(Debug, Serialize, Deserialize)]
pub struct Record {
    /// Its id.
    pub id: Hash,
    /// Its status, as the byte in the log.
    pub status: u8,
    /// A receipt of that status.
    pub receipt: String,
}

/// The options of the fixture's ledger: volumes of a few records.
#[must_use]
pub fn options(options: Options) -> Options {
    Options { volumes: VolumeOptions { volume_entries: 16, ..VolumeOptions::default() }, ..options }
}

/// Makes the fixture at `path`, with one record of every kind of status.
pub fn make(path: &Path) {
    let folder = passing_folder();
    let ledger = folder.path().join("ledger");
    let world = World::with(|setup, given| Ledger::init(&ledger, setup, options(given)));
    let (mother, son) = (world.person("48031500292"), world.person("75061200192"));
    let office = world.institution("kbo:1000000120", &[]);
    let mut ids = vec![mother.party, son.kid, world.catalogue];
    for ends in [&[][..], &["acceptance"], &["acceptance", "revocation"]] {
        let id = world.append(world.mandate(&mother, &son.party, &["pension"])).id;
        for kind in ends {
            let by = if *kind == "acceptance" { &son } else { &mother };
            world.append(world.transition(kind, by, &id));
        }
        ids.push(id);
    }
    ids.push(world.append(world.consent(&mother, &office.party, &["tax"], &["read"])).id);
    let view = world.ledger.view();
    let policy =
        procura_core::receipt::Policy::plain(ORIGIN, world.ledger.log_key(), world.ledger.entry0(), 300);
    let record = |id: &Hash| Record {
        id: *id,
        status: view.status(id).unwrap().unwrap().byte(),
        receipt: view.receipt(id, &Ask::now(Audience::Anyone)).unwrap().unwrap().to_json(),
    };
    let told = Told {
        policy: policy.to_string(),
        size: view.size().0,
        root: view.root().hash,
        records: ids.iter().map(record).collect(),
    };
    world.ledger.close();
    drop((view, world));
    std::fs::write(folder.path().join("told.json"), serde_json::to_vec_pretty(&told).unwrap()).unwrap();
    tar(
        &["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0", "-czf"],
        path,
        folder.path(),
        &["told.json", "ledger"],
    );
}

/// The fixture at `path` in a folder for what passes: the data folder is `ledger` in it.
#[must_use]
pub fn unpack(path: &Path) -> (TempDir, Told) {
    let folder = passing_folder();
    tar(&["-xzf"], path, folder.path(), &[]);
    let told = std::fs::read(folder.path().join("told.json")).unwrap();
    (folder, serde_json::from_slice(&told).unwrap())
}

fn tar(options: &[&str], archive: &Path, folder: &Path, names: &[&str]) {
    let mut command = Command::new("tar");
    command.args(options).arg(archive).arg("-C").arg(folder).args(names);
    assert!(command.status().expect("tar is on every Debian").success(), "tar on {}", archive.display());
}
