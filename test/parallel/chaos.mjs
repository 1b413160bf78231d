/**
 * A cluster whose members are killed and stopped in an order that a seed determines: results equal those of this
 * thread. Used by chaos.test.ts and by test/soak/cluster.mjs.
 */
const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));

/** Mulberry32. */
const random = (seed) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};

/** Tasks with small and large arguments, inputs and results, of the module `mine` (tasks.mjs). */
export async function chaosTasks(executor, count, large) {
  const { hash } = await executor.share(new Uint8Array(large).fill(3));
  const bytes = new Uint8Array(large).fill(1);
  const kinds = [
    (i) => ({ function: 'slowSquare', argument: { ms: 100, value: i } }),
    () => ({ function: 'sumOf', argument: 'x', inputs: { x: { hash } } }),
    (i) => ({ function: 'grown', argument: { bytes, by: i } }),
    (i) => ({ function: 'allocate', argument: large + i }),
  ];
  return Array.from({ length: count }, (_, i) => ({ module: 'mine', ...kinds[i % kinds.length](i) }));
}

/** What tasks give on an executor, each once; `hash` turns a value into text. */
export async function answers(executor, tasks, hash) {
  const found = [];
  for await (const { index, value } of executor.run(tasks, { ordered: false, retries: 10 })) {
    if (index in found) throw new Error(`task ${index} was given twice`);
    found[index] = hash(value);
  }
  return found;
}

/**
 * Does to members what `plan` says, and returns a list of it: `kills` in turns among them, `stops` of members (SIGSTOP)
 * for `stopped` seconds, and `absences` of the server for `absent` seconds. About `between` seconds pass between two,
 * and at most `away` until a killed member is started again. Nothing more happens once `isOver()`. A member has
 * `kill()`, `start()` and `signal(name)`.
 */
export async function trouble(members, seed, plan, isOver = () => false) {
  const { kills, stops = 0, absences = 0, between, away, stopped = 0, absent = 0 } = plan;
  const chance = random(seed);
  const names = Object.keys(members);
  const from = Math.floor(chance() * names.length);
  const list = [
    ...Array.from({ length: kills }, (_, i) => ['killed', names[(from + i) % names.length]]),
    ...Array.from({ length: stops }, () => ['stopped', names[Math.floor(chance() * names.length)]]),
    ...Array.from({ length: absences }, () => ['absent', 'server']),
  ];
  for (let i = list.length - 1; i > 0; i--) {
    const other = Math.floor(chance() * (i + 1));
    [list[i], list[other]] = [list[other], list[i]];
  }
  for (const [what, name] of list) {
    await pause(between * (0.5 + chance()));
    if (isOver()) break;
    const member = members[name];
    if (what === 'stopped') {
      await member.signal('SIGSTOP');
      await pause(stopped);
      await member.signal('SIGCONT');
    } else {
      await member.kill();
      await pause(what === 'killed' ? away * chance() : absent);
      await member.start();
    }
  }
  return list.map(([what, name]) => `${name} ${what}`);
}
