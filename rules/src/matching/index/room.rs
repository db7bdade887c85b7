//! Room for lists that change little once they are filled.

/// Makes room for so many more, and an eighth over. A list that grows by itself takes twice the room from the first change on, and
/// here are thousands of them.
pub(super) fn make<T>(list: &mut Vec<T>, more: usize) {
    if list.capacity() - list.len() < more {
        list.reserve_exact(more + list.len() / 8);
    }
}

/// Adds one.
pub(super) fn push<T>(list: &mut Vec<T>, item: T) {
    make(list, 1);
    list.push(item);
}

/// Fills a list up to this length, if it is shorter.
pub(super) fn fill<T: Clone>(list: &mut Vec<T>, len: usize, with: T) {
    if list.len() < len {
        make(list, len - list.len());
        list.resize(len, with);
    }
}
