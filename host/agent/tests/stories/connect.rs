//! From a configured name to a model: what works, and what the operator is told where it does not.

use wingman_agent::{ConnectError, Limits, ModelFactory, ProviderSettings, provider_of, providers};

fn connect(model: &str, base_url: Option<&str>, key: Option<&str>) -> Result<String, ConnectError> {
    let settings =
        ProviderSettings { base_url: base_url.map(str::to_owned), api_key: key.map(Into::into), ..ProviderSettings::default() };
    let model = ModelFactory::new(Limits::default())?.connect(model, &settings)?;
    Ok(model.info().name.clone())
}

fn refused(model: &str, base_url: Option<&str>, key: Option<&str>) -> String {
    connect(model, base_url, key).expect_err("it connected").to_string()
}

#[test]
fn every_listed_provider_connects_with_its_example() {
    for provider in providers() {
        let model = format!("{}:{}", provider.name, provider.example_model);
        assert_eq!(connect(&model, None, Some("sk-0123456789")).unwrap(), model);
        assert_eq!(provider_of(&model).unwrap(), provider.name);
    }
}

#[test]
fn keys_are_wanted_where_they_are_needed() {
    let told = refused("openai:gpt-5.2", None, None);
    assert!(told.contains("OPENAI_API_KEY") && told.contains("providers.openai.apiKeyEnv"), "{told}");
    assert!(refused("anthropic:claude", None, Some("  ")).contains("ANTHROPIC_API_KEY"));
    assert!(connect("ollama:llama3.2:3b", None, None).is_ok());
    assert!(connect("openai:local", Some("http://127.0.0.1:9999/v1"), None).is_ok(), "a server of one's own may want no key");
    let told = refused("openai:gpt-5.2", None, Some("sk-one\nsk-two"));
    assert!(told.contains("line break") && !told.contains("sk-one"), "{told}");
}

#[test]
fn unknown_providers_need_an_address_or_a_better_name() {
    let told = refused("opnai:gpt-5.2", None, Some("sk-0123456789"));
    assert!(told.contains("did you mean `openai`?") && told.contains("providers.opnai.baseUrl"), "{told}");
    let told = refused("zebra:x", None, None);
    assert!(told.contains("demo, openai, anthropic, gemini, ollama"), "{told}");
    assert!(connect("zebra:x", Some("http://127.0.0.1:9999/v1"), None).is_ok());
}

#[test]
fn names_and_addresses_that_cannot_be_used_say_why() {
    for name in ["gpt-5.2", ":x", "openai:", "openai: ", ""] {
        assert!(refused(name, None, None).contains("provider:model-name"), "{name}");
    }
    assert!(refused("demo:hal", None, None).contains("demo:echo"));
    assert!(refused("openai:m", Some("127.0.0.1:9999"), None).contains("cannot be used"));
    assert!(refused("openai:m", Some("ftp://host/v1"), None).contains("http:// or https://"));
    assert!(refused("openai:m", Some("http://host/v1?key=1"), None).contains("before any `?`"));
    let told = refused("openai:m", Some("http://me:secret@host/v1"), None);
    assert!(told.contains("environment variable") && !told.contains("secret"), "{told}");
}
