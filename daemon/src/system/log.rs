//! The log: one line for what an operator would put in a diary, to standard error.
//!
//! Nothing that a client chose can begin a line or steer a terminal: tracing's own formatter escapes ESC but leaves
//! line breaks in what is logged by `Display`, so every field is escaped here (the class of CVE-2023-28486).

use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::{fmt, mem};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::{self, Format, FormatEvent, FormatFields, Full, Writer};
use tracing_subscriber::fmt::{FmtContext, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Registry, filter, reload};

/// A handle on the running log, for reloading what it shows.
#[derive(Debug, Clone)]
pub struct Log {
    filter: reload::Handle<EnvFilter, Registry>,
}

/// Why the log can't be set up or changed.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The configuration's check should have refused it.
    #[error("log: {0}: write a level, or directives as in \"info,penstock_daemon::gateway=debug\"")]
    Filter(#[from] filter::ParseError),
    /// Two logs in one process.
    #[error("the log was set up before: {0}")]
    SetUpBefore(#[from] TryInitError),
    /// The process is going down.
    #[error("the log is gone: {0}")]
    Gone(#[from] reload::Error),
}

/// How lines look, by where they go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// The journal stamps and stores: it is told the priority (sd-daemon(3)) in place of time and level.
    Journal,
    /// A person reads along.
    Terminal,
    /// A file or pipe: time and level, no colour.
    Plain,
}

impl Log {
    /// Sends the process' log to standard error, showing what `directives` (the key `log`) let through.
    ///
    /// # Errors
    /// When `directives` can't be understood or the process has a log already.
    pub fn start(directives: &str) -> Result<Self, LogError> {
        let (subscriber, log) = subscriber(directives, Style::of_stderr(), io::stderr)?;
        subscriber.try_init()?;
        Ok(log)
    }

    /// Shows what `directives` let through from now on.
    ///
    /// # Errors
    /// When `directives` can't be understood; what was shown before still is.
    pub fn reload(&self, directives: &str) -> Result<(), LogError> {
        self.filter.reload(parse(directives)?)?;
        Ok(())
    }
}

impl Style {
    fn of_stderr() -> Self {
        let stderr = io::stderr();
        let journal = std::env::var("JOURNAL_STREAM").ok();
        let connected = nix::sys::stat::fstat(stderr.as_fd()).ok();
        // The variable is inherited by children that write elsewhere (systemd.exec(5)): only the same file counts.
        match (journal, connected) {
            (Some(journal), Some(file))
                if journal == format!("{}:{}", file.st_dev, file.st_ino) =>
            {
                Self::Journal
            }
            _ if stderr.is_terminal() => Self::Terminal,
            _ => Self::Plain,
        }
    }
}

/// One event as one line.
struct Lines {
    style: Style,
    dated: Format,
    bare: Format<Full, ()>,
}

impl Lines {
    fn new(style: Style) -> Self {
        let dated = format::format().with_target(false);
        let bare = dated.clone().without_time().with_level(false);
        Self { style, dated, bare }
    }
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if self.style != Style::Journal {
            return self.dated.format_event(context, writer, event);
        }
        let priority = match *event.metadata().level() {
            Level::ERROR => 3,
            Level::WARN => 4,
            Level::INFO => 6,
            Level::DEBUG | Level::TRACE => 7,
        };
        write!(writer, "<{priority}>")?;
        self.bare.format_event(context, writer, event)
    }
}

/// `message key=value key="a value"`: whatever the values are, a line reads back into the same fields.
struct Fields;

impl<'w> FormatFields<'w> for Fields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut visitor = FieldWriter {
            writer,
            separator: "",
            result: Ok(()),
        };
        fields.record(&mut visitor);
        visitor.result
    }
}

struct FieldWriter<'w> {
    writer: Writer<'w>,
    separator: &'static str,
    result: fmt::Result,
}

impl FieldWriter<'_> {
    fn write(&mut self, field: &Field, value: &str) -> fmt::Result {
        self.writer
            .write_str(mem::replace(&mut self.separator, " "))?;
        if field.name() == "message" {
            return escape(&mut self.writer, value, steers);
        }
        write!(self.writer, "{}=", field.name().trim_start_matches("r#"))?;
        let is_word =
            !value.contains(|c: char| steers(c) || c.is_whitespace() || "\"=\\".contains(c));
        if is_word && !value.is_empty() {
            return self.writer.write_str(value);
        }
        self.writer.write_char('"')?;
        escape(&mut self.writer, value, |c| {
            steers(c) || c == '"' || c == '\\'
        })?;
        self.writer.write_char('"')
    }
}

