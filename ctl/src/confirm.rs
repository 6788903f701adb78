//! Asking before something is destroyed.

use crate::exit::Problem;
use crate::terminal::Terminal;

/// Returns when the person typed `name`, or `--yes` was given.
///
/// # Errors
/// When there is nobody to ask, or something else was typed.
pub fn confirm(terminal: &mut Terminal, yes: bool, deed: &str, name: &str) -> Result<(), Problem> {
    if yes {
        return Ok(());
    }
    if !terminal.input_is_terminal {
        return Err(Problem::Usage(format!(
            "this would {deed} {name}, and there is no terminal to ask on; give --yes if it is meant"
        )));
    }
    let typed = terminal.ask(&format!("This will {deed} {name}. Type {name} to go on: "))?;
    if typed.trim() == name.trim() {
        Ok(())
    } else {
        Err(Problem::NotConfirmed(name.to_owned()))
    }
}
