//! What agents write, in what networks show.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use proptest::prelude::*;
use wingman_sdk::markup::Markup::{self, Html, Markdown, Mrkdwn, Plain};

const REPLY: &str = "# The *plan*\n\nFirst **this**:\n\n1. one\n2. two\n   - deep & `down`\n\n> quoted\n> twice\n\n```rs\nif a < b {}\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n~~old~~ <https://x.yz/?a=1&b=2>\n\n- [x] done";

#[test]
fn a_whole_reply() {
    assert_eq!(
        Plain.render(REPLY),
        "The plan\n\nFirst this:\n\n1. one\n2. two\n   • deep & down\n\n> quoted\n> twice\n\nif a < b {}\n\na | b\n1 | 2\n\nold https://x.yz/?a=1&b=2\n\n• ☑ done"
    );
    assert_eq!(
        Mrkdwn.render(REPLY),
        "*The _plan_*\n\nFirst *this*:\n\n1. one\n2. two\n   • deep &amp; `down`\n\n> quoted\n> twice\n\n```\nif a &lt; b {}\n```\n\na | b\n1 | 2\n\n~old~ <https://x.yz/?a=1&amp;b=2>\n\n• ☑ done"
    );
    assert_eq!(
        Html.render(REPLY),
        "<b>The <i>plan</i></b>\n\nFirst <b>this</b>:\n\n1. one\n2. two\n   • deep &amp; <code>down</code>\n\n<blockquote>quoted\ntwice</blockquote>\n\n<pre><code class=\"language-rs\">if a &lt; b {}</code></pre>\n\na | b\n1 | 2\n\n<s>old</s> <a href=\"https://x.yz/?a=1&amp;b=2\">https://x.yz/?a=1&amp;b=2</a>\n\n• ☑ done"
    );
}

#[test]
fn nothing_that_somebody_writes_becomes_a_tag_or_a_mention() {
    assert_eq!(Html.render("<script>x</script> \"&\" <b>"), "&lt;script&gt;x&lt;/script&gt; &quot;&amp;&quot; &lt;b&gt;");
    assert_eq!(Html.render("[x](https://a.b/\"onclick=\"y)"), "<a href=\"https://a.b/&quot;onclick=&quot;y\">x</a>");
    assert_eq!(Html.render("[x](javascript:alert)"), "x");
    assert_eq!(Mrkdwn.render("hello \\<!channel>"), "hello &lt;!channel&gt;");
    assert_eq!(Mrkdwn.render("[a](<https://x.yz/a|b>)"), "<https://x.yz/a%7Cb|a>");
}

#[test]
fn a_name_is_shown_as_it_is() {
    let name = "<b> *Ada* & co";
    assert_eq!(Html.escape(name), "&lt;b&gt; *Ada* &amp; co");
    assert_eq!(Mrkdwn.escape(name), "&lt;b&gt; *Ada* &amp; co");
    assert_eq!(Plain.render(&Markdown.escape(name)), name);
}

#[test]
fn an_image_is_a_link_and_an_address_is_not_said_twice() {
    assert_eq!(Plain.render("![a cat](https://x.yz/cat.png)"), "a cat (https://x.yz/cat.png)");
    assert_eq!(Plain.render("<me@x.yz>"), "me@x.yz");
    assert_eq!(Mrkdwn.render("![](https://x.yz/cat.png)"), "<https://x.yz/cat.png>");
}

/// Tags are opened and closed in order, and nothing else looks like one.
fn is_well_formed(html: &str) -> bool {
    let mut open = Vec::new();
    for piece in html.split('<').skip(1) {
        let Some((tag, text)) = piece.split_once('>') else { return false };
        if text.contains('>') {
            return false;
        }
        match tag.strip_prefix('/') {
            Some(name) if open.pop() != Some(name.to_owned()) => return false,
            Some(_) => {}
            None => open.push(tag.split(' ').next().unwrap_or("").to_owned()),
        }
    }
    open.is_empty()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn html_is_always_well_formed(text in "([a-z]{1,3}|[*_~`<>&\\[\\]()!#|\\-1. \n\"\\\\]|https://a\\.b|\\*\\*|```){0,40}") {
        let html = Html.render(&text);
        prop_assert!(is_well_formed(&html), "{html}");
    }

    #[test]
    fn nothing_makes_it_panic(text in "\\PC{0,80}") {
        for markup in [Markup::Plain, Markup::Html, Markup::Mrkdwn] {
            let _ = markup.render(&text);
        }
    }

    #[test]
    fn escaped_markdown_says_the_text(text in "[!-~]{1,30}") {
        prop_assert_eq!(Plain.render(&Markdown.escape(&text)), text);
    }
}
