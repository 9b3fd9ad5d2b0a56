//! Goal: whoever has a problem has the id under which the operator finds it in the log, and every line that a request writes has it.
//! Method: requests with an id of the client's, with another text in its place, and with none.

use crate::process::Server;
use serde_json::Value;

/// The header `X-Request-ID` of the answer, and its body.
fn get(server: &Server, path: &str, id: Option<&str>) -> (String, Value) {
    let mut request = ureq::get(format!("{}{path}", server.url)).config().http_status_as_error(false).build();
    if let Some(id) = id {
        request = request.header("X-Request-ID", id);
    }
    let mut answer = request.call().unwrap();
    let echoed = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    (echoed, serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap())
}

#[test]
fn a_problem_says_under_which_id_it_stands_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(&folder.path().join("data"), &["--log", "procura_server=trace"], &[]);
    let instance =
        |problem: &Value| problem["instance"].as_str().unwrap().strip_prefix("urn:uuid:").unwrap().to_owned();

    let mine = "01234567-89ab-4def-8123-456789abcdef";
    let (echoed, problem) = get(&server, "/v1/nothing", Some(mine));
    assert_eq!((echoed.as_str(), instance(&problem).as_str()), (mine, mine));
    server.said(&format!("request_id={mine}"), 1);

    // Any other text may be somebody's number: it goes back to who sent it, and nowhere else.
    let (echoed, problem) = get(&server, "/v1/nothing", Some("75061200192"));
    assert_eq!(echoed, "75061200192");
    assert_ne!(instance(&problem), "75061200192");
    server.said(&format!("request_id={}", instance(&problem)), 1);

    let (echoed, problem) = get(&server, "/v1/nothing", None);
    assert_eq!(echoed, instance(&problem));
    let (other, _) = get(&server, "/v1/log", None);
    assert_ne!(echoed, other);
    server.end();
    assert_eq!(server.says("75061200192"), 0);
}
