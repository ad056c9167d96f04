//! Which model providers there are: the list behind `wingman init`, `GET /api/providers` and the factory.

/// A provider that is known by name. Any other name works too, as an OpenAI-compatible server, once it has a base URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provider {
    /// The part of a model's name before the colon.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// Where it is reached unless configured otherwise; none where nothing is reached.
    pub base_url: Option<&'static str>,
    /// The environment variable that holds its API key unless configured otherwise; none where no key is needed.
    pub key_variable: Option<&'static str>,
    /// A model to begin with, without the provider's name.
    pub example_model: &'static str,
    pub(crate) api: Api,
}

/// How a provider is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    Demo,
    OpenAi,
    Anthropic,
    Gemini,
    Ollama,
    OpenRouter,
    Xai,
    /// OpenAI's chat completions, by someone else.
    Compatible,
}

const PROVIDERS: &[Provider] = &[
    Provider {
        name: "demo",
        title: "Built-in demo (no AI)",
        base_url: None,
        key_variable: None,
        example_model: "echo",
        api: Api::Demo,
    },
    Provider {
        name: "openai",
        title: "OpenAI",
        base_url: Some("https://api.openai.com/v1"),
        key_variable: Some("OPENAI_API_KEY"),
        example_model: "gpt-5.2",
        api: Api::OpenAi,
    },
    Provider {
        name: "anthropic",
        title: "Anthropic",
        base_url: Some("https://api.anthropic.com"),
        key_variable: Some("ANTHROPIC_API_KEY"),
        example_model: "claude-sonnet-4-6",
        api: Api::Anthropic,
    },
    Provider {
        name: "gemini",
        title: "Google Gemini",
        base_url: Some("https://generativelanguage.googleapis.com"),
        key_variable: Some("GEMINI_API_KEY"),
        example_model: "gemini-2.5-flash",
        api: Api::Gemini,
    },
    Provider {
        name: "ollama",
        title: "Ollama (local)",
        base_url: Some("http://127.0.0.1:11434"),
        key_variable: None,
        example_model: "llama3.2",
        api: Api::Ollama,
    },
    Provider {
        name: "openrouter",
        title: "OpenRouter",
        base_url: Some("https://openrouter.ai/api/v1"),
        key_variable: Some("OPENROUTER_API_KEY"),
        example_model: "openai/gpt-5.2",
        api: Api::OpenRouter,
    },
    Provider {
        name: "xai",
        title: "xAI",
        base_url: Some("https://api.x.ai/v1"),
        key_variable: Some("XAI_API_KEY"),
        example_model: "grok-4",
        api: Api::Xai,
    },
    Provider {
        name: "lmstudio",
        title: "LM Studio (local)",
        base_url: Some("http://127.0.0.1:1234/v1"),
        key_variable: None,
        example_model: "openai/gpt-oss-20b",
        api: Api::Compatible,
    },
];

/// The providers that are known by name, the demo first.
#[must_use]
pub fn providers() -> &'static [Provider] {
    PROVIDERS
}

/// The provider that is known by `name`.
pub(crate) fn known(name: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|provider| provider.name == name)
}
