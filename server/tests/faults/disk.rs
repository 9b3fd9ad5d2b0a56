//! Goal: a server whose disk is full says so, answers what it is asked, takes nothing, and goes on by itself when there is room,
//! with everything acknowledged there. Method: the real program on a small file system of its own, filled up to the last byte
//! while mandates are handed in: one for the whole data folder, for the main store alone, for the index alone.
//!
//! Then once more on a disk that takes nothing at all, not even over what is there, as a full one does that never writes in place,
//! or one that the system made read-only after an error: a library between the program and the C library (`tests/src/faults/calls.c`)
//! refuses every write. It also serves where mounting is not permitted (it takes root), and the test says that it was so.

use crate::process::{Server, client, identity, mandate};
use procura_client::store::MemoryStore;
use procura_client::{Client, LogInfo};
use procura_core::Hash;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Everything happens often: flushes, heartbeats.
const OPTIONS: &[&str] = &["--flush-bytes", "20000", "--heartbeat-s", "1"];
/// Room for the demo and some hundred mandates.
const SIZE: &str = "size=8m,mode=700";

/// How a disk is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Full {
    /// There is no room for more.
    NoRoom,
    /// Nothing is taken.
    TakesNothing,
}

/// A place whose room can be taken and given.
struct Disk {
    place: PathBuf,
    /// While it is there, there is no room.
    filler: PathBuf,
    /// The interposed library; `None`: a file system is mounted.
    library: Option<PathBuf>,
}

impl Disk {
    /// Moves `place` to a small file system, made in `scratch`.
    fn under(place: &Path, scratch: &Path, full: Full) -> Self {
        let (disk, place) = (scratch.join("disk"), place.to_owned());
        fs::create_dir(&disk).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", SIZE, "procura-test"]).arg(&disk);
        let mounted = (full == Full::NoRoom).then(|| mount.output());
        let filler = disk.join("filler");
        if let Some(Ok(output)) = &mounted
            && output.status.success()
        {
            let moved = disk.join("here");
            copy(&place, &moved);
            fs::remove_dir_all(&place).unwrap();
            std::os::unix::fs::symlink(&moved, &place).unwrap();
            return Self { place: disk, filler, library: None };
        }
        if let Some(mounted) = mounted {
            println!("NOT MOUNTED ({mounted:?}): the disk is not really full, a library says that it is");
        }
        let library = scratch.join("calls.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/src/faults/calls.c");
        let mut cc = Command::new("cc");
        cc.args(["-O1", "-shared", "-fPIC", "-o"]).arg(&library).args([source, "-ldl"]);
        assert!(cc.status().unwrap().success());
        Self { place, filler, library: Some(library) }
    }

    fn server(&self, data: &Path) -> Server {
        let Some(library) = &self.library else { return Server::start(data, OPTIONS) };
        let [library, full, place] = [library, &self.filler, &self.place].map(|path| path.to_str().unwrap());
        let environment = [("LD_PRELOAD", library), ("FAULT_FULL", full), ("FAULT_FOLDER", place)];
        Server::start_with(data, OPTIONS, &environment)
    }

    /// Takes what room there is, to the last byte.
    fn fill(&self) {
        let mut file = fs::OpenOptions::new().create(true).append(true).open(&self.filler).unwrap();
        for size in [1 << 16, 1 << 12, 1] {
            while self.library.is_none() && file.write_all(&vec![0; size]).is_ok() {}
        }
    }

