//! A month of many workers, generated and declared as a social secretariat would: employer by employer, each under the employer's mandate.
//!
//! Who they are follows from a number, so that the same month handed in again is the same to the byte, and counts once: a run that broke off
//! is simply run again.

use crate::caller::{Caller, CallerError};
use crate::declaration::MOST_LINES;
use crate::enrol::{EnrolError, Enrolment, NewParty};
use crate::prepare::{PrepareError, Prepared, mandate, of_demo};
use procura_client::{AccessError, ReadError, SubmitError};
use procura_core::days::Day;
use procura_core::identifier::Identifier;
use procura_core::kinds::PartyType;
use procura_core::{Hash, Millis};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

const COUNTER: &str = "flexi";
const CATEGORY: &str = "flexi.declaration";
/// How long the ledger or the service may be away.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long to wait before asking again.
const PAUSE: Duration = Duration::from_millis(200);
/// So many people can be made of a birthday's serial numbers.
const SERIALS: u32 = 997;

/// Why the month is not declared. Run it again: nothing counts twice.
#[derive(Debug, thiserror::Error)]
pub enum MonthError {
    /// The employers are not registered.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// A declaration was not taken.
    #[error(transparent)]
    Caller(#[from] CallerError),
    /// The plan of an earlier run is another.
    #[error("another month was begun here: {0} workers of {1} employers")]
    OtherPlan(u32, u32),
    /// More than there are numbers, or none.
    #[error("1 to 600,000 workers, of at most 1,000 each of at most 10,000 employers")]
    Size,
    /// Something did not happen in time.
    #[error("not all files were registered within {} s", PATIENCE.as_secs())]
    Patience,
}

impl From<EnrolError> for MonthError {
    fn from(error: EnrolError) -> Self {
        Self::Prepare(error.into())
    }
}

/// What is to be declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// How many workers.
    pub workers: u32,
    /// How many employers.
    pub employers: u32,
    /// The first day of the period.
    pub from: Day,
    /// The last.
    pub to: Day,
    /// The day of the payslips.
    pub payslip: Day,
}

/// How long each part took, in seconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Took {
    /// Registering the employers, and their mandates.
    pub enrolled_s: f64,
    /// Declaring: all of it counts then.
    pub declared_s: f64,
    /// Until every worker's file was registered with the ledger, from the first declaration on.
    pub registered_s: f64,
}

/// What is told while it runs: how far of how many.
pub trait Progress {
    /// A part begins.
    fn begin(&self, what: &'static str, of: u64);
    /// So far is it.
    fn at(&self, done: u64);
}

impl Plan {
    /// The month before a day, for so many workers.
    ///
    /// # Errors
    /// [`MonthError::Size`].
    pub fn new(workers: u32, employers: u32, today: Day) -> Result<Self, MonthError> {
        let most = u32::try_from(MOST_LINES).unwrap_or(u32::MAX);
        let fits = (1..=600_000).contains(&workers) && (1..=10_000).contains(&employers.min(workers));
        if !fits || workers.div_ceil(employers) > most {
            return Err(MonthError::Size);
        }
        let (year, month) =
            if today.month() == 1 { (today.year() - 1, 12) } else { (today.year(), today.month() - 1) };
        let from = Day::new(year, month, 1).map_err(|_| MonthError::Size)?;
        let first_of_this = Day::new(today.year(), today.month(), 1).map_err(|_| MonthError::Size)?;
        let to = Day::of(Millis(first_of_this.first_instant().0 - 1)).ok_or(MonthError::Size)?;
        Ok(Self { workers, employers, from, to, payslip: today })
    }

    /// The plan that a folder was begun with, or this one from now on.
    ///
    /// # Errors
    /// [`MonthError`].
    pub fn kept(self, folder: &Path) -> Result<Self, MonthError> {
        let path = folder.join("plan.json");
        let file = |source| EnrolError::File { path: path.clone(), source };
        match std::fs::read(&path) {
            Ok(bytes) => {
                let kept: Self =
                    serde_json::from_slice(&bytes).map_err(|_| EnrolError::Damaged(path.clone()))?;
                if (kept.workers, kept.employers) == (self.workers, self.employers) {
                    Ok(kept)
                } else {
                    Err(MonthError::OtherPlan(kept.workers, kept.employers))
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                std::fs::create_dir_all(folder).map_err(file)?;
                let text = json!(self).to_string();
                let beside = path.with_extension("new");
                std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, &path)).map_err(file)?;
                Ok(self)
            }
            Err(source) => Err(file(source).into()),
        }
    }

    /// The declaration of an employer, from 0.
    #[must_use]
    pub fn declaration(&self, employer: u32) -> Value {
        let lines: Vec<Value> = (employer..self.workers)
            .step_by(self.employers.max(1) as usize)
            .map(|worker| {
                json!({
                    "id": format!("{}.{worker}", self.from), "worker": niss(worker), "from": self.from,
                    "to": self.to, "payslip": self.payslip, "amount": amount(worker),
                })
            })
            .collect();
        json!({"employer": kbo(employer), "counter": COUNTER, "lines": lines})
    }
}

/// What a worker earned, in cents.
#[must_use]
pub fn amount(worker: u32) -> u64 {
    20_000 + u64::from(worker % 600) * 100
}

/// The number of a worker, from 0: of nobody in particular, with good check digits.
#[must_use]
pub fn niss(worker: u32) -> String {
    let (serial, day) = (worker % SERIALS + 1, worker / SERIALS);
    let (day, month, year) = (day % 28 + 1, day / 28 % 12 + 1, 50 + day / (28 * 12));
    let number = u64::from(((year * 100 + month) * 100 + day) * 1_000 + serial);
    format!("niss:{number:09}{:02}", 97 - number % 97)
}

