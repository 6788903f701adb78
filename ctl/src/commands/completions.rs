//! `completions`: what a shell needs to complete our command lines.

use clap::{Args, CommandFactory, ValueEnum};
use clap_complete::{Shell, generate};

use super::Cli;
use crate::exit::{Exit, Problem};
use crate::terminal::Terminal;

#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    shell: Known,
}

/// The shells whose completions we try.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Known {
    Bash,
    Zsh,
    Fish,
}

impl Completions {
    pub fn act(&self, terminal: &mut Terminal) -> Result<Exit, Problem> {
        let shell = match self.shell {
            Known::Bash => Shell::Bash,
            Known::Zsh => Shell::Zsh,
            Known::Fish => Shell::Fish,
        };
        let mut script = Vec::new();
        generate(shell, &mut Cli::command(), "penstockctl", &mut script);
        terminal.print(&String::from_utf8_lossy(&script))?;
        Ok(Exit::FINE)
    }
}
