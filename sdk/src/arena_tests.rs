//! The heap against a model that remembers every live block: blocks are aligned, apart from each other, and keep what was written.

use super::{GRAIN, Heap, class_of};
use proptest::prelude::*;
use std::alloc::Layout;

/// Ranges for a heap, each freed at the end.
#[derive(Default)]
struct Ranges(Vec<Vec<u8>>);

impl Ranges {
    fn grow(&mut self, room: usize) -> Option<(*mut u8, *mut u8)> {
        let mut range = vec![0; room.max(4096)];
        let bounds = range.as_mut_ptr_range();
        self.0.push(range);
        Some((bounds.start, bounds.end))
    }
}

struct Live {
    at: *mut u8,
    layout: Layout,
    mark: u8,
}

impl Live {
    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the heap gave this block out for this layout.
        unsafe { std::slice::from_raw_parts_mut(self.at, self.layout.size()) }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Alloc { size: usize, align: u32 },
    Free(prop::sample::Index),
    Resize(prop::sample::Index, usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let size = prop_oneof![4 => 1usize..200, 1 => 200usize..20_000];
    let step = prop_oneof![
        3 => (size.clone(), 0u32..8).prop_map(|(size, align)| Step::Alloc { size, align }),
        2 => any::<prop::sample::Index>().prop_map(Step::Free),
        1 => (any::<prop::sample::Index>(), size).prop_map(|(index, size)| Step::Resize(index, size)),
    ];
    prop::collection::vec(step, 1..200)
}

fn check(live: &mut [Live]) -> Result<(), TestCaseError> {
    live.sort_by_key(|block| block.at.addr());
    for pair in live.windows(2) {
        prop_assert!(pair[0].at.addr() + pair[0].layout.size() <= pair[1].at.addr(), "two blocks overlap");
    }
    for block in live {
        let mark = block.mark;
        prop_assert!(block.at.addr().is_multiple_of(block.layout.align()), "a block is not aligned");
        prop_assert!(block.bytes().iter().all(|byte| *byte == mark), "a block lost its content");
    }
    Ok(())
}

proptest! {
    #[test]
    fn blocks_are_aligned_apart_and_keep_their_content(steps in steps()) {
        let mut ranges = Ranges::default();
        let mut heap = Heap::new();
        let mut live: Vec<Live> = Vec::new();
        for (count, step) in steps.into_iter().enumerate() {
            match step {
                Step::Alloc { size, align } => {
                    let layout = Layout::from_size_align(size, 1 << align).unwrap();
                    // SAFETY: the ranges outlive the heap.
                    let at = unsafe { heap.alloc(layout, |room| ranges.grow(room)) };
                    prop_assert!(!at.is_null());
                    let mut block = Live { at, layout, mark: count as u8 };
                    let mark = block.mark;
                    block.bytes().fill(mark);
                    live.push(block);
                }
                Step::Free(index) if !live.is_empty() => {
                    let block = live.swap_remove(index.index(live.len()));
                    // SAFETY: the model knows that it is live, and forgot it.
                    unsafe { heap.dealloc(block.at, block.layout.size()) };
                }
                Step::Resize(index, size) if !live.is_empty() => {
                    let index = index.index(live.len());
                    let block = &mut live[index];
                    if heap.resize(block.at, block.layout.size(), size) {
                        let kept = block.layout.size().min(size);
                        block.layout = Layout::from_size_align(size, block.layout.align()).unwrap();
                        let mark = block.mark;
                        block.bytes()[kept..].fill(mark);
                    }
                }
                Step::Free(_) | Step::Resize(..) => {}
            }
            if count % 8 == 0 {
                check(&mut live)?;
            }
        }
        check(&mut live)?;
    }

    #[test]
    fn a_class_holds_its_sizes_and_wastes_at_most_a_quarter(size in 1usize..1 << 40) {
        let (class, rounded) = class_of(size).unwrap();
        prop_assert!(rounded >= size && rounded.is_multiple_of(GRAIN));
        prop_assert!(rounded <= size + size / 4 + GRAIN);
        // Every size of a class has the same block size, or a block that comes back would be taken for a longer one.
        prop_assert_eq!(class_of(rounded), Some((class, rounded)));
        prop_assert_ne!(class_of(rounded + 1).unwrap().0, class);
    }
}

#[test]
fn what_is_freed_is_used_again() {
    let mut ranges = Ranges::default();
    let mut heap = Heap::new();
    let small = Layout::from_size_align(100, 8).unwrap();
    // SAFETY: the ranges outlive the heap, and each block is freed once.
    unsafe {
        for _ in 0..10_000 {
            let first = heap.alloc(small, |room| ranges.grow(room));
            let second = heap.alloc(small, |room| ranges.grow(room));
            heap.dealloc(first, 100);
            heap.dealloc(second, 100);
        }
    }
    assert_eq!(ranges.0.len(), 1, "a million bytes passed through one range of 4096");
}

#[test]
fn no_memory_is_a_null_and_not_a_crash() {
    let mut heap = Heap::new();
    let layout = Layout::from_size_align(100, 8).unwrap();
    // SAFETY: nothing is handed out.
    assert!(unsafe { heap.alloc(layout, |_| None) }.is_null());
    assert_eq!(class_of(usize::MAX - 5), None);
}
