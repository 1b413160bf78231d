/**
 * What a client knows about its tasks and workers: which worker holds which task, which are silent, and what to send next.
 * Pure state without a clock, a connection or a timer: every call states the time in milliseconds.
 *
 * Any message may be lost, doubled or late. A worker therefore repeats in each beat which tasks it holds, and how many
 * it wants to hold: a count that is raised and lowered by messages would drift when one of them is lost.
 */

/** Milliseconds between two beats of a worker, and between two beacons of a client. */
export const beatMs = 1000;
/** Milliseconds of silence after which the server is asked whether a member is still connected. */
export const silentMs = 2.5 * beatMs;
/** Milliseconds of silence after which the tasks of a connected worker are given to others. */
const leaseMs = 10 * beatMs;
/** Milliseconds in which a worker may claim a task before it is sent to one that will refuse it. */
const unableMs = 2.5 * beatMs;
/** Maximum number of times that a task is sent, in case it ends each worker before its first beat. */
const maxGiven = 32;
/** Maximum number of tasks sent to a worker at once. */
const maxAtOnce = 512;
/** Durations of tasks that are remembered, and how many are needed to call a task slow. */
const maxTimes = 256;
const minTimes = 16;

/** What a worker says about itself in each beat. */
export interface WorkerState {
  readonly worker: string;
  /** Number of concurrent tasks. */
  readonly slots: number;
  /** Number of tasks of this run that it wants to hold: its share of the slots and a few ahead. */
  readonly target: number;
  /** Whether it takes no further tasks. */
  readonly leaving: boolean;
  readonly modules: readonly string[];
  readonly allowModules: boolean;
  /** Every task that it holds: waiting, running, or finished without an acknowledgement. */
  readonly held: Iterable<number>;
}

/** What a worker receives next. */
export interface Orders {
  readonly tasks: readonly number[];
  readonly cancel: readonly number[];
}

/** What a check of the time has found. */
interface Findings {
  /** Workers that are silent: the server knows whether they are connected. */
  readonly silent: readonly string[];
  /** Milliseconds for which tasks have waited without any worker. */
  readonly alone: number;
}

interface Task {
  readonly index: number;
  readonly queue: Queue;
  readonly retries: number;
  /** Workers that hold it, and since when. */
  readonly holders: Map<Worker, number>;
  given: number;
  lost: number;
}

/** Tasks that need the same modules, in the order in which they are given. */
interface Queue {
  readonly needs: readonly string[];
  /** Tasks that were never given; those before `next` were taken. */
  fresh: number[];
  next: number;
  /** Tasks that were given before; the last one is given first. */
  readonly again: number[];
  /** Since when no worker that is known runs them. */
  unable: number | undefined;
  anyone: boolean;
}

interface Worker {
  state: WorkerState;
  heard: number;
  /** Its tasks in the order in which it starts them, and when it was given them. */
  readonly leases: Map<number, number>;
  cancel: number[];
}

export class Leases {
  readonly #runs: (worker: WorkerState, module: string) => boolean;
  readonly #tasks = new Map<number, Task>();
  readonly #queues = new Map<string, Queue>();
  readonly #workers = new Map<string, Worker>();
  /** Tasks that no worker holds. */
  #waiting = 0;
  /** Durations of the latest tasks, from giving to reporting. */
  #times: number[] = [];
  /** Silence is counted from here at the earliest: before, this process or the connection stood still. */
  #resumed: number;
  #checked: number;
  #alone: number | undefined;
  /** Tasks that take far longer than most. */
  #slow: readonly Task[] = [];

  /** `runs` says whether a worker runs a module. */
  constructor(now: number, runs: (worker: WorkerState, module: string) => boolean) {
    this.#runs = runs;
    this.#resumed = now;
    this.#checked = now;
  }

  /** Number of tasks that no worker holds. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Number of tasks that have not ended. */
  get open(): number {
    return this.#tasks.size;
  }

  get workers(): number {
    return this.#workers.size;
  }

