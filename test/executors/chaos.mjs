/**
 * A cluster whose members are killed and stopped at random while it computes: results equal those of this thread. Used
 * by chaos.test.ts and by test/soak/cluster.mjs.
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
 * Kills and stops members until `isOver()`. A member has `kill()` and `start()`, and `signal(name)`; returns what was
 * done to each, as `done` lists it meanwhile.
 */
export async function trouble(members, seed, { between, away, stopped }, isOver, done = []) {
  const chance = random(seed);
  while (!isOver()) {
    await pause(between * (0.5 + chance()));
    if (isOver()) break;
    const names = Object.keys(members);
    const name = names[Math.floor(chance() * names.length)];
    const member = members[name];
    if (chance() < 0.3) {
      done.push(`stopped ${name}`);
      member.signal('SIGSTOP');
      await pause(stopped * chance());
      member.signal('SIGCONT');
    } else {
      done.push(`killed ${name}`);
      await member.kill();
      await pause(away * chance());
      await member.start();
    }
  }
  return done;
}
