//! The command's words: a file a verb, and what they share.
//!
//! A verb gives an [`Answer`] or a [`Failure`]; only [`output`] prints.

mod accept;
mod access;
mod answer;
mod assisted;
mod catalogue;
mod check;
mod compare;
mod confirm;
mod consent;
mod context;
mod decision;
mod describe;
mod dispute;
mod drafted;
mod erase;
mod export;
mod filter;
mod grant;
mod hook;
mod import;
mod in_hand;
mod key;
mod link;
mod log;
#[cfg(feature = "mirror")]
mod mirror;
mod monitor;
mod output;
mod pair;
mod passphrase;
mod present;
mod property;
mod prove;
mod qr;
mod receipt;
mod records;
mod relay;
mod renew;
mod renounce;
mod request;
mod revoke;
mod role;
mod root;
mod show;
mod sign;
mod signing;
mod step;
mod suspend;
mod time;
mod token;
mod under;
#[cfg(feature = "witness")]
mod witness;

use clap::{Parser, Subcommand};
use context::{Context, Global};
use output::{Answer, Failure};
use std::process::ExitCode;

/// Signs mandates and consents, asks whether something is permitted, and verifies every answer itself.
///
/// Exit codes: 0 yes or done, 1 no, 2 could not tell.
#[derive(Debug, Parser)]
#[command(name = "procura", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a key, show one, tie one to its registration
    #[command(subcommand)]
    Key(key::Key),
    /// Let somebody act for you (a mandate; it waits until they accept)
    Grant(grant::Grant),
    /// Let many act for you: a mandate for each line of a file
    Import(import::Import),
    /// Accept a mandate that was given to you, or what you give together with others
    Accept(accept::Accept),
    /// End a mandate or a consent that you gave, a request, a block
    Revoke(revoke::Revoke),
    /// Give up a mandate or a consent that was given to you
    Renounce(renounce::Renounce),
    /// Put a mandate, a consent or a key out of force until you lift that
    Suspend(suspend::Suspend),
    /// Say that a mandate or a consent is not what it seems; an authority settles it
    Dispute(dispute::Dispute),
    /// Let somebody see your data for a purpose
    Consent(consent::Consent),
    /// Ask somebody for a consent or a mandate, by name or by a link that works once
    Request(request::Request),
    /// Look at a request that you got, give what it asks for, or refuse it
    Answer(answer::Answer),
    /// Ask whether a party may do something; the answer's proof is verified here
    Check(check::Check),
    /// Ask for somebody's data: logged, and answered with the receipt that its source wants to see
    Access(access::Access),
    /// Look at a decision of the past
    #[command(subcommand)]
    Decision(decision::Decide),
    /// Prove something from public tiles alone
    #[command(subcommand)]
    Prove(prove::Prove),
    /// Get a record's receipt, or verify one offline
    #[command(subcommand)]
    Receipt(receipt::Receipt),
    /// Show a mandate or a consent: by an address, or a QR code, that says how it stands
    Show(show::Show),
    /// Show a mandate or a consent to one who asks for it, as a party of it; or ask for one to be shown
    #[command(subcommand)]
    Present(present::Present),
    /// List everything that concerns you, with the proof that nothing is left out
    Records(records::Records),
    /// Write everything that concerns you, or part of it, into a file, with what was decided on each access
    Export(export::Export),
    /// Be told at an address of yours of what happens to you (organisations, institutions)
    #[command(subcommand)]
    Hook(hook::Hook),
    /// Destroy what records say (for authorities); that they were there stays proven
    Erase(erase::Erase),
    /// Keep records from being erased (for authorities)
    Retain(erase::Retain),
    /// Show the categories and purposes in force
    Catalogue(catalogue::Catalogue),
    /// Give roles to those who work for you, such as officers, until a time (organisations, institutions)
    #[command(subcommand)]
    Role(role::Role),
    /// Sign a record that you drafted, and hand it in (for registrars, and whatever has no word of its own)
    Sign(sign::Sign),
    /// Print an access token for your own requests over HTTP; it is good for ten minutes
    Token(token::Token),
    /// Look at the log, or audit it
    #[command(subcommand)]
    Log(log::Log),
    /// Watch the ledger: that it keeps one history, and what is new about you with nothing left out
    Monitor(monitor::Monitor),
    /// Check a file of evidence that a ledger is at fault
    Evidence(monitor::Check),
    /// Take what somebody wants logged, sign when you had it, pass it on: so that nothing is kept out unseen
    #[command(subcommand)]
    Relay(relay::Relay),
    /// Sign what takes several: begin a ledger, register its institutions, change its log key (for holders of root keys)
    #[command(subcommand)]
    Root(root::Root),
    /// Cosign what logs publish, so that they can't show two histories
    #[cfg(feature = "witness")]
    #[command(subcommand)]
    Witness(witness::WitnessVerb),
    /// Follow a ledger and answer from there how records stand, so that it need not be asked, or be there
    #[cfg(feature = "mirror")]
    #[command(subcommand)]
    Mirror(mirror::MirrorVerb),
}