/// The number of an employer, from 0.
#[must_use]
pub fn kbo(employer: u32) -> String {
    let number = 7_000_000 + u64::from(employer);
    format!("kbo:{number:08}{:02}", 97 - number % 97)
}

/// Declares a month: first the employers and their mandates are registered, as far as they are not, with the keys of a demo's data folder.
///
/// # Errors
/// [`MonthError`].
pub fn declare(
    secretariat: &Caller,
    (plan, prepared): (&Plan, &Prepared),
    (data, folder): (&Path, &Path),
    progress: &dyn Progress,
) -> Result<Took, MonthError> {
    let begun = Instant::now();
    progress.begin("employers", u64::from(plan.employers));
    let employers = enrol(secretariat, (plan, prepared), (data, folder), progress)?;
    let enrolled_s = begun.elapsed().as_secs_f64();

    let begun = Instant::now();
    progress.begin("lines declared", u64::from(plan.workers));
    let mut declared = 0;
    for (number, employer) in (0..).zip(&employers) {
        let sent = plan.declaration(number);
        let parties = (*employer, prepared.office);
        patiently(|| secretariat.declare(&sent, parties, CATEGORY))?;
        declared += sent.get("lines").and_then(Value::as_array).map_or(0, |lines| lines.len() as u64);
        progress.at(declared);
    }
    let declared_s = begun.elapsed().as_secs_f64();

    progress.begin("files registered", u64::from(plan.workers));
    let (mut left, mut since) = (u64::MAX, Instant::now());
    while left > 0 {
        let now_left = patiently(|| secretariat.health())?.to_register;
        if now_left < left {
            (left, since) = (now_left, Instant::now());
        }
        if since.elapsed() > PATIENCE {
            return Err(MonthError::Patience);
        }
        progress.at(u64::from(plan.workers).saturating_sub(left));
        if left > 0 {
            std::thread::sleep(PAUSE);
        }
    }
    Ok(Took { enrolled_s, declared_s, registered_s: begun.elapsed().as_secs_f64() })
}

fn enrol(
    secretariat: &Caller,
    (plan, prepared): (&Plan, &Prepared),
    (data, folder): (&Path, &Path),
    progress: &dyn Progress,
) -> Result<Vec<Hash>, MonthError> {
    let client = secretariat.client();
    let enrolment = Enrolment::new(client, &folder.join("records"))?;
    let registrar = of_demo(data, "registrar")?;
    let to = of_demo(data, "social-secretariat")?;
    let scopes = [CATEGORY.to_owned()];
    (0..plan.employers)
        .map(|number| {
            let who: Identifier = kbo(number).parse().map_err(|_| MonthError::Size)?;
            let name = format!("Fictional Employer {number}");
            let new =
                NewParty { party_type: PartyType::Organisation, identifier: &who, name: &name, level: None };
            let (step, key) = (format!("employer-{number}"), folder.join(format!("keys/{number}.json")));
            let employer = enrolment.party(&step, &registrar, &new, &key)?;
            mandate(&enrolment, client, &step, (&employer, &to), (&prepared.catalogue, &scopes))?;
            progress.at(u64::from(number) + 1);
            Ok(employer.party)
        })
        .collect()
}

/// Asks again while the ledger or the service is away: that is safe.
fn patiently<T>(ask: impl Fn() -> Result<T, CallerError>) -> Result<T, MonthError> {
    let begun = Instant::now();
    loop {
        match ask() {
            Ok(answer) => return Ok(answer),
            Err(error) if is_away(&error) && begun.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
            Err(error) => return Err(error.into()),
        }
    }
}

fn is_away(error: &CallerError) -> bool {
    match error {
        CallerError::Away(_) => true,
        CallerError::Refused { status, .. } => *status == 503,
        CallerError::Access(AccessError::Submit(error)) => {
            matches!(error, SubmitError::Busy(_) | SubmitError::Unknown(_))
        }
        CallerError::Read(ReadError::Call(_) | ReadError::Token(_)) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    //! Goal: a generated month is sound, and nobody is in it twice. Method: every number of a large one is read, and a whole one.

    use super::*;
    use crate::counters::Counters;
    use crate::declaration::Declaration;
    use std::collections::BTreeSet;

    #[test]
    fn a_month_is_sound_and_the_same_each_time() {
        let all: BTreeSet<Identifier> = (0..60_000).map(|worker| niss(worker).parse().unwrap()).collect();
        assert_eq!(all.len(), 60_000);
        assert!((0..10_000).all(|employer| kbo(employer).parse::<Identifier>().is_ok()));
        assert!(niss(599_999).parse::<Identifier>().is_ok());

        let today: Day = "2027-01-04".parse().unwrap();
        let plan = Plan::new(1_003, 4, today).unwrap();
        assert_eq!(
            (plan.from.to_string(), plan.to.to_string()),
            ("2026-12-01".to_owned(), "2026-12-31".to_owned())
        );
        let counters = Counters::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("counters")).unwrap();
        let read =
            |number| Declaration::read(&plan.declaration(number), |code| counters.get(code), today).unwrap();
        assert_eq!((0..4).map(|number| read(number).lines.len()).sum::<usize>(), 1_003);
        assert_eq!(read(2), read(2));
        assert!(matches!(Plan::new(5_000, 4, today), Err(MonthError::Size)));
    }
}
