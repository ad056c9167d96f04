//! What thinks: the steps of a run, the tools that are built in, and the models behind both.
//!
//! [`Agent`] implements the gateway's `AgentRuntime` port over any `Model` and any `Tool`s. [`ModelFactory`] makes models:
//! the built-in demo, and the providers that [`providers`] lists. Provider names live here and nowhere else in the gateway.
//! Nothing here stores, routes or delivers, and nothing here owns a session: a step depends on the entries it is given.

#![forbid(unsafe_code)]

mod agent;
mod ask_user;
mod attachment;
mod context;
mod conversation;
mod current_time;
mod delegate;
mod demo;
mod ending;
mod factory;
mod failure;
mod http;
mod input_check;
mod key_check;
mod memory;
mod price;
mod provider;
mod provider_model;
mod react;
mod replay;
mod request;
mod resilient;
mod toolbox;
mod untrusted;

pub use agent::{Agent, AgentSpec, ToolFilter};
pub use ask_user::AskUser;
pub use context::ContextSettings;
pub use current_time::CurrentTime;
pub use demo::DemoModel;
pub use factory::{ConnectError, ModelFactory, ProviderSettings, provider_of};
pub use http::Limits;
pub use key_check::KeyError;
pub use memory::MemoryTool;
pub use price::Price;
pub use provider::{Provider, providers};
pub use react::React;
pub use resilient::{Resilient, RetryPolicy};
