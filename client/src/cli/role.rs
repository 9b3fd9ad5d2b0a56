//! `procura role`: the functions that an organisation or institution gives to those who work for it, each until a time. An officer signs
//! as one, not as a private person.
//!
//! spec: kinds.md#members (`party`)

use super::context::Context;
use super::key::public_key;
use super::output::{Answer, Failure, table};
use super::signing::{find_record, fresh, occasion, sign_and_submit, withheld};
use super::step::Step;
use super::time::{self, Instant};
use clap::{Args, Subcommand, ValueEnum};
use procura_client::{Client, Filed};
use procura_core::draft::{Draft, Occasion};
use procura_core::kinds::{Assurance, Content, Party, Role as Right};
use procura_core::status::Status;
use procura_core::{Hash, Millis, b64};
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(super) enum Role {
    /// Give somebody a role until a time. They make a key for it, which you bind
    Give(Give),
    /// Bind the first key of a role
    Key(Key),
    /// List the roles that you have given
    List,
    /// End a role before its time
    End(End),
}

#[derive(Debug, Args)]
pub(super) struct Give {
    /// When it is over: Brussels time such as 2026-11-23T18:00, or a time with its offset
    #[arg(long)]
    until: Instant,
    /// For an officer, who records what citizens wish; you must be a counter yourself
    #[arg(long)]
    counter: bool,
    /// What you call it; others see it only if you show it
    #[arg(long)]
    name: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Key {
    /// The role's id
    #[arg(allow_hyphen_values = true)]
    role: String,
    /// The public key: the x of what `procura key show` prints
    #[arg(long, allow_hyphen_values = true)]
    public_key: String,
    /// The nonce that was given for it
    #[arg(long, allow_hyphen_values = true)]
    nonce: Hash,
    /// What `procura key possession` printed
    #[arg(long, allow_hyphen_values = true)]
    pop: String,
    /// How sure you are that the key is theirs
    #[arg(long, value_enum, default_value_t = Sure::Substantial)]
    assurance: Sure,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Sure {
    Low,
    Substantial,
    High,
}

impl Sure {
    const fn assurance(self) -> Assurance {
        match self {
            Self::Low => Assurance::Low,
            Self::Substantial => Assurance::Substantial,
            Self::High => Assurance::High,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct End {
    /// The role's id
    #[arg(allow_hyphen_values = true)]
    role: String,
}

impl Role {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Give(give) => give.run(context),
            Self::Key(key) => key.run(context),
            Self::List => list(context),
            Self::End(end) => end.run(context),
        }
    }
}

impl Give {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client()?;
        let Instant(until) = self.until;
        if until <= client.now() {
            return Err(Failure::no("until", format!("{} is over already", time::at(until))));
        }
        let draft = Draft::role(&occasion(&client)?, &client.own_party()?, fresh()?);
        let draft = draft.member("until", json!(until));
        let draft = if self.counter { draft.member("roles", json!(["counter"])) } else { draft };
        let draft = withheld(draft, "name", self.name.as_deref())?;
        let (id, _) = sign_and_submit(&client, draft)?;
        let nonce = b64::encode(&fresh::<32>()?);
        Ok(Answer::yes()
            .line(format!("The role is given until {}.", time::at(until)))
            .line("Whoever has it makes a key, and shows that they have it:")
            .line(format!("  procura key possession --party {id} --nonce {nonce}"))
            .line("You bind it with what that prints:")
            .line(format!("  procura role key {id} --nonce {nonce} --public-key X --pop POP"))
            .line(format!("Its id: {id}"))
            .member("id", id.to_string())
            .member("nonce", nonce)
            .member("until", json!(until))
            .trial(client.is_trial()))
    }
}

impl Key {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let key = public_key(&self.public_key)?;
        let possession = b64::decode_array(&self.pop)
            .map_err(|_| Failure::unknown("pop", "that is no proof of `procura key possession`"))?;
        let client = context.client()?;
        let role = find_record(&client, &self.role)?;
        let occasion = Occasion { nonce: self.nonce.0, ..occasion(&client)? };
        let sure = self.assurance.assurance().name();
        let draft = Draft::key(&occasion, &role, &key, &possession, "first", sure);
        let (id, _) = sign_and_submit(&client, draft)?;
        Ok(Answer::yes()
            .line("The key is the role's. Whoever has it notes that:")
            .line(format!("  procura key bind --party {role} --kid {id}"))
            .member("id", id.to_string())
            .member("party", role.to_string())
            .trial(client.is_trial()))
    }
}

/// A role of one's own.
struct Given<'a> {
    id: Hash,
    party: &'a Party,
    name: Option<&'a str>,
    status: Status,
}

impl<'a> Given<'a> {
    fn of(filed: &'a Filed, own: &Hash) -> Option<Self> {
        let opened = filed.logged.opened.as_ref()?;
        let Content::Party(party) = opened.record.content() else { return None };
        let name = opened.disclosed_str("name");
        let is_own = party.under.as_ref() == Some(own);
        is_own.then_some(Self { id: opened.record.id(), party, name, status: filed.status? })
    }

    /// How it stands: its status, which does not move when its time comes.
    fn stands(&self, now: Millis) -> String {
        if self.status == Status::ACTIVE && self.party.is_over(now) {
            "over".to_owned()
        } else {
            self.status.to_string()
        }
    }

    fn is_officer(&self) -> bool {
        self.party.roles.contains(&Right::Counter)
    }
}

fn list(context: &Context) -> Result<Answer, Failure> {
    let client = context.client()?;
    let own = client.own_party()?;
    let all = client.records(&own, &|_| {})?;
    let given: Vec<Given<'_>> = all.records().iter().filter_map(|filed| Given::of(filed, &own)).collect();
    // The ledger's own, by which it judges them.
    let now = all.time();
    let rows: Vec<[String; 5]> = given
        .iter()
        .map(|role| {
            [
                context.shown(&role.id),
                role.name.unwrap_or_default().to_owned(),
                if role.is_officer() { "counter".to_owned() } else { String::new() },
                role.party.until.map_or_else(String::new, time::at),
                role.stands(now),
            ]
        })
        .collect();
    let roles: Vec<Value> = given
        .iter()
        .map(|role| {
            json!({
                "id": role.id, "name": role.name, "counter": role.is_officer(), "until": role.party.until,
                "stands": role.stands(now),
            })
        })
        .collect();
    Ok(Answer::yes()
        .line(table(["Id", "Name", "May", "Until", "Stands"], &rows))
        .line("")
        .line(format!("{} roles. Verified here: nothing is left out.", roles.len()))
        .member("roles", roles)
        .trial(client.is_trial()))
}

impl End {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client()?;
        let role = find_record(&client, &self.role)?;
        check_own(&client, &role)?;
        let step = Step::take(context, &client, "revocation", &role.to_string(), Ok)?;
        Ok(step.answer(&format!("You have ended: {}.", step.what())))
    }
}

/// A wrong id must not end something else.
fn check_own(client: &Client, id: &Hash) -> Result<(), Failure> {
    let own = client.own_party()?;
    let all = client.records(&own, &|_| {})?;
    let mut given = all.records().iter().filter_map(|filed| Given::of(filed, &own));
    if given.any(|role| role.id == *id) {
        Ok(())
    } else {
        Err(Failure::no("not_a_role", "that is no role that you have given; `procura role list` lists them"))
    }
}
