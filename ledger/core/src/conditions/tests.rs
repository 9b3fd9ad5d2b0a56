//! Goal: a condition is written and read back the same; it holds when the spec says so; what is called narrower is. Method: random
//! conditions over few properties and values, so that they meet; what holds is asked of a second evaluation that reads the JSON
//! alone; what is narrower is tried on requests. Cases by hand, accepted and refused, are in `spec/vectors/condition/`.

use super::*;
use crate::days::Day;
use crate::decide::AuthZen;
use proptest::prelude::*;
use serde_json::{Value, json};

/// 23 November 2026, 10:00 in Brussels.
const AT: u64 = 1_795_424_400_000;
const HOUR_MS: u64 = 3_600_000;

fn property() -> impl Strategy<Value = Property> {
    prop::sample::select(vec![(Part::Resource, "a"), (Part::Context, "a"), (Part::Context, "time")])
        .prop_map(|(of, name)| Property::new(of, name).unwrap())
}

fn scalar() -> impl Strategy<Value = Scalar> {
    let texts = ["a", "b", "2026-11-23T10:00+01:00", "2026-11-23T09:00:00.001Z", "2026-11-23T09:00:00"];
    prop_oneof![
        any::<bool>().prop_map(Scalar::Boolean),
        (-1_i64..4).prop_map(Scalar::Integer),
        (0_i64..3).prop_map(|n| Scalar::Integer(AT as i64 + n)),
        prop::sample::select(texts.to_vec()).prop_map(|text| Scalar::Text(text.to_owned())),
    ]
}

fn test() -> impl Strategy<Value = Test> {
    let bound = || prop::option::of(-1_i64..4);
    let instant = || (AT - 1..AT + 3).prop_map(Millis);
    prop_oneof![
        scalar().prop_map(Test::Equals),
        prop::collection::btree_set(scalar(), 1..4).prop_filter_map("of one type", |values| {
            let first = std::mem::discriminant(values.first()?);
            let alike = values.iter().all(|value| std::mem::discriminant(value) == first);
            alike.then(|| Test::OneOf(values.into_iter().collect()))
        }),
        (bound(), bound()).prop_filter_map("a range", |(min, max)| {
            let (first, last) = (min.unwrap_or(i64::MIN), max.unwrap_or(i64::MAX));
            ((min.is_some() || max.is_some()) && first <= last).then_some(Test::Range { min, max })
        }),
        instant().prop_map(Test::Before),
        instant().prop_map(Test::After),
    ]
}

fn condition() -> impl Strategy<Value = Condition> {
    let periods =
        vec![None, Some(Period::Day), Some(Period::Month), Some(Period::Quarter), Some(Period::Year)];
    prop_oneof![
        4 => (property(), test()).prop_map(|(property, test)| Condition::Property(property, test)),
        1 => prop::sample::subsequence(vec!["p", "q", "r"], 1..=3)
            .prop_map(|codes| Condition::Purpose(codes.into_iter().map(str::to_owned).collect())),
        1 => (1_u64..5, prop::sample::select(periods))
            .prop_map(|(times, per)| Condition::Uses(Uses { times, per })),
    ]
}

fn conditions() -> impl Strategy<Value = Conditions> {
    prop::collection::vec(condition(), 1..3).prop_filter_map("readable", |conditions| {
        let written = Conditions(conditions).to_json();
        Conditions::read(written).ok()
    })
}

fn request() -> impl Strategy<Value = Value> {
    let value = || prop::option::of(scalar().prop_map(|scalar| scalar.to_json()));
    let purpose = prop::sample::select(vec!["p", "q", "s"]);
    (value(), value(), value(), purpose).prop_map(|(resource, context, time, purpose)| {
        let mut request = json!({
            "subject": {"type": "party", "id": ""},
            "action": {"name": purpose},
            "resource": {"type": "tax", "id": "", "properties": {}},
            "context": {},
        });
        let sent = [("resource", "/resource/properties", "a", resource), ("", "/context", "a", context)];
        for (_, place, name, value) in sent.into_iter().chain([("", "/context", "time", time)]) {
            if let Some(value) = value {
                request.pointer_mut(place).unwrap()[name] = value;
            }
        }
        request
    })
}

/// Hours from far before `AT` to far after it: of the same day, month and year, and of others.
fn uses() -> impl Strategy<Value = Vec<Millis>> {
    let hours = prop::sample::select(vec![
        -9000_i64, -8000, -1300, -1200, -600, -500, -20, -11, -10, -1, 0, 13, 14, 200,
    ]);
    prop::collection::vec(
        hours.prop_map(|hours| Millis(AT.saturating_add_signed(hours * HOUR_MS as i64))),
        0..6,
    )
}

