/** Process behaviour: imports have no side effects, everything ends by itself, nothing is left behind. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Ended, emptyFolder, node, root } from './support.js';

const script = (source: string, ...flags: string[]): Promise<Ended> =>
  node([...flags, '--input-type=module', '-e', source], { seconds: 60 });
const ewald = (args: readonly string[], cwd?: string): Promise<Ended> =>
  node([join(root, 'dist/cli.js'), ...args], cwd ? { cwd } : {});

/**
 * The process ended successfully and by itself, and nothing continues. If backends are probed, a Vulkan driver may have
 * printed its own warnings.
 */
function expectClean({ code, err, leftovers }: Ended, probed = false): void {
  if (probed) expect(err).not.toMatch(/ewald|^Error|^\s+at .*\.js/m);
  else expect(err).toBe('');
  expect(code).toBe(0);
  expect(leftovers, 'a child process goes on').toBe(false);
}

test('importing prints nothing, changes no globals, and keeps nothing open', { tags: 'all' }, async () => {
  for (const file of ['index.node.js', 'index.browser.js']) {
    const ended = await script(`
      const globals = Reflect.ownKeys(globalThis).length;
      const environment = JSON.stringify(process.env);
      const listeners = process.eventNames().length;
      await import(${JSON.stringify(join(root, 'dist', file))});
      await new Promise((resolve) => setImmediate(resolve));
      const held = process.getActiveResourcesInfo().filter((what) => !/^(Immediate|PipeWrap|TTYWrap|FSReqPromise|CloseReq)$/.test(what));
      if (Reflect.ownKeys(globalThis).length !== globals) throw new Error('globals changed');
      if (JSON.stringify(process.env) !== environment) throw new Error('the environment changed');
      if (process.eventNames().length !== listeners) throw new Error('a listener was added');
      if (held.length > 0) throw new Error('held open: ' + held);
    `);
    expectClean(ended);
    expect(ended.out).toBe('');
  }
});

test('a process ends by itself after its context is disposed, and even if it is not disposed', async () => {
  for (const end of ['await ctx.dispose();', '']) {
    const ended = await script(`
      import { createContext } from ${JSON.stringify(join(root, 'dist/index.node.js'))};
      const ctx = await createContext({ log: { level: 'error' } });
      for (const { name } of ctx.backends) {
        const one = await createContext({ backend: name, strict: true, log: { level: 'error' } });
        const plan = await one.pi();
        const { hits } = await plan.run({ points: 1e6, seed: 1 });
        if (hits !== 785537n) throw new Error(name + ' counts ' + hits);
        ${end.replace('ctx', 'one')}
      }
      ${end}
    `);
    expectClean(ended, true);
    expect(ended.out).toBe('');
  }
});

test('no command leaves a process or a handle behind', { tags: 'all' }, async () => {
  const folder = emptyFolder();
  expectClean(await ewald(['devices', '--json']), true);
  expectClean(await ewald(['pi', '--points', '1e6', '--json']), true);
  expectClean(await ewald(['simulate', 'spots', '-o', 'lists', '--images', '2', '--seed', '1'], folder), true);
  const lists = await node(
    [
      '-p',
      'fs.readdirSync("lists").filter((name) => name.endsWith(".txt")).map((name) => "lists/" + name).join("\\n")',
    ],
    {
      cwd: folder,
    },
  );
  const names = lists.out.trim().split('\n');
  expect(names.length).toBe(2);
  const indexed = await ewald(['index', ...names, '--json'], folder);
  expect(indexed.code).toBe(0);
  expect(indexed.leftovers).toBe(false);
  expect(
    indexed.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).indexed),
  ).toEqual([true, true]);
});

test('ewald --version prints the version', { tags: 'all' }, async () => {
  const { version } = JSON.parse((await node(['-p', 'JSON.stringify(require("./package.json"))'])).out);
  const times: number[] = [];
  for (let i = 0; i < 9; i++) {
    const ended = await ewald(['--version']);
    expectClean(ended);
    expect(ended.out).toBe(`${version}\n`);
    times.push(ended.ms);
  }
  // Reported but not judged: a busy machine is not a defect.
  console.log(
    `ewald --version takes ${times.sort((a, b) => a - b)[4]?.toFixed(0)} ms (median of 9; the aim is under 150)`,
  );
});
