//! Whether a key is right, asked of the provider without asking a model.

use crate::model_server::{ModelServer, Reply};
use crate::support::{patient, settings_at};
use wingman_agent::{KeyError, ModelFactory, ProviderSettings};

async fn check(server: &ModelServer, provider: &str, path: &str) -> Result<(), KeyError> {
    let settings = settings_at(format!("{}{path}", server.url()));
    ModelFactory::new(patient()).unwrap().check_key(provider, &settings).await
}

#[tokio::test]
async fn each_provider_is_asked_in_its_own_way_and_with_its_own_header() {
    let server = ModelServer::start(vec![Reply::status("200 OK", "", "{}")]).await.unwrap();
    let bearer = ("authorization", "Bearer sk-test-0123456789");
    let cases = [
        ("openai", "/v1", "/v1/models", bearer),
        ("my-server", "/v1", "/v1/models", bearer),
        ("lmstudio", "/v1", "/v1/models", bearer),
        ("openrouter", "/api/v1", "/api/v1/key", bearer),
        ("xai", "/v1", "/v1/models", bearer),
        ("anthropic", "", "/v1/models?limit=1", ("x-api-key", "sk-test-0123456789")),
        ("gemini", "", "/v1beta/models?pageSize=1", ("x-goog-api-key", "sk-test-0123456789")),
        ("ollama", "", "/api/version", bearer),
    ];
    for (number, (provider, base, path, (header, key))) in cases.into_iter().enumerate() {
        check(&server, provider, base).await.unwrap();
        let asked = &server.asked()[number];
        assert_eq!((asked.path.as_str(), asked.header(header)), (path, Some(key)), "{provider}");
    }
    ModelFactory::new(patient()).unwrap().check_key("demo", &ProviderSettings::default()).await.unwrap();
}

#[tokio::test]
async fn a_refused_key_is_told_from_a_provider_that_cannot_be_asked() {
    let refused = r#"{"error":{"message":"Incorrect API key provided: sk-test-0123456789"}}"#;
    let server = ModelServer::start(vec![
        Reply::status("401 Unauthorized", "", refused),
        Reply::status("503 Service Unavailable", "", "{}"),
        Reply::nothing(),
    ])
    .await
    .unwrap();
    let told = check(&server, "openai", "/v1").await.unwrap_err();
    assert!(matches!(told, KeyError::Refused { .. }), "{told:?}");
    let told = told.to_string();
    assert!(told.contains("Incorrect API key provided: [the API key]") && !told.contains("sk-test"), "{told}");
    for _ in 0..2 {
        let told = check(&server, "openai", "/v1").await.unwrap_err();
        assert!(matches!(told, KeyError::NotAsked { .. }), "{told:?}");
    }
    let gemini = ModelServer::start(vec![Reply::status("400 Bad Request", "", r#"{"error":{"message":"API key not valid"}}"#)]);
    let told = check(&gemini.await.unwrap(), "gemini", "").await.unwrap_err();
    assert!(matches!(told, KeyError::Refused { .. }), "{told:?}");
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_told_before_anyone_is_asked() {
    let told = ModelFactory::new(patient()).unwrap().check_key("openai", &ProviderSettings::default()).await.unwrap_err();
    assert!(told.to_string().contains("wingman provider login openai"), "{told}");
}
