/**
 * Time that passes only while nothing is left to do: thousands of slots can be pretended on a machine that could not
 * run their processes. Timers and messages are events of sides; the events of the side that is charged follow one
 * another, each for as long as this process has computed for it. Import it before what reads a clock.
 */
const { setImmediate: macrotask } = globalThis;
const began = Date.now();
let now = 0;
let order = 0;
/** The side whose event is being handled: what it starts belongs to it. */
let here = { name: 'start', dead: false, charged: false };
/** When the charged side can handle its next event. */
let free = 0;
const heap = [];

const before = (a, b) => a.at < b.at || (a.at === b.at && a.order < b.order);

function push(event) {
  let i = heap.push(event) - 1;
  for (let up = (i - 1) >> 1; i > 0 && before(heap[i], heap[up]); i = up, up = (i - 1) >> 1)
    [heap[i], heap[up]] = [heap[up], heap[i]];
}

function pop() {
  const [first] = heap;
  const last = heap.pop();
  if (heap.length > 0) {
    heap[0] = last;
    for (let i = 0; ; ) {
      const [left, right] = [2 * i + 1, 2 * i + 2];
      let least = i;
      if (left < heap.length && before(heap[left], heap[least])) least = left;
      if (right < heap.length && before(heap[right], heap[least])) least = right;
      if (least === i) break;
      [heap[i], heap[least]] = [heap[least], heap[i]];
      i = least;
    }
  }
  return first;
}

/** Calls `run` as an event of a side after some milliseconds. */
export function later(ms, side, run) {
  const event = { at: Math.max(now, side.charged ? free : now) + ms, order: order++, side, run };
  if (side.charged) event.at = now + ms;
  push(event);
  return event;
}

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** Handles events until `isOver()`. */
export async function pass(isOver) {
  while (!isOver() && heap.length > 0) {
    const event = pop();
    const { side, run } = event;
    if (!run || side.dead) continue;
    if (side.charged && event.at < free) {
      event.at = free;
      push(event);
      continue;
    }
    now = Math.max(now, event.at);
    here = side;
    const start = side.charged ? cpuMs() : 0;
    run();
    // What follows without a timer belongs to this event.
    await new Promise((resolve) => macrotask(resolve));
    if (side.charged) {
      const took = cpuMs() - start;
      side.cpuMs = (side.cpuMs ?? 0) + took;
      free = now + took;
    }
  }
}

const handle = (event) => ({ event, unref: () => undefined, ref: () => undefined });
globalThis.setTimeout = (run, ms = 0, ...args) => handle(later(Math.max(1, ms), here, () => run(...args)));
globalThis.setInterval = (run, ms) => {
  const made = handle(undefined);
  const side = here;
  const again = () => {
    made.event = later(ms, side, () => {
      again();
      run();
    });
  };
  again();
  return made;
};
globalThis.clearTimeout = (made) => {
  if (made?.event) made.event.run = undefined;
};
globalThis.clearInterval = globalThis.clearTimeout;
Date.now = () => began + now;
performance.now = () => now;

/** Milliseconds for a message from one member to the server, and on to another one. */
const hopMs = 0.5;

/** A server of NATS in this process, as far as a cluster uses it. */
export class VirtualServer {
  #subscribers = new Map();

  /** A connection of a side. */
  connect(side) {
    const own = new Set();
    const unsubscribe = (one) => {
      own.delete(one);
      this.#subscribers.get(one.subject)?.delete(one);
    };
    const subscribe = (subject, { callback }) => {
      const one = { subject, side, callback };
      own.add(one);
      if (!this.#subscribers.has(subject)) this.#subscribers.set(subject, new Set());
      this.#subscribers.get(subject).add(one);
      return { unsubscribe: () => unsubscribe(one) };
    };
    const publish = (subject, data = new Uint8Array(0), { reply = '' } = {}) => {
      for (const one of this.#subscribers.get(subject) ?? [])
        later(2 * hopMs, one.side, () => one.callback(null, { data, reply }));
    };
    let inboxes = 0;
    let closed = false;
    return {
      info: { max_payload: 2 ** 20 },
      publish,
      subscribe,
      request: (subject, data, { timeout }) =>
        new Promise((resolve, reject) => {
          const reply = `_INBOX.${side.name}.${inboxes++}`;
          const answer = subscribe(reply, { callback: (_, message) => end(resolve, message) });
          const timer = setTimeout(() => end(reject, new Error('timeout')), timeout);
          const end = (next, value) => {
            clearTimeout(timer);
            answer.unsubscribe();
            next(value);
          };
          if ((this.#subscribers.get(subject)?.size ?? 0) > 0) publish(subject, data, { reply });
          else later(2 * hopMs, side, () => end(reject, new Error('no responders')));
        }),
      status: () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }),
      closed: () => new Promise(() => {}),
      isClosed: () => closed,
      isDraining: () => false,
      flush: async () => {},
      drain: async () => {},
      close: async () => {
        closed = true;
      },
      /** Ends the process of this side without a word: only the server notices. */
      kill() {
        side.dead = true;
        for (const one of own) unsubscribe(one);
      },
    };
  }
}
