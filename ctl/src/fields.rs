//! A flag for every field that policy's tables name, checked by policy's own parsers before anything is sent.

use std::fmt;
use std::marker::PhantomData;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use jiff::Timestamp;
use penstock_policy::edit::{Assignment, apply};
use penstock_policy::mcal::{Bank, Mcals};
use penstock_policy::names::{ClientId, FullName, ShortName};
use penstock_policy::record::{
    Client, Credential, Customer, Enrolment, Field, FieldError, PassKey, Record, RecordId,
    Reseller, Secret, Server, Shape,
};
use penstock_policy::space::Allotment;

/// A record to try values on before they are sent.
pub trait Sample: Record {
    /// Some record of this kind; only its parsers matter. It isn't the Default Customer, and what is allotted to it is
    /// a number, so that `+5` can be tried.
    ///
    /// # Errors
    /// Never for the names that are written here; they are parsed like all others.
    fn sample() -> Result<Self, FieldError>;
}

/// The flags of a record's fields, as they were given.
#[derive(Clone)]
pub struct FieldFlags<R> {
    /// The fields to set.
    pub assignments: Vec<Assignment>,
    kind: PhantomData<fn() -> R>,
}

/// What a field is also called on the command line.
pub fn alias(field: &str) -> Option<&'static str> {
    match field {
        "maximum_client_limit" => Some("client-limit"),
        "automatically_add_clients" => Some("automatically-add"),
        "plugins" => Some("plugin"),
        _ => None,
    }
}

/// Whether the field is a number or an amount, which may begin with a sign: `+200GiB` adds, and why `-200GiB` doesn't
/// take away is policy's to say.
fn may_be_signed<R>(field: &Field<R>) -> bool {
    let amounts = ["space", "mcals", "throttle", "restore_throttle"];
    field.shape == Shape::Number || amounts.contains(&field.name)
}

/// The flag of a field.
pub fn flag<R: Sample>(field: &'static Field<R>) -> Arg {
    let arg = Arg::new(field.name)
        .long(field.name.replace('_', "-"))
        .help(field.help)
        .help_heading("Fields")
        .allow_hyphen_values(may_be_signed(field))
        .value_name(match field.shape {
            Shape::Text => "TEXT",
            Shape::YesNo => "YES|NO",
            Shape::Number => "NUMBER",
        })
        .value_parser(move |text: &str| check(field, text));
    match alias(field.name) {
        Some(alias) => arg.visible_alias(alias),
        None => arg,
    }
}

fn check<R: Sample>(field: &Field<R>, text: &str) -> Result<String, FieldError> {
    (field.set)(&mut R::sample()?, text)?;
    Ok(text.to_owned())
}

/// Whether the record would take them, by the functions that the daemon uses.
///
/// # Errors
/// With policy's sentence.
pub fn check_all<R: Sample>(assignments: &[Assignment]) -> Result<(), String> {
    let sample = R::sample().map_err(|error| error.0)?;
    apply(&sample, assignments)
        .map(|_| ())
        .map_err(|error| error.to_string())
}

impl<R> fmt::Debug for FieldFlags<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.assignments.fmt(f)
    }
}