impl Visit for FieldWriter<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if self.result.is_ok() {
            self.result = self.write(field, value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

/// Writes `text` with the characters that `is_special` escaped.
fn escape(writer: &mut Writer<'_>, text: &str, is_special: impl Fn(char) -> bool) -> fmt::Result {
    let mut plain = 0;
    for (at, c) in text.char_indices().filter(|(_, c)| is_special(*c)) {
        writer.write_str(&text[plain..at])?;
        write!(writer, "{}", c.escape_default())?;
        plain = at + c.len_utf8();
    }
    writer.write_str(&text[plain..])
}

/// Control characters, Unicode's line separators, and what turns the reading direction (UAX #9).
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn parse(directives: &str) -> Result<EnvFilter, filter::ParseError> {
    EnvFilter::builder().with_regex(false).parse(directives)
}

fn subscriber<W>(
    directives: &str,
    style: Style,
    writer: W,
) -> Result<(impl Subscriber + Send + Sync + use<W>, Log), LogError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let (filter, handle) = reload::Layer::new(parse(directives)?);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(style == Style::Terminal)
        .fmt_fields(Fields)
        .event_format(Lines::new(style));
    let subscriber = tracing_subscriber::registry().with(filter).with(lines);
    Ok((subscriber, Log { filter: handle }))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use proptest::prelude::*;
    use tracing::{debug, error, info, info_span, subscriber::with_default, warn};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(style: Style, act: impl FnOnce()) -> String {
        let kept = Kept::default();
        let writer = kept.clone();
        let (subscriber, _log) = subscriber("info", style, move || writer.clone()).unwrap();
        with_default(subscriber, act);
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_journal_gets_priorities_in_place_of_time_level_and_colour() {
        let text = logged(Style::Journal, || {
            info!(customer = "abc-inc", bytes = 5, "backup finished");
            warn!("slow");
            error!("broken");
        });
        assert_eq!(
            text,
            "<6>backup finished customer=abc-inc bytes=5\n<4>slow\n<3>broken\n"
        );
    }

    #[test]
    fn a_file_gets_time_and_level_but_no_colour() {
        let text = logged(Style::Plain, || info!("up"));
        let (time, rest) = text.split_once(' ').unwrap();
        assert!(time.ends_with('Z') && time.contains('T'), "{text}");
        assert_eq!(rest, " INFO up\n");
    }

    #[test]
    fn only_a_terminal_gets_colour() {
        assert!(logged(Style::Terminal, || info!("up")).contains('\u{1b}'));
    }

    #[test]
    fn nothing_that_a_client_sent_breaks_a_line_or_steers_a_terminal() {
        let evil = "x\n<3>forged\r\u{1b}[2J\u{9b}\u{2028}\u{202e}\u{7f}\0";
        let text = logged(Style::Journal, || {
            let _span = info_span!("request", agent = %evil, raw = evil).entered();
            info!(agent = %evil, raw = evil, debug = ?evil, error = %io::Error::other(evil), "from {evil}");
        });
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(!text.trim_end().contains(steers), "{text}");
        assert!(
            text.contains(r#"agent="x\n<3>forged\r\u{1b}[2J\u{9b}\u{2028}\u{202e}\u{7f}\u{0}""#),
            "{text}"
        );
    }

    #[test]
    fn a_value_cannot_pass_for_another_field() {
        let text = logged(
            Style::Journal,
            || info!(agent = %"x customer=other", quote = %"a\"b", none = "", "m"),
        );
        assert_eq!(
            text,
            "<6>m agent=\"x customer=other\" quote=\"a\\\"b\" none=\"\"\n"
        );
    }

    #[test]
    fn letters_of_all_scripts_stay_as_they_are() {
        let text = logged(Style::Journal, || info!(name = "Zürich-東京-🦀", "m"));
        assert_eq!(text, "<6>m name=Zürich-東京-🦀\n");
    }

    #[test]
    fn a_reload_shows_more_and_a_bad_one_changes_nothing() {
        let kept = Kept::default();
        let writer = kept.clone();
        let (subscriber, log) = subscriber("info", Style::Journal, move || writer.clone()).unwrap();
        with_default(subscriber, || {
            debug!("hidden");
            log.reload("debug").unwrap();
            debug!("shown");
            assert!(matches!(
                log.reload("info,hyper=loud"),
                Err(LogError::Filter(_))
            ));
            debug!("still shown");
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text, "<7>shown\n<7>still shown\n");
    }

    proptest! {
        #[test]
        fn any_value_reads_back_from_its_one_line(value in any::<String>()) {
            let text = logged(Style::Journal, || info!(v = value.as_str(), "m"));
            let line = text.strip_prefix("<6>m v=").and_then(|rest| rest.strip_suffix('\n')).unwrap();
            prop_assert!(!line.contains('\n'));
            prop_assert_eq!(read_back(line), value);
        }
    }

    /// The other direction, written plainly.
    fn read_back(line: &str) -> String {
        let Some(quoted) = line
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
        else {
            return line.to_owned();
        };
        let mut rest = quoted.chars();
        let mut value = String::new();
        while let Some(c) = rest.next() {
            if c != '\\' {
                value.push(c);
                continue;
            }
            match rest.next().unwrap() {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                'u' => {
                    let digits: String = rest.by_ref().skip(1).take_while(|c| *c != '}').collect();
                    value.push(
                        u32::from_str_radix(&digits, 16)
                            .ok()
                            .and_then(char::from_u32)
                            .unwrap(),
                    );
                }
                other => value.push(other),
            }
        }
        value
    }
}
