//! The allocator of components: a static arena, bumped, with a free list for each size.
//!
//! Why not the standard library's: it begins by growing the memory, and each growth is an `mprotect` in the host, under a lock that
//! all cores share. A plugin's instance lives for one call, so three growths a call were why two cores did not run faster than
//! one. Here memory is part of the module from the start, and a call that needs more than the arena grows it in large
//! steps. Freed blocks are used again, so that an instance that lives for weeks (a socket's) does not grow with what passes
//! through it; they are never joined, which costs at most the peak of each size class.
//!
//! The one hand-written file of the SDK with `unsafe` in it: an allocator hands out raw memory by definition.
#![allow(unsafe_code, reason = "an allocator hands out raw memory")]
#![cfg_attr(not(all(target_arch = "wasm32", feature = "arena")), allow(dead_code, reason = "natively it is there to be tested"))]

use std::alloc::Layout;
use std::ptr::null_mut;

/// Every block starts at a multiple of this and is one in size, so that a free one can hold a pointer.
const GRAIN: usize = 16;
/// Four classes for each power of two bound the waste of rounding up to a quarter.
const CLASSES: usize = 4 * usize::BITS as usize;

/// A range of memory that is handed out from the front, and what has come back.
struct Heap {
    next: *mut u8,
    end: *mut u8,
    free: [*mut u8; CLASSES],
}

impl Heap {
    const fn new() -> Self {
        Self { next: null_mut(), end: null_mut(), free: [null_mut(); CLASSES] }
    }

    /// Memory for `layout`, or null when `grow` has no more. `grow` returns a fresh range of at least so many bytes.
    ///
    /// # Safety
    /// Ranges from `grow` are writable, belong to nobody else, and stay so for as long as the heap or a block of it is in use.
    unsafe fn alloc(&mut self, layout: Layout, grow: impl FnOnce(usize) -> Option<(*mut u8, *mut u8)>) -> *mut u8 {
        let Some((class, size)) = class_of(layout.size()) else { return null_mut() };
        let head = self.free[class];
        if !head.is_null() && head.addr().is_multiple_of(layout.align()) {
            // SAFETY: a block on a free list is ours, at least `GRAIN` long and aligned, and `dealloc` wrote its successor there.
            self.free[class] = unsafe { head.cast::<*mut u8>().read() };
            return head;
        }
        let align = layout.align().max(GRAIN);
        if let Some(start) = self.bump(size, align) {
            return start;
        }
        let Some((start, end)) = size.checked_add(align).and_then(grow) else { return null_mut() };
        // A range that follows the old one lengthens it; otherwise the rest of the old one is given up.
        if start != self.end {
            self.next = start;
        }
        self.end = end;
        self.bump(size, align).unwrap_or(null_mut())
    }

    /// Cuts `size` bytes off the front.
    fn bump(&mut self, size: usize, align: usize) -> Option<*mut u8> {
        let skip = self.next.align_offset(align);
        let room = self.end.addr().checked_sub(self.next.addr())?;
        if self.next.is_null() || skip.checked_add(size)? > room {
            return None;
        }
        let start = self.next.wrapping_add(skip);
        self.next = start.wrapping_add(size);
        Some(start)
    }

    /// Takes a block back.
    ///
    /// # Safety
    /// `block` came from this heap for a layout of this size and is not used any more.
    unsafe fn dealloc(&mut self, block: *mut u8, size: usize) {
        let Some((class, size)) = class_of(size) else { return };
        if block.wrapping_add(size) == self.next {
            self.next = block;
            return;
        }
        // SAFETY: the block is ours again, at least `GRAIN` long and aligned to it.
        unsafe { block.cast::<*mut u8>().write(self.free[class]) };
        self.free[class] = block;
    }

    /// Makes a block longer or shorter where it stands, if that is possible.
    fn resize(&mut self, block: *mut u8, old: usize, new: usize) -> bool {
        let (Some((_, old)), Some((_, new))) = (class_of(old), class_of(new)) else { return false };
        if old == new {
            return true;
        }
        let last = block.wrapping_add(old) == self.next;
        let fits = last && self.end.addr().checked_sub(block.addr()).is_some_and(|room| new <= room);
        if fits {
            self.next = block.wrapping_add(new);
        }
        fits
    }
}

