//! Every vector in `spec/vectors/` gives the answer it states, and the files are those the generators write.

use procura_tests::vectors::AREAS;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

#[test]
fn every_vector_gives_its_stated_answer() {
    for area in AREAS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/vectors").join(area.name);
        let cases = (area.cases)();
        let count = cases.len();
        let mut written: BTreeMap<String, String> =
            cases.into_iter().map(|case| (case.name, format!("{:#}\n", case.body))).collect();
        assert!(!written.is_empty(), "{} has no case", area.name);
        assert_eq!(written.len(), count, "{}: two cases of one name", area.name);
        for file in fs::read_dir(&folder).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(&path).unwrap();
            assert_eq!(
                Some(text.clone()),
                written.remove(&name),
                "{}/{name}: file and generator differ",
                area.name
            );
            let body: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(
                body["expect"].as_str().unwrap(),
                (area.run)(&body),
                "{}/{name}: {}",
                area.name,
                body["reason"]
            );
        }
        assert!(written.is_empty(), "{}: not on disk: {:?}", area.name, written.keys());
    }
}