  /** Modules of tasks that no worker runs; undefined if there are no such tasks. */
  unable(): readonly string[] | undefined {
    for (const { unable, needs } of this.#queues.values()) if (unable !== undefined) return needs;
    return undefined;
  }

  has(index: number): boolean {
    return this.#tasks.has(index);
  }

  /** Number of workers that were lost with the task. */
  lostWith(index: number): number {
    return this.#tasks.get(index)?.lost ?? 0;
  }

  /** Adds a task that needs `needs`, and may be lost with `retries` workers. */
  add(index: number, needs: readonly string[], retries: number): void {
    const key = needs.join('\n');
    let queue = this.#queues.get(key);
    if (!queue) {
      queue = { needs, fresh: [], next: 0, again: [], unable: undefined, anyone: false };
      this.#queues.set(key, queue);
    }
    this.#tasks.set(index, { index, queue, retries, holders: new Map(), given: 0, lost: 0 });
    queue.fresh.push(index);
    this.#waiting++;
  }

  /** A task has ended, on a worker if one is named; false if it had ended before. Other holders have to stop. */
  end(index: number, now: number, by?: string): boolean {
    const task = this.#tasks.get(index);
    if (!task) {
      this.#workers.get(by ?? '')?.leases.delete(index);
      return false;
    }
    this.#tasks.delete(index);
    if (task.holders.size === 0) this.#waiting--;
    for (const [holder, since] of task.holders) {
      holder.leases.delete(index);
      if (holder.state.worker === by) this.#times.push(now - since);
      else holder.cancel.push(index);
    }
    if (this.#times.length > 2 * maxTimes) this.#times = this.#times.slice(-maxTimes);
    return true;
  }

  /** A worker states what it holds. */
  beat(state: WorkerState, now: number): void {
    let worker = this.#workers.get(state.worker);
    if (!worker) {
      worker = { state, heard: now, leases: new Map(), cancel: [] };
      this.#workers.set(state.worker, worker);
    }
    worker.state = state;
    worker.heard = now;
    const held = new Set(state.held);
    // What was given long ago and is not held was lost on its way, or is handed back by a worker that leaves.
    for (const [index, since] of worker.leases)
      if (!held.has(index) && (state.leaving || now - since > 2 * beatMs)) this.#release(worker, index);
    for (const index of held) {
      if (worker.leases.has(index)) continue;
      const task = this.#tasks.get(index);
      // A task that was given up because its worker was silent belongs to it again.
      if (task) this.#lease(worker, task, now);
      else worker.cancel.push(index);
    }
    if (state.leaving && held.size === 0) this.#workers.delete(state.worker);
  }

  /** A worker was heard of. */
  heard(id: string, now: number, target?: number): void {
    const worker = this.#workers.get(id);
    if (!worker) return;
    worker.heard = now;
    if (target !== undefined) worker.state = { ...worker.state, target };
  }

  /** A worker no longer has the result of a task, which is given again. */
  back(id: string, index: number): void {
    const worker = this.#workers.get(id);
    if (worker?.leases.has(index)) this.#release(worker, index);
  }

  /** The connection is there again, or this process runs again: no silence before this counts. */
  resume(now: number): void {
    this.#resumed = now;
    this.#checked = now;
  }

  /**
   * A worker is no longer connected. Its tasks are given again, except for those that it was running and that may not
   * be tried again, which are returned and have ended.
   */
  gone(id: string): number[] {
    const worker = this.#workers.get(id);
    if (!worker) return [];
    const lost: number[] = [];
    // A worker starts its tasks in order, so that only the first ones can have ended it.
    let running = worker.state.slots;
    for (const index of [...worker.leases.keys()]) {
      const task = this.#tasks.get(index) as Task;
      if (running-- > 0) task.lost++;
      const spent = task.lost > task.retries || task.given > maxGiven;
      if (spent && task.holders.size === 1) {
        lost.push(index);
        this.#tasks.delete(index);
      }
    }
    this.#bury(worker);
    return lost;
  }

  /** Checks who is silent. */
  check(now: number): Findings {
    // This process itself stood still: it cannot know who was silent.
    if (now - this.#checked > 2 * beatMs) this.resume(now);
    this.#checked = now;
    const silent: string[] = [];
    for (const worker of [...this.#workers.values()]) {
      const since = now - Math.max(worker.heard, this.#resumed);
      if (since > leaseMs) this.#bury(worker);
      else if (since > silentMs) silent.push(worker.state.worker);
    }
    for (const queue of this.#queues.values()) this.#findAble(queue, now);
    this.#slow = this.#waiting === 0 ? this.#slowTasks(now) : [];
    if (this.#workers.size > 0 || this.#tasks.size === 0) this.#alone = undefined;
    else this.#alone ??= now;
    return { silent, alone: this.#alone === undefined ? 0 : now - Math.max(this.#alone, this.#resumed) };
  }

  /** What is given to whom now. */
  orders(now: number): Map<string, Orders> {
    const orders = new Map<string, Orders>();
    let slots = 0;
    for (const { state } of this.#workers.values()) slots += state.slots;
    // The last tasks are spread over all workers, and none is given ahead.
    const last = this.#waiting < slots;
    const most = last ? Math.ceil((2 * this.#waiting) / Math.max(1, this.#workers.size)) : maxAtOnce;
    for (const worker of this.#workers.values()) {
      const { state, leases, cancel } = worker;
      const room = state.leaving ? 0 : (last ? Math.min(state.target, state.slots) : state.target) - leases.size;
      const tasks: number[] = [];
      while (tasks.length < Math.min(room, most)) {
        const task = this.#next(worker);
        if (!task) break;
        this.#lease(worker, task, now);
        tasks.push(task.index);
      }
      if (this.#waiting === 0) this.#giveSlow(worker, room - tasks.length, tasks, now);
      if (tasks.length > 0 || cancel.length > 0) orders.set(state.worker, { tasks, cancel });
      worker.cancel = [];
    }
    return orders;
  }

  #isAble({ state }: Worker, { needs, anyone }: Queue): boolean {
    return anyone || needs.every((module) => this.#runs(state, module));
  }

  /** Lets any worker refuse the tasks of a queue that none of them has been able to run for some time. */
  #findAble(queue: Queue, now: number): void {
    queue.anyone = false;
    if (
      this.#first(queue) === undefined ||
      this.#workers.size === 0 ||
      [...this.#workers.values()].some((worker) => this.#isAble(worker, queue))
    )
      queue.unable = undefined;
    else {
      queue.unable ??= now;
      queue.anyone = now - Math.max(queue.unable, this.#resumed) > unableMs;
    }
  }

  /** The next task that a worker runs, of the queue with the most needs. */
  #next(worker: Worker): Task | undefined {
    if (this.#waiting === 0) return undefined;
    let best: Queue | undefined;
    for (const queue of this.#queues.values()) {
      if (best && queue.needs.length <= best.needs.length) continue;
      if (this.#first(queue) !== undefined && this.#isAble(worker, queue)) best = queue;
    }
    return best && this.#first(best);
  }

  /** The first task of a queue; those that have ended or are held are removed from its head. */
  #first(queue: Queue): Task | undefined {
    const waits = (index: number | undefined): Task | undefined => {
      const task = this.#tasks.get(index ?? -1);
      return task?.holders.size === 0 ? task : undefined;
    };
    for (; queue.again.length > 0; queue.again.pop()) {
      const task = waits(queue.again.at(-1));
      if (task) return task;
    }
    for (; queue.next < queue.fresh.length; queue.next++) {
      const task = waits(queue.fresh[queue.next]);
      if (task) return task;
      if (queue.next < maxAtOnce || 2 * queue.next < queue.fresh.length) continue;
      queue.fresh = queue.fresh.slice(queue.next);
      queue.next = 0;
    }
    return undefined;
  }

  #lease(worker: Worker, task: Task, now: number): void {
    if (task.holders.size === 0) this.#waiting--;
    task.holders.set(worker, now);
    task.given++;
    worker.leases.set(task.index, now);
  }

  #release(worker: Worker, index: number): void {
    worker.leases.delete(index);
    const task = this.#tasks.get(index);
    if (!task?.holders.delete(worker) || task.holders.size > 0) return;
    this.#waiting++;
    task.queue.again.push(index);
  }

  #bury(worker: Worker): void {
    this.#workers.delete(worker.state.worker);
    // Backwards, since the task released last is sent first.
    for (const index of [...worker.leases.keys()].reverse()) this.#release(worker, index);
  }

  /** Gives a worker with nothing else to do what others are slow with. */
  #giveSlow(worker: Worker, room: number, tasks: number[], now: number): void {
    for (const task of this.#slow) {
      if (room <= 0) return;
      if (task.holders.size !== 1 || task.holders.has(worker) || !this.#isAble(worker, task.queue)) continue;
      if (!this.#tasks.has(task.index)) continue;
      this.#lease(worker, task, now);
      tasks.push(task.index);
      room--;
    }
  }

  /** Tasks that one worker has held for far longer than most took. */
  #slowTasks(now: number): Task[] {
    if (this.#times.length < minTimes) return [];
    const sorted = this.#times.slice(-maxTimes).sort((a, b) => a - b);
    const [median, late] = [0.5, 0.95].map((part) => sorted[Math.floor(part * sorted.length)] ?? 0) as [number, number];
    const limit = Math.max(2 * median, 1.5 * late, 2 * beatMs);
    return [...this.#tasks.values()].filter(({ holders }) => {
      const [since] = holders.values();
      return holders.size === 1 && since !== undefined && now - since > limit;
    });
  }
}
