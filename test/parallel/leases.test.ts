/** The leases of a client, with a simulated clock, network and workers. */
import { describe, expect, test } from 'vitest';
import { beatMs, Leases, type WorkerState } from '../../src/parallel/nats/leases.js';
import { someOf } from '../support/variants.js';

const runs = (worker: WorkerState, module: string): boolean => worker.modules.includes(module);
const state = (worker: string, more: Partial<WorkerState> = {}): WorkerState => ({
  ...{ worker, slots: 2, target: 4, leaving: false, modules: ['a'], allowModules: false, held: [] },
  ...more,
});
const given = (leases: Leases, now: number): Record<string, number[]> =>
  Object.fromEntries([...leases.orders(now)].map(([id, { tasks }]) => [id, [...tasks]]));
const cancelled = (leases: Leases, now: number): Record<string, number[]> =>
  Object.fromEntries([...leases.orders(now)].map(([id, { cancel }]) => [id, [...cancel]]));
const withTasks = (count: number, needs: readonly string[] = [], retries = 1): Leases => {
  const leases = new Leases(0, runs);
  for (let i = 0; i < count; i++) leases.add(i, needs, retries);
  return leases;
};

/** Mulberry32. */
const random = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};

interface Pretended {
  readonly id: string;
  readonly backlog: number[];
  readonly running: Map<number, number>;
  /** Finished tasks, and when they were last reported. */
  readonly unacknowledged: Map<number, number>;
  dead: boolean;
  frozenUntil: number;
  nextBeat: number;
}

/** A cluster in which workers die and freeze, and messages are lost, doubled and late. */
class World {
  readonly slots = 3;
  readonly leases: Leases;
  readonly ended: string[][];
  readonly #chance: () => number;
  readonly #killers: ReadonlySet<number>;
  readonly #workers: Pretended[] = [];
  #messages: { readonly at: number; readonly deliver: () => void }[] = [];
  #now = 0;
  #awayUntil = 0;
  #stoppedUntil = 0;
  #born = 0;

  constructor(seed: number, count: number, killers: readonly number[]) {
    this.#chance = random(seed);
    this.#killers = new Set(killers);
    this.leases = new Leases(0, runs);
    this.ended = Array.from({ length: count }, () => []);
    // Tasks that run beside one that ends its worker are lost with it, too.
    for (let i = 0; i < count; i++) this.leases.add(i, ['a'], killers.includes(i) ? 2 : 30);
    for (let i = 0; i < 4; i++) this.#bear();
  }

  /** Runs until every task has ended, or a simulated hour is over. */
  run(): number {
    for (; this.leases.open > 0 && this.#now < 3_600_000; this.#now += 50) {
      this.#trouble();
      const due = this.#messages.filter(({ at }) => at <= this.#now);
      this.#messages = this.#messages.filter(({ at }) => at > this.#now);
      for (const { deliver } of due) deliver();
      for (const worker of this.#workers) if (!worker.dead && worker.frozenUntil <= this.#now) this.#work(worker);
      if (this.#now % 500 === 0) this.#check();
    }
    return this.#now;
  }

  #bear(): void {
    this.#workers.push({
      ...{ id: `w${this.#born++}`, backlog: [], running: new Map(), unacknowledged: new Map() },
      ...{ dead: false, frozenUntil: 0, nextBeat: this.#now },
    });
  }

  #trouble(): void {
    const chance = this.#chance();
    const victim = this.#workers[Math.floor(this.#chance() * this.#workers.length)];
    if (chance < 5e-4 && victim) victim.dead = true;
    else if (chance < 1e-3 && victim) victim.frozenUntil = this.#now + 15_000 * this.#chance();
    else if (chance < 1.4e-3) this.#stoppedUntil = this.#now + 15_000 * this.#chance();
    else if (chance < 1.8e-3) {
      this.#awayUntil = this.#now + 8000 * this.#chance();
      // What is on its way is lost with the connection.
      this.#messages = [];
    }
    if (this.#workers.filter(({ dead }) => !dead).length < 4 && this.#chance() < 0.02) this.#bear();
  }

  #send(deliver: () => void): void {
    if (this.#now < this.#awayUntil) return;
    const copies = this.#chance() < 0.03 ? 0 : this.#chance() < 0.03 ? 2 : 1;
    for (let i = 0; i < copies; i++) this.#messages.push({ at: this.#now + 300 * this.#chance(), deliver });
  }

  #toClient(use: () => void): void {
    const deliver = (): void => {
      // A stopped client finds its messages when it goes on.
      if (this.#now < this.#stoppedUntil) this.#messages.push({ at: this.#stoppedUntil, deliver });
      else {
        use();
        this.#give();
      }
    };
    this.#send(deliver);
  }

