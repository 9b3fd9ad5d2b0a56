//! Goal: each source wins over those behind it; `check-config` says all that is wrong with its line, by its exit code too, and
//! changes nothing. Method: the program itself, over one folder.

use crate::process::run;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn write(path: &Path, text: &str, mode: u32) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

fn check(config: &Path, flags: &[&str], environment: &[(&str, &str)]) -> (i32, String) {
    let line = [&["check-config", "--config", config.to_str().unwrap()], flags].concat();
    run(&line, environment)
}

#[test]
fn flags_then_environment_then_file() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    let data = folder.path().join("data");
    write(&config, &format!("data = {:?}\nqueue = 0\n", data.to_str().unwrap()), 0o644);
    let (wrong, right) = (("PROCURA_QUEUE", "0"), ("PROCURA_QUEUE", "5"));
    for (flags, environment, code, says) in [
        (&[][..], &[][..], 1, "config.toml:2: queue must be at least 1"),
        (&[], &[right], 0, "Nothing is wrong"),
        (&["--queue", "0"], &[right], 1, "queue must be at least 1"),
        (&["--queue", "5"], &[wrong], 0, "Nothing is wrong"),
    ] {
        let (found, text) = check(&config, flags, environment);
        assert_eq!((found, text.contains(says)), (code, true), "{flags:?} {environment:?}: {text}");
    }
    let (_, text) = check(&config, &["--queue", "0"], &[right]);
    assert!(!text.contains("config.toml"), "{text}");
    assert!(!data.exists(), "it made something");
}

#[test]
fn everything_wrong_is_said_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let text = |name: &str| path(name).to_str().unwrap().to_owned();
    write(&path("open-token"), &"t".repeat(32), 0o644);
    write(&path("short-token"), "short", 0o600);
    write(&path("no-certificate"), "nothing", 0o644);
    write(&path("file"), "", 0o644);
    let party = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let lines = [
        format!("data = {:?}", text("file/data")),
        "listen = \"0.0.0.0:1\"".to_owned(),
        "admin_listen = \"192.0.2.1:1\"".to_owned(),
        format!("tls_certificate = {:?}", text("no-certificate")),
        format!("tls_key = {:?}", text("no-key")),
        format!("witnesses = {:?}", text("no-witnesses")),
        "log = \"info,=,\"".to_owned(),
        "idle_timeout_s = 0".to_owned(),
        "colour = \"red\"".to_owned(),
        "[webhooks]".to_owned(),
        format!("ca = {:?}", text("no-certificate")),
        "[[static_tokens]]".to_owned(),
        format!("party = {party:?}"),
        format!("file = {:?}", text("open-token")),
        "[[static_tokens]]".to_owned(),
        format!("party = {party:?}"),
        format!("file = {:?}", text("short-token")),
        "[[static_tokens]]".to_owned(),
        format!("party = {party:?}"),
        "file = \"credential:token\"".to_owned(),
    ];
    let config = path("config.toml");
    write(&config, &lines.join("\n"), 0o644);
    let (code, said) = check(&config, &[], &[]);
    let found: Vec<usize> = said
        .lines()
        .map(|line| {
            line.strip_prefix(&format!("{}:", config.display()))
                .unwrap()
                .split(':')
                .next()
                .unwrap()
                .parse()
                .unwrap()
        })
        .collect();
    assert_eq!((code, found), (1, vec![1, 2, 3, 4, 6, 7, 8, 9, 11, 14, 17, 20]), "{said}");
    // A start on it changes nothing either.
    let (code, started) = run(&["--config", config.to_str().unwrap()], &[]);
    assert_eq!(code, 1, "{started}");
    assert!(
        started.contains(":8: idle_timeout_s must be at least 1") && started.contains(":9: "),
        "{started}"
    );
}

#[test]
fn what_cannot_be_read_is_neither_right_nor_wrong() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(check(&folder.path().join("none.toml"), &[], &[]).0, 2);
    assert_eq!(run(&["check-config", "--no-such-flag"], &[]).0, 2);
}

/// Credentials are files that systemd makes readable by an access list: the group's rights show its mask.
#[test]
fn secrets_come_from_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    let credentials = folder.path().join("credentials");
    std::fs::create_dir(&credentials).unwrap();
    let text = format!(
        "data = {:?}\n[[static_tokens]]\nparty = \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\nfile = \"credential:token\"\n",
        folder.path().join("data").to_str().unwrap()
    );
    write(&config, &text, 0o644);
    let folder_of_them = [("CREDENTIALS_DIRECTORY", credentials.to_str().unwrap())];
    let (code, said) = check(&config, &[], &folder_of_them);
    assert!(code == 1 && said.contains(":4: credential:token: no such credential"), "{said}");
    write(&credentials.join("token"), &"t".repeat(32), 0o440);
    let (code, said) = check(&config, &[], &folder_of_them);
    assert_eq!(code, 0, "{said}");
    // Without systemd there is none; what everybody may read is none; what lies outside is none.
    assert_eq!(check(&config, &[], &[]).0, 1);
    write(&credentials.join("token"), &"t".repeat(32), 0o444);
    assert_eq!(check(&config, &[], &folder_of_them).0, 1);
    write(&credentials.join("token"), &"t".repeat(32), 0o440);
    write(&config, &text.replace("credential:token", "credential:../credentials/token"), 0o644);
    assert_eq!(check(&config, &[], &folder_of_them).0, 1);
}
