//! An agent's run on a terminal: Markdown as it comes, tools as cards, questions. What is decided here is pure ([`view`],
//! [`markdown`], [`question`]); [`screen`] and [`keyboard`] touch the terminal. Nothing that a model, a tool or a stranger wrote
//! reaches it but through [`clean`].

pub(crate) mod card;
pub(crate) mod clean;
pub(crate) mod keyboard;
pub(crate) mod markdown;
pub(crate) mod question;
pub(crate) mod screen;
pub(crate) mod view;
