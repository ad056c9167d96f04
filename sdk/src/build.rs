//! Builders: a message starts with what it must have and takes on what it happens to have.

use crate::{
    Attachment, ContentSource, HttpResponse, Inbound, InboundKind, Peer, PeerKind, Place, Polled, Received, Sender, ToolOutput,
    ToolSpec,
};

impl Inbound {
    /// A message with the network's own id and its text. It is addressed to the agent until [`Inbound::overheard`] says
    /// otherwise.
    pub fn new(id: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            kind: InboundKind::Message,
            place: Place::default(),
            sender: None,
            text: text.into(),
            attachments: Vec::new(),
            mentioned: true,
            reply_to: None,
            sent_at: None,
            facts: Vec::new(),
            context: None,
        }
    }

    /// Where it was said.
    pub fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    /// Who said it.
    pub fn from_sender(mut self, sender: Sender) -> Self {
        self.sender = Some(sender);
        self
    }

    /// When it was said, in milliseconds since the Unix epoch; none when the network does not tell.
    pub fn sent_at(mut self, millis: Option<u64>) -> Self {
        self.sent_at = millis;
        self
    }

    /// The network's id of the message that it answers.
    pub fn replying_to(mut self, id: impl Into<String>) -> Self {
        self.reply_to = Some(id.into());
        self
    }

    /// Nobody addressed the agent: context, not a request.
    pub fn overheard(mut self) -> Self {
        self.mentioned = false;
        self
    }

    /// Adds a file.
    pub fn with_attachment(mut self, attachment: Attachment) -> Self {
        self.attachments.push(attachment);
        self
    }

    /// Adds a fact, unless it is empty.
    pub fn with_fact(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let value = value.into();
        if !value.is_empty() {
            self.facts.push((name.into(), value));
        }
        self
    }

    /// What the plugin needs in order to answer exactly this message.
    pub fn with_context(mut self, context: impl Into<String>) -> Self {
        self.context = Some(context.into());
        self
    }
}

#[allow(clippy::derivable_impls, reason = "the type is generated")]
impl Default for Place {
    fn default() -> Self {
        Self { account: None, guild: None, team: None, peer: None, thread: None }
    }
}

impl Peer {
    /// A conversation with one person.
    pub fn dm(id: impl Into<String>) -> Self {
        Self { kind: PeerKind::Dm, id: id.into() }
    }

    /// A closed circle.
    pub fn group(id: impl Into<String>) -> Self {
        Self { kind: PeerKind::Group, id: id.into() }
    }

    /// An open place.
    pub fn channel(id: impl Into<String>) -> Self {
        Self { kind: PeerKind::Channel, id: id.into() }
    }
}

impl Sender {
    /// A person.
    pub fn person(id: impl Into<String>) -> Self {
        Self { id: id.into(), name: None, is_bot: false }
    }

    /// A program.
    pub fn bot(id: impl Into<String>) -> Self {
        Self { id: id.into(), name: None, is_bot: true }
    }

    /// Adds a name to show.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }
}

impl Attachment {
    /// A file of this media type; its name and size are set where they are known.
    pub fn new(media_type: impl Into<String>, source: ContentSource) -> Self {
        Self { name: None, media_type: media_type.into(), size: None, source }
    }
}

impl Received {
    /// Answers and hands over messages.
    pub fn new(reply: HttpResponse, messages: Vec<Inbound>) -> Self {
        Self { reply, messages }
    }

    /// Answers and has nothing to hand over.
    pub fn reply(reply: HttpResponse) -> Self {
        Self { reply, messages: Vec::new() }
    }
}

impl Polled {
    /// Messages and where to go on; none keeps the old place. Asks again at once, as after a long poll.
    pub fn new(messages: Vec<Inbound>, cursor: Option<String>) -> Self {
        Self { messages, cursor, wait_ms: 0 }
    }

    /// Waits so many milliseconds before asking again.
    pub fn wait(mut self, millis: u32) -> Self {
        self.wait_ms = millis;
        self
    }
}

impl ToolSpec {
    /// A tool with its name (`[a-z0-9_-]`, up to 64), what it does and when to use it, and a JSON Schema of its input.
    pub fn new(name: impl Into<String>, description: impl Into<String>, input_schema: impl std::fmt::Display) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
            input_schema: input_schema.to_string(),
            read_only: false,
            idempotent: false,
        }
    }

    /// It changes nothing, and so it may be called again.
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self.idempotent()
    }

    /// Calling it twice with the same input is the same as calling it once.
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }
}

impl ToolOutput {
    /// An output that is text alone.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), data: None, attachments: Vec::new() }
    }

    /// Adds JSON for programs.
    pub fn with_data(mut self, data: impl std::fmt::Display) -> Self {
        self.data = Some(data.to_string());
        self
    }
}
