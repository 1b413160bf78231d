#!/usr/bin/env node
// Draws laws: `node test/laws/run.mjs [WORDS OF A LAW…] [--seed N [--path P]] [--seconds 10] [--dist FOLDER]
// [--first WORDS]`. Without a seed it is that of the day. Ends with 1 at the first law that does not hold.
import { parseArgs } from 'node:util';
import { check, seedOfDay } from './law.mjs';
import { closeLaws, openLaws } from './laws.mjs';

const text = { type: 'string' };
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { seed: text, path: text, seconds: text, draws: text, dist: text, first: text, all: { type: 'boolean' } },
});
const number = (word) => (word === undefined ? undefined : Number(word));
const isFirst = ({ law }) => Number(values.first !== undefined && law.includes(values.first));
const laws = (await openLaws(values.dist))
  .filter(({ law }) => positionals.every((word) => law.includes(word)))
  .filter(({ isOfNight }) => !isOfNight || positionals.length > 0 || values.seconds)
  .sort((a, b) => isFirst(b) - isFirst(a));
if (laws.length === 0) {
  console.error(`no law has the words ${positionals.join(' ')}`);
  process.exitCode = 2;
}
for (const law of laws) {
  const before = process.cpuUsage();
  const how = { seed: number(values.seed) ?? seedOfDay(), path: values.path };
  try {
    const count = await check(law, { ...how, draws: number(values.draws), seconds: number(values.seconds) });
    console.log(
      `${law.law}: ${count} draws hold, ${(process.cpuUsage(before).user / 1e6).toFixed(2)} s of the processor`,
    );
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
    if (!values.all) break;
  }
}
await closeLaws();
