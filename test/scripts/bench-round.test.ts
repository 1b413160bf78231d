// @module-tag house: a script of the repository.
/** The lines of a benchmark are kept when it misses an aim, and omitted when it fails. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { reportOf } from '../../benchmarks/lib/report.mjs';
import { runRound } from '../../benchmarks/lib/round.mjs';

/** Runs a program that records a line and ends as `ending` says. */
async function roundOf(ending: string): Promise<{ lines: { what: string }[]; problem?: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-round-'));
  try {
    const program = join(folder, 'program.mjs');
    const library = pathToFileURL('benchmarks/lib/lines.mjs').href;
    writeFileSync(
      program,
      `import { missedAim, record } from '${library}';\nrecord({ what: 'crystals', value: 3, aim: 4 });\n${ending}\n`,
    );
    return await runRound({ args: [program], folder, name: 'fake', round: 0, cwd: folder });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a benchmark that misses an aim keeps its lines', async () => {
  const kept = { lines: [{ what: 'crystals', value: 3, aim: 4 }] };
  expect(await roundOf('')).toEqual(kept);
  expect(await roundOf('process.exitCode = missedAim;')).toEqual(kept);
});

test('a benchmark that fails, or records nothing, has no lines', async () => {
  expect(await roundOf('process.exitCode = 1;')).toEqual({ lines: [], problem: '1 lines, ended with 1' });
  const thrown = 'process.exitCode = missedAim;\nthrow new Error("after a miss");';
  expect(await roundOf(thrown)).toEqual({ lines: [], problem: '1 lines, ended with 1' });
  expect(await roundOf("process.kill(process.pid, 'SIGKILL');")).toMatchObject({
    problem: '1 lines, ended with SIGKILL',
  });
  expect(await roundOf("(await import('node:fs')).rmSync(process.env.EWALD_BENCH_LINES);")).toEqual({
    lines: [],
    problem: '0 lines, ended with 0',
  });
});

test('a report lists each missed aim once, with its reason', () => {
  const line = (what: string, value: number) => ({
    what,
    value,
    range: [value, value],
    unit: 'x',
    aim: 2,
    aimOf: 'value',
  });
  const lines = [line('two workers over one', 1.5), line('another', 1), line('reached', 3)];
  const section = { title: 'Frames', command: '', date: '', load: 1, rounds: 1, machine: '', lines };
  const [, missed] = reportOf({ pipeline: section }).split('\n\n## ')[0]?.split('Missed:\n\n') ?? [];
  expect(missed?.trim().split('\n')).toEqual([
    expect.stringMatching(/^- Frames: two workers over one\. \*Both processors /),
    '- Frames: another. *No reason is known.*',
  ]);
});

test.each(['', 'peaks', 'jobs'])('bench %s --help says how it is called', (name) => {
  const out = execFileSync(process.execPath, ['benchmarks/run.mjs', ...(name ? [name] : []), '--help'], {
    encoding: 'utf8',
  });
  expect(out).toMatch(name ? /benchmarks\/run.mjs|npm run bench/ : /--save NAME/);
  expect(out).not.toContain('import');
});
