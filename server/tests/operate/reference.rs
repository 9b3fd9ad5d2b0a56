//! Goal: `handbook/config.toml` has every setting, says the true defaults, and names nothing that is no setting. Method: as it is
//! it means what no file means; with each example made a setting it has each name that the program reads, and is read.

use procura_server::{
    Args, Config, Given, Limits, ProviderSettings, RegistrarSettings, StaticToken, Verb, Webhooks,
};
use serde::de::value::Error;
use serde::de::{Deserialize, Deserializer, Visitor};
use serde::forward_to_deserialize_any;
use std::collections::BTreeSet;
use std::path::Path;

fn text() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/handbook/config.toml")).unwrap()
}

/// Every example made a setting: they stand directly behind their `#`, prose behind `# `.
fn with_examples() -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(rest) if !rest.is_empty() && !rest.starts_with(' ') => rest.to_owned(),
        _ => line.to_owned(),
    };
    text().lines().map(line).collect::<Vec<_>>().join("\n")
}

fn load(text: &str) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    Config::load(Args { config: Some(path), ..Args::default() }).unwrap()
}

#[test]
fn as_it_is_it_says_the_defaults() {
    let (of_nothing, of_the_file) = (Config::load(Args::default()).unwrap(), load(&text()));
    assert_eq!(format!("{of_the_file:?}"), format!("{of_nothing:?}"));
    // And a wrong one would be found.
    let wrong = text().replace("max_age_s = 300", "max_age_s = 301");
    assert_ne!(format!("{:?}", load(&wrong)), format!("{of_nothing:?}"));
    assert_eq!(of_nothing.limits, Limits::default());
}

#[test]
fn it_has_every_setting_and_no_other() {
    let file: toml::Table = toml::from_str(&with_examples()).unwrap();
    let names = |table: &toml::Table| table.keys().cloned().collect::<BTreeSet<_>>();
    let table = |value: &toml::Value| value.as_table().unwrap().clone();
    assert_eq!(names(&file), fields::<Given>());
    assert_eq!(names(&table(&file["webhooks"])), fields::<Webhooks>());
    assert_eq!(names(&table(&file["static_tokens"][0])), fields::<StaticToken>());
    assert_eq!(names(&table(&file["registrar"])), fields::<RegistrarSettings>());
    assert_eq!(names(&table(&file["registrar"]["oidc"][0])), fields::<ProviderSettings>());
    // And each value is one that is read.
    let given: Given = toml::from_str(&with_examples()).unwrap();
    assert_eq!((given.static_tokens.len(), given.registrar.unwrap().oidc.len()), (1, 1));
}

/// What `--help` says of a default is what the file says.
#[test]
fn the_help_says_the_same_defaults() {
    use clap::CommandFactory;
    let file: toml::Table = toml::from_str(&text()).unwrap();
    let mut compared = 0;
    for flag in Args::command().get_arguments() {
        let help = flag.get_help().map(ToString::to_string).unwrap_or_default();
        let Some((_, default)) = help.rsplit_once("[default: ") else { continue };
        let default = default.trim_end_matches(']').split(',').next().unwrap();
        let Some(said) = file.get(flag.get_id().as_str()) else { continue };
        let said = match said {
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(is) => is.to_string(),
            other => panic!("{other:?}"),
        };
        let same = match (flag.get_id().as_str(), default) {
            ("witness_wait_s", "not at all") => said == "0",
            ("backup_keep_s", "30 days") => said == (30 * 24 * 3600).to_string(),
            (_, default) => said == default.trim_start_matches("./"),
        };
        assert!(same, "{}: {default} in the help, {said} in the file", flag.get_id());
        compared += 1;
    }
    assert!(compared > 12, "{compared}");
}

#[test]
fn check_config_has_nothing_against_it() {
    let folder = tempfile::tempdir().unwrap();
    let given = Given { data: Some(folder.path().to_owned()), ..Given::default() };
    let config = Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("handbook/config.toml"));
    let args = Args { config, given, verb: Some(Verb::CheckConfig), ..Args::default() };
    assert_eq!(procura_server::check(args), []);
}

/// The names that a structure is read from, as serde tells them.
fn fields<T: for<'de> Deserialize<'de>>() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    assert!(T::deserialize(Names(&mut found)).is_err());
    found
}

struct Names<'a>(&'a mut BTreeSet<String>);

impl<'de> Deserializer<'de> for Names<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(serde::de::Error::custom("only names are wanted"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.extend(fields.iter().map(|name| (*name).to_owned()));
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct
        seq tuple tuple_struct map enum identifier ignored_any
    }
}