impl<R: Sample> Args for FieldFlags<R> {
    fn augment_args(command: Command) -> Command {
        command.args(R::FIELDS.iter().map(flag))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<R: Sample> FromArgMatches for FieldFlags<R> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let assignments = R::FIELDS
            .iter()
            .filter_map(|field| {
                matches
                    .get_one::<String>(field.name)
                    .map(|value| Assignment {
                        field: field.name.to_owned(),
                        value: value.clone(),
                    })
            })
            .collect();
        Ok(Self {
            assignments,
            kind: PhantomData,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn named<T: std::str::FromStr>(name: &str) -> Result<T, FieldError>
where
    T::Err: fmt::Display,
{
    name.parse()
        .map_err(|error: T::Err| FieldError(error.to_string()))
}

impl Sample for Server {
    fn sample() -> Result<Self, FieldError> {
        Ok(Self {
            space: Allotment::Bytes(0),
            mcals: Bank::Number(0),
            ..Self::default()
        })
    }
}

impl Sample for Reseller {
    fn sample() -> Result<Self, FieldError> {
        let (name, short) = (named::<FullName>("sample")?, named::<ShortName>("sample")?);
        Ok(Self {
            space: Allotment::Bytes(0),
            mcals: Mcals::Number(0),
            ..Self::new(RecordId::default(), name, short)
        })
    }
}

impl Sample for Customer {
    fn sample() -> Result<Self, FieldError> {
        let (name, short) = (named::<FullName>("sample")?, named::<ShortName>("sample")?);
        let pass_key = PassKey {
            secret: Secret::new(String::new()),
            until: None,
            uses_left: None,
        };
        let (id, reseller) = (RecordId::default(), RecordId::DEFAULT_RESELLER);
        Ok(Self {
            space: Allotment::Bytes(0),
            mcals: Mcals::Number(0),
            ..Self::new(id, reseller, name, short, pass_key)
        })
    }
}

impl Sample for Client {
    fn sample() -> Result<Self, FieldError> {
        let credential = Credential::Generated { sha256: [0; 32] };
        let sample = Self::new(
            RecordId::default(),
            RecordId::DEFAULT_CUSTOMER,
            named::<ClientId>("sample")?,
            credential,
            Timestamp::UNIX_EPOCH,
            Enrolment::Administrator,
        );
        Ok(Self {
            space: Allotment::Bytes(0),
            ..sample
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers_every_field<R: Sample>() {
        let command = FieldFlags::<R>::augment_args(Command::new("test"));
        for field in R::FIELDS {
            let long = field.name.replace('_', "-");
            let found = command
                .get_arguments()
                .any(|arg| arg.get_long() == Some(&long));
            assert!(found, "--{long}");
        }
    }

    #[test]
    fn every_field_has_a_flag() {
        covers_every_field::<Server>();
        covers_every_field::<Reseller>();
        covers_every_field::<Customer>();
        covers_every_field::<Client>();
    }

    #[test]
    fn a_bad_value_is_refused_with_policys_sentence() {
        let command = FieldFlags::<Customer>::augment_args(Command::new("test"));
        let error = command
            .try_get_matches_from(["test", "--throttle", "8"])
            .unwrap_err();
        assert!(error.to_string().contains("a rate needs a unit"), "{error}");
    }

    #[test]
    fn a_flag_can_be_given_by_its_short_form() {
        let command = FieldFlags::<Customer>::augment_args(Command::new("test"));
        let matches = command
            .try_get_matches_from(["test", "--client-limit", "5", "--automatically-add", "yes"])
            .unwrap();
        let flags = FieldFlags::<Customer>::from_arg_matches(&matches).unwrap();
        let fields: Vec<_> = flags.assignments.iter().map(|a| a.field.as_str()).collect();
        assert_eq!(
            fields,
            ["automatically_add_clients", "maximum_client_limit"]
        );
    }

    #[test]
    fn an_amount_can_be_added_to_and_a_negative_one_gets_policys_sentence() {
        let command = || FieldFlags::<Customer>::augment_args(Command::new("test"));
        let added = ["test", "--space", "+200GiB", "--mcals", "+5"];
        let matches = command().try_get_matches_from(added).unwrap();
        let flags = FieldFlags::<Customer>::from_arg_matches(&matches).unwrap();
        let values: Vec<_> = flags.assignments.iter().map(|a| a.value.as_str()).collect();
        assert_eq!(values, ["+200GiB", "+5"]);
        for (flag, value, sentence) in [
            ("--space", "-200GiB", "is not a size"),
            ("--mcals", "-5", "is no number of MCALs"),
            ("--client-limit", "-1", "is neither a number"),
        ] {
            let error = command()
                .try_get_matches_from(["test", flag, value])
                .unwrap_err();
            assert!(error.to_string().contains(sentence), "{error}");
        }
    }
}
