//! One rule, held against one request. Not here: which rules are for a request, and whether it was here before.

use crate::key::Derivation;
use crate::source::Source;
use crate::template::{Fill, Template};
use crate::{Encoding, Refusal, Request, Unit};
use ed25519_dalek::{Signature, VerifyingKey};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::time::{Duration, SystemTime};
use subtle::{Choice, ConstantTimeEq};

/// A checked rule.
#[derive(Debug)]
pub(crate) struct Rule {
    /// None: all.
    pub(crate) methods: Option<Vec<String>>,
    /// None: the webhook's own.
    pub(crate) secret: Option<String>,
    pub(crate) credential: Source,
    pub(crate) check: Check,
}

#[derive(Debug)]
pub(crate) enum Check {
    SharedSecret,
    Signed(Box<Signed>),
}

#[derive(Debug)]
pub(crate) struct Signed {
    pub(crate) algorithm: Algorithm,
    pub(crate) key: Derivation,
    pub(crate) encoding: Encoding,
    pub(crate) message: Template,
    pub(crate) timestamp: Option<Timestamp>,
    pub(crate) id: Option<Source>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Algorithm {
    HmacSha256,
    Ed25519,
}

#[derive(Debug)]
pub(crate) struct Timestamp {
    pub(crate) source: Source,
    pub(crate) unit: Unit,
    pub(crate) tolerance_ms: u64,
}

/// What a request that passed has shown.
#[derive(Debug, Default)]
pub(crate) struct Proof {
    pub(crate) once: Option<Once>,
    pub(crate) sent_at: Option<SystemTime>,
    pub(crate) id: Option<String>,
}

/// A signature that is good for one time.
#[derive(Debug)]
pub(crate) struct Once {
    /// The bytes, not the text: hex in capitals is the same signature.
    pub(crate) signature: Vec<u8>,
    /// From then on its timestamp alone refuses it; milliseconds since 1970.
    pub(crate) until_ms: u64,
}

impl Rule {
    pub(crate) fn is_for(&self, method: &str) -> bool {
        self.methods.as_ref().is_none_or(|methods| methods.iter().any(|own| own == method))
    }

    /// How messages call the secret.
    pub(crate) fn secret_name(&self) -> String {
        self.secret.as_ref().map_or_else(|| "the webhook's own secret".to_owned(), |name| format!("secret `{name}`"))
    }

    /// The secret is not blank. `now_ms` counts since 1970.
    pub(crate) fn check(&self, request: &Request<'_>, secret: &SecretString, now_ms: u64) -> Result<Proof, Refusal> {
        let texts = self.credential.all(request)?;
        match &self.check {
            Check::SharedSecret if is_any(&texts, secret) => Ok(Proof::default()),
            Check::SharedSecret => Err(Refusal::WrongSignature),
            Check::Signed(signed) => {
                let key = signed.key.key(secret).map_err(|why| self.bad_secret(why))?;
                let verifier = signed.algorithm.verifier(key.expose_secret()).map_err(|why| self.bad_secret(why))?;
                let wanted = signed.algorithm.signature_len();
                let signatures: Vec<Vec<u8>> = texts.iter().filter_map(|text| signed.decode(text, wanted)).collect();
                if signatures.is_empty() {
                    return Err(self.credential.malformed("holds no signature of the right encoding and length"));
                }
                signed.check(request, verifier, signatures, now_ms)
            }
        }
    }

    fn bad_secret(&self, why: &'static str) -> Refusal {
        Refusal::BadSecret { secret: self.secret_name(), why }
    }
}

/// Digests are compared, so that the time tells neither a common beginning nor the length.
fn is_any(texts: &[String], secret: &SecretString) -> bool {
    let wanted = Sha256::digest(secret.expose_secret());
    let equal = |text: &String| Sha256::digest(text).as_slice().ct_eq(wanted.as_slice());
    texts.iter().map(equal).fold(Choice::from(0), |any, one| any | one).into()
}

impl Signed {
    fn decode(&self, text: &str, wanted: usize) -> Option<Vec<u8>> {
        self.encoding.decode(text).filter(|bytes| bytes.len() == wanted)
    }

