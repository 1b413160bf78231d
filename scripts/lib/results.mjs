// The results of vitest, as results-reporter.mjs writes them, and which of them a command counts.
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { root } from './run.mjs';

/**
 * What a command leaves out: the tags of tests. `quick` is npm test and `all` npm run test:all; `nightly` runs the tests
 * with its tag, and `house` prints what those with its tag say, as advice.
 */
const leftOut = { quick: ['all', 'nightly', 'house'], all: ['nightly', 'house'] };

/** The words for vitest that select the tests of a command. */
export function filterOf(command) {
  if (leftOut[command] === undefined) return [`--tags-filter=${command}`];
  return leftOut[command].map((tag) => `--tags-filter=!${tag}`);
}

/** Whether a test with these tags belongs to a command. */
function belongs(command, tags = []) {
  if (leftOut[command] === undefined) return tags.includes(command);
  return !tags.some((tag) => leftOut[command].includes(tag));
}

/** The records of a run of vitest; none if it wrote no file. */
export function readRecords(path) {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/**
 * Counts the results of a command in the file of records at `path`: `failed` names each failure with its file and the
 * first line of its message, `repeated` the tests that passed when they were run again.
 */
export function countResults(path, command) {
  const counts = { passed: 0, failed: 0, skipped: 0, names: [], repeated: [] };
  const fail = (text) => {
    counts.failed++;
    counts.names.push(text);
  };
  const records = readRecords(path);
  for (const { file, name, tags, state, message, retries, errors = [] } of records) {
    const where = file && relative(root, file);
    if (name === undefined) {
      for (const error of errors) fail(`${where ?? 'outside of any test'}: ${firstLine(error)}`);
    } else if (belongs(command, tags)) {
      if (state === 'failed') fail(`${where}: ${name}: ${firstLine(message)}`);
      else counts[state === 'passed' ? 'passed' : 'skipped']++;
      if (state === 'passed' && retries > 0) counts.repeated.push(`${where}: ${name}`);
    }
  }
  if (!records.some(({ end }) => end !== undefined)) fail('vitest was stopped before its end; what it had run counts');
  return counts;
}

function firstLine(text = '') {
  return (
    text
      .split('\n')
      .find((line) => line.trim())
      ?.trim()
      .slice(0, 240) ?? ''
  );
}
