//! Goal: operators see what the server does, as OpenMetrics, on an address of its own, and nobody is named there. Method: a server
//! with the demo, asked things that succeed and that fail, then read as a scraper reads; the whole text is searched for the demo's people.

use procura_ledger::disk::{Disk as _, SystemDisk};
use procura_server::{Args, Config, Given, prepare};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;

/// The samples of a text of OpenMetrics: name with labels, and value.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.parse().unwrap())
    };
    lines.map(sample).collect()
}

fn get(address: SocketAddr, path: &str) -> (u16, String, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut answer = agent.get(format!("http://{address}{path}")).call().unwrap();
    let media = answer.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned());
    (answer.status().as_u16(), media.unwrap_or_default(), answer.body_mut().read_to_string().unwrap())
}

fn config(data: &Path) -> Config {
    let here = Some("127.0.0.1:0".parse().unwrap());
    let given = Given {
        data: Some(data.join("data")),
        listen: here,
        admin_listen: here,
        backup_to: Some(data.join("backups")),
        ..Given::default()
    };
    Config::load(Args { demo: true, given, ..Args::default() }).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_see_what_the_server_does_and_of_nobody_with_whom() {
    let folder = tempfile::tempdir().unwrap();
    let started = prepare(config(folder.path())).await.unwrap();
    let (public, admin) = (started.listener.local_addr().unwrap(), started.admin.as_ref().unwrap());
    let admin = admin.local_addr().unwrap();
    let ledger = started.app.ledger().clone();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(started.run(async move { drop(stopped.await) }));

    let asked = tokio::task::spawn_blocking(move || {
        for _ in 0..3 {
            assert_eq!(get(public, "/v1/log").0, 200);
        }
        // An address that holds somebody's identifier, one without a token, one that nobody made.
        assert_eq!(get(public, "/v1/parties/niss:75061200192/records").0, 401);
        assert_eq!(get(public, "/75061200192").0, 404);
        // The backup of the start.
        let begun = std::time::Instant::now();
        loop {
            let (status, media, text) = get(admin, "/metrics");
            assert_eq!(
                (status, media.as_str()),
                (200, "application/openmetrics-text; version=1.0.0; charset=utf-8")
            );
            if samples(&text)["procura_backups_total"] > 0.0 {
                break (text, get(admin, "/readyz"), get(admin, "/v1/log").0, get(public, "/metrics").0);
            }
            assert!(begun.elapsed().as_secs() < 60, "no backup");
        }
    });
    let (text, ready, through_admin, through_public) = asked.await.unwrap();
    assert_eq!(ready.0, 200);
    assert_eq!((through_admin, through_public), (404, 404), "each address has what is for it");

    let all = samples(&text);
    let at = |name: &str| *all.get(name).unwrap_or_else(|| panic!("{name} is not in\n{text}"));
    assert_eq!(at(r#"procura_http_requests_total{route="/v1/log",method="GET",status="200"}"#), 3.0);
    assert_eq!(at(r#"procura_http_requests_total{route="-",method="GET",status="404"}"#), 1.0);
    assert_eq!(at(r#"procura_http_request_seconds_count{route="/v1/log"}"#), 3.0);
    assert_eq!(at(r#"procura_refusals_total{name="token"}"#), 1.0);
    let size = ledger.view().size().0 as f64;
    // The demo's records, each batch with an index commit; entry 0 was there before the ledger was opened.
    let (entries, commits) = (at("procura_entries_total"), at("procura_commit_seconds_count"));
    assert!(entries > 40.0 && entries <= size, "{entries} of {size}");
    assert!(commits > 0.0 && at("procura_store_seconds_count") == commits);
    assert!(at("procura_store_seconds_sum") <= at("procura_commit_seconds_sum"));
    assert_eq!(at("procura_batch_submissions_count"), commits);
    assert!(at("procura_submissions_total") + commits <= entries);
    assert!((at("procura_log_entries") - size).abs() <= 2.0);
    assert!((0.0..120.0).contains(&at("procura_checkpoint_age_seconds")));
    assert!(at("procura_unindexed_entries") <= size);
    assert_eq!(at("procura_under_way"), 0.0);
    assert_eq!(
        (at(r#"procura_ready{state="ready"}"#), at(r#"procura_ready{state="read_only"}"#)),
        (1.0, 0.0)
    );
    assert!(at("procura_backup_entries") > 40.0 && at("procura_backups_failed_total") == 0.0);
    // The spec's table, both ways; what there is of each witness there is only with witnesses, see `witnesses.rs`.
    let spec = include_str!("../../../spec/http.md").split_once("\n## Metrics\n").unwrap().1;
    let listed: BTreeSet<&str> = spec
        .lines()
        .filter(|line| !line.contains("| `witness` |"))
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    let told: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    assert_eq!(listed, told);
    for telling in procura_server::demo::telling() {
        assert!(!text.contains(&telling), "{telling}");
    }
    // The suite's search for names and identifiers goes through it too.
    if let Ok(logs) = std::env::var("PROCURA_TEST_LOGS") {
        std::fs::write(Path::new(&logs).join(format!("http-metrics-{}.log", std::process::id())), text)
            .unwrap();
    }
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
    assert!(std::net::TcpStream::connect(admin).is_err(), "it ends with the server");
}

/// What a server tells once it has told that something is more than 0.
async fn told_once(config: Config, name: &'static str) -> BTreeMap<String, f64> {
    let started = prepare(config).await.unwrap();
    let admin = started.admin.as_ref().unwrap().local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(started.run(async move { drop(stopped.await) }));
    let asked = tokio::task::spawn_blocking(move || {
        let begun = std::time::Instant::now();
        loop {
            let all = samples(&get(admin, "/metrics").2);
            if all[name] > 0.0 {
                return all;
            }
            assert!(begun.elapsed().as_secs() < 60, "{name}");
        }
    });
    let all = asked.await.unwrap();
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
    all
}

/// Nobody is woken for a start: the newest backup counts whoever made it. Nor where none are made: nothing is told of them then. Method:
/// starts on one folder, the second of which can make no backup.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_backup_is_told_from_the_start_and_only_where_there_are_any() {
    let folder = tempfile::tempdir().unwrap();
    let newest = |all: &BTreeMap<String, f64>| {
        ["procura_backup_time_seconds", "procura_backup_entries"].map(|name| all.get(name).copied())
    };
    let first = told_once(config(folder.path()), "procura_backups_total").await;
    assert!(newest(&first).iter().all(|value| value.is_some_and(|value| value > 0.0)), "{first:?}");

    let _held = SystemDisk.hold(&folder.path().join("backups/lock")).unwrap().unwrap();
    let second = told_once(config(folder.path()), "procura_backups_failed_total").await;
    assert_eq!(second["procura_backups_total"], 0.0);
    assert_eq!(newest(&second), newest(&first));

    // Nowhere a backup yet: it is told, and wakes somebody in the end.
    let mut elsewhere = config(folder.path());
    elsewhere.backup.as_mut().unwrap().to = folder.path().join("data/origin/nowhere");
    let third = told_once(elsewhere, "procura_backups_failed_total").await;
    assert_eq!(newest(&third), [Some(0.0); 2]);

    let none = Config { backup: None, ..config(folder.path()) };
    assert_eq!(newest(&told_once(none, "procura_log_entries").await), [None; 2]);
}
