//! Compiled code on disk: made once, checked each time, never in the way.

use crate::support::{Folder, normalize, status};
use std::fs;
use std::path::PathBuf;
use wingman_message::PluginState;
use wingman_plugin::PluginHost;

const COUNTER: &str = include_str!("wat/counter.wat");

fn entries(folder: &Folder) -> Vec<PathBuf> {
    fs::read_dir(folder.cache()).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn cached(host: &PluginHost) -> Vec<bool> {
    host.load_reports().iter().map(|report| report.cached).collect()
}

#[tokio::test]
async fn the_second_start_compiles_nothing() {
    let folder = Folder::new();
    folder.preset("counter", COUNTER, "");
    assert_eq!(cached(&folder.open().await), [false]);
    assert_eq!(entries(&folder).len(), 1);
    let host = folder.open().await;
    assert_eq!(cached(&host), [true]);
    assert_eq!(normalize(&host, "counter", "").await.unwrap()[0].id, "1");
}

#[tokio::test]
async fn a_corrupt_entry_is_thrown_away_and_made_again() {
    let folder = Folder::new();
    folder.preset("counter", COUNTER, "");
    folder.open().await;
    let entry = entries(&folder).pop().unwrap();
    let good = fs::read(&entry).unwrap();
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x40;
    for corrupt in [flipped, good[..good.len() / 2].to_vec(), b"garbage".to_vec(), Vec::new()] {
        fs::write(&entry, corrupt).unwrap();
        let host = folder.open().await;
        assert_eq!(cached(&host), [false]);
        assert_eq!(normalize(&host, "counter", "").await.unwrap()[0].id, "1");
        assert_eq!(fs::read(&entry).unwrap().len(), good.len());
    }
    assert_eq!(cached(&folder.open().await), [true]);
}

#[tokio::test]
async fn an_entry_of_another_component_is_not_taken_for_this_one() {
    let folder = Folder::new();
    folder.preset("counter", COUNTER, "");
    folder.open().await;
    let counter = entries(&folder).pop().unwrap();
    let code = fs::read(&counter).unwrap();
    fs::remove_dir_all(folder.plugins()).unwrap();
    folder.preset("moody", include_str!("wat/moody.wat"), "");
    folder.open().await;
    let moody = entries(&folder).pop().unwrap();
    assert_ne!(counter, moody, "code that nobody uses is removed");
    fs::write(&moody, code).unwrap();
    let host = folder.open().await;
    assert_eq!(cached(&host), [false]);
    assert_eq!(normalize(&host, "moody", "").await, Ok(Vec::new()));
}

#[tokio::test]
async fn a_cache_that_cannot_be_used_stops_nothing() {
    let folder = Folder::new();
    folder.preset("counter", COUNTER, "");
    fs::write(folder.cache(), "a file where the folder should be").unwrap();
    let host = folder.open().await;
    assert_eq!((status(&host, "counter").state, cached(&host)), (PluginState::Ready, vec![false]));
}
