//! Goal: a plain start makes a trial on the loopback only, a second start finds all as it was. Method: the same folder
//! started again and again.

use procura_server::{AddressError, Args, Config, Given, RunError, prepare, trial::TrialError};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn config(data: &Path, demo: bool) -> Config {
    let given = Given {
        data: Some(data.to_owned()),
        listen: Some("127.0.0.1:0".parse().unwrap()),
        ..Given::default()
    };
    Config::load(Args { config: None, demo, given, ..Args::default() }).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_start_writes_nothing_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let plain = prepare(config(&data, false)).await.unwrap();
    let (origin, key) = (plain.app.ledger().origin().to_owned(), plain.app.ledger().log_key().to_string());
    assert!(plain.app.is_trial());
    assert_eq!(origin.len(), "trial/".len() + 16);
    plain.run(async {}).await.unwrap();

    let mut ids = Vec::new();
    let mut sizes = Vec::new();
    for _ in 0..2 {
        let started = prepare(config(&data, true)).await.unwrap();
        let ledger = started.app.ledger();
        assert_eq!((ledger.origin(), ledger.log_key().to_string()), (origin.as_str(), key.clone()));
        sizes.push(ledger.view().size());
        let demo = started.demo.as_ref().unwrap();
        let parties: Vec<_> = demo.parties.values().map(|party| (party.party, party.kid)).collect();
        ids.push((parties, demo.grants.clone(), demo.catalogue, demo.token.clone()));
        started.run(async {}).await.unwrap();
    }
    assert_eq!(ids[0], ids[1]);
    // An index commit may have come with the second start.
    assert!(sizes[1].0 <= sizes[0].0 + 1, "{sizes:?}");

    let mut found = 0;
    for name in [
        "origin",
        "keys/log.json",
        "keys/root.json",
        "keys/vrf.json",
        "demo/token",
        "demo/son.json",
        "demo/records/catalogue.json",
    ] {
        let mode = std::fs::metadata(data.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
        found += 1;
    }
    assert_eq!(found, 7);

    // Without the key there is no ledger, and no new key is made in its place.
    std::fs::remove_file(data.join("keys/log.json")).unwrap();
    let refused = prepare(config(&data, false)).await.err();
    assert!(matches!(refused, Some(RunError::Trial(TrialError::NoLogKey(_)))));
    assert!(!data.join("keys/log.json").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trial_is_for_the_loopback_only() {
    let folder = tempfile::tempdir().unwrap();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let mut config = config(folder.path(), false);
        config.listen = address.parse().unwrap();
        let admin = Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            admin_listen: Some(config.listen),
            ..config.clone()
        };
        for config in [config, admin] {
            let error = prepare(config).await.err().unwrap();
            assert!(
                matches!(error, RunError::Address(AddressError::Trial(TrialError::Address(_)))),
                "{error}"
            );
        }
    }
    // Nothing was made.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_static_token_of_the_file_counts() {
    let folder = tempfile::tempdir().unwrap();
    let (data, token) = (folder.path().join("data"), folder.path().join("token"));
    let mut wanted = config(&data, false);
    wanted.static_tokens =
        vec![procura_server::StaticToken { party: procura_core::Hash([1; 32]), file: token.clone() }];
    let refused = |error: Option<RunError>| error.map(|error| error.name());
    assert_eq!(refused(prepare(wanted.clone()).await.err()), Some("private_malformed"));
    std::fs::write(&token, "short").unwrap();
    std::fs::set_permissions(&token, PermissionsExt::from_mode(0o600)).unwrap();
    assert_eq!(refused(prepare(wanted.clone()).await.err()), Some("private_malformed"));
    std::fs::write(&token, "0123456789abcdef0123456789abcdef\n").unwrap();
    let started = prepare(wanted.clone()).await.unwrap();
    started.run(async {}).await.unwrap();
    std::fs::set_permissions(&token, PermissionsExt::from_mode(0o644)).unwrap();
    assert_eq!(refused(prepare(wanted).await.err()), Some("private_shared"));
}
