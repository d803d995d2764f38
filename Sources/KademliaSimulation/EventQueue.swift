// SPDX-License-Identifier: Apache-2.0

/// What is to happen in a simulation, by time; what is due at one time happens in the order in
/// which it was scheduled.
struct EventQueue {
    private struct Event {
        let time: Duration
        let number: UInt64
        let action: () -> Void

        func precedes(_ other: Event) -> Bool {
            time == other.time ? number < other.number : time < other.time
        }
    }

    /// A binary heap, the next event first.
    private var heap: [Event] = []
    private var lastNumber: UInt64 = 0

    /// When the next event is due.
    var nextTime: Duration? { heap.first?.time }

    /// Puts an event in its place.
    mutating func schedule(at time: Duration, _ action: @escaping () -> Void) {
        lastNumber += 1
        heap.append(Event(time: time, number: lastNumber, action: action))
        var child = heap.count - 1
        while child > 0, heap[child].precedes(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes out the next event.
    mutating func popFirst() -> (time: Duration, action: () -> Void)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return (first.time, first.action)
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].precedes(heap[least]) {
                least = child
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