    fn make_room(&self) {
        fs::remove_file(&self.filler).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.library.is_none() {
            let unmounted = Command::new("umount").arg(&self.place).status().unwrap();
            assert!(unmounted.success() || std::thread::panicking());
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to)
        } else {
            _ = fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// A citizen who hands in mandates, and what was acknowledged of them.
struct Citizen {
    client: Client,
    to: Hash,
    catalogue: Hash,
    acknowledged: Vec<Hash>,
}

impl Citizen {
    fn of(server: &Server, data: &Path) -> Self {
        let policy = LogInfo::unverified(&server.url).unwrap().policy;
        let client = client(&server.url, &policy, data, "neighbour", MemoryStore::new());
        let catalogue = client.catalogues().unwrap().first().unwrap().id;
        Self { client, to: identity(data, "employer").party, catalogue, acknowledged: Vec::new() }
    }

    /// Hands in one: the status, and why not.
    fn hand_in(&mut self, server: &Server) -> (u16, String) {
        let (id, submission) = mandate(&self.client, &self.to, &self.catalogue);
        let (status, why) = server.submit(&submission);
        if status == 201 {
            self.acknowledged.push(id);
        }
        (status, why)
    }

    /// All that was acknowledged has a receipt that verifies, fresh, and the whole log stands up to an audit.
    fn finds_all(&self, server: &Server, data: &Path) {
        let policy = self.client.policy();
        let again = client(&server.url, policy, data, "neighbour", MemoryStore::new());
        for id in &self.acknowledged {
            again.status(id).unwrap_or_else(|error| panic!("{id} was acknowledged: {error}"));
        }
        let auditor = client(&server.url, policy, data, "auditor", MemoryStore::new());
        assert!(auditor.audit(&|_, _, _| {}).unwrap().entries.is_some());
    }
}

/// The data folder with the demo in it, of a server that was stopped.
fn data(scratch: &Path) -> PathBuf {
    let data = scratch.join("data");
    Server::start(&data, OPTIONS).end("TERM");
    data
}

/// The store's disk is full: read-only until there is room, then ready by itself.
fn fills_and_empties(place: &str, full: Full) {
    let scratch = tempfile::tempdir().unwrap();
    let data = data(scratch.path());
    let place = if place.is_empty() { data.clone() } else { data.join(place) };
    let disk = Disk::under(&place, scratch.path(), full);
    let mut server = disk.server(&data);
    let mut citizen = Citizen::of(&server, &data);
    for _ in 0..5 {
        assert_eq!(citizen.hand_in(&server).0, 201);
    }
    for round in 0..2 {
        let before = citizen.acknowledged.len();
        disk.fill();
        let (start, mut refusals) = (Instant::now(), 0);
        // What fits into pages that the file has already is taken still.
        while refusals < 3 {
            match citizen.hand_in(&server) {
                (201, _) => assert!(start.elapsed() < Duration::from_secs(60), "the disk does not fill up"),
                (503, why) => {
                    assert!(["reopening", "not_ready"].contains(&&*why), "{why}");
                    refusals += 1;
                }
                other => panic!("{other:?}"),
            }
        }
        server.becomes("disk_full");
        let taken = citizen.acknowledged.len() - before;
        println!("{full:?}, round {round}: {taken} taken before it was full");
        let mut refused = 0;
        while refused < 15 {
            server.answers_checks(&data);
            assert_eq!(server.get_health(), 200);
            std::thread::sleep(Duration::from_millis(100));
            if server.ready().0 == 503 {
                refused += 1;
            } else {
                // A flush that was given up gives its room back, enough to be ready once more: that is taken too.
                assert!(start.elapsed() < Duration::from_secs(60), "it is ready without room");
                refused = 0;
                disk.fill();
            }
        }
        disk.make_room();
        server.becomes("");
        citizen.finds_all(&server, &data);
        assert_eq!(citizen.hand_in(&server).0, 201);
    }
    // Killed while it is full, it comes up when there is room, with everything.
    disk.fill();
    while citizen.hand_in(&server).0 == 201 {}
    server.end("KILL");
    disk.make_room();
    let server = disk.server(&data);
    server.becomes("");
    citizen.finds_all(&server, &data);
}

/// The index's disk is full: it lags, in memory, and nobody notices; a restart replays.
fn lags(full: Full) {
    let scratch = tempfile::tempdir().unwrap();
    let data = data(scratch.path());
    let disk = Disk::under(&data.join("ledger/index"), scratch.path(), full);
    let mut server = disk.server(&data);
    let mut citizen = Citizen::of(&server, &data);
    disk.fill();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(3) {
        assert_eq!(citizen.hand_in(&server), (201, String::new()));
        server.answers_checks(&data);
        assert_eq!(server.ready().0, 200);
    }
    println!("{full:?}: {} taken while the index's disk was full", citizen.acknowledged.len());
    citizen.finds_all(&server, &data);
    server.end("KILL");
    disk.make_room();
    let server = disk.server(&data);
    server.becomes("");
    citizen.finds_all(&server, &data);
}

#[test]
fn a_full_data_folder_makes_the_server_read_only_until_there_is_room() {
    fills_and_empties("", Full::NoRoom);
}

#[test]
fn a_full_main_store_makes_the_server_read_only_until_there_is_room() {
    fills_and_empties("ledger/main", Full::NoRoom);
}

#[test]
fn a_full_index_is_held_in_memory_until_there_is_room() {
    lags(Full::NoRoom);
}

#[test]
fn a_data_folder_that_takes_nothing_is_answered_from() {
    fills_and_empties("", Full::TakesNothing);
}

#[test]
fn a_main_store_that_takes_nothing_is_answered_from() {
    fills_and_empties("ledger/main", Full::TakesNothing);
}

#[test]
fn an_index_that_takes_nothing_is_answered_from() {
    lags(Full::TakesNothing);
}