/// Whether a condition holds, read off its JSON and the request's.
fn by_the_page(condition: &Value, request: &Value, uses: &[Millis]) -> &'static str {
    let is = |met: bool| if met { "accept" } else { "condition_not_met" };
    match condition["type"].as_str().unwrap() {
        "purpose" => is(condition["purposes"].as_array().unwrap().contains(&request["action"]["name"])),
        "uses" => {
            // A period's days begin with the same digits; those of a quarter have months of the same third of them.
            let named = |at: Millis| {
                let day = Day::of(at).unwrap().to_string();
                match condition.get("per").and_then(Value::as_str) {
                    None => String::new(),
                    Some("year") => day[..4].to_owned(),
                    Some("quarter") => {
                        format!("{}{}", &day[..4], day[5..7].parse::<u8>().unwrap().div_ceil(3))
                    }
                    Some("month") => day[..7].to_owned(),
                    _ => day,
                }
            };
            let used = uses.iter().filter(|used| named(**used) == named(Millis(AT))).count() as u64;
            if used < condition["times"].as_u64().unwrap() { "accept" } else { "used_up" }
        }
        test => {
            let place = match condition["of"].as_str().unwrap() {
                "context" => "/context".to_owned(),
                of => format!("/{of}/properties"),
            };
            let sent =
                request.pointer(&place).and_then(|sent| sent.get(condition["property"].as_str().unwrap()));
            let Some(sent) = sent else { return "property_missing" };
            let stamp = || match sent {
                // jiff takes more than we do, but of these texts none that we do not.
                Value::String(text) => text.parse::<jiff::Timestamp>().ok().map(|at| at.as_millisecond()),
                other => other.as_i64(),
            };
            let instant = || condition["instant"].as_i64().unwrap();
            is(match test {
                "equals" => *sent == condition["value"],
                "one_of" => condition["values"].as_array().unwrap().iter().any(|value| value == sent),
                "range" => {
                    let within = |n: i64| {
                        let bound = |name: &str, otherwise| {
                            condition.get(name).map_or(otherwise, |b| b.as_i64().unwrap())
                        };
                        (bound("min", i64::MIN)..=bound("max", i64::MAX)).contains(&n)
                    };
                    sent.as_i64().is_some_and(within)
                }
                "before" => stamp().is_some_and(|at| at < instant()),
                "after" => stamp().is_some_and(|at| at >= instant()),
                other => panic!("no type {other}"),
            })
        }
    }
}

fn read(request: &Value) -> AuthZen {
    AuthZen::read(request.as_object().unwrap().clone()).unwrap()
}

fn answer(conditions: &Conditions, request: &Value, uses: &[Millis]) -> &'static str {
    let request = read(request);
    let given = Given { properties: &request.properties, purpose: &request.purpose, at: Millis(AT), uses };
    conditions.hold(&given).map_or_else(|unmet| unmet.name(), |()| "accept")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(768))]

    #[test]
    fn what_is_written_reads_the_same(conditions in conditions()) {
        prop_assert_eq!(Conditions::read(conditions.to_json()), Ok(conditions));
    }

    #[test]
    fn it_holds_when_the_page_says_so(conditions in conditions(), request in request(), uses in uses()) {
        let written = conditions.to_json();
        let pages = written.as_array().unwrap().iter().map(|condition| by_the_page(condition, &request, &uses));
        let first = pages.into_iter().find(|answer| *answer != "accept").unwrap_or("accept");
        prop_assert_eq!(answer(&conditions, &request, &uses), first);
    }

    #[test]
    fn the_narrower_holds_only_where_the_wider_does(
        child in conditions(), parent in conditions(), requests in prop::collection::vec((request(), uses()), 8),
    ) {
        prop_assert!(child.imply(&child));
        prop_assert!(child.imply(&Conditions::default()));
        prop_assert!(!Conditions::default().imply(&parent));
        if child.imply(&parent) {
            for (request, uses) in requests {
                if answer(&child, &request, &uses) == "accept" {
                    prop_assert_eq!(answer(&parent, &request, &uses), "accept", "{} {:?}", request, uses);
                }
            }
        }
    }

    #[test]
    fn a_request_written_has_the_same_properties(request in request()) {
        let request = read(&request);
        prop_assert_eq!(read(&request.write()), request);
    }
}

/// Goal: what is said to be narrower is found to be, not refused for caution. Method: pairs of one property each, tried on every value
/// of a small world; the sets of what passes say which test is within which.
#[test]
fn narrower_tests_are_found() {
    let values = || (-1..4).map(Scalar::Integer);
    let ranges =
        (-1..4).flat_map(|min| (min..4).map(move |max| Test::Range { min: Some(min), max: Some(max) }));
    let sets = [vec![0], vec![1, 2], vec![0, 1, 2]]
        .map(|set| Test::OneOf(set.into_iter().map(Scalar::Integer).collect()));
    let tests: Vec<Test> = values().map(Test::Equals).chain(ranges).chain(sets).collect();
    let passing = |test: &Test| values().filter(|value| test.passes(value)).collect::<Vec<_>>();
    let property = Property::new(Part::Resource, "amount").unwrap();
    let alone = |test: &Test| Conditions(vec![Condition::Property(property.clone(), test.clone())]);
    for child in &tests {
        for parent in &tests {
            let within = passing(child).iter().all(|value| parent.passes(value));
            // A range is held against ranges alone.
            let told = !matches!(child, Test::Range { .. }) || matches!(parent, Test::Range { .. });
            assert_eq!(alone(child).imply(&alone(parent)), within && told, "{child:?} {parent:?}");
        }
    }
}