/// Runs the command that was typed.
pub(crate) fn run() -> ExitCode {
    let Cli { global, verb } = Cli::parse();
    let json = global.json;
    let outcome = Context::new(global).and_then(|context| verb.run(&context));
    output::print(outcome, json)
}

impl Verb {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Key(verb) => verb.run(context),
            Self::Grant(verb) => verb.run(context),
            Self::Import(verb) => verb.run(context),
            Self::Accept(verb) => verb.run(context),
            Self::Revoke(verb) => verb.run(context),
            Self::Renounce(verb) => verb.run(context),
            Self::Suspend(verb) => verb.run(context),
            Self::Dispute(verb) => verb.run(context),
            Self::Decision(verb) => verb.run(context),
            Self::Consent(verb) => verb.run(context),
            Self::Request(verb) => verb.run(context),
            Self::Answer(verb) => verb.run(context),
            Self::Hook(verb) => verb.run(context),
            Self::Erase(verb) => verb.run(context),
            Self::Retain(verb) => verb.run(context),
            Self::Check(verb) => verb.run(context),
            Self::Access(verb) => verb.run(context),
            Self::Prove(verb) => verb.run(context),
            Self::Receipt(verb) => verb.run(context),
            Self::Show(verb) => verb.run(context),
            Self::Present(verb) => verb.run(context),
            Self::Records(verb) => verb.run(context),
            Self::Export(verb) => verb.run(context),
            Self::Catalogue(verb) => verb.run(context),
            Self::Role(verb) => verb.run(context),
            Self::Sign(verb) => verb.run(context),
            Self::Token(verb) => verb.run(context),
            Self::Log(verb) => verb.run(context),
            Self::Monitor(verb) => verb.run(context),
            Self::Evidence(verb) => verb.run(context),
            Self::Relay(verb) => verb.run(context),
            Self::Root(verb) => verb.run(context),
            #[cfg(feature = "witness")]
            Self::Witness(verb) => verb.run(context),
            #[cfg(feature = "mirror")]
            Self::Mirror(verb) => verb.run(context),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_words_are_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn an_id_may_start_like_an_option() {
        // base64url: one id in 64 starts with a hyphen, and may go on with a letter that is an option.
        for id in
            ["-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "-vAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
        {
            let id = procura_core::Hash(procura_core::b64::decode_array(id).unwrap()).to_string();
            for words in [
                "accept ID --json",
                "revoke ID --json",
                "revoke --json ID",
                "renounce ID --json",
                "suspend ID --lift",
                "dispute ID --json",
                "answer ID --json",
                "erase --record ID --record ID --json",
                "retain --record ID --json",
                "consent --to niss:48031500292 --scope tax --purpose read --under ID",
                "receipt get ID",
                "receipt get ID --out file",
                "show ID --qr file",
                "present make file ID --yes",
                "prove inclusion ID",
                "key bind --party ID --kid ID",
                "role key ID --public-key ID --nonce ID --pop ID",
                "role end ID --json",
                "key possession --party ID --nonce ID",
                "records --party ID --json",
                "catalogue --id ID",
                "grant --to niss:48031500292 --scope tax --catalogue ID",
            ] {
                let words = words.split(' ').map(|word| if word == "ID" { &id } else { word });
                let cli = Cli::try_parse_from(std::iter::once("procura").chain(words.clone()));
                let cli = cli.unwrap_or_else(|error| panic!("{:?}: {error}", words.collect::<Vec<_>>()));
                assert!(!cli.global.verbose);
                if let Verb::Accept(accept) = &cli.verb {
                    assert!(cli.global.json);
                    assert!(format!("{accept:?}").contains(&id));
                }
            }
        }
    }
}
