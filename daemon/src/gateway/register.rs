//! Registration with the pass key (rules, section 4, 2): creates a client, and does nothing else.

use std::sync::Arc;

use http::header::{ACCEPT, CONTENT_TYPE, HOST};
use http::{Method, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use penstock_policy::mcal::{Platform, Plugins, PriceError, Prices};
use penstock_policy::names::DEFAULT_SCHEDULE;
use penstock_policy::record::{Client, Credential, Enrolment};
use penstock_policy::refusal::Refusal;
use serde::Deserialize;

use super::Gateway;
use super::answer::{self, Answer, Fault};
use super::limiter::Attempt;
use super::line::Line;
use super::serve::{MAX_SMALL_BODY, Visit};
use crate::invite;
use crate::secrets;
use crate::store::{Register, Registered};

/// What a registration's JSON body may say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    /// The client's own password.
    password: Option<String>,
    /// `desktop` or `server`.
    platform: Option<String>,
    /// Names from the price table.
    plugins: Option<Names>,
}

/// Names with commas, or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Names {
    Text(String),
    List(Vec<String>),
}

/// What a registration asks for.
#[derive(Default)]
struct Asked {
    /// The client's own password; none has one generated.
    password: Option<String>,
    platform: Platform,
    plugins: Plugins,
}

/// Registers a client.
///
/// # Errors
/// When the pass key is wrong or registers no more, the client exists, no slot is free, or the password is unfit.
pub async fn register(
    gateway: &Arc<Gateway>,
    line: &Line,
    visit: &Visit,
    body: &mut Incoming,
) -> Result<Answer, Fault> {
    if visit.method != Method::POST {
        return Err(Fault::Method("POST"));
    }
    let pass_key = check_pass_key(gateway, visit)?;
    let mut asked = asked(gateway, visit, body).await?;
    let customer = visit.named.customer.id;
    let most = gateway.settings().connections_per_customer;
    line.belongs_to(customer, &gateway.crowd, most)?;
    let Some(own) = asked.password.take() else {
        let password = secrets::generate().map_err(|error| Fault::Internal(error.to_string()))?;
        let credential = secrets::seal(&password);
        let ask = ask(visit, pass_key, credential, asked, true);
        let (client, status) = match gateway.store.register(ask).await? {
            Registered::New(client) => (client, StatusCode::CREATED),
            Registered::Reissued(client) => (client, StatusCode::OK),
        };
        return Ok(told(gateway, line, visit, (&client, &password), status));
    };
    if let Some(client) = existing(gateway, visit).await? {
        return again(gateway, line, visit, &client, &own).await;
    }
    let credential = gateway.doorkeeper.hash(&own).await?;
    match gateway
        .store
        .register(ask(visit, pass_key, credential, asked, false))
        .await
    {
        Ok(Registered::New(client) | Registered::Reissued(client)) => Ok(told(
            gateway,
            line,
            visit,
            (&client, &own),
            StatusCode::CREATED,
        )),
        // The same registration came twice at once: the loser's password decides like a later repeat's.
        Err(refusal @ Refusal::ClientExists { .. }) => match existing(gateway, visit).await? {
            Some(client) => again(gateway, line, visit, &client, &own).await,
            None => Err(refusal.into()),
        },
        Err(refusal) => Err(refusal.into()),
    }
}

/// The pass key, if it is the customer's and the user is the client's id.
fn check_pass_key(gateway: &Gateway, visit: &Visit) -> Result<String, Fault> {
    let attempt = Attempt {
        source: visit.source,
        customer: visit.named.customer.id,
        client: visit.client(),
    };
    let right = visit.presented.as_ref().filter(|presented| {
        let key = visit.named.customer.pass_key.secret.reveal();
        let same = secrets::same(&presented.password, key);
        same && presented.user == visit.client().as_str() && visit.named.tag.is_none()
    });
    match right {
        Some(presented) => Ok(presented.password.clone()),
        None => Ok(gateway.doorkeeper.fail(attempt, Refusal::BadPassKey)?),
    }
}

/// What the body brings, if it brings anything: JSON, or a password as plain text.
async fn asked(gateway: &Gateway, visit: &Visit, body: &mut Incoming) -> Result<Asked, Fault> {
    let limit = gateway.settings().stalled_body_timeout;
    let collected = tokio::time::timeout(limit, Limited::new(body, MAX_SMALL_BODY).collect());
    let bytes = collected
        .await
        .map_err(|_| Fault::Stalled)?
        .map_err(|_| Fault::Bad(format!("the body is longer than {MAX_SMALL_BODY} bytes")))?
        .to_bytes();
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Fault::Bad("the body is not UTF-8".into()))?
        .trim();
    if text.is_empty() {
        return Ok(Asked::default());
    }
    let json = visit
        .headers
        .get(CONTENT_TYPE)
        .is_some_and(|media| media.as_bytes().starts_with(b"application/json"));
    if !json && !text.starts_with('{') {
        return Ok(Asked {
            password: Some(text.to_owned()),
            ..Asked::default()
        });
    }
    let body: Body = serde_json::from_str(text).map_err(|error| {
        Fault::Bad(format!(
            "the body is not {{\"password\": \"...\", \"platform\": \"...\", \"plugins\": \"...\"}}, each of which may \
             be left out: {error}"
        ))
    })?;
    body.asked(&gateway.store.tree().server.mcal_prices)
}