    /// The signature is checked before the time, so that whoever lacks the key learns nothing of the clock.
    fn check(&self, request: &Request<'_>, verifier: Verifier, signatures: Vec<Vec<u8>>, now_ms: u64) -> Result<Proof, Refusal> {
        if !self.message.has_body() && !request.body.is_empty() {
            return Err(Refusal::Malformed { what: "the body".to_owned(), why: "is not signed, so it must be empty" });
        }
        let time = self.timestamp.as_ref().map(|timestamp| timestamp.read(request)).transpose()?;
        let id = self.id.as_ref().map(|id| id.one(request)).transpose()?;
        let timestamp = time.as_ref().map_or("", |time| time.text.as_str());
        let fill = Fill { request, timestamp, id: id.as_deref().unwrap_or_default() };
        let signature = verifier.find(&self.message.fill(&fill)?, signatures).ok_or(Refusal::WrongSignature)?;
        let Some(time) = time else { return Ok(Proof { id, ..Proof::default() }) };
        time.check(now_ms)?;
        let once = Once { signature, until_ms: time.at_ms.saturating_add(time.tolerance_ms) };
        Ok(Proof { once: Some(once), sent_at: SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(time.at_ms)), id })
    }
}

impl Algorithm {
    /// In bytes.
    fn signature_len(self) -> usize {
        match self {
            Self::HmacSha256 => 32,
            Self::Ed25519 => ed25519_dalek::SIGNATURE_LENGTH,
        }
    }

    fn verifier(self, key: &[u8]) -> Result<Verifier, &'static str> {
        match self {
            Self::HmacSha256 => Hmac::new_from_slice(key).map(Verifier::HmacSha256).map_err(|_| "it is too long"),
            Self::Ed25519 => {
                let key = VerifyingKey::try_from(key).map_err(|_| "it is no Ed25519 public key")?;
                // With a key of small order a signature says nothing about who made it.
                if key.is_weak() { Err("it is a weak Ed25519 public key") } else { Ok(Verifier::Ed25519(key)) }
            }
        }
    }
}

/// An algorithm with its key.
enum Verifier {
    HmacSha256(Hmac<Sha256>),
    Ed25519(VerifyingKey),
}

impl Verifier {
    /// The signature that is one of the message. A message comes in pieces.
    fn find(self, message: &[&[u8]], signatures: Vec<Vec<u8>>) -> Option<Vec<u8>> {
        match self {
            Self::HmacSha256(mut mac) => {
                message.iter().for_each(|piece| mac.update(piece));
                let wanted = mac.finalize().into_bytes();
                signatures.into_iter().find(|signature| wanted.as_slice().ct_eq(signature).into())
            }
            Self::Ed25519(key) => {
                let message = message.concat();
                let is_of_key = |signature: &Vec<u8>| {
                    Signature::from_slice(signature).is_ok_and(|signature| key.verify_strict(&message, &signature).is_ok())
                };
                signatures.into_iter().find(is_of_key)
            }
        }
    }
}

/// When a request says that it was signed.
struct Time {
    text: String,
    at_ms: u64,
    tolerance_ms: u64,
}

impl Timestamp {
    fn read(&self, request: &Request<'_>) -> Result<Time, Refusal> {
        let text = self.source.one(request)?;
        // Stricter than `parse`, which takes `+1` and `007`: a time is to have one spelling.
        let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
        let number = text.parse::<u64>().ok().filter(|_| plain);
        let at_ms = number.and_then(|number| match self.unit {
            Unit::Seconds => number.checked_mul(1000),
            Unit::Milliseconds => Some(number),
        });
        let at_ms = at_ms.ok_or_else(|| self.source.malformed("is no timestamp"))?;
        Ok(Time { text, at_ms, tolerance_ms: self.tolerance_ms })
    }
}

impl Time {
    fn check(&self, now_ms: u64) -> Result<(), Refusal> {
        let (age, ahead) = (now_ms.saturating_sub(self.at_ms), self.at_ms.saturating_sub(now_ms));
        if age > self.tolerance_ms {
            return Err(Refusal::TooOld { age_s: age / 1000 });
        }
        if ahead > self.tolerance_ms {
            return Err(Refusal::FromTheFuture { ahead_s: ahead / 1000 });
        }
        Ok(())
    }
}
