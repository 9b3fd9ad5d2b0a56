//! The question before much is signed at once.

use super::output::Failure;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

/// Shows what is to be done, and goes on only if that is wanted: said with `--yes`, or typed.
pub(super) fn confirm(summary: &str, is_wanted: bool) -> Result<(), Failure> {
    if is_wanted {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        let message = format!(
            "{summary}\nThere is no terminal to confirm it at: nothing was signed. Say --yes to go on"
        );
        return Err(Failure::unknown("not_confirmed", message));
    }
    let failed = |error: io::Error| Failure::unknown("not_confirmed", format!("nothing was signed: {error}"));
    let mut asked = io::stderr().lock();
    write!(asked, "{summary}\nSign and send all of it? [y/N] ")
        .and_then(|()| asked.flush())
        .map_err(failed)?;
    let mut typed = String::new();
    io::stdin().lock().read_line(&mut typed).map_err(failed)?;
    match typed.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::no("not_confirmed", "nothing was signed")),
    }
}
