/** Chromium for the tests of pages. */
import { spawnSync } from 'node:child_process';
import { type Browser, chromium } from 'playwright-core';
import { findChromium, pageArgs } from '../../scripts/lib/chromium.mjs';

/**
 * Starts Chromium, on Linux on one processor, another one in each worker of Vitest: on two it takes hardly less time for
 * a page, and a third more of both, which waits for the other one on virtual machines.
 */
export async function startChromium(args: readonly string[] = pageArgs): Promise<Browser> {
  const all = process.platform === 'linux' ? processors() : [];
  const own = all[Number(process.env.VITEST_POOL_ID ?? 0) % all.length];
  // Processes that are started take over the processors of the thread that starts them.
  if (own !== undefined) taskset(String(own));
  try {
    return await chromium.launch({ executablePath: findChromium() ?? '/usr/bin/chromium', args: [...args] });
  } finally {
    if (own !== undefined) taskset(all.join(','));
  }
}

/** Calls `taskset` for this process; undefined where there is none. */
function taskset(...list: string[]): string | undefined {
  const { stdout, status } = spawnSync('taskset', ['-pc', ...list, String(process.pid)], { encoding: 'utf8' });
  return status === 0 ? stdout : undefined;
}

/** The processors that this process may use; none where that is unknown. */
function processors(): number[] {
  const list = /list: ([\d,-]+)/.exec(taskset() ?? '')?.[1] ?? '';
  return list.split(',').flatMap((range) => {
    if (range === '') return [];
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