/// The class of a size, and the size that its blocks have: multiples of `GRAIN` up to four of them, then four steps for each power of two.
fn class_of(size: usize) -> Option<(usize, usize)> {
    let grains = size.max(1).div_ceil(GRAIN);
    if grains <= 4 {
        return Some((grains - 1, grains * GRAIN));
    }
    let power = (grains - 1).ilog2();
    let step = 1usize << (power - 2);
    let steps = grains.div_ceil(step);
    let size = steps.checked_mul(step)?.checked_mul(GRAIN)?;
    // `steps` is 5 to 8 here.
    Some((4 * (power as usize - 1) + (steps - 5), size)).filter(|(_, size)| isize::try_from(*size).is_ok())
}

#[cfg(all(target_arch = "wasm32", feature = "arena"))]
mod global {
    use super::Heap;
    use core::arch::wasm32::{memory_grow, memory_size};
    use std::alloc::{GlobalAlloc, Layout};
    use std::cell::UnsafeCell;

    #[cfg(target_feature = "atomics")]
    compile_error!("the SDK's allocator is for components with one thread; turn the feature `arena` off");

    const PAGE: usize = 64 * 1024;
    /// What most calls need, body and bindings included. Only pages that are touched cost anything.
    const ARENA: usize = 16 * PAGE;
    /// The least that the memory grows by.
    const STEP: usize = 32 * PAGE;

    #[repr(align(16))]
    struct Arena(UnsafeCell<[u8; ARENA]>);
    // SAFETY: there is one thread.
    unsafe impl Sync for Arena {}
    static ARENA_BYTES: Arena = Arena(UnsafeCell::new([0; ARENA]));

    struct Allocator(UnsafeCell<Heap>);
    // SAFETY: there is one thread, and no method calls out while it holds the heap.
    unsafe impl Sync for Allocator {}

    #[global_allocator]
    static ALLOCATOR: Allocator = Allocator(UnsafeCell::new(Heap::new()));

    impl Allocator {
        /// # Safety
        /// The reference must be gone before the next call.
        #[allow(clippy::mut_from_ref, reason = "one thread, and the reference does not leave a method")]
        unsafe fn heap(&self) -> &mut Heap {
            // SAFETY: the caller keeps it unique.
            unsafe { &mut *self.0.get() }
        }
    }

    /// The arena at first, then fresh pages at the end of the memory.
    fn grow(heap_is_empty: bool, room: usize) -> Option<(*mut u8, *mut u8)> {
        if heap_is_empty && room <= ARENA {
            let start = ARENA_BYTES.0.get().cast::<u8>();
            return Some((start, start.wrapping_add(ARENA)));
        }
        let pages = room.div_ceil(PAGE);
        let granted = [pages.max(STEP / PAGE), pages].into_iter().find(|pages| memory_grow(0, *pages) != usize::MAX)?;
        let end = memory_size(0) * PAGE;
        // The last page of a full 4 GiB memory would end at 0; the host's limit is far below.
        Some((core::ptr::with_exposed_provenance_mut(end - granted * PAGE), core::ptr::with_exposed_provenance_mut(end)))
    }

    // SAFETY: blocks come from one heap over memory that is nobody else's: the arena, and pages that only this allocator grows.
    unsafe impl GlobalAlloc for Allocator {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // SAFETY: one thread, and the reference ends here.
            let heap = unsafe { self.heap() };
            let empty = heap.end.is_null();
            // SAFETY: `grow` gives the arena once and then pages that did not exist before.
            unsafe { heap.alloc(layout, |room| grow(empty, room)) }
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            // SAFETY: as above; the caller owns the block.
            unsafe { self.heap().dealloc(block, layout.size()) }
        }

        unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
            // SAFETY: one thread, and the reference ends here.
            if unsafe { self.heap() }.resize(block, layout.size(), new_size) {
                return block;
            }
            // SAFETY: the caller vouches for layout and size; the blocks are distinct and as long as what is copied.
            unsafe {
                let new = self.alloc(Layout::from_size_align_unchecked(new_size, layout.align()));
                if !new.is_null() {
                    new.copy_from_nonoverlapping(block, layout.size().min(new_size));
                    self.dealloc(block, layout);
                }
                new
            }
        }
    }
}

#[cfg(test)]
#[path = "arena_tests.rs"]
mod tests;
