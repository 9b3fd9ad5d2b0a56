//! Goal: each source gives every setting, the nearer one wins. Method: a file with all of them, then flags over it.

use super::*;

const FILE: &str = r#"
    demo = true
    data = "d"
    listen = "127.0.0.1:1"
    tls_certificate = "c"
    tls_key = "k"
    admin_listen = "127.0.0.1:2"
    public_url = "https://ledger.example/"
    public_entries = true
    max_age_s = 1
    heartbeat_s = 2
    trial_key_delay_s = 13
    witnesses = "w"
    witness_wait_s = 11
    queue = 3
    flush_bytes = 4
    max_connections = 5
    header_timeout_s = 6
    body_timeout_s = 7
    request_timeout_s = 8
    idle_timeout_s = 9
    answer_timeout_s = 10
    backup_to = "b"
    backup_every_s = 11
    backup_keep_s = 12
    log = "debug"
    [[static_tokens]]
    party = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    file = "t"
    [webhooks]
    allow = ["127.0.0.1:8443", "[::1]:8443"]
    ca = "ca.pem"
"#;

fn load(file: &str, flags: &[&str]) -> Result<Config, ConfigErrors> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("procura.toml");
    std::fs::write(&path, file).unwrap();
    let given = ["procura-server", "--config", path.to_str().unwrap()];
    Config::load(Args::try_parse_from(given.iter().chain(flags)).unwrap())
}

/// What is wrong: the line, 0 if it stands in none, and the name.
fn wrong(file: &str, flags: &[&str]) -> Vec<(usize, &'static str)> {
    let ConfigErrors(all) = load(file, flags).unwrap_err();
    let line = |place: &Option<Place>| place.as_ref().map_or(0, |place| place.line);
    all.iter().map(|(place, error)| (line(place), error.name())).collect()
}

#[test]
fn a_file_gives_every_setting() {
    let config = load(FILE, &[]).unwrap();
    assert!(config.demo && config.public_entries);
    assert_eq!(config.admin_listen.unwrap().port(), 2);
    assert_eq!(config.tls, Some(TlsFiles { certificate: "c".into(), key: "k".into() }));
    assert_eq!(config.public_url.as_deref(), Some("https://ledger.example"));
    assert_eq!((config.max_age_s, config.heartbeat, config.limits.queue), (1, Duration::from_secs(2), 3));
    assert_eq!(config.trial_key_delay, Duration::from_secs(13));
    assert_eq!((config.flush_bytes, config.limits.max_connections), (Some(4), 5));
    assert_eq!(config.limits.request_timeout, Duration::from_secs(8));
    assert_eq!(config.limits.idle_timeout, Duration::from_secs(9));
    assert_eq!(config.limits.answer_timeout, Duration::from_secs(10));
    let backup = config.backup.unwrap();
    assert_eq!((backup.to, backup.every.as_secs(), backup.keep.as_secs()), (PathBuf::from("b"), 11, 12));
    assert_eq!(config.witnesses.as_deref(), Some(Path::new("w")));
    assert_eq!(config.witness_wait, Some(Duration::from_secs(11)));
    assert_eq!(config.static_tokens.len(), 1);
    assert_eq!(config.webhooks.allow.len(), 2);
    assert_eq!(config.webhooks.ca.as_deref(), Some(Path::new("ca.pem")));
}

#[test]
fn flags_win_over_the_file() {
    let config = load(FILE, &["--listen", "127.0.0.1:9", "--queue", "30", "--public-entries", "false"]);
    let config = config.unwrap();
    assert_eq!((config.listen.port(), config.limits.queue, config.public_entries), (9, 30, false));
}

#[test]
fn what_is_no_setting_is_refused() {
    for (file, name) in [
        ("colour = 1", "config_malformed"),
        ("queue = -1", "config_malformed"),
        ("queue = 0", "config_zero"),
        ("header_timeout_s = 0", "config_zero"),
        ("trial_key_delay_s = 0", "config_zero"),
        ("backup_keep_s = 0", "config_zero"),
        ("public_url = \"ledger.example\"", "config_url"),
        ("public_url = \"http://a b\"", "config_url"),
        ("[webhooks]\nallow = [\"localhost:8443\"]", "config_malformed"),
        ("[webhooks]\nallow = [\"10.0.0.0/8\"]", "config_malformed"),
        ("[webhooks]\ndeny = []", "config_malformed"),
        ("[[static_tokens]]\nparty = \"x\"\nfile = \"t\"", "config_malformed"),
    ] {
        assert_eq!(wrong(file, &[]).first().unwrap().1, name, "{file}");
        assert_eq!(wrong(file, &[]).len(), 1, "{file}");
    }
}

#[test]
fn everything_wrong_is_told_at_once_with_its_line() {
    let file = "colour = 1\nqueue = 0\nmax_age_s = \"x\"\npublic_url = \"a b\"\ntls_key = \"k\"\n\
        [webhooks]\nallow = [\"a:1\", \"127.0.0.1:1\", \"b:1\"]\ndeny = 1\n\
        [[static_tokens]]\nparty = \"x\"\nfile = \"t\"\n[[static_tokens]]\nfile = \"t\"\n\
        [[static_tokens]]\nparty = \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\nfile = \"credential:../t\"\n";
    let mut found = wrong(file, &["--heartbeat-s", "0"]);
    found.sort_unstable();
    let malformed = [1, 3, 7, 7, 8, 10, 12].map(|line| (line, "config_malformed"));
    let meant = [
        (0, "config_zero"),
        (2, "config_zero"),
        (4, "config_url"),
        (5, "config_half"),
        (16, "config_credential"),
    ];
    let mut expected = [&malformed[..], &meant].concat();
    expected.sort_unstable();
    assert_eq!(found, expected);
    // What a flag says instead is not where the file says it.
    assert_eq!(wrong("queue = 1", &["--queue", "0"]), [(0, "config_zero")]);
    assert_eq!(load("queue = 0", &["--queue", "1"]).unwrap().limits.queue, 1);
    // TOML that is none.
    assert_eq!(wrong("a = \nb = 1\nc d\n", &[]), [(1, "config_malformed"), (3, "config_malformed")]);
}

#[test]
fn settings_stand_on_both_sides_of_a_verb() {
    for line in [["--queue", "7", "check-config"], ["check-config", "--queue", "7"]] {
        let found = Args::command_line().get_matches_from(["procura-server"].iter().chain(&line));
        let args = Args::from_arg_matches(&found).unwrap();
        assert_eq!((args.given.queue, args.verb), (Some(7), Some(Verb::CheckConfig)));
    }
}
