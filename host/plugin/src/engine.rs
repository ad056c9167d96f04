//! The one WebAssembly engine of the gateway, and the thread that makes its time pass.

use crate::config::Slots;
use crate::error::OpenError;
use crate::limits::{CORE_INSTANCES, MEMORIES, TABLE_ELEMENTS, TABLES};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::thread::JoinHandle;
use std::time::Duration;
use wasmtime::{Config, Enabled, Engine, OptLevel, PoolingAllocationConfig};
use wingman_manifest::Limits;

/// How long a guest computes before somebody else gets a chance; also how exact deadlines are.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// Loading a plugin starts an instance too, outside of the slots for calls.
const SPARE_SLOTS: u32 = 2;

/// An engine with a pool where the machine grants the addresses for one, without a pool otherwise.
pub(crate) fn open(slots: &Slots) -> Result<Engine, OpenError> {
    if slots.pooled {
        let mut config = common();
        config.allocation_strategy(pool(slots.total.saturating_add(slots.actors).saturating_add(SPARE_SLOTS)));
        match Engine::new(&config) {
            Ok(engine) => return Ok(engine),
            Err(error) => tracing::info!(%error, "no address space for a pool of plugin instances; making them one by one"),
        }
    }
    let mut config = common();
    // A machine that is short of addresses has none to spare for the usual 4 GiB a memory either.
    config.memory_reservation(Limits::MAX.memory_bytes() as u64).memory_guard_size(64 * 1024).memory_may_move(false);
    Engine::new(&config).map_err(|error| OpenError::Engine(format!("{error:#}")))
}

fn common() -> Config {
    let mut config = Config::new();
    config.cranelift_opt_level(OptLevel::Speed);
    config.epoch_interruption(true);
    // The contract has plain functions only, and the machinery for concurrent guests costs every call.
    config.concurrency_support(false);
    // It serves backtraces with line numbers, which nobody prints here.
    config.generate_address_map(false);
    config
}

fn pool(slots: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots);
    pool.total_stacks(slots);
    pool.total_core_instances(slots.saturating_mul(CORE_INSTANCES));
    pool.max_core_instances_per_component(CORE_INSTANCES);
    pool.total_memories(slots.saturating_mul(MEMORIES));
    pool.max_memories_per_component(MEMORIES);
    pool.max_memory_size(Limits::MAX.memory_bytes());
    pool.total_tables(slots.saturating_mul(TABLES));
    pool.max_tables_per_component(TABLES);
    pool.table_elements(TABLE_ELEMENTS);
    // Pages that a slot keeps between calls: resetting them is cheaper than faulting them in again.
    pool.linear_memory_keep_resident(256 * 1024);
    pool.table_keep_resident(16 * 1024);
    pool.async_stack_keep_resident(32 * 1024);
    pool.pagemap_scan(Enabled::Auto);
    pool
}

/// Names the kind of native code that `engine` makes and takes: equal names, exchangeable code.
pub(crate) fn compatibility(engine: &Engine) -> String {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Starts the thread that advances the engine's epoch each [`TICK`]. It ends by itself once the engine is gone.
pub(crate) fn start_ticker(engine: &Engine) -> std::io::Result<JoinHandle<()>> {
    let weak = engine.weak();
    std::thread::Builder::new().name("plugin-ticker".to_owned()).spawn(move || {
        loop {
            std::thread::sleep(TICK);
            match weak.upgrade() {
                Some(engine) => engine.increment_epoch(),
                None => return,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ticker_ends_with_its_engine() {
        let engine = open(&Slots::default()).unwrap();
        let ticker = start_ticker(&engine).unwrap();
        drop(engine);
        ticker.join().unwrap();
    }

    #[test]
    fn code_of_another_configuration_has_another_name() {
        let pooled = open(&Slots::default()).unwrap();
        let single = open(&Slots { pooled: false, ..Slots::default() }).unwrap();
        assert_eq!(compatibility(&pooled), compatibility(&open(&Slots::default()).unwrap()));
        assert_ne!(compatibility(&pooled), compatibility(&single));
    }
}
