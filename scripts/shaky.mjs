#!/usr/bin/env node
// Finds tests that wait by the clock: `npm run test:shaky [-- RUNS]` runs `npm test` (10 times) while four other
// processes keep all processors busy, and lists what was red once.
import { spawn } from 'node:child_process';
import { run } from './lib/run.mjs';
import { complain, say } from './lib/say.mjs';

const [given = '10', ...more] = process.argv.slice(2);
const runs = Number(given);
if (!Number.isSafeInteger(runs) || runs < 1 || more.length > 0) {
  complain('shaky', 'usage: npm run test:shaky [-- RUNS]');
  process.exit(2);
}
const busy = Array.from({ length: 4 }, () => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
const end = () => {
  for (const child of busy) child.kill('SIGKILL');
};
process.on('exit', end);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));
const red = new Map();
for (let i = 1; i <= runs; i++) {
  const { output, seconds } = await run(process.execPath, ['scripts/test.mjs', '--built']);
  for (const [, text] of output.matchAll(/^failed (.*)$/gm)) red.set(text, (red.get(text) ?? 0) + 1);
  say('shaky', `run ${i}: ${output.trim().split('\n').at(-1)}`, seconds);
}
end();
for (const [text, times] of red) console.log(`red in ${times} of ${runs}: ${text}`);
say('shaky', red.size === 0 ? `${runs} runs, nothing was red` : `${red.size} tests were red`);
process.exitCode = red.size === 0 ? 0 : 1;