impl Body {
    /// What it asks for, if there is such a platform and all its plugins have prices.
    fn asked(self, prices: &Prices) -> Result<Asked, Fault> {
        let bad = |error: PriceError| {
            Fault::Bad(match error {
                // What an administrator would do about it is nothing for a client.
                PriceError::Unpriced { plugin, known } => {
                    format!("there is no plugin {plugin}; there is {known}")
                }
                other => other.to_string(),
            })
        };
        let platform = self.platform.map_or(Ok(Platform::default()), |platform| {
            platform.parse().map_err(bad)
        })?;
        let plugins: Plugins = match self.plugins {
            None => Plugins::default(),
            Some(Names::Text(names)) => names.parse().map_err(bad)?,
            Some(Names::List(names)) => names.join(",").parse().map_err(bad)?,
        };
        prices.know(&plugins).map_err(bad)?;
        Ok(Asked {
            password: self.password,
            platform,
            plugins,
        })
    }
}

fn ask(
    visit: &Visit,
    pass_key: String,
    credential: Credential,
    asked: Asked,
    generated: bool,
) -> Register {
    Register {
        customer: visit.named.customer.id,
        pass_key,
        client_id: visit.client().clone(),
        credential,
        generated,
        platform: asked.platform,
        plugins: asked.plugins,
        source: visit.source.to_string(),
    }
}

async fn existing(gateway: &Gateway, visit: &Visit) -> Result<Option<Arc<Client>>, Fault> {
    let state = gateway
        .store
        .client(visit.named.customer.id, visit.client())
        .await
        .map_err(|_| Refusal::StoreUnavailable)?;
    Ok(state.and_then(|state| state.borrow().client.clone()))
}

/// A repeat with the client's own password: the same password is answered again, another one is refused.
async fn again(
    gateway: &Gateway,
    line: &Line,
    visit: &Visit,
    client: &Client,
    own: &str,
) -> Result<Answer, Fault> {
    let refused = Refusal::ClientExists {
        client: client.client_id.to_string(),
    };
    // Only what this pass key made, and only while it is this customer's and alive.
    let repeats = client.customer == visit.named.customer.id
        && client.enrolment == Enrolment::PassKey
        && client.revoked.is_none();
    if !repeats {
        return Err(refused.into());
    }
    // A guess at an existing client's password, charged like any other.
    let attempt = Attempt {
        source: visit.source,
        customer: visit.named.customer.id,
        client: visit.client(),
    };
    gateway
        .doorkeeper
        .limiter()
        .charge(attempt)
        .map_err(|seconds| Refusal::TooManyAttempts { seconds })?;
    if gateway.doorkeeper.opens(client, own).await? {
        return Ok(told(gateway, line, visit, (client, own), StatusCode::OK));
    }
    Ok(gateway.doorkeeper.fail(attempt, refused)?)
}

/// What the client needs to go on. A password that it chose is told back only within the lines for its shell.
fn told(
    gateway: &Gateway,
    line: &Line,
    visit: &Visit,
    (client, password): (&Client, &str),
    status: StatusCode,
) -> Answer {
    let url = address(gateway, line, visit);
    let customer = visit.named.customer.short.as_str();
    let id = client.client_id.as_str();
    let lines = url
        .as_ref()
        .map(|url| invite::lines(url, customer, id, password));
    let plain = visit
        .headers
        .get(ACCEPT)
        .is_some_and(|accept| accept.as_bytes().starts_with(b"text/plain"));
    if plain {
        // Without an address to print, the password must not be lost.
        let lines =
            lines.unwrap_or_else(|| vec![format!("export RESTIC_REST_PASSWORD='{password}'")]);
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        return answer::whole(status, "text/plain; charset=utf-8", text.into_bytes());
    }
    let generated = secrets::is_generated(password).then_some(password);
    let told = serde_json::json!({
        "customer": customer,
        "client": id,
        "created": status == StatusCode::CREATED,
        "platform": client.platform,
        "plugins": client.plugins,
        "password": generated,
        "repository": url.map(|url| invite::repository(&url, customer, id, DEFAULT_SCHEDULE)),
        "env": lines,
    });
    answer::whole(status, "application/json", format!("{told}\n").into_bytes())
}

/// Where the client reaches this server: `public_url`, else what it called us by.
fn address(gateway: &Gateway, line: &Line, visit: &Visit) -> Option<String> {
    let public = &gateway.store.tree().server.public_url;
    if !public.is_empty() {
        return Some(public.clone());
    }
    let host = visit.headers.get(HOST)?.to_str().ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    let scheme = if line.is_tls() { "https" } else { "http" };
    (!host.is_empty() && host.len() <= 255 && host.chars().all(plain))
        .then(|| format!("{scheme}://{host}"))
}
