//! Goal: `status` tells how a ledger is, running or not, and by its exit code; it changes nothing. Method: one ledger, asked while it
//! runs, by each way, and after its end.

use crate::process::{Server, run};
use std::path::Path;

fn status(data: &Path, more: &[&str]) -> (i32, String) {
    run(&[&["status", "--data", data.to_str().unwrap()], more].concat(), &[])
}

fn free_address() -> String {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().to_string()
}

/// Every name in a folder with its bytes; the ledger's own heartbeat is off the way after its end.
fn files(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path))
        } else {
            found.push((path.clone(), std::fs::read(path).unwrap()))
        }
    }
    found.sort();
    found
}

#[test]
fn a_ledger_is_told_of_while_it_runs_and_after() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (code, said) = status(&data, &[]);
    assert!(code == 2 && said.contains("holds no ledger") && !data.exists(), "{said}");

    let (admin, backups) = (free_address(), folder.path().join("backups"));
    let backups = ["--backup-to", backups.to_str().unwrap()];
    let mut server = Server::start(&data, &[&["--admin-listen", &admin][..], &backups].concat(), &[]);
    let address = server.address().to_owned();
    let listen = ["--listen", address.as_str()];
    server.said("a backup was made", 1);

    let (code, said) = status(&data, &[&["--admin-listen", &admin][..], &backups].concat());
    assert_eq!(code, 0, "{said}");
    for line in [
        "server      runs, ",
        ": ready",
        "ledger      trial/",
        " entries, signed 20",
        "index ",
        "under way   0 of 4096",
        "backups     1 in ",
        "disk ",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    // By the public address, less.
    let (code, said) = status(&data, &listen);
    assert!(code == 0 && said.contains(": ready") && !said.contains("under way"), "{said}");

    // Another ledger's address is not taken for this one's.
    let other = folder.path().join("other");
    let mut second = Server::start(&other, &[], &[]);
    let (code, said) = status(&data, &["--listen", second.address()]);
    assert!(code == 1 && said.contains("does not run: ") && said.contains("is another ledger's"), "{said}");
    second.end();

    server.end();
    let before = files(&data);
    let (code, said) = status(&data, &[&["--admin-listen", &admin][..], &backups].concat());
    assert_eq!(code, 1, "{said}");
    for line in [
        "server      does not run: nobody answers on ",
        "ledger      trial/",
        " entries, signed 20",
        "backups     1 in ",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert_eq!(status(&data, &listen).0, 1);
    assert_eq!(files(&data), before);

    // What was signed last can't be read: that is said, and nothing is guessed.
    let side = data.join("ledger/side");
    let mut bytes = std::fs::read(&side).unwrap();
    for byte in bytes.iter_mut().step_by(64) {
        *byte ^= 1;
    }
    std::fs::write(&side, &bytes).unwrap();
    let (code, said) = status(&data, &listen);
    assert!(code == 2 && said.contains("side file"), "{said}");
}
