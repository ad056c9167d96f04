//! Lists that a network hands out page by page.

use crate::Result;

/// One page: what is on it, and the cursor of the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on this page.
    pub items: Vec<T>,
    /// The cursor of the next page. None or empty: this was the last.
    pub next: Option<String>,
}

/// The items of all pages, fetched as they are asked for.
///
/// It ends after the last page, after `bound` pages, after an error, and when a network answers with the cursor it was
/// asked for: a mistake of the other side must not become an endless loop of ours.
///
/// ```
/// use wingman_sdk::page::{Page, items};
///
/// let fetch = |cursor: Option<&str>| match cursor {
///     None => Ok(Page { items: vec!["hall", "cellar"], next: Some("2".to_owned()) }),
///     Some(_) => Ok(Page { items: vec!["attic"], next: None }),
/// };
/// let rooms: wingman_sdk::Result<Vec<_>> = items(10, fetch).collect();
/// assert_eq!(rooms.unwrap(), ["hall", "cellar", "attic"]);
/// ```
pub fn items<T, F>(bound: usize, fetch: F) -> impl Iterator<Item = Result<T>>
where
    F: FnMut(Option<&str>) -> Result<Page<T>>,
{
    Pages { left: bound, cursor: None, fetch }.flat_map(|page| match page {
        Ok(items) => items.into_iter().map(Ok).collect::<Vec<_>>(),
        Err(error) => vec![Err(error)],
    })
}

struct Pages<F> {
    left: usize,
    cursor: Option<String>,
    fetch: F,
}

impl<T, F: FnMut(Option<&str>) -> Result<Page<T>>> Iterator for Pages<F> {
    type Item = Result<Vec<T>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let page = (self.fetch)(self.cursor.as_deref());
        let next = page.as_ref().ok().and_then(|page| page.next.clone()).filter(|next| !next.is_empty());
        if next.is_none() || next == self.cursor {
            self.left = 0;
        }
        self.cursor = next;
        Some(page.map(|page| page.items))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PluginError;

    #[test]
    fn a_network_that_never_ends_is_left_after_the_bound() {
        let mut asked = 0;
        let count = items(3, |cursor| {
            asked += 1;
            let next = cursor.map_or(1, |cursor| cursor.parse::<u32>().unwrap() + 1);
            Ok(Page { items: vec![()], next: Some(next.to_string()) })
        })
        .count();
        assert_eq!((count, asked), (3, 3));
    }

    #[test]
    fn the_same_cursor_again_is_the_end() {
        let pages = items(100, |_| Ok(Page { items: vec![1], next: Some("x".to_owned()) }));
        assert_eq!(pages.count(), 2);
    }

    #[test]
    fn an_error_ends_the_list_and_is_told() {
        let fetch = |cursor: Option<&str>| match cursor {
            None => Ok(Page { items: vec![1], next: Some("2".to_owned()) }),
            Some(_) => Err(PluginError::temporary("down")),
        };
        let all: Vec<_> = items(9, fetch).collect();
        assert_eq!(all, [Ok(1), Err(PluginError::temporary("down"))]);
    }
}