  #toWorker(id: string, use: (worker: Pretended) => void): void {
    const worker = this.#workers.find((one) => one.id === id) as Pretended;
    const deliver = (): void => {
      if (this.#now < worker.frozenUntil) this.#messages.push({ at: worker.frozenUntil, deliver });
      else if (!worker.dead) use(worker);
    };
    this.#send(deliver);
  }

  #held({ backlog, running, unacknowledged }: Pretended): number[] {
    return [...backlog, ...running.keys(), ...unacknowledged.keys()];
  }

  #work(worker: Pretended): void {
    const { backlog, running, unacknowledged, id } = worker;
    for (const [index, until] of [...running]) {
      if (until > this.#now) continue;
      running.delete(index);
      unacknowledged.set(index, Number.NEGATIVE_INFINITY);
    }
    while (running.size < this.slots && backlog.length > 0) {
      const index = backlog.shift() as number;
      if (this.#killers.has(index)) {
        worker.dead = true;
        return;
      }
      running.set(index, this.#now + 100 + 3000 * this.#chance() ** 4);
    }
    for (const [index, reported] of unacknowledged) {
      if (this.#now - reported < 5000) continue;
      unacknowledged.set(index, this.#now);
      this.#toClient(() => {
        if (this.leases.end(index, this.#now, id)) this.ended[index]?.push('done');
        this.#toWorker(id, (one) => one.unacknowledged.delete(index));
      });
    }
    if (this.#now < worker.nextBeat) return;
    worker.nextBeat = this.#now + beatMs;
    const said = state(id, { slots: this.slots, target: this.slots + 2, held: this.#held(worker) });
    this.#toClient(() => this.leases.beat(said, this.#now));
  }

  #give(): void {
    if (this.#now < this.#awayUntil) return;
    for (const [id, { tasks, cancel }] of this.leases.orders(this.#now)) {
      expect(tasks.length).toBeLessThanOrEqual(this.slots + 2);
      this.#toWorker(id, (worker) => {
        const held = new Set(this.#held(worker));
        for (const index of cancel) {
          worker.running.delete(index);
          worker.unacknowledged.delete(index);
          const at = worker.backlog.indexOf(index);
          if (at >= 0) worker.backlog.splice(at, 1);
        }
        worker.backlog.push(...tasks.filter((index) => !held.has(index)));
      });
    }
  }

  #check(): void {
    if (this.#now < this.#stoppedUntil) return;
    if (this.#now < this.#awayUntil + 500) {
      this.leases.resume(this.#now);
      return;
    }
    for (const id of this.leases.check(this.#now).silent) {
      if (!this.#workers.find((worker) => worker.id === id)?.dead) continue;
      for (const index of this.leases.gone(id)) this.ended[index]?.push('lost');
    }
    this.#give();
  }
}

test.each(someOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 3))(
  'every task ends once, whatever dies, freezes or is lost: seed %i',
  (seed) => {
    const killers = [40, 41, 200];
    const world = new World(seed, 400, killers);
    const took = world.run();
    expect(world.leases.open).toBe(0);
    expect(world.ended).toEqual(world.ended.map((_, index) => [killers.includes(index) ? 'lost' : 'done']));
    expect(took).toBeLessThan(600_000);
  },
);

describe('a client', () => {
  test('gives each worker what it wants to hold, the last tasks evenly and none ahead', () => {
    const leases = withTasks(11);
    leases.beat(state('one'), 0);
    expect(given(leases, 0)).toEqual({ one: [0, 1, 2, 3] });
    leases.beat(state('two'), 0);
    expect(given(leases, 0)).toEqual({ two: [4, 5, 6, 7] });
    leases.beat(state('three', { slots: 8, target: 10 }), 0);
    leases.beat(state('four', { slots: 8, target: 10 }), 0);
    expect(given(leases, 0)).toEqual({ three: [8, 9], four: [10] });
  });

  test('believes the first answer, and tells the other holder to stop', () => {
    const leases = withTasks(1);
    leases.beat(state('one'), 0);
    expect(given(leases, 0)).toEqual({ one: [0] });
    // The other worker was given the task by a client that had given up the first one.
    leases.beat(state('two', { held: [0] }), 0);
    expect(leases.end(0, 100, 'two')).toBe(true);
    expect(leases.end(0, 110, 'one')).toBe(false);
    expect(cancelled(leases, 120)).toEqual({ one: [0] });
    expect(leases.open).toBe(0);
  });

  test('gives the tasks of a dead worker again, counting only those that it can have started', () => {
    const leases = withTasks(4);
    leases.beat(state('one'), 0);
    given(leases, 0);
    expect(leases.gone('one')).toEqual([]);
    expect([0, 1, 2, 3].map((index) => leases.lostWith(index))).toEqual([1, 1, 0, 0]);
    leases.beat(state('two'), 0);
    expect(given(leases, 0)).toEqual({ two: [0, 1, 2, 3] });
    expect(leases.gone('two')).toEqual([0, 1]);
    expect([leases.open, leases.waiting]).toEqual([2, 2]);
  });

  test('gives a task again that is missing in a later beat, but not one that was just sent', () => {
    const leases = withTasks(1);
    leases.beat(state('one'), 0);
    expect(given(leases, 0)).toEqual({ one: [0] });
    leases.beat(state('one'), beatMs);
    expect(given(leases, beatMs)).toEqual({});
    leases.beat(state('one'), 3 * beatMs);
    expect(given(leases, 3 * beatMs)).toEqual({ one: [0] });
  });

  test('gives the tasks of a frozen worker to others, and takes them back if it goes on first', () => {
    const leases = withTasks(2, [], 0);
    leases.beat(state('one'), 0);
    given(leases, 0);
    const times = Array.from({ length: 24 }, (_, i) => 500 * i);
    const silent = times.flatMap((now) => leases.check(now).silent);
    expect(silent.length).toBeGreaterThan(0);
    expect([leases.workers, leases.waiting]).toEqual([0, 2]);
    leases.beat(state('one', { held: [0, 1] }), 12_000);
    expect([given(leases, 12_000), leases.waiting]).toEqual([{}, 0]);
    // Frozen is not lost.
    expect(leases.lostWith(0)).toBe(0);
  });

  test('forgives all silence before it was connected again, or went on itself', () => {
    const leases = withTasks(1);
    leases.beat(state('one'), 0);
    given(leases, 0);
    // It did not look for a minute.
    expect(leases.check(60_000)).toEqual({ silent: [], alone: 0 });
    expect(leases.check(61_000).silent).toEqual([]);
    leases.resume(62_000);
    for (const now of [62_500, 63_500, 64_500]) expect(leases.check(now).silent).toEqual([]);
    expect(leases.check(65_000).silent).toEqual(['one']);
  });

  test('gives tasks to workers that have their modules, and after a while to anyone who can refuse them', () => {
    const leases = new Leases(0, runs);
    leases.add(0, [], 1);
    leases.add(1, ['b'], 1);
    leases.add(2, ['a', 'b'], 1);
    leases.beat(state('one', { modules: ['b'] }), 0);
    expect(given(leases, 0)).toEqual({ one: [1, 0] });
    leases.beat(state('two', { modules: ['a', 'b'] }), 0);
    expect(given(leases, 0)).toEqual({ two: [2] });
    leases.add(3, ['c'], 1);
    const all = [0, 500, 1000, 1500, 2000, 2500, 3000].map((now) => {
      leases.beat(state('one', { held: [0, 1] }), now);
      leases.check(now);
      return given(leases, now);
    });
    expect(all).toEqual([{}, {}, {}, {}, {}, {}, { two: [3] }]);
  });

  test('gives a task that takes far longer than the others to a second worker, once', () => {
    const leases = withTasks(20);
    leases.beat(state('one', { slots: 20, target: 20 }), 0);
    expect(given(leases, 0).one).toHaveLength(20);
    for (let i = 1; i < 20; i++) leases.end(i, 100 * i, 'one');
    leases.beat(state('two'), 2000);
    const looks = [2000, 2500, 3000, 3500].map((now) => {
      leases.beat(state('one', { slots: 20, target: 20, held: [0] }), now);
      leases.check(now);
      return given(leases, now);
    });
    expect(looks).toEqual([{}, {}, { two: [0] }, {}]);
    expect([leases.end(0, 3600, 'two'), cancelled(leases, 3600)]).toEqual([true, { one: [0] }]);
  });

  test('gives nothing to a worker that leaves, and forgets it when it holds nothing', () => {
    const leases = withTasks(3);
    leases.beat(state('one', { target: 3, slots: 1 }), 0);
    expect(given(leases, 0)).toEqual({ one: [0, 1, 2] });
    leases.beat(state('one', { leaving: true, target: 0, held: [0] }), 100);
    expect([given(leases, 100), leases.waiting]).toEqual([{}, 2]);
    leases.end(0, 200, 'one');
    leases.beat(state('one', { leaving: true, target: 0 }), 300);
    expect([leases.workers, leases.open]).toEqual([0, 2]);
  });

  test('knows how long its tasks have waited without any worker', () => {
    const leases = withTasks(1);
    expect([0, 1000, 2000].map((now) => leases.check(now).alone)).toEqual([0, 1000, 2000]);
    leases.resume(2500);
    expect(leases.check(3000).alone).toBe(500);
    leases.beat(state('one'), 3000);
    expect(leases.check(3500).alone).toBe(0);
    leases.end(0, 3600);
    leases.gone('one');
    expect(leases.check(4000).alone).toBe(0);
  });
});
